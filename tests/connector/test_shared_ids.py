"""A list under parents whose ids are not one record's each is noticed, without anything failing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.service import Endpoint
from pull_bench import Bench, stop_after
from tiny_vendor import SERVICE, record, tiny_vendor

NOTES = SERVICE.endpoint("notes")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with tiny_vendor() as vendor:
        yield Bench(tmp_path, vendor)


def listed(bench: Bench, notes: dict[int, list[dict[str, Any]]], endpoint: Endpoint = NOTES) -> str | None:
    """The warning of a pull of the notes of some tickets."""
    bench.vendor.lists["/tickets"] = [record(number) for number in notes]
    for number, some in notes.items():
        bench.vendor.lists[f"/tickets/{number}/notes"] = some
    bench.service = replace(SERVICE, endpoints=(SERVICE.endpoint("tickets"), endpoint))
    bench.pull("tickets")
    return bench.pull("notes").warning


CLASHING = {parent: [{"id": number, "of": parent} for number in (1, 2)] for parent in range(1, 6)}


def test_ids_that_come_under_several_parents_with_other_content_are_told(bench: Bench) -> None:
    said = listed(bench, CLASHING)
    assert said is not None and said.startswith("8 of 10 records have the id of another one under another parent")
    assert "(as under 1 and 2)" in said and said.endswith("the table needs unique_under_parent.")
    (entry,) = [one for one in bench.ports.run_log.latest("acme") if one.table == "tiny/notes"]
    assert (entry.status, entry.figures["warning"]) == ("ok", said)


def test_with_unique_under_parent_they_are_nothing_unusual(bench: Bench) -> None:
    assert listed(bench, CLASHING, replace(NOTES, unique_under_parent=True)) is None


def test_a_record_that_lies_under_several_parents_is_one(bench: Bench) -> None:
    same = [{"id": number} for number in (1, 2, 3)]
    assert listed(bench, dict.fromkeys(range(1, 6), same)) is None


def test_a_record_that_changed_while_it_was_listed_is_one(bench: Bench) -> None:
    many = [{"id": number, "is": "as before"} for number in range(100)]
    assert listed(bench, {1: many, 2: [{**many[0], "is": "changed"}, *many[1:]]}) is None


def test_the_same_id_twice_under_one_parent_says_nothing_of_parents(bench: Bench) -> None:
    assert listed(bench, {1: [{"id": 1, "is": "a"}, {"id": 1, "is": "b"}, {"id": 2}]}) is None


def test_a_pull_that_was_stopped_tells_what_it_saw(bench: Bench) -> None:
    listed(bench, {})
    bench.vendor.lists |= {f"/tickets/{parent}/notes": notes for parent, notes in CLASHING.items()}
    bench.vendor.lists["/tickets"] = [record(number) for number in CLASHING]
    bench.pull("tickets", full=True)
    progress, stop = stop_after(2)
    stopped = bench.pull("notes", full=True, progress=progress, stop=stop)
    assert (stopped.status, bool(stopped.warning)) == ("stopped", True)
