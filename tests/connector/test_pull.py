"""One pull, over real HTTP: what it lands, proves and remembers, and which parents it asks under."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.incremental import Changes
from avesa.connector.paging import SinglePage
from avesa.connector.service import Parent
from avesa.shared.errors import TableFailed
from pull_bench import NOON, Bench
from tiny_vendor import (
    SERVICE,
    Answer,
    Asked,
    landed,
    receipts,
    record,
    tiny_vendor,
    with_endpoint,
)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with tiny_vendor() as vendor:
        yield Bench(tmp_path, vendor)


# What is landed


def test_a_first_pull_lands_every_record_and_proves_it_with_a_receipt(bench: Bench) -> None:
    bench.vendor.lists["/tickets"] = [record(i, f"2026-01-0{i}T00:00:00Z") for i in range(1, 8)]
    outcome = bench.pull()
    [receipt] = receipts(bench.ports, "tickets")
    ids = [str(i) for i in range(1, 8)]
    assert bench.ids() == ids
    assert (outcome.status, outcome.kind, outcome.rows, outcome.pages) == ("ok", "listing", 7, 3)
    assert (receipt.complete, receipt.kind, receipt.rows, receipt.distinct_ids) == (True, "listing", 7, 7)
    assert receipt.ids_sha256 == hashlib.sha256("\n".join(ids).encode()).hexdigest()
    assert receipt.files == outcome.files
    assert receipt.max_updated_at == datetime(2026, 1, 7, tzinfo=UTC)
    assert receipt.window is None and receipt.started_at == NOON
    assert bench.state().watermark == datetime(2026, 1, 7, tzinfo=UTC)


def test_rows_hold_what_the_design_says(bench: Bench) -> None:
    bench.vendor.lists["/tickets"] = [record(1, "2026-01-01T10:00:00+02:00", deletedFlag=True)]
    bench.pull()
    [row] = landed(bench.ports, "tickets")
    assert row == {
        "record_id": "1",
        "parent_id": None,
        "payload": json.dumps(bench.vendor.lists["/tickets"][0]),
        "updated_at": datetime(2026, 1, 1, 8, tzinfo=UTC),
        "is_deleted": True,
        "is_partial": False,
        "extracted_at": NOON,
        "run_id": "r1",
        "page": 1,
        "problem": None,
    }


DRIFT = (
    rb'[{"id": 1,  "x": 1}, {"x":"1","id":"2"},{"id":3,"x":18446744073709551616123},'
    rb'{"id":4,"x":[1,"a",[null,{}]]},{"id":5,"x":"\ud83d"},{"id":6,"x":0.10000000000000000001}, "bare", {"x":9}]'
)


def test_payloads_are_the_very_bytes_whatever_the_vendor_sends(bench: Bench) -> None:
    bench.vendor.lists["/tickets"] = []
    bench.vendor.bend = lambda *_: Answer(body=DRIFT)
    bench.service = with_endpoint(SERVICE, "tickets", paging=SinglePage())
    bench.pull()
    rows = landed(bench.ports, "tickets")
    assert [row["payload"] for row in rows] == [
        '{"id": 1,  "x": 1}',
        '{"x":"1","id":"2"}',
        '{"id":3,"x":18446744073709551616123}',
        '{"id":4,"x":[1,"a",[null,{}]]}',
        '{"id":5,"x":"\\ud83d"}',
        '{"id":6,"x":0.10000000000000000001}',
        '"bare"',
        '{"x":9}',
    ]
    assert [row["record_id"] for row in rows] == ["1", "2", "3", "4", "5", "6", None, None]
    assert [row["problem"] for row in rows][6:] == ["no key: id is missing"] * 2


def test_fields_declared_as_secret_are_masked_and_nothing_else(bench: Bench) -> None:
    bench.vendor.lists["/boards"] = [record(1, token="hunter2", name="x")]
    bench.pull("boards")
    [row] = landed(bench.ports, "boards")
    assert row["payload"] == json.dumps(record(1, token="***", name="x"))


def test_an_empty_pull_leaves_a_receipt_and_no_file(bench: Bench) -> None:
    bench.vendor.lists["/tickets"] = []
    bench.pull()
    [receipt] = receipts(bench.ports, "tickets")
    assert (receipt.files, receipt.rows, receipt.complete) == ((), 0, True)
    assert receipt.ids_sha256 == hashlib.sha256(b"").hexdigest()


def test_a_table_without_keys_is_keyed_by_the_digest_of_its_records(bench: Bench) -> None:
    bench.vendor.bend = lambda *_: Answer(body=b'[{"b":1,"a":2}]')
    bench.vendor.lists["/events"] = []
    bench.pull("events")
    [row] = landed(bench.ports, "events")
    assert row["record_id"] == hashlib.sha256(b'{"a":2,"b":1}').hexdigest()


# Changes


def test_the_second_pull_asks_for_changes_and_does_not_land_the_boundary_again(bench: Bench) -> None:
    tickets = [record(1, "2026-02-01T00:00:00Z"), record(2, "2026-02-02T00:00:00Z")]
    bench.vendor.lists["/tickets"] = tickets
    bench.pull()
    bench.at(NOON + timedelta(hours=1))
    tickets.append(record(3, "2026-02-02T00:00:00Z"))
    outcome = bench.pull()
    assert bench.vendor.asked[-1].query["conditions"] == "lastUpdated>=[2026-02-02T00:00:00Z]"
    assert (outcome.kind, outcome.rows, outcome.skipped) == ("changes", 1, 1)
    assert bench.ids() == ["1", "2", "3"]
    bench.at(NOON + timedelta(hours=2))
    assert bench.pull().skipped == 2
    assert receipts(bench.ports, "tickets")[-1].files == ()


def test_a_row_of_the_boundary_that_changed_within_the_second_is_landed(bench: Bench) -> None:
    bench.vendor.lists["/tickets"] = [record(1, "2026-02-02T00:00:00Z", status="new")]
    bench.pull()
    bench.vendor.lists["/tickets"] = [record(1, "2026-02-02T00:00:00Z", status="open")]
    assert bench.pull().rows == 1


def test_the_watermark_never_passes_the_beginning_of_the_pull_by_the_vendors_clock(bench: Bench) -> None:
    bench.vendor.lists["/tickets"] = [record(1, "2026-03-01T12:00:30Z")]
    bench.pull()
    assert bench.state().watermark == NOON


def test_a_listing_comes_again_when_it_is_due_or_asked_for(bench: Bench) -> None:
    bench.vendor.lists["/tickets"] = [record(1)]
    kinds = [bench.pull().kind, bench.pull().kind, bench.pull(full=True).kind]
    bench.at(NOON + timedelta(hours=25))
    assert [*kinds, bench.pull().kind, bench.pull().kind] == [
        "listing", "changes", "listing", "listing", "changes"
    ]  # fmt: skip


def test_a_vendor_that_refuses_the_change_condition_is_listed_and_not_asked_each_time(bench: Bench) -> None:
    def refuse(asked: Asked, answer: Answer) -> Answer:
        return Answer(400, b'{"code":"InvalidObject"}') if "conditions" in asked.query else answer

    bench.vendor.lists["/tickets"] = [record(1)]
    bench.pull()
    bench.vendor.bend = refuse
    assert bench.pull().kind == "listing"
    before = len(bench.vendor.asked)
    assert bench.pull().kind == "listing"
    assert all("conditions" not in asked.query for asked in bench.vendor.asked[before:])


# Under a parent


def test_children_are_asked_for_under_each_live_parent(bench: Bench) -> None:
    lists = bench.vendor.lists
    lists["/tickets"] = [record(1), record(2, deletedFlag=True), record(3), record(4)]
    lists["/tickets/1/notes"] = [record(i) for i in range(10, 15)]
    lists["/tickets/3/notes"] = [record(20)]  # and 4 has gone: its notes answer 404
    bench.pull()
    outcome = bench.pull("notes")
    assert {(row["parent_id"], row["record_id"]) for row in landed(bench.ports, "notes")} == {
        *(("1", str(i)) for i in range(10, 15)),
        ("3", "20"),
    }
    assert outcome.status == "ok"
    assert not any(asked.path.endswith("/tickets/2/notes") for asked in bench.vendor.asked)


@pytest.mark.parametrize(
    ("named", "ids"),
    [
        ({"unique_under_parent": True}, [f'["{parent}","{note}"]' for parent in (1, 2) for note in range(1, 8)]),
        ({"key": ("ticket", "id")}, [f'["{parent}","{note}"]' for parent in (1, 2) for note in range(1, 8)]),
        ({"key": ("number",)}, [str(number) for number in (*range(93, 100), *range(193, 200))]),
    ],
)
def test_pages_behind_an_id_go_on_without_a_link_whatever_the_key_is(
    bench: Bench, named: dict[str, Any], ids: list[str]
) -> None:
    bench.service = with_endpoint(SERVICE, "notes", **named)
    bench.vendor.lists["/tickets"] = [record(i) for i in (1, 2)]
    for parent in (1, 2):
        notes = [record(i, ticket=parent, number=100 * parent - i) for i in range(1, 8)]
        bench.vendor.lists[f"/tickets/{parent}/notes"] = notes
    bench.vendor.bend = lambda _, answer: replace(answer, headers={})
    bench.pull("tickets")
    bench.pull("notes")
    assert sorted(row["record_id"] for row in landed(bench.ports, "notes")) == sorted(ids)


def test_changes_ask_only_under_parents_that_changed_and_miss_none(bench: Bench) -> None:
    lists = bench.vendor.lists
    lists["/tickets"] = [record(i, "2026-02-01T00:00:00Z") for i in (1, 2, 3)]
    for i in (1, 2, 3):
        lists[f"/tickets/{i}/notes"] = [record(i * 10, "2026-01-15T00:00:00Z")]
    lists["/tickets"][2] = record(3, "2026-02-20T00:00:00Z")
    bench.pull()
    bench.pull("notes")
    bench.at(NOON + timedelta(hours=1))
    lists["/tickets"][1] = record(2, "2026-03-01T12:30:00Z")
    lists["/tickets/2/notes"].append(record(21, "2026-03-01T12:30:00Z"))
    bench.pull()
    before = len(bench.vendor.asked)
    assert bench.pull("notes").rows == 1
    paths = {asked.path for asked in bench.vendor.asked[before:]}
    assert paths == {"/api/tickets/2/notes", "/api/tickets/3/notes"}


def test_what_is_never_listed_is_asked_for_under_every_parent(bench: Bench) -> None:
    assert isinstance(SERVICE.changes, Changes)
    only = replace(SERVICE.changes, only=True, kept_for=timedelta(days=90))
    bench.service = with_endpoint(SERVICE, "notes", changes=only)
    lists = bench.vendor.lists
    lists["/tickets"] = [record(i, "2025-01-01T00:00:00Z") for i in (1, 2)]
    lists["/tickets/1/notes"] = [record(10, "2026-02-01T00:00:00Z")]
    lists["/tickets/2/notes"] = [record(20, "2026-02-02T00:00:00Z")]
    bench.pull()
    assert (bench.pull("notes").kind, len(landed(bench.ports, "notes"))) == ("changes", 2)
    bench.at(NOON + timedelta(hours=1))
    lists["/tickets/1/notes"].append(record(11, "2026-03-01T12:30:00Z"))  # and its ticket does not tell
    bench.pull()
    assert bench.pull("notes").rows == 1


def test_changes_ask_under_every_parent_where_parents_do_not_show_what_came_below_them(bench: Bench) -> None:
    lists = bench.vendor.lists
    lists["/tickets"] = [record(i, "2026-02-01T00:00:00Z") for i in (1, 2)]
    for i in (1, 2):
        lists[f"/tickets/{i}/notes"] = [record(i * 10, "2026-01-15T00:00:00Z")]
    notes = replace(SERVICE.endpoint("notes"), parent=Parent("tickets", every=True))
    bench.service = replace(SERVICE, endpoints=tuple(notes if e.name == "notes" else e for e in SERVICE.endpoints))
    bench.pull()
    bench.pull("notes")
    bench.at(NOON + timedelta(hours=1))
    lists["/tickets/2/notes"].append(record(21, "2026-03-01T12:30:00Z"))
    bench.pull()
    outcome = bench.pull("notes")
    assert (outcome.kind, outcome.rows) == ("changes", 1)


def test_what_parents_name_is_asked_for_in_batches_and_is_below_none_of_them(bench: Bench) -> None:
    parent = Parent("tickets", "ids", into="query", at_once=2, field="device")
    bench.service = with_endpoint(SERVICE, "notes", path="/devices", changes=None, parent=parent)
    lists = bench.vendor.lists
    lists["/tickets"] = [record(i, device=device) for i, device in enumerate((50, 51, 50, None, 53, 52), 1)]
    lists["/devices"] = [record(i) for i in (50, 51, 52, 53, 54)]
    bench.pull()
    before = len(bench.vendor.asked)
    bench.vendor.bend = lambda asked, answer: Answer(
        200, json.dumps([one for one in lists["/devices"] if str(one["id"]) in asked.query["ids"].split(",")]).encode()
    )
    assert bench.pull("notes").status == "ok"
    assert sorted(asked.query["ids"] for asked in bench.vendor.asked[before:]) == ["50,51", "52,53"]
    rows = [(row["record_id"], row["parent_id"]) for row in landed(bench.ports, "notes")]
    assert sorted(rows) == [(str(i), None) for i in (50, 51, 52, 53)]


def test_children_of_a_table_that_was_never_pulled_say_what_to_do(bench: Bench) -> None:
    with pytest.raises(TableFailed, match="tickets first"):
        bench.pull("notes")
