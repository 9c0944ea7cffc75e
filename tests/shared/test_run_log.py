from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from avesa.shared.run_log import RunEntry, RunLog
from port_sides import State

START = datetime(2026, 1, 1, 12, 0, 0, 5, tzinfo=UTC)
ENTRY = RunEntry(
    run_id="r0",
    tenant_id="acme",
    stage="ingest",
    table="connectwise/tickets",
    status="ok",
    started_at=START,
    finished_at=START + timedelta(seconds=3),
    figures={"rows": 12, "seconds": 2.5, "note": "ünï", "by_field": {"a": 1}},
)


@pytest.fixture
def log(state: State) -> RunLog:
    return state.run_log


def test_an_entry_comes_back_as_it_was_written(log: RunLog) -> None:
    failed = replace(ENTRY, run_id="r1", status="failed", error="HTTP 403", figures={})
    log.write(ENTRY)
    log.write(failed)
    assert log.entries("acme") == [failed, ENTRY]


def test_latest_has_the_newest_of_each_stage_and_table(log: RunLog) -> None:
    entries = [
        ENTRY,
        replace(ENTRY, run_id="r1", table="connectwise/companies"),
        replace(ENTRY, run_id="r2", status="failed"),
        replace(ENTRY, run_id="r3", stage="transform", table="canonical/tickets"),
        replace(ENTRY, run_id="r4", tenant_id="globex"),
    ]
    for entry in entries:
        log.write(entry)
    assert [entry.run_id for entry in log.latest("acme")] == ["r3", "r1", "r2"]
    assert [entry.run_id for entry in log.entries("acme", limit=2)] == ["r3", "r2"]
    assert log.latest("nobody") == []


def test_the_entries_below_a_name_can_be_forgotten_alone(log: RunLog) -> None:
    kept = [replace(ENTRY, table="halopsa/tickets"), replace(ENTRY, stage="transform", table="canonical/tickets")]
    for entry in (replace(ENTRY, table="halo/tickets"), *kept, replace(ENTRY, table="halo/companies")):
        log.write(entry)
    log.forget("acme", "halo/")
    assert log.entries("acme") == kept[::-1]
    assert log.latest("acme") == kept[::-1]


def test_a_tenant_can_be_forgotten_without_the_others(log: RunLog) -> None:
    other = replace(ENTRY, tenant_id="globex")
    log.write(ENTRY)
    log.write(other)
    log.forget("acme")
    assert log.entries("acme") == []
    assert log.entries("globex") == [other]
