"""Tokens that lead from one pull to the next, and cursors that expire."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.incremental import Delta
from avesa.connector.memory import decode_memory
from avesa.connector.outcome import PullOptions
from avesa.connector.paging import Cursor, Expired, SinglePage
from avesa.connector.retry import Code, Errors
from avesa.connector.service import Deleted, Endpoint
from avesa.pipeline.ports import Ports
from avesa.shared.errors import StorageError, TableFailed
from avesa.shared.watermarks import TableState, Watermarks
from changes_bench import HOUR, NOON, Json, bench
from tiny_vendor import Answer, Asked, receipts


class Crash(Exception):
    """Stands for the death of the process."""


class DyingWatermarks:
    """Dies instead of storing anything more, once `puts` writes were done."""

    def __init__(self, real: Watermarks, puts: int) -> None:
        self._real, self._left = real, puts

    def put(self, state: TableState) -> TableState:
        if self._left == 0:
            raise Crash
        self._left -= 1
        return self._real.put(state)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def dying(ports: Ports, puts: int) -> Ports:
    return replace(ports, watermarks=DyingWatermarks(ports.watermarks, puts))


# Tokens

GRAPH = Endpoint(
    "things",
    "/things/delta",
    records="value",
    changes=Delta(("@odata.deltaLink",), ask=("$deltatoken", "{token}"), in_link="$deltatoken", partial=True),
    deleted=Deleted("@removed", present=True),
    paging=SinglePage(),
)

GRAPH_ERRORS = Errors(code="error.code", message="error.message", codes=(Code(None, "expired", status=410),))


class DeltaVendor:
    """Answers with what changed since a token; it forgets the tokens in `forgotten`."""

    def __init__(self) -> None:
        self.log: list[Json] = []
        self.forgotten: set[str] = set()

    def __call__(self, asked: Asked) -> Any:
        token = asked.query.get("$deltatoken")
        if token in self.forgotten:
            return Answer(410, b'{"error":{"code":"syncStateNotFound","message":"gone"}}')
        link = f"https://elsewhere.example/x?$deltatoken={len(self.log)}"
        if token is not None:
            return {"value": self.log[int(token) :], "@odata.deltaLink": link}
        state: dict[str, Json] = {}
        for one in self.log:
            state[one["id"]] = {**state.get(one["id"], {}), **one}
        return {"value": [one for one in state.values() if "@removed" not in one], "@odata.deltaLink": link}


def test_a_token_leads_from_one_pull_to_the_next_and_removals_come_with_it(tmp_path: Path) -> None:
    vendor = DeltaVendor()
    with bench(tmp_path, GRAPH, errors=GRAPH_ERRORS) as it:
        it.answers(vendor)
        vendor.log += [{"id": "a", "name": "A", "x": 1}, {"id": "b", "name": "B"}]
        assert it.pull().kind == "listing"
        vendor.log += [{"id": "a", "name": "A2"}, {"id": "b", "@removed": {"reason": "deleted"}}]
        it.at(NOON + HOUR)
        assert (it.pull().kind, it.vendor.asked[-1].query) == ("changes", {"$deltatoken": "2"})
        told = [(r["record_id"], r["is_partial"], r["is_deleted"]) for r in it.rows]
        assert sorted(told) == [("a", False, False), ("a", True, False), ("b", False, False), ("b", True, True)]
        assert it.state.watermark == NOON + HOUR
        assert (it.pull().rows, it.vendor.asked[-1].query) == (0, {"$deltatoken": "4"})


def test_what_a_feed_tells_twice_of_a_record_keeps_its_order(tmp_path: Path) -> None:
    vendor = DeltaVendor()
    with bench(tmp_path, GRAPH, errors=GRAPH_ERRORS) as it:
        it.answers(vendor)
        vendor.log += [{"id": "a", "n": 0}]
        it.pull()
        vendor.log += [{"id": "a", "n": 1}, {"id": "b"}, {"id": "a", "n": 2}]
        it.pull()
        times = {json.loads(row["payload"]).get("n"): row["extracted_at"] for row in it.rows if row["record_id"] == "a"}
        assert times[0] <= times[1] < times[2]


def test_a_forgotten_token_leads_to_a_full_listing_in_the_same_pull(tmp_path: Path) -> None:
    vendor = DeltaVendor()
    with bench(tmp_path, GRAPH, errors=GRAPH_ERRORS) as it:
        it.answers(vendor)
        vendor.log += [{"id": "a", "n": 0}]
        it.pull()
        vendor.log += [{"id": "b", "n": 0}]
        vendor.forgotten = {"1"}
        assert (it.pull().kind, decode_memory(it.state.details).token) == ("listing", "2")
        assert sorted(row["record_id"] for row in it.rows) == ["a", "a", "b"]


@pytest.mark.parametrize("puts", [0, 1, 2])
def test_a_token_is_remembered_only_once_its_rows_and_their_receipt_are_durable(tmp_path: Path, puts: int) -> None:
    vendor = DeltaVendor()
    with bench(tmp_path, GRAPH, errors=GRAPH_ERRORS) as it:
        it.answers(vendor)
        vendor.log += [{"id": "a", "n": 0}]
        it.pull()
        vendor.log += [{"id": "b", "n": 0}]
        try:
            it.pull(ports=dying(it.ports, puts), options=PullOptions(save_every=0.0))
        except Crash:
            assert decode_memory(it.state.details).token == "1"
        it.pull()
        assert {row["record_id"] for row in it.rows} == {"a", "b"}
        assert decode_memory(it.state.details).token == "2"


def test_a_storage_that_fails_leaves_the_old_token(tmp_path: Path) -> None:
    vendor = DeltaVendor()
    with bench(tmp_path, GRAPH, errors=GRAPH_ERRORS) as it:
        it.answers(vendor)
        vendor.log += [{"id": "a", "n": 0}]
        it.pull()
        vendor.log += [{"id": "b", "n": 0}]
        raw = tmp_path / "data" / "acme" / "raw"
        raw.rename(tmp_path / "aside")
        raw.write_text("a file where a folder belongs")
        with pytest.raises(StorageError):
            it.pull()
        raw.unlink()
        (tmp_path / "aside").rename(raw)
        it.pull()
        assert {row["record_id"] for row in it.rows} == {"a", "b"}


# A cursor that expires

CURSOR_ERRORS = Errors(codes=(Code("cursor_expired", "expired"),))


def test_a_list_whose_cursor_expired_is_read_again_from_its_beginning_once(tmp_path: Path) -> None:
    left = [1]

    def answer(asked: Asked) -> Any:
        at = int(asked.query.get("pageId", "0"))
        if at == 6 and left:
            left.pop()
            return Answer(400, b'{"code":"cursor_expired"}')
        return [{"id": id_} for id_ in range(at + 1, min(at + 4, 11))]

    with bench(tmp_path, Endpoint("things", "/things", changes=None), errors=CURSOR_ERRORS) as it:
        it.answers(answer)
        outcome = it.pull()
        first, second = sorted(receipts(it.ports, "things"), key=lambda receipt: receipt.complete)
        assert (first.complete, first.rows, second.complete, second.rows) == (False, 6, True, 10)
        assert first.reason is not None and "cursor" in first.reason
        assert sorted({int(row["record_id"]) for row in it.rows}) == list(range(1, 11))
        assert (outcome.status, outcome.rows, outcome.calls) == ("ok", 10, 4)


def test_a_cursor_that_expires_twice_fails_the_table_and_keeps_the_rows(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Any:
        if asked.query.get("pageId"):
            return Answer(400, b'{"code":"cursor_expired"}')
        return [{"id": id_} for id_ in (1, 2, 3)]

    with bench(tmp_path, Endpoint("things", "/things", changes=None), errors=CURSOR_ERRORS) as it:
        it.answers(answer)
        with pytest.raises(TableFailed, match="cursor"):
            it.pull()
        assert [receipt.complete for receipt in receipts(it.ports, "things")] == [False, False]
        assert (it.state.checkpoint, it.state.watermark) == (None, None)


def test_a_cursor_that_has_expired_by_what_its_paging_alone_knows_is_read_again_too(tmp_path: Path) -> None:
    paging = Cursor("next", "cursor", most=3, expired=(Expired(410),))
    left = [1]

    def answer(asked: Asked) -> Any:
        at = int(asked.query.get("cursor", "0"))
        if at and left:
            left.pop()
            return Answer(410, b"{}")
        ids = range(at + 1, min(at + 4, 11))
        return {"items": [{"id": id_} for id_ in ids], "next": str(ids[-1]) if ids[-1] < 10 else None}

    with bench(tmp_path, Endpoint("things", "/things", records="items", changes=None, paging=paging)) as it:
        it.answers(answer)
        assert (it.pull().status, len({row["record_id"] for row in it.rows})) == ("ok", 10)
        complete = [receipt.rows for receipt in receipts(it.ports, "things") if receipt.complete]
        assert complete == [10]
