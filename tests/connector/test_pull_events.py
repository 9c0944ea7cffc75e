"""Changes that come as events of all tables, and deletions that come as a list of their own."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from avesa.connector.incremental import Changes, Deletions, Events
from avesa.connector.paging import SinglePage
from avesa.connector.service import Endpoint
from avesa.connector.times import MILLISECONDS, SECONDS
from changes_bench import DAY, EPOCH, HOUR, MINUTE, NOON, Json, bench, iso, second, stop_after
from tiny_vendor import Asked, receipts

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
