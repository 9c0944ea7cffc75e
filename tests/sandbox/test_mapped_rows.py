"""A vendor's records that show the world: they come, change and go with the clock, and refer to each other."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from avesa.canonical_transform.mapping import mapping_names
from avesa.integrations import service_names
from avesa.sandbox.clock import SandboxClock
from avesa.sandbox.mapped.canonical import KINDS, is_gone
from avesa.sandbox.mapped.reading import Constant, Leaf, mappings_of
from avesa.sandbox.mapped.rows import Truth, WorldRows
from avesa.sandbox.mapped.writing import alike
from avesa.sandbox.server import HAND_WRITTEN, sandbox_services
from avesa.sandbox.vendor.contract import Contract, get
from avesa.sandbox.vendor.rows import Row
from avesa.sandbox.work import Ticket
from avesa.sandbox.world import World
from mapped_rows import mapped_rows

START = datetime(2026, 3, 2, tzinfo=UTC)
EVENING = START + timedelta(hours=20)
SERVICES = [name for name in sandbox_services() if name != HAND_WRITTEN]


@pytest.fixture(scope="module")
def world() -> World:
    return World(seed=7, start=START, days=4, companies=4)


@pytest.fixture(scope="module")
def evening(world: World) -> Callable[[str], WorldRows]:
    """The rows of a service on the first evening, for tests that only read."""
    return cache(lambda service: opened(service, world, SandboxClock(EVENING)))


def opened(service: str, world: World, clock: SandboxClock) -> WorldRows:
    return WorldRows(Contract(service), world, "acme", clock)


def by_key(rows: WorldRows, service: str, table: str) -> dict[str, Row]:
    declared = Contract(service).tables[table]
    return {str(get(row.record, declared.key[0])): row for row in rows.of(declared)}


def test_every_service_is_in_the_sandbox() -> None:
    assert set(sandbox_services()) == set(service_names())


def test_the_kinds_of_the_world_fill_all_canonical_tables() -> None:
    assert set(KINDS.values()) == set(mapping_names())


@pytest.mark.parametrize("service", SERVICES)
def test_the_real_mappings_read_the_world_out_of_a_service(service: str, evening: Callable[[str], WorldRows]) -> None:
    rows = evening(service)
    truths = list(rows.truth())
    assert truths, service
    held, untold = Counter[str](), Counter[str]()
    for table in rows.world_tables:
        here = [truth for truth in truths if truth.table == table][-4:]
        for parent in {truth.parent for truth in here}:
            below = {str(at): truth for at, truth in enumerate(here) if truth.parent == parent}
            records = {at: record_of(rows, service, truth) for at, truth in below.items()}
            found = mapped_rows(here[0].canonical, service, table, records, parent)
            for (at, truth), row in zip(below.items(), found, strict=True):
                assert row["record_id"] == at
                assert row["uncastable"] == [], (table, row["uncastable"])
                for name, type_, wanted in truth.columns:
                    assert alike_in(row[name], wanted, type_), (table, name, row[name], wanted)
                held[table] += len(truth.columns)
                untold[table] += len(set(truth.untold) & with_a_place(service, table))
    # What a shape has no place for is the exception: a rule that is turned round wrongly would show here.
    assert sum(held.values()) >= 3 * sum(untold.values()), (held, untold)


def with_a_place(service: str, table: str) -> set[str]:
    """The columns that could be told: not constants, the key, or fields that other columns read too."""
    columns = mappings_of(service)[table].columns
    read = {column.name: column.rule.path.steps for column in columns if isinstance(column.rule, Leaf)}
    often = {path for path, count in Counter(read.values()).items() if count > 1}
    taken = often | {tuple(path.split(".")) for path in Contract(service).tables[table].key}
    constant = {column.name for column in columns if isinstance(column.rule, Constant)}
    return {column.name for column in columns if read.get(column.name) not in taken} - constant


def record_of(rows: WorldRows, service: str, truth: Truth) -> Any:
    table = Contract(service).tables[truth.table]
    base = Contract(service).tables[table.rules.get("feed", {}).get("of", truth.table)]
    place = () if truth.parent is None else (truth.parent,)
    for row in rows.of(base, place):
        if tuple(str(get(row.record, path)) for path in base.key) == truth.key:
            return row.record
    raise AssertionError(f"there is no {truth.key} in {truth.table}")


def alike_in(value: Any, wanted: Any, type_: str) -> bool:
    return alike(json.loads(value) if type_ == "json" and value is not None else value, wanted, type_)


@pytest.mark.parametrize("service", SERVICES)
def test_no_record_is_shown_twice_and_every_reference_leads_somewhere(
    service: str, world: World, evening: Callable[[str], WorldRows]
) -> None:
    rows = evening(service)
    living = Counter(KINDS[kind] for (kind, _), one in world.at(EVENING).items() if kind in KINDS and not is_gone(one))
    bases = {name for name in rows.world_tables if not Contract(service).tables[name].rules.get("feed", {}).get("of")}
    shown = Counter(truth.canonical for truth in rows.truth() if truth.table in bases and not truth.is_flagged)
    for table, count in shown.items():
        assert count <= living[table] + (table == "companies"), table
    keys = {(truth.canonical, truth.key[-1]) for truth in rows.truth() if truth.key}
    for truth in rows.truth():
        for name, _, value in truth.columns:
            if name == "company_id" and value is not None:
                assert ("companies", value) in keys, (truth.table, value)


@pytest.mark.parametrize(("service", "table"), [("asana", "users"), ("meraki", "inventory_devices")])
def test_what_belongs_to_no_company_lies_with_one_of_them(
    service: str, table: str, evening: Callable[[str], WorldRows]
) -> None:
    rows = evening(service)
    shown = [truth for truth in rows.truth() if truth.table == table]
    assert shown and all(truth.parent in by_key(rows, service, parent_of(service, table)) for truth in shown)


def parent_of(service: str, table: str) -> str:
    return str((Contract(service).tables[table].parent or {})["endpoint"])


def test_records_come_change_and_go_as_the_world_says(world: World) -> None:
    clock = SandboxClock(EVENING)
    rows = opened("servicenow", world, clock)
    tables = ("incidents", "change_requests", "problems", "catalog_requests", "requested_items")
    table_of = Contract("servicenow").tables
    seen = set[str]()
    for _ in range(4):
        all_rows = [row for table in tables for row in rows.of(table_of[table])]
        living = [row for row in all_rows if not row.is_deleted]
        tickets = {one.id: one for (kind, _), one in world.at(clock()).items() if isinstance(one, Ticket)}
        assert len(living) == len(tickets)
        assert sorted(row.record["short_description"] for row in living) == sorted(t.summary for t in tickets.values())
        assert all(row.modified <= clock() for row in all_rows)
        assert all(row.record["sys_updated_on"] == row.modified.strftime("%Y-%m-%d %H:%M:%S") for row in living)
        seen |= {row.record["sys_id"] for row in all_rows}
        clock.advance(timedelta(days=1))
    gone = [event for event in world.events if event.kind is Ticket and is_gone(event.entity)]
    assert gone and len(seen) > len(living)


def test_a_record_moves_at_the_time_of_its_event_and_not_without_one(world: World) -> None:
    clock = SandboxClock(EVENING)
    rows = opened("servicenow", world, clock)
    before = {key: (row.modified, row.sequence) for key, row in by_key(rows, "servicenow", "time_cards").items()}
    clock.advance(timedelta(days=1))
    after = {key: (row.modified, row.sequence) for key, row in by_key(rows, "servicenow", "time_cards").items()}
    moved = {key for key in before if after[key] != before[key]}
    assert moved and len(moved) < len(before)
    assert all(EVENING < after[key][0] <= clock() for key in moved | (after.keys() - before.keys()))
    assert after.keys() > before.keys()


def test_a_deletion_is_told_in_the_vendors_own_way(world: World) -> None:
    clock = SandboxClock(world.end)
    journal = opened("servicenow", world, clock)
    entries: list[str] = []
    journal.happened = lambda table, row, event: entries.append(table) if event == "delete" else None
    list(journal.truth())
    shown = set(journal.world_tables.values())
    made = {(event.kind, event.id) for event in world.events if event.entity and KINDS.get(event.kind) in shown}
    deleted = {(event.kind, event.id) for event in world.events if is_gone(event.entity)} & made
    assert deleted and len(entries) == len(deleted)
    flagged = [truth for truth in opened("salesforce", world, clock).truth() if truth.is_flagged]
    assert {"accounts", "contacts"} <= {truth.table for truth in flagged}


def test_a_clock_that_is_put_back_shows_what_was_there_then(world: World) -> None:
    clock = SandboxClock(EVENING)
    rows = opened("jira", world, clock)
    before = {key: row.record for key, row in by_key(rows, "jira", "issues").items()}
    clock.advance(timedelta(days=3))
    later = {key: row.record for key, row in by_key(rows, "jira", "issues").items()}
    assert later != before
    clock.set(EVENING)
    assert {key: row.record for key, row in by_key(rows, "jira", "issues").items()} == before


def test_tables_that_are_mapped_to_nothing_have_a_few_plain_records(world: World) -> None:
    rows = opened("autotask", world, SandboxClock(EVENING))
    contract = Contract("autotask")
    name = next(name for name in contract.own_tables if name not in mappings_of("autotask"))
    assert len(rows.of(contract.tables[name])) == 3
    text = str([row.record for row in rows.of(contract.tables[name])])
    assert "unannounced" not in text and "日本語" not in text
