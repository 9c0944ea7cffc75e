"""What changed is asked for by its time and landed once, over real HTTP: whatever the form, wherever it is told."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.incremental import Changes, InHeader
from avesa.connector.paging import SinglePage
from avesa.connector.service import Deleted, Endpoint
from avesa.connector.times import MILLISECONDS, SECONDS, Epoch, Form, Iso, Times, Written
from changes_bench import DAY, EPOCH, HOUR, MINUTE, NOON, Bench, Json, bench, iso
from tiny_vendor import Asked

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
