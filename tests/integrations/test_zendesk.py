"""What is special about Zendesk: exports by a time of their own, lists from which old tickets are missing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.auth import Basic, OneOf
from avesa.connector.oauth2 import ClientCredentials, RefreshToken
from avesa.integrations.zendesk import SERVICE
from strict_tenant import Tenant, check, strict_tenant

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EXPORTS = ("tickets", "users", "organizations", "ticket_events", "ticket_metric_events")


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    with strict_tenant(tmp_path, "zendesk") as tenant:
        yield tenant


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"client_id": "i", "client_secret": "s", "refresh_token": "r"}, RefreshToken),
        ({"client_id": "i", "client_secret": "s"}, ClientCredentials),
        ({"email": "a@acme.example", "api_token": "t"}, Basic),
    ],
)
def test_an_account_is_connected_by_oauth_or_by_a_token_of_old(given: dict[str, str], kind: type) -> None:
    assert isinstance(SERVICE.auth, OneOf)
    assert isinstance(SERVICE.auth.chosen({"subdomain": "acme", "email": "", **given}), kind)


def test_a_refresh_stores_the_token_that_takes_the_place_of_the_old_one(tenant: Tenant) -> None:
    before = tenant.vendor.credentials.values["refresh_token"]
    tenant.pull("groups")
    tenant.vendor.credentials.expire_tokens()
    tenant.pull("groups", full=True)
    held = tenant.vendor.credentials.values["refresh_token"]
    assert held != before
    assert tenant.ports.secrets.get("acme", "zendesk")["refresh_token"] == held


def test_a_time_begins_an_export_and_a_cursor_alone_goes_on_with_it(tenant: Tenant) -> None:
    tenant.pull("tickets")
    first, *later = tenant.asked("tickets")
    assert first == {"start_time": "946684800", "support_type_scope": "all", "per_page": "3"}
    assert len(later) == 2
    assert all(set(query) == {"cursor", "support_type_scope", "per_page"} for query in later)


def test_a_change_that_leaves_updated_at_alone_is_not_missed(tenant: Tenant) -> None:
    tenant.pull("tickets")
    tenant.clock.now += HOUR
    old = tenant.vendor.records("tickets")[1]["updated_at"]
    changed = tenant.vendor.change("tickets", 1, tags=["by-the-system"])
    changed["updated_at"] = old
    tenant.clock.now += 5 * MINUTE
    assert tenant.pull("tickets").kind == "changes"
    row = tenant.rows("tickets")[-1]
    assert (row["record"]["tags"], row["record"]["updated_at"]) == (["by-the-system"], old)
    assert row["updated_at"].isoformat() == "2026-03-01T13:00:00+00:00"
    check(tenant, "tickets")


@pytest.mark.parametrize("table", EXPORTS)
def test_an_export_is_never_asked_for_the_last_minute(tenant: Tenant, table: str) -> None:
    tenant.pull(table)
    for step in (HOUR, MINUTE, MINUTE, 10 * MINUTE):
        tenant.clock.now += step
        tenant.vendor.add(table)
        tenant.pull(table)
        [asked] = [query for query in tenant.asked(table)[-3:] if "cursor" not in query][-1:]
        assert int(asked["start_time"]) <= tenant.clock.now.timestamp() - 60
    assert len({row["record_id"] for row in tenant.rows(table)}) == 11


def test_the_next_page_of_a_time_export_begins_at_the_end_of_the_one_before(tenant: Tenant) -> None:
    tenant.pull("organizations")
    times = [int(query["start_time"]) for query in tenant.asked("organizations")]
    stamps = [datetime.fromisoformat(o["updated_at"]).timestamp() for o in tenant.vendor.records("organizations")]
    assert times == [946684800, *stamps[2:-1:2]]


@pytest.mark.parametrize(
    ("table", "field", "value"),
    [
        ("tickets", "status", "deleted"),
        ("users", "active", False),
        ("organizations", "deleted_at", "2026-03-01T12:30:00Z"),
    ],
)
def test_what_was_deleted_comes_with_the_next_export(tenant: Tenant, table: str, field: str, value: Any) -> None:
    tenant.pull(table)
    tenant.clock.now += HOUR
    gone = tenant.vendor.delete(table, 2)
    assert tenant.pull(table).kind == "changes"
    assert gone[field] == value and tenant.newest(table)[None, str(gone["id"])] is None


def test_groups_that_were_deleted_are_told_apart(tenant: Tenant) -> None:
    tenant.pull("groups")
    gone = tenant.vendor.delete("groups", 2)
    tenant.pull("groups")
    assert tenant.asked("groups")[-1]["exclude_deleted"] == "false"
    assert [row["record_id"] for row in tenant.rows("groups") if row["is_deleted"]] == [str(gone["id"])]


@pytest.mark.parametrize("table", ["tickets_list", "ticket_audits", "deleted_tickets"])
def test_lists_that_forget_are_read_from_the_newest_on_and_never_prove_a_deletion(tenant: Tenant, table: str) -> None:
    tenant.pull(table)
    everything = {row["record_id"] for row in tenant.rows(table)}
    tenant.clock.now += HOUR
    tenant.vendor.delete(table, 0)
    new = tenant.vendor.add(table)
    before = len(tenant.asked(table))
    assert tenant.pull(table, full=False).kind == "changes"
    assert len(tenant.asked(table)) - before == 2
    known = {row["record_id"] for row in tenant.rows(table)}
    assert known == everything | {str(new["id"])} and not any(row["is_deleted"] for row in tenant.rows(table))


def test_comments_are_read_again_under_the_tickets_that_changed(tenant: Tenant) -> None:
    tenant.pull("tickets")
    tenant.pull("ticket_comments")
    tenant.clock.now += HOUR
    changed = tenant.vendor.change("tickets", 2)
    new = tenant.vendor.add("ticket_comments", (str(changed["id"]),))
    tenant.clock.now += 5 * MINUTE
    tenant.pull("tickets")
    before = len(tenant.vendor.served)
    tenant.pull("ticket_comments")
    asked = [served.path for served in tenant.vendor.served[before:] if served.table == "ticket_comments"]
    # The newest ticket of before lies in the window too.
    newest = tenant.vendor.records("tickets")[-1]
    assert set(asked) == {f"/api/v2/tickets/{ticket['id']}/comments" for ticket in (changed, newest)}
    assert str(new["id"]) in {row["record_id"] for row in tenant.rows("ticket_comments")}


def test_addresses_that_open_an_attachment_never_land(tenant: Tenant) -> None:
    secret = "https://acme.zendesk.com/attachments/token/s3cr3t/?name=a.pdf"
    file = {"id": 1, "file_name": "a.pdf", "content_url": secret, "thumbnails": [{"content_url": secret}]}
    event = {"type": "Comment", "attachments": [file], "data": {"recording_url": secret}}
    tenant.vendor.change("ticket_audits", 1, events=[event])
    tenant.pull("tickets")
    ticket = str(tenant.vendor.records("tickets")[0]["id"])
    tenant.vendor.rows.of(tenant.vendor.contract.tables["ticket_comments"], (ticket,))
    tenant.vendor.change("ticket_comments", 0, (ticket,), attachments=[file])
    tenant.pull("ticket_comments")
    tenant.pull("ticket_audits")
    landed = [row["payload"] for table in ("ticket_comments", "ticket_audits") for row in tenant.rows(table)]
    assert sum("a.pdf" in payload for payload in landed) == 2
    assert not any("s3cr3t" in payload for payload in landed)
    assert sum(json.dumps(json.loads(payload)).count('"***"') for payload in landed) == 5
