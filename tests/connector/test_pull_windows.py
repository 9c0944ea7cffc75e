"""Windows that the vendor bounds, days with an address of their own, and lists for each word of a setting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.incremental import Changes, InParams, InPath
from avesa.connector.paging import End, PageNumber, SinglePage
from avesa.connector.retry import Code, Errors
from avesa.connector.service import Each, Endpoint, Setting
from avesa.connector.times import SECONDS
from avesa.shared.errors import TableFailed
from changes_bench import DAY, HOUR, MINUTE, NOON, Json, bench, iso, second, stop_after
from tiny_vendor import SERVICE, Answer, Asked, receipts

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


# A list that begins with the newest


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
