"""How a tenant's table is asked for, walk by walk, without a server."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as with_

from avesa.connector.checkpoint import Figures, decode_checkpoint, encode_checkpoint
from avesa.connector.completeness import Totals
from avesa.connector.connection import connection
from avesa.connector.incremental import Changes, Deletions, Delta, InBody, InParams
from avesa.connector.json_template import json_body
from avesa.connector.limits import Limits, Rate
from avesa.connector.record import Record
from avesa.connector.service import Endpoint, Parent, Service
from avesa.connector.tenant_table import TenantTable, table_of
from avesa.connector.times import SECONDS, Written
from avesa.shared.errors import UsageError, Where
from tiny_vendor import SERVICE

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
WINDOWS = Changes(
    "updated", ask=InParams((("from", "{since}"), ("to", "{until}"))), form=SECONDS, longest_window=7 * DAY
)
DELETIONS = Deletions("/deleted", key=("id",), at="when", changes=Changes("when", ask=("since", "{since}")))


def table(endpoint: Endpoint, service: Service = SERVICE, **settings: str) -> TenantTable:
    only = replace(service, endpoints=(endpoint,))
    link = connection(only, {"company_id": "co", **settings}, {"private_key": "s3cr3t"}, where=Where("acme"))
    return table_of(link, endpoint)


THINGS = table(Endpoint("things", "/things", changes=WINDOWS, deletions=DELETIONS))


def test_changes_are_asked_for_window_by_window_and_then_the_deletions() -> None:
    at = THINGS.beginning("changes", NOON, NOON + 10 * DAY, full=False)
    asked = []
    further = at
    while further is not None:
        at = further
        request = THINGS.request(at, None, None)
        asked.append((request.url.rpartition("/")[2], *(value for _, value in request.params)))
        further = THINGS.further(at)
    assert asked == [
        ("things", "1772366400", "1772971200"),
        ("things", "1772971200", "1773230400"),
        ("deleted", "2026-03-01T12:00:00Z"),
    ]


SEARCHED = Changes(
    "updated",
    ask=InBody((("filters.0.value", "{since}"),)),
    form=SECONDS,
    path="/things/search",
    body=json_body({"filters": [{"name": "updated"}]}),
    limit_group="search",
)


def test_changes_can_be_searched_for_by_post_while_the_listing_is_a_get() -> None:
    endpoint = Endpoint("things", "/things", params=(("fields", "all"),), changes=SEARCHED, limit_group="lists")
    limited = replace(SERVICE, limits=Limits(rates=(Rate(5, group="search"), Rate(9, group="lists"))))
    things = table(endpoint, limited)
    searched = things.request(things.beginning("changes", NOON, NOON, full=False), None, None)
    assert (searched.method, searched.url.rpartition("/api")[2], searched.params) == ("POST", "/things/search", ())
    assert json.loads(searched.body or "") == {"filters": [{"name": "updated", "value": "1772366400"}]}
    listed = things.request(things.beginning("listing", NOON, NOON, full=True), None, None)
    assert (listed.method, listed.params, listed.body) == ("GET", (("fields", "all"),), None)
    assert things.counted_as("changes").limit_groups == ("lists", "search")
    assert things.counted_as("listing").limit_groups == ("lists",)


def test_a_deletion_from_before_the_window_is_none_of_it() -> None:
    at = with_(THINGS.beginning("changes", NOON, NOON + DAY, full=False), deletions=(NOON, None))
    moments = (NOON - timedelta(seconds=1), NOON, None)
    records = [Record(str(n), "{}", moment, False, None) for n, moment in enumerate(moments)]
    assert [(r.record_id, r.is_deleted) for r in THINGS.told(at, records)] == [("1", True), ("2", True)]


def test_a_listing_is_one_walk_without_a_window() -> None:
    at = THINGS.beginning("listing", NOON, NOON + DAY, full=True)
    assert THINGS.request(at, None, None).params == ()
    assert THINGS.further(at) is None


def test_a_checkpoint_holds_windows_tokens_and_totals() -> None:
    at = with_(
        THINGS.beginning("changes", NOON, NOON + 10 * DAY, full=False),
        deletions=(NOON, None),
        token="t",
        totals=Totals(1, 2),
    )
    assert decode_checkpoint(encode_checkpoint(at)) == at


@given(st.integers(0, 30 * 86_400), st.integers(0, 40 * 86_400), st.integers(0, 40 * 86_400))
def test_a_watermark_never_passes_the_end_of_what_was_asked_nor_the_beginning_of_the_pull(
    span: int, newest: int, began: int
) -> None:
    at = THINGS.beginning("changes", NOON, NOON + timedelta(seconds=span), full=False)
    at = with_(at, began=NOON + timedelta(seconds=began), figures=Figures(rows=1))
    moment = NOON + timedelta(seconds=newest)
    new = THINGS.next_watermark(at, moment, parents_through=None, vendor_dated=True)
    assert at.window is not None and at.window[1] is not None and at.began is not None and new is not None
    assert NOON <= new <= max(NOON, min(at.began, at.window[1]))


def test_a_tenants_zone_changes_how_it_is_asked_and_so_drops_what_was_begun() -> None:
    changes = Changes("updated", ask=("since", "{since}"), form=Written("%Y-%m-%d %H:%M", "{codebase}"))
    service = replace(SERVICE, settings=(*SERVICE.settings, replace(SERVICE.settings[1], name="codebase")))
    endpoint = Endpoint("things", "/things", changes=changes)
    berlin = table(endpoint, service, codebase="Europe/Berlin")
    utc = table(endpoint, service, codebase="UTC")
    assert berlin.request(berlin.beginning("changes", NOON, NOON, full=False), None, None).params == (
        ("since", "2026-03-01 13:00"),
    )
    assert berlin.fingerprint() != utc.fingerprint()
    with pytest.raises(UsageError, match="time zone"):
        table(endpoint, service, codebase="Europe/Atlantis")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"parent": Parent("tickets"), "deletions": DELETIONS}, "under no parent"),
        ({"parent": Parent("tickets"), "changes": Delta(("next",), ask=("token", "{token}"))}, "under no parent"),
        ({"changes": replace(WINDOWS, form=Written("%Y", "{nowhere}"))}, "nowhere"),
        ({"times": Written("%Y", "{nowhere}")}, "nowhere"),
        ({"changes": SEARCHED}, "no group search"),
    ],
)
def test_what_does_not_fit_is_found_when_the_service_is_declared(wrong: dict[str, object], said: str) -> None:
    path = "/{parentId}" if "parent" in wrong else "/things"
    with pytest.raises(ValueError, match=said):
        replace(SERVICE, endpoints=(*SERVICE.endpoints, replace(Endpoint("things", path), **wrong)))  # type: ignore[arg-type]
