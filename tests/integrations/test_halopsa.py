"""What is special about HaloPSA: its own names for things, pages that may be ignored, windows on other times."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.auth import OneOf
from avesa.connector.oauth2 import ClientCredentials
from avesa.integrations.halopsa import SERVICE
from avesa.sandbox.vendor.contract import Contract
from avesa.sandbox.vendor.messages import Answer, Asked
from avesa.shared.errors import TableFailed
from strict_tenant import Tenant, check, strict_tenant

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LISTS = Contract("halopsa").tables
FILTERED = {
    "tickets": "last_update",
    "opportunities": "last_update",
    "projects": "last_update",
    "clients": "alastupdate",
    "sites": "slastupdate",
    "users": "ulastupdate",
    "assets": "dlastupdate",
}
LISTED_WITH_INACTIVE = ("clients", "users", "assets")


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    with strict_tenant(tmp_path, "halopsa") as tenant:
        yield tenant


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "https://{host}/auth/token"),
        ({"tenant": "acme"}, "https://{host}/auth/token?tenant={tenant}"),
        ({"auth_host": "auth.example"}, "https://{auth_host}/auth/token"),
        ({"auth_host": "auth.example", "tenant": "acme"}, "https://{auth_host}/auth/token?tenant={tenant}"),
    ],
)
def test_the_token_is_had_where_the_instance_has_its_authorisation_server(given: dict[str, str], url: str) -> None:
    assert isinstance(SERVICE.auth, OneOf)
    credentials = {"host": "acme.halopsa.com", "auth_host": "", "tenant": "", "client_id": "i", "client_secret": "s"}
    chosen = SERVICE.auth.chosen({**credentials, **given})
    assert isinstance(chosen, ClientCredentials) and chosen.url == url


def asked_for(tenant: Tenant, table: str) -> list[dict[str, str]]:
    return [dict(served.query) for served in tenant.vendor.served if served.table == table]


@pytest.mark.parametrize(("table", "field"), FILTERED.items())
def test_changes_are_asked_for_in_one_way_and_found_in_a_field_of_each_kind(
    tenant: Tenant, table: str, field: str
) -> None:
    tenant.pull(table)
    tenant.clock.now += HOUR
    changed = tenant.vendor.change(table, 3)
    outcome = tenant.pull(table)
    # The newest change that was seen is two days old, less five minutes: the form has no zone and whole seconds.
    assert (outcome.kind, asked_for(tenant, table)[-1]["lastupdatefromdate"]) == ("changes", "2026-02-27T12:44:00")
    assert changed[field] == "2026-03-01T13:00:00.000"
    assert tenant.rows(table)[-1]["updated_at"].isoformat() == "2026-03-01T13:00:00+00:00"
    check(tenant, table)


@pytest.mark.parametrize("table", LISTED_WITH_INACTIVE)
def test_what_is_made_inactive_stays_and_is_not_deleted(tenant: Tenant, table: str) -> None:
    tenant.pull(table)
    tenant.clock.now += HOUR
    gone = tenant.vendor.delete(table, 1)
    for full in (False, True):
        tenant.pull(table, full=full)
        newest = tenant.newest(table)[None, str(gone["id"])]
        assert newest is not None and newest["inactive"] is True


def test_a_deleted_ticket_is_gone_with_the_next_listing_or_as_soon_as_it_is_shown(tenant: Tenant) -> None:
    tenant.pull("tickets")
    tenant.clock.now += HOUR
    shown = tenant.vendor.change("tickets", 1, deleted=True)
    tenant.pull("tickets")
    assert tenant.newest("tickets")[None, str(shown["id"])] is None


def ignoring(tenant: Tenant, *, total: bool, page: int = 50) -> None:
    """The vendor takes no notice of parameters of paging, and answers what it does without them."""
    answer = tenant.vendor.answer

    def deaf(asked: Asked) -> Answer:
        found = answer(asked)
        if asked.path != "/api/Actions" and asked.path != "/Actions":
            return found
        body = json.loads(found.raw or b"")
        rows = [{"id": n, "timetaken": 1.0, "last_updated": "2026-02-01T00:00:00"} for n in range(page)]
        found.raw = json.dumps({"actions": rows, **({"record_count": 2 * page} if total else {})}).encode()
        assert "actions" in body
        return found

    tenant.vendor.answer = deaf  # type: ignore[method-assign]


@pytest.mark.parametrize("total", [True, False])
def test_a_list_that_is_cut_off_without_a_word_is_not_taken_for_whole(tenant: Tenant, total: bool) -> None:
    ignoring(tenant, total=total)
    with pytest.raises(TableFailed, match="never end"):
        tenant.pull("actions")
    assert not tenant.receipt("actions").complete


def test_time_entries_are_asked_for_by_the_time_of_the_work_and_a_week_again(tenant: Tenant) -> None:
    tenant.pull("actions")
    assert all(query["timeentriesonly"] == "true" for query in asked_for(tenant, "actions"))
    assert "startdate" not in asked_for(tenant, "actions")[0]
    tenant.clock.now += 3 * DAY
    tenant.vendor.change("actions", 2)
    outcome = tenant.pull("actions")
    assert outcome.kind == "changes"
    assert asked_for(tenant, "actions")[-1]["startdate"] == "2026-02-20T12:49:00Z"
    check(tenant, "actions")
    tenant.clock.now += 5 * DAY
    assert tenant.pull("actions").kind == "listing"


def test_timesheets_are_asked_for_month_by_month_and_then_a_week_again(tenant: Tenant) -> None:
    tenant.pull("timesheet_events")
    windows = [(query["start_date"], query["end_date"]) for query in asked_for(tenant, "timesheet_events")]
    assert len(windows) == -(-5 * 365 // 31) and windows[-1][1] == "2026-03-01T12:00:00Z"
    assert all(end == begin for (_, end), (begin, _) in pairwise(windows))
    tenant.clock.now += HOUR
    tenant.pull("timesheet_events")
    assert asked_for(tenant, "timesheet_events")[-1] == {
        "start_date": "2026-02-22T12:00:00Z",
        "end_date": "2026-03-01T13:00:00Z",
    }


@pytest.mark.parametrize(
    ("table", "fields"),
    [("agents", ("password",)), ("suppliers", ("portal_password", "nhdpassword", "api_access_clientsecret"))],
)
def test_logins_never_land(tenant: Tenant, table: str, fields: tuple[str, ...]) -> None:
    more: dict[str, Any] = dict.fromkeys(fields, "hunter2")
    for at in range(len(tenant.vendor.rows.of(LISTS[table]))):
        tenant.vendor.change(table, at, **more)
    tenant.pull(table)
    payloads = [row["payload"] for row in tenant.rows(table)]
    assert len(payloads) == 7
    assert all("hunter2" not in payload for payload in payloads)
    assert all(json.loads(payload)[field] == "***" for payload in payloads for field in fields)
