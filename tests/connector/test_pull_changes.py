"""The ways in which vendors tell what changed, over real HTTP: windows, tokens, events, lists of deletions."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.incremental import Changes, Deletions, Delta, Events, InHeader, InParams, InPath
from avesa.connector.memory import decode_memory
from avesa.connector.outcome import PullOptions
from avesa.connector.paging import Cursor, End, Expired, ForwardOnly, PageNumber, SinglePage
from avesa.connector.retry import Code, Errors
from avesa.connector.service import Deleted, Each, Endpoint, Service, Setting
from avesa.connector.times import MILLISECONDS, SECONDS, Epoch, Form, Iso, Times, Written
from avesa.pipeline.ingest import IngestOutcome, ingest_table
from avesa.pipeline.ports import Ports
from avesa.shared.errors import StorageError, TableFailed
from avesa.shared.watermarks import TableState, Watermarks
from tiny_vendor import SERVICE, Answer, Asked, TinyVendor, connect_tenant, landed, open_ports, receipts, tiny_vendor

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BY_ID = ForwardOnly(most=3)
Json = dict[str, Any]


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


class Bench:
    """One tenant of a service with the one endpoint `things`, and a vendor that answers as `answer` says."""

    def __init__(self, home: Path, vendor: TinyVendor, endpoint: Endpoint, **service: Any) -> None:
        self.clock, self.vendor = Clock(), vendor
        self.ports: Ports = open_ports(home, self.clock)
        self.tenant = connect_tenant(self.ports, vendor.url)
        self.service: Service = replace(SERVICE, endpoints=(endpoint,), **{"paging": BY_ID, **service})
        self.at(NOON)

    def at(self, moment: datetime) -> None:
        self.clock.now = moment
        self.vendor.date = format_datetime(moment, usegmt=True)

    def pull(self, **more: Any) -> IngestOutcome:
        return ingest_table(
            more.pop("ports", self.ports), self.tenant, "things", run_id="r", service=self.service, **more
        )

    @property
    def state(self) -> TableState:
        return self.ports.watermarks.get("acme", "tiny/things")

    @property
    def rows(self) -> list[Json]:
        return landed(self.ports, "things")

    def answers(self, answer: Callable[[Asked], Any]) -> None:
        """`answer` gives the JSON of a page, or an Answer."""

        def bend(asked: Asked, _: Answer) -> Answer:
            found = answer(asked)
            return found if isinstance(found, Answer) else Answer(body=json.dumps(found).encode())

        self.vendor.bend = bend


@contextmanager
def bench(home: Path, endpoint: Endpoint, **service: Any) -> Iterator[Bench]:
    with tiny_vendor() as vendor:
        yield Bench(home, vendor, endpoint, **service)


def stop_after(pages: int) -> dict[str, Any]:
    seen: list[int] = []
    return {"progress": lambda table, page, rows: seen.append(page), "stop": lambda: len(seen) >= pages}


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


# Windows by time: the law


class ChangingVendor:
    """Rows that change between and during pulls. It shows times in one form and reads what it is asked in another,
    and where a text can mean two moments it takes the later one, which gives the fewest rows.
    """

    def __init__(self, bench: Bench, form: Form, shown: Callable[[datetime], Any], chance: random.Random) -> None:
        self.bench, self.form, self.shown, self.chance = bench, form, shown, chance
        self.rows: dict[int, Json] = {}
        self.times: dict[int, datetime] = {}
        self.restless = True
        bench.answers(self.page)

    def wait(self, seconds: float) -> None:
        self.bench.at(self.bench.clock.now + timedelta(seconds=seconds))

    def change(self) -> None:
        now = self.bench.clock.now
        for _ in range(self.chance.randint(1, 4)):
            id_ = self.chance.randint(1, 25)
            version = self.rows.get(id_, {}).get("version", 0) + 1
            self.times[id_] = now
            self.rows[id_] = {"id": id_, "version": version, "updated": self.shown(now)}

    def page(self, asked: Asked) -> list[Json]:
        if self.restless:
            self.wait(self.chance.choice([0, 0, 0.4, 2, 70]))
            self.change()
        since = self.read(asked.query["since"]) if "since" in asked.query else None
        ids = sorted(i for i in self.rows if since is None or self.times[i] >= since)
        ids = [i for i in ids if i > int(asked.query.get("pageId", "0"))]
        return [self.rows[i] for i in ids[:3]]

    def read(self, text: str) -> datetime:
        if isinstance(self.form, Written):
            return max(self.form._readings(text))
        return self.form.earliest(text)


def iso(moment: datetime) -> str:
    return moment.isoformat()


def seconds_only(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def milliseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)


FORMS: list[tuple[Form, Times, Callable[[datetime], Any]]] = [
    (Written("%Y-%m-%dT%H:%M:%SZ"), Iso(), iso),
    (Written("%Y-%m-%dT%H:%M:%S.%fZ"), Iso(), iso),
    (Written("%Y-%m-%d %H:%M:%S"), Iso(), seconds_only),
    (Written("%Y-%m-%d %H:%M", "Europe/Berlin"), Iso(), iso),
    (Written("%Y-%m-%d"), Iso(), iso),
    (SECONDS, SECONDS, lambda moment: (moment - EPOCH) // timedelta(seconds=1)),
    (MILLISECONDS, MILLISECONDS, milliseconds),
    (Epoch(digits=6), SECONDS, lambda moment: f"{(moment - EPOCH).total_seconds():.6f}"),
]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("number", range(len(FORMS)))
def test_no_change_is_lost_and_none_lands_twice_whatever_the_form(tmp_path: Path, number: int, seed: int) -> None:
    form, times, shown = FORMS[number]
    overlap = [timedelta(0), timedelta(seconds=3), 5 * MINUTE][seed % 3]
    changes = Changes("updated", ask=("since", "{since}"), form=form, overlap=overlap)
    endpoint = Endpoint("things", "/things", changes=changes, times=times, relist=3650 * DAY)
    with bench(tmp_path, endpoint) as it:
        vendor = ChangingVendor(it, form, shown, random.Random(seed))
        # Around the hour that Berlin's clocks show twice.
        it.at(datetime(2026, 10, 25, 0, 50, tzinfo=UTC) + timedelta(seconds=seed * 700, microseconds=seed * 77))
        vendor.change()
        for _ in range(6):
            it.pull()
            vendor.wait(vendor.chance.choice([0.2, 30, 1_000]))
            vendor.change()
        vendor.restless = False
        it.pull()
        vendor.wait(10)
        it.pull()
        found = [(int(row["record_id"]), json.loads(row["payload"])["version"]) for row in it.rows]
        assert {id_: max(v for i, v in found if i == id_) for id_, _ in found} == {
            id_: row["version"] for id_, row in vendor.rows.items()
        }
        assert len(found) == len(set(found))


def test_a_header_asks_for_changes_and_an_answer_without_rows_is_a_normal_one(tmp_path: Path) -> None:
    changes = Changes("updated", ask=InHeader("If-Modified-Since"), form="%Y-%m-%dT%H:%M:%S")
    with bench(tmp_path, Endpoint("things", "/things", changes=changes)) as it:
        it.answers(lambda asked: [] if "if-modified-since" in asked.headers else [{"id": 1, "updated": iso(NOON)}])
        it.pull()
        it.at(NOON + HOUR)
        outcome = it.pull()
        assert it.vendor.asked[-1].headers["if-modified-since"] == "2026-03-01T12:00:00"
        assert (outcome.kind, outcome.status, outcome.rows) == ("changes", "ok", 0)


def test_a_tenants_overlap_and_time_zone_are_asked_with(tmp_path: Path) -> None:
    changes = Changes("updated", ask=("jql", "{since}"), form=Written("%Y-%m-%d %H:%M", "{company_id}"))
    with bench(tmp_path, Endpoint("things", "/things", changes=changes)) as it:
        own = {**it.tenant.settings, "company_id": "America/New_York", "overlap_seconds.things": "600"}
        it.tenant = replace(it.tenant, settings=own)
        it.answers(lambda asked: [{"id": 1, "updated": iso(NOON)}])
        it.pull()
        it.at(NOON + HOUR)
        assert it.pull().skipped == 1
        assert it.vendor.asked[-1].query["jql"] == "2026-03-01 06:50"


# Windows that the vendor bounds


WINDOWED = Changes(
    "updated",
    ask=InParams((("from", "{since}"), ("to", "{until}"))),
    form=SECONDS,
    longest_window=7 * DAY,
    kept_for=60 * DAY,
)


def in_window(rows: list[Json]) -> Callable[[Asked], Any]:
    """A vendor that refuses to answer for more than a week at once."""

    def answer(asked: Asked) -> Any:
        begin, end = int(asked.query.get("from", 0)), int(asked.query.get("to", 10**11))
        if "from" in asked.query and end - begin > 7 * 86_400:
            return Answer(422)
        at = int(asked.query.get("pageId", "0"))
        return [row for row in rows if begin <= row["updated"] < end and row["id"] > at][:3]

    return answer


def second(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(seconds=1)


def test_a_long_span_is_asked_for_in_windows_and_stops_and_goes_on_between_any_two_pages(tmp_path: Path) -> None:
    endpoint = Endpoint("things", "/things", changes=WINDOWED, times=SECONDS, relist=365 * DAY)
    with bench(tmp_path, endpoint) as it:
        rows = [{"id": 1, "updated": second(NOON)}]
        it.answers(in_window(rows))
        it.pull()
        rows += [{"id": id_, "updated": second(NOON + id_ * DAY)} for id_ in range(2, 30)]
        it.at(NOON + 30 * DAY)
        runs = 0
        while it.pull(**stop_after(1)).status == "stopped":
            runs += 1
        *_, receipt = receipts(it.ports, "things")
        assert runs > 5
        assert sorted(int(row["record_id"]) for row in it.rows) == list(range(1, 30))
        assert (receipt.kind, receipt.rows, receipt.complete) == ("changes", 28, True)
        assert it.state.watermark == NOON + 29 * DAY


def test_windows_in_which_nothing_happened_are_not_asked_for_again_and_again(tmp_path: Path) -> None:
    endpoint = Endpoint("things", "/things", changes=WINDOWED, times=SECONDS, relist=365 * DAY)
    with bench(tmp_path, endpoint) as it:
        it.answers(in_window([{"id": 1, "updated": second(NOON)}]))
        it.pull()
        it.at(NOON + 30 * DAY)
        assert it.pull().calls == 5
        assert it.pull().calls == 1


def test_a_watermark_older_than_what_the_vendor_keeps_leads_to_a_listing(tmp_path: Path) -> None:
    endpoint = Endpoint("things", "/things", changes=WINDOWED, times=SECONDS, relist=365 * DAY)
    with bench(tmp_path, endpoint) as it:
        it.answers(in_window([{"id": 1, "updated": second(NOON)}]))
        it.pull()
        it.at(NOON + 61 * DAY)
        assert it.pull().kind == "listing"


def test_what_has_no_list_is_asked_for_as_far_back_as_it_is_kept_and_then_for_changes(tmp_path: Path) -> None:
    endpoint = Endpoint("things", "/things", changes=replace(WINDOWED, only=True), times=SECONDS)
    with bench(tmp_path, endpoint) as it:
        rows = [{"id": id_, "updated": second(NOON - 31 * DAY + id_ * DAY)} for id_ in range(1, 20)]
        it.answers(in_window(rows))
        outcome = it.pull()
        assert (outcome.kind, outcome.rows) == ("changes", 19)
        assert all("from" in asked.query for asked in it.vendor.asked)
        it.at(NOON + HOUR)
        assert it.pull().rows == 0
        assert len(it.rows) == 19


DAILY = Changes(
    "updated",
    ask=InPath((("day", "{since}"),)),
    form="%Y-%m-%d",
    overlap=3 * DAY,
    longest_window=DAY,
    kept_for=10 * DAY,
    only=True,
)
NOT_YET = Errors(codes=(Code(None, "empty", status=400, text="not yet"),))


def test_each_day_has_an_address_of_its_own_and_a_day_that_is_not_there_yet_is_asked_for_again(tmp_path: Path) -> None:
    endpoint = Endpoint("things", "/days/{day}/things", changes=DAILY)
    with bench(tmp_path, endpoint, paging=SinglePage(), errors=NOT_YET) as it:
        ready = "2026-02-26"

        def answer(asked: Asked) -> Any:
            day = asked.path.split("/")[-2]
            if day > ready:
                return Answer(400, b'{"code":"invalid","message":"That day is not yet there."}')
            return [{"id": day, "updated": f"{day}T00:00:00Z"}]

        it.answers(answer)
        outcome = it.pull()
        days = [asked.path.split("/")[-2] for asked in it.vendor.asked]
        assert days == [f"{NOON - n * DAY:%Y-%m-%d}" for n in range(10, 0, -1)]
        assert (outcome.kind, outcome.status, outcome.rows) == ("changes", "ok", 8)
        ready = "2026-02-28"
        it.at(NOON + DAY)
        assert it.pull().rows == 2
        assert sorted(row["record_id"] for row in it.rows) == sorted(days)


def test_a_condition_can_be_refused_by_any_status_with_a_text_that_says_so(tmp_path: Path) -> None:
    errors = Errors(codes=(Code(None, "condition", text="unknown field"),))
    endpoint = Endpoint("things", "/things", changes=Changes("updated", ask=("since", "{since}")))
    with bench(tmp_path, endpoint, paging=SinglePage(), errors=errors) as it:
        message, refuses_all = "unknown field: updated", False

        def answer(asked: Asked) -> Any:
            if "since" in asked.query or refuses_all:
                return Answer(500, f'{{"code":"x","message":"{message}"}}'.encode())
            return [{"id": 1, "updated": iso(NOON)}]

        it.answers(answer)
        it.pull()
        before = len(it.vendor.asked)
        assert it.pull().kind == "listing"
        assert ["since" in asked.query for asked in it.vendor.asked[before:]] == [True, False]
        # Of a listing it says nothing but that the table cannot be pulled.
        refuses_all = True
        with pytest.raises(TableFailed, match="unknown field"):
            it.pull()


def test_any_other_refusal_of_a_day_fails_the_table(tmp_path: Path) -> None:
    endpoint = Endpoint("things", "/days/{day}/things", changes=DAILY)
    with bench(tmp_path, endpoint, paging=SinglePage(), errors=NOT_YET) as it:
        it.answers(lambda asked: Answer(400, b'{"code":"invalid","message":"No such customer."}'))
        with pytest.raises(TableFailed):
            it.pull()
        assert it.state.watermark is None


WORDS = (*SERVICE.settings, Setting("words", default="b, a a"))


def test_a_list_is_asked_for_once_for_each_word_of_a_setting_and_stops_and_goes_on_between_any_two(
    tmp_path: Path,
) -> None:
    endpoint = Endpoint("things", "/of/{word}/things", each=Each("words", "word"), changes=None)
    with bench(tmp_path, endpoint, paging=SinglePage(), settings=WORDS) as it:
        it.answers(lambda asked: [{"id": asked.path.split("/")[-2]}])
        assert it.pull(**stop_after(1)).status == "stopped"
        outcome = it.pull()
        assert (outcome.status, outcome.resumed, outcome.rows) == ("ok", True, 2)
        assert {asked.path for asked in it.vendor.asked} == {"/api/of/a/things", "/api/of/b/things"}
        # Both files are of one instant by the test's clock, so their names come in any order.
        assert sorted((row["record_id"], row["parent_id"]) for row in it.rows) == [("a", None), ("b", None)]


def test_a_pull_of_other_words_does_not_go_on(tmp_path: Path) -> None:
    endpoint = Endpoint("things", "/of/{word}/things", each=Each("words", "word"), changes=None)
    with bench(tmp_path, endpoint, paging=SinglePage(), settings=WORDS) as it:
        it.answers(lambda asked: [{"id": asked.path.split("/")[-2]}])
        it.pull(**stop_after(1))
        it.tenant = replace(it.tenant, settings={**it.tenant.settings, "words": "0 a b"})
        outcome = it.pull()
        assert (outcome.resumed, outcome.rows) == (False, 3)


def test_windows_are_asked_for_under_each_word_of_a_setting(tmp_path: Path) -> None:
    changes = replace(WINDOWED, only=True, kept_for=10 * DAY)
    endpoint = Endpoint("things", "/of/{word}/things", each=Each("words", "word"), changes=changes, times=SECONDS)
    with bench(tmp_path, endpoint, paging=SinglePage(), settings=WORDS) as it:
        it.answers(
            lambda asked: [{"id": asked.path.split("/")[-2] + asked.query["from"], "updated": asked.query["from"]}]
        )
        assert it.pull().rows == 4


# Elsewhere than the list


def test_changes_can_be_asked_for_at_another_place_with_parts_of_records(tmp_path: Path) -> None:
    changes = Changes("updated", ask=("since", "{since}"), path="/changed", records="items", partial=True)
    with bench(tmp_path, Endpoint("things", "/things", changes=changes, deleted=Deleted("state", ("gone",)))) as it:
        changed = {"items": [{"id": 2, "updated": iso(NOON), "state": "gone"}]}
        it.answers(lambda asked: changed if asked.path.endswith("/changed") else [{"id": 1, "updated": iso(NOON)}])
        it.pull()
        it.pull()
        told = [(row["record_id"], row["is_partial"], row["is_deleted"]) for row in it.rows]
        assert sorted(told) == [("1", False, False), ("2", True, True)]


def test_the_place_where_changes_are_told_gets_its_own_parameters_and_not_those_of_the_list(tmp_path: Path) -> None:
    changes = Changes("updated", ask=("since", "{since}"), path="/changed", params=(("entity", "{company_id}"),))
    with bench(tmp_path, Endpoint("things", "/things", params=(("status", "all"),), changes=changes)) as it:
        it.answers(lambda asked: [{"id": 1, "updated": iso(NOON)}])
        it.pull()
        it.pull()
        listed, changed = it.vendor.asked[0].query, it.vendor.asked[-1].query
        assert listed["status"] == "all" and "entity" not in listed
        assert changed["entity"] == it.tenant.settings["company_id"]
        assert changed["since"] == "2026-03-01T12:00:00Z" and "status" not in changed


def test_changes_that_the_vendor_cuts_off_are_listed_in_the_same_pull(tmp_path: Path) -> None:
    changes = Changes("updated", ask=("since", "{since}"), paging=SinglePage(), most=4, kept_for=30 * DAY)
    with bench(tmp_path, Endpoint("things", "/things", changes=changes)) as it:
        things: list[Json] = [{"id": 1, "updated": iso(NOON)}]

        def answer(asked: Asked) -> Any:
            at, most = int(asked.query.get("pageId", "0")), 4 if "since" in asked.query else 3
            return [one for one in things if one["id"] > at][:most]

        it.answers(answer)
        it.pull()
        things += [{"id": id_, "updated": iso(NOON)} for id_ in range(2, 4)]
        assert it.pull().kind == "changes"
        things += [{"id": id_, "updated": iso(NOON)} for id_ in range(4, 9)]
        outcome = it.pull()
        assert (outcome.kind, outcome.rows, outcome.calls) == ("listing", 8, 4)
        assert {row["record_id"] for row in it.rows} == {str(id_) for id_ in range(1, 9)}


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


# Events


STRIPE = Endpoint(
    "things",
    "/invoices",
    records="data",
    changes=Changes(
        "created",
        ask=("created[gte]", "{since}"),
        form=SECONDS,
        path="/events",
        records="data",
        kept_for=30 * DAY,
        events=Events(types=("invoice.",), deleted=("invoice.deleted",)),
        paging=SinglePage(),
    ),
    times=SECONDS,
    paging=SinglePage(),
)


class EventVendor:
    """Invoices, and the events of all that happened, newest first."""

    def __init__(self) -> None:
        self.invoices: dict[str, Json] = {}
        self.events: list[Json] = []

    def happens(self, moment: datetime, kind: str, **record: Any) -> None:
        if kind == "invoice.deleted":
            del self.invoices[record["id"]]
        elif kind.startswith("invoice."):
            self.invoices[record["id"]] = record
        event = {"id": f"evt_{len(self.events)}", "type": kind, "created": second(moment), "data": {"object": record}}
        self.events.insert(0, event)

    def __call__(self, asked: Asked) -> Any:
        if asked.path.endswith("/events"):
            since = int(asked.query["created[gte]"])
            return {"data": [event for event in self.events if event["created"] >= since]}
        return {"data": list(self.invoices.values())}


def test_a_tables_changes_are_taken_out_of_the_events_of_all_tables(tmp_path: Path) -> None:
    vendor = EventVendor()
    with bench(tmp_path, STRIPE) as it:
        it.answers(vendor)
        vendor.happens(NOON - HOUR, "invoice.created", id="i1", n=1)
        vendor.happens(NOON - HOUR, "invoice.created", id="i2", n=1)
        assert it.pull().kind == "listing"
        assert it.state.watermark == NOON
        it.at(NOON + HOUR)
        vendor.happens(NOON + MINUTE, "invoice.paid", id="i1", n=2)
        vendor.happens(NOON + 2 * MINUTE, "charge.failed", id="c1")
        vendor.happens(NOON + 3 * MINUTE, "invoice.deleted", id="i2")
        outcome = it.pull()
        assert (outcome.kind, outcome.rows) == ("changes", 2)
        rows = [row for row in it.rows if row["updated_at"] is not None]
        told = {(row["record_id"], row["payload"], row["updated_at"], row["is_deleted"]) for row in rows}
        assert told == {
            ("i1", '{"id": "i1", "n": 2}', NOON + MINUTE, False),
            ("i2", '{"id": "i2"}', NOON + 3 * MINUTE, True),
        }
        assert it.pull().rows == 0


def test_of_two_events_in_one_second_the_newer_one_counts(tmp_path: Path) -> None:
    vendor = EventVendor()
    with bench(tmp_path, STRIPE) as it:
        it.answers(vendor)
        vendor.happens(NOON - HOUR, "invoice.created", id="i1", n=1)
        it.pull()
        it.at(NOON + HOUR)
        vendor.happens(NOON + MINUTE, "invoice.updated", id="i1", n=2)
        vendor.happens(NOON + MINUTE, "invoice.paid", id="i1", n=3)
        it.pull()
        [row] = [row for row in it.rows if row["updated_at"] is not None]
        assert json.loads(row["payload"])["n"] == 3


def test_a_record_that_becomes_again_what_it_was_is_landed_again(tmp_path: Path) -> None:
    vendor = EventVendor()
    with bench(tmp_path, STRIPE) as it:
        it.answers(vendor)
        vendor.happens(NOON - HOUR, "invoice.created", id="i1", n=1)
        it.pull()
        it.at(NOON + HOUR)
        vendor.happens(NOON + MINUTE, "invoice.updated", id="i1", n=2)
        it.pull()
        vendor.happens(NOON + 2 * MINUTE, "invoice.updated", id="i1", n=1)
        vendor.happens(NOON + 3 * MINUTE, "invoice.updated", id="i1", n=2)
        assert it.pull().rows == 2


def test_events_that_the_vendor_has_forgotten_lead_to_a_listing(tmp_path: Path) -> None:
    vendor = EventVendor()
    with bench(tmp_path, replace(STRIPE, relist=365 * DAY)) as it:
        it.answers(vendor)
        vendor.happens(NOON - HOUR, "invoice.created", id="i1", n=1)
        it.pull()
        it.at(NOON + 31 * DAY)
        assert it.pull().kind == "listing"


# A list of deletions


WITH_DELETIONS = Endpoint(
    "things",
    "/things",
    changes=Changes("updated", ask=("since", "{since}")),
    deletions=Deletions(
        "/things/deleted",
        key=("thing",),
        at="when",
        changes=Changes("when", ask=("since", "{since}"), form=MILLISECONDS),
        records="values",
        params=(("kind", "thing"),),
    ),
)


def test_deletions_that_come_as_a_list_are_landed_as_such_behind_the_changes(tmp_path: Path) -> None:
    gone: list[Json] = []
    things = [{"id": id_, "updated": iso(NOON - HOUR)} for id_ in range(1, 6)]

    def answer(asked: Asked) -> Any:
        if not asked.path.endswith("/deleted"):
            at, since = int(asked.query.get("pageId", "0")), asked.query.get("since", "")
            return [t for t in things if t["id"] > at and t["updated"] >= since[:19]][:3]
        since = EPOCH + timedelta(milliseconds=int(asked.query["since"]))
        return {"values": [one for one in gone if datetime.fromisoformat(one["when"]) >= since]}

    with bench(tmp_path, WITH_DELETIONS) as it:
        it.answers(answer)
        it.pull()
        assert not any(asked.path.endswith("/deleted") for asked in it.vendor.asked)
        things[0] = {"id": 1, "updated": iso(NOON + MINUTE)}
        gone.append({"thing": 2, "when": iso(NOON + 2 * MINUTE)})
        it.at(NOON + HOUR)
        while it.pull(**stop_after(1)).status == "stopped":
            assert len(receipts(it.ports, "things")) == 1
        assert it.vendor.asked[-1].query["kind"] == "thing"
        [row] = [row for row in it.rows if row["is_deleted"]]
        assert (row["record_id"], row["updated_at"], row["is_partial"]) == ("2", NOON + 2 * MINUTE, True)
        assert sorted(row["record_id"] for row in it.rows) == ["1", "1", "2", "2", "3", "4", "5"]
        it.at(NOON + 2 * HOUR)
        assert it.pull().rows == 0


def test_a_list_that_begins_with_the_newest_is_read_until_a_page_is_old(tmp_path: Path) -> None:
    log = Changes("at", ask=InParams(()), newest_first=True, only=True, kept_for=30 * DAY)
    endpoint = Endpoint("things", "/things", changes=log, paging=PageNumber(most=2, end=End(short=False)))
    with bench(tmp_path, endpoint) as at:
        entries = [{"id": n, "at": (NOON - 3 * DAY + n * HOUR).isoformat()} for n in range(9)]
        at.vendor.lists["/things"] = entries[::-1]
        assert at.pull().kind == "changes"
        assert {row["record_id"] for row in at.rows} == {str(n) for n in range(9)}
        pages = len(at.vendor.asked)
        entries += [{"id": n, "at": (NOON + n * MINUTE).isoformat()} for n in range(9, 12)]
        at.vendor.lists["/things"] = entries[::-1]
        at.at(NOON + HOUR)
        at.pull()
        # Three new ones and the newest of before, and then one page of older ones.
        assert len(at.vendor.asked) - pages == 3
        assert {row["record_id"] for row in at.rows} == {str(n) for n in range(12)}
        assert not any(row["is_deleted"] for row in at.rows)


def test_a_list_without_a_time_in_some_row_is_read_to_its_end(tmp_path: Path) -> None:
    log = Changes("at", ask=InParams(()), newest_first=True, only=True, kept_for=30 * DAY)
    endpoint = Endpoint("things", "/things", changes=log, paging=PageNumber(most=2, end=End(short=False)))
    with bench(tmp_path, endpoint) as at:
        old = [{"id": n, "at": None if n % 2 else (NOON - 90 * DAY).isoformat()} for n in range(8)]
        at.vendor.lists["/things"] = old
        at.pull()
        assert {row["record_id"] for row in at.rows} == {str(n) for n in range(8)}
