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
from avesa.connector.paging import Cursor, End, Expired, SinglePage
from avesa.connector.retry import Code, Errors
from avesa.connector.service import Deleted, Endpoint, Parent
from avesa.pipeline.ports import Ports
from avesa.shared.errors import StorageError, TableFailed
from avesa.shared.watermarks import TableState, Watermarks
from changes_bench import HOUR, NOON, Bench, Json, bench, stop_after
from tiny_vendor import Answer, Asked, receipts


class Crash(BaseException):
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


# Tokens of many feeds, one under each parent, which have no list

PROJECTS = Endpoint("projects", "/projects", changes=None, paging=SinglePage())

EVENTS = Endpoint(
    "things",
    "/events",
    records="data",
    parent=Parent("projects", "resource", into="query"),
    changes=Delta(("sync",), ask=("sync", "{token}"), only=True),
    paging=Cursor("sync", "sync", size=None, end=End(more="has_more", short=False)),
)

NO_TOKEN = Errors(codes=(Code(None, "empty", status=412),))


class EventVendor:
    """Tells what happened in a project since a token, two at a time; without one it only gives a token."""

    def __init__(self, *projects: str) -> None:
        self.logs: dict[str, list[str]] = {project: [] for project in projects}
        self.forgotten: set[str] = set()

    def __call__(self, asked: Asked) -> Any:
        if asked.path.endswith("/projects"):
            return [{"id": project} for project in self.logs]
        project, token = asked.query["resource"], asked.query.get("sync")
        log = self.logs[project]
        if token is None or token in self.forgotten:
            return Answer(412, json.dumps({"message": "sync token invalid", "sync": f"{project}-{len(log)}"}).encode())
        known, _, at = token.partition("-")
        assert known == project, "a token is worth nothing under another parent"
        end = min(int(at) + 2, len(log))
        shown = [{"id": f"{project}{number}", "what": log[number]} for number in range(int(at), end)]
        return {"data": shown, "sync": f"{project}-{end}", "has_more": end < len(log)}


def events_bench(it: Bench, vendor: EventVendor) -> None:
    it.answers(vendor)
    it.pull(table="projects")
    it.pull()


def test_each_parent_has_a_token_of_its_own_and_the_first_request_gives_nothing_else(tmp_path: Path) -> None:
    vendor = EventVendor("a", "b")
    with bench(tmp_path, EVENTS, endpoints=(PROJECTS, EVENTS), errors=NO_TOKEN) as it:
        vendor.logs["b"] = ["long ago"]
        events_bench(it, vendor)
        assert (it.rows, decode_memory(it.state.details).tokens) == ([], {"a": "a-0", "b": "b-1"})
        vendor.logs["a"] += ["1", "2", "3"]
        vendor.logs["b"] += ["4"]
        it.at(NOON + HOUR)
        outcome = it.pull()
        assert (outcome.kind, outcome.rows, outcome.calls) == ("changes", 4, 3)
        assert sorted(row["record_id"] for row in it.rows) == ["a0", "a1", "a2", "b1"]
        assert decode_memory(it.state.details).tokens == {"a": "a-3", "b": "b-2"}
        assert it.pull().rows == 0


def test_a_token_that_one_of_them_forgot_is_replaced_and_the_others_go_on(tmp_path: Path) -> None:
    vendor = EventVendor("a", "b")
    with bench(tmp_path, EVENTS, endpoints=(PROJECTS, EVENTS), errors=NO_TOKEN) as it:
        events_bench(it, vendor)
        vendor.logs = {"a": ["lost"], "b": ["seen"]}
        vendor.forgotten = {"a-0"}
        assert it.pull(full=True).kind == "changes", "there is no list"
        vendor.logs["a"] += ["seen too"]
        it.pull()
        assert sorted(json.loads(row["payload"])["what"] for row in it.rows) == ["seen", "seen too"]


def test_a_parent_that_came_gets_a_token_and_one_that_went_loses_it(tmp_path: Path) -> None:
    vendor = EventVendor("a", "b")
    with bench(tmp_path, EVENTS, endpoints=(PROJECTS, EVENTS), errors=NO_TOKEN) as it:
        events_bench(it, vendor)
        vendor.logs = {"b": [], "c": ["before"]}
        it.at(NOON + HOUR)
        it.pull(table="projects", full=True)
        it.pull()
        assert decode_memory(it.state.details).tokens == {"b": "b-0", "c": "c-1"}


def test_tokens_of_parents_that_were_asked_before_a_stop_are_kept(tmp_path: Path) -> None:
    vendor = EventVendor("a", "b", "c")
    with bench(tmp_path, EVENTS, endpoints=(PROJECTS, EVENTS), errors=NO_TOKEN) as it:
        events_bench(it, vendor)
        vendor.logs = {"a": ["1"], "b": ["2"], "c": ["3"]}
        assert it.pull(**stop_after(1)).status == "stopped"
        assert decode_memory(it.state.details).tokens == {"a": "a-0", "b": "b-0", "c": "c-0"}
        assert it.pull().resumed
        assert sorted(row["record_id"] for row in it.rows) == ["a0", "b0", "c0"]
        assert decode_memory(it.state.details).tokens == {"a": "a-1", "b": "b-1", "c": "c-1"}


def test_a_parent_that_gives_no_token_keeps_the_one_it_has(tmp_path: Path) -> None:
    vendor = EventVendor("a", "b")
    errors = replace(NO_TOKEN, codes=(*NO_TOKEN.codes, Code(None, "gone", status=403)))
    with bench(tmp_path, EVENTS, endpoints=(PROJECTS, EVENTS), errors=errors) as it:
        events_bench(it, vendor)
        vendor.logs = {"a": ["1"], "b": ["2"]}
        silent: Json = {"a": Answer(403, b"{}"), "b": {"data": []}}
        it.answers(lambda asked: silent[asked.query["resource"]])
        assert it.pull().rows == 0
        it.answers(vendor)
        it.pull()
        assert sorted(row["record_id"] for row in it.rows) == ["a0", "b0"]


@pytest.mark.parametrize("puts", range(5))
def test_no_token_of_a_parent_is_ahead_of_its_rows_wherever_the_process_dies(tmp_path: Path, puts: int) -> None:
    vendor = EventVendor("a", "b")
    with bench(tmp_path, EVENTS, endpoints=(PROJECTS, EVENTS), errors=NO_TOKEN) as it:
        events_bench(it, vendor)
        vendor.logs = {"a": ["1", "2", "3"], "b": ["4"]}
        try:
            it.pull(ports=dying(it.ports, puts), options=PullOptions(save_every=0.0))
        except Crash:
            assert decode_memory(it.state.details).tokens == {"a": "a-0", "b": "b-0"}
        vendor.logs["a"] += ["5"]
        it.pull()
        it.pull()
        assert {row["record_id"] for row in it.rows} == {"a0", "a1", "a2", "a3", "b0"}
        assert decode_memory(it.state.details).tokens == {"a": "a-4", "b": "b-1"}


def test_a_feed_without_a_list_is_never_taken_for_one_whatever_expires(tmp_path: Path) -> None:
    vendor = EventVendor("a")
    errors = Errors(codes=(*NO_TOKEN.codes, Code("cursor_expired", "expired")))
    with bench(tmp_path, EVENTS, endpoints=(PROJECTS, EVENTS), errors=errors) as it:
        events_bench(it, vendor)
        vendor.logs["a"] = ["1", "2", "3"]
        left = [1]

        def answer(asked: Asked) -> Any:
            if asked.query.get("sync") == "a-2" and left:
                left.pop()
                return Answer(400, b'{"code":"cursor_expired"}')
            return vendor(asked)

        it.answers(answer)
        assert it.pull().kind == "changes"
        assert {receipt.kind for receipt in receipts(it.ports, "things")} == {"changes"}
        assert {row["record_id"] for row in it.rows} == {"a0", "a1", "a2"}


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


def test_a_cursor_that_expires_twice_fails_the_table_though_another_process_went_on(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Any:
        at = int(asked.query.get("pageId", "0"))
        if at == 6:
            return Answer(400, b'{"code":"cursor_expired"}')
        return [{"id": id_} for id_ in range(at + 1, at + 4)]

    with bench(tmp_path, Endpoint("things", "/things", changes=None), errors=CURSOR_ERRORS) as it:
        it.answers(answer)
        assert it.pull(**stop_after(3)).status == "stopped"
        assert len(receipts(it.ports, "things")) == 1
        with pytest.raises(TableFailed, match="once more, in vain"):
            it.pull()


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
