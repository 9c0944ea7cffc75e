"""The function `ingestion`: one table, as far as its time lasts, and on from there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from avesa.aws import edge
from avesa.integrations import load_service
from avesa.pipeline.ingest import IngestOutcome
from avesa.sandbox.vendor.server import Serving
from avesa.shared.errors import Busy, TableFailed, Unavailable
from avesa.shared.tenants import TenantService
from aws_cloud import Cloud, a_run_id
from stage_calls import HALO, call, ingest


def test_a_call_without_time_stops_with_a_checkpoint_and_the_next_goes_on(
    cloud: Cloud, connect: Callable[..., Any], vendor: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect("acme")
    run = a_run_id()
    pages = 0
    real = edge.Call.stop

    def after_the_first_page(self: edge.Call) -> bool:
        nonlocal pages
        asked = sum(served.table == "tickets" and served.status == 200 for served in vendor.vendor.served)
        pages = max(pages, asked)
        return asked >= 1 or real(self)

    monkeypatch.setattr(edge.Call, "stop", after_the_first_page)
    stopped = ingest(run, "tickets")
    assert (stopped["done"], stopped["status"]) == (False, "stopped")
    assert cloud.state.watermarks.get("acme", f"{HALO}/tickets").checkpoint is not None
    monkeypatch.setattr(edge.Call, "stop", real)
    done = ingest(run, "tickets")
    assert (done["done"], done["status"]) == (True, "ok")
    (entry, _) = cloud.state.run_log.entries("acme")
    assert entry.figures["resumed"]


def test_a_call_that_comes_too_late_does_nothing_and_is_not_done(cloud: Cloud, connect: Callable[..., Any]) -> None:
    connect("acme")
    answer = ingest(a_run_id(), "tickets", milliseconds=0)
    assert (answer["done"], answer["status"], answer["rows"]) == (False, "stopped", 0)


@pytest.mark.parametrize("seconds", [10, 900])
def test_a_pull_is_asked_to_stop_at_four_fifths_of_its_time(
    cloud: Cloud, connect: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    connect("acme")
    now, asked = [1000.0], list[bool]()
    monkeypatch.setattr(edge.time, "monotonic", lambda: now[0])

    def pulls(ports: Any, connected: TenantService, table: str, *, stop: Callable[[], bool], **_: Any) -> IngestOutcome:
        for moment in (0.799, 0.801):
            now[0] = 1000.0 + moment * seconds
            asked.append(stop())
        return IngestOutcome("acme", HALO, table, "stopped")

    monkeypatch.setattr("avesa.aws.ingestion.ingest_table", pulls)
    answer = ingest(a_run_id(), "tickets", milliseconds=seconds * 1000)
    assert asked == [False, True]
    assert (answer["done"], answer["status"]) == (False, "stopped")


def test_an_answer_carries_the_beginning_of_a_long_error(
    cloud: Cloud, connect: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    connect("acme")

    def fails(*_: Any, **__: Any) -> None:
        raise TableFailed("x" * 10_000)

    monkeypatch.setattr("avesa.aws.ingestion.ingest_table", fails)
    assert len(ingest(a_run_id(), "tickets")["error"]) == 500


def test_a_call_that_is_repeated_after_its_answer_was_lost_pulls_nothing_again(
    cloud: Cloud, connect: Callable[..., Any], vendor: Serving
) -> None:
    connect("acme")
    run = a_run_id()
    first = ingest(run, "tickets", full=True)
    asked = len(vendor.vendor.served)
    assert ingest(run, "tickets", full=True) == first
    assert len(vendor.vendor.served) == asked
    assert ingest(a_run_id(), "tickets", full=True)["status"] == "ok"
    assert len(vendor.vendor.served) > asked


def test_a_vendor_that_refuses_the_credentials_is_asked_once_in_a_run(
    cloud: Cloud, connect: Callable[..., Any], vendor: Serving
) -> None:
    stored = connect("acme")
    good = dict(cloud.secrets.get("acme", HALO))
    cloud.secrets.put("acme", HALO, dict.fromkeys(good, "wrong"))
    run = a_run_id()
    first = ingest(run, "tickets")
    assert (first["done"], first["status"]) == (True, "failed")
    assert "wrong" not in first["error"]
    asked = len(vendor.vendor.served)
    second = ingest(run, "clients")
    assert (second["done"], second["status"]) == (True, "failed")
    assert "in this run" in second["error"]
    assert len(vendor.vendor.served) == asked
    cloud.connect(stored, good)
    assert ingest(run, "tickets")["status"] == "ok"


def test_a_table_in_work_is_busy_and_so_is_a_canonical_table(cloud: Cloud, connect: Callable[..., Any]) -> None:
    connect("acme")
    run = a_run_id()
    with cloud.state.watermarks.lease("acme", f"{HALO}/tickets"), pytest.raises(Busy):
        ingest(run, "tickets")
    ingest(run, "tickets")
    with cloud.state.watermarks.lease("acme", "canonical/tickets"), pytest.raises(Busy):
        call("transform", {"run_id": run, "tenant": "acme", "table": "tickets"})


def test_what_may_go_well_later_is_raised_and_what_will_not_is_told(
    cloud: Cloud, connect: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = load_service(HALO)
    hurried = replace(service, retry=replace(service.retry, first_wait=0.0, longest_wait=0.0))
    monkeypatch.setattr("avesa.pipeline.ingest.load_service", lambda name: hurried)
    stored = connect("acme")
    run = a_run_id()
    cloud.state.tenants.put(replace(stored, settings={**stored.settings, "base_url": "http://127.0.0.1:9/api"}))
    with pytest.raises(Unavailable):
        ingest(run, "tickets", milliseconds=600_000)
    cloud.state.tenants.put(stored)
    assert ingest(run, "no_such_table")["status"] == "failed"
    cloud.secrets.put("acme", HALO, {})
    failed = ingest(run, "tickets")
    assert failed["status"] == "failed"
    assert "Not connected" in failed["error"]


def test_a_service_that_was_switched_off_since_the_plan_is_left_alone(
    cloud: Cloud, connect: Callable[..., Any]
) -> None:
    stored = connect("acme")
    cloud.state.tenants.put(replace(stored, enabled=False))
    answer = ingest(a_run_id(), "tickets")
    assert answer == {"done": True, "status": "not_due", "table": "tickets", "rows": 0}
