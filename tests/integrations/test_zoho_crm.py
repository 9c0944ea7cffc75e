"""What is special about Zoho CRM: fields by name, a header for changes, the recycle bin, its own word for tokens."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from avesa.connector.paging import Page
from avesa.connector.request import Request, Response
from avesa.integrations.zoho_crm import SERVICE
from avesa.integrations.zoho_crm.fields import FIELDS
from avesa.shared.errors import TableFailed
from strict_tenant import check, strict_tenant


def test_a_client_without_a_refresh_token_gets_in(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "zoho_crm", page=0) as tenant:
        tenant.ports.secrets.put("acme", "zoho_crm", {"client_id": "zo-client", "client_secret": "zo-secret"})
        assert tenant.pull("accounts").status == "ok"


@pytest.mark.parametrize("module", FIELDS)
def test_no_module_is_asked_for_more_fields_than_the_vendor_takes(module: str) -> None:
    names = FIELDS[module].split(",")
    assert len(names) == len(set(names)) <= 50 and "Modified_Time" in names


def test_a_tenants_own_fields_are_asked_for_in_their_module(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "zoho_crm", page=0, settings={"more_fields": "Accounts.Tier,Deals.Team"}) as tenant:
        tenant.pull("accounts")
        assert tenant.asked("accounts")[0]["fields"] == FIELDS["Accounts"] + ",Tier"


def test_what_is_hidden_without_a_word_is_asked_for(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "zoho_crm", page=0) as tenant:
        tenant.ingest()
        assert {one["converted"] for one in tenant.asked("leads")} == {"both"}
        assert {one["approved"] for one in tenant.asked("deals")} == {"both"}


def test_a_deleted_record_is_told_by_the_recycle_bin(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "zoho_crm", page=0) as tenant:
        tenant.pull("deals")
        tenant.clock.now += timedelta(hours=1)
        gone = tenant.vendor.key("deals", tenant.vendor.delete("deals", 2))
        tenant.clock.now += timedelta(minutes=1)
        assert tenant.pull("deals").kind == "changes"
        assert [row["record_id"] for row in tenant.rows("deals") if row["is_deleted"]] == [gone]
        assert {one["type"] for one in tenant.asked("deleted_records")} == {"all"}
        check(tenant, "deals")


def test_a_user_that_was_deleted_is_asked_for_apart(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "zoho_crm", page=0) as tenant:
        tenant.pull("users")
        tenant.clock.now += timedelta(hours=1)
        gone = tenant.vendor.key("users", tenant.vendor.delete("users", 1))
        tenant.pull("users")
        assert [one["type"] for one in tenant.asked("users")] == ["AllUsers", "DeletedUsers"] * 2
        assert [row["record_id"] for row in tenant.rows("users") if row["is_deleted"]] == [gone]


def test_changes_are_asked_for_by_a_header_with_an_offset(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "zoho_crm") as tenant:
        tenant.pull("accounts")
        tenant.clock.now += timedelta(hours=1)
        tenant.vendor.change("accounts", 2)
        assert tenant.pull("accounts").kind == "changes"
        check(tenant, "accounts")
    changes = SERVICE.changes_of(SERVICE.endpoint("accounts"))
    assert getattr(changes, "form", "") == "%Y-%m-%dT%H:%M:%S+00:00"


def test_a_cursor_that_is_too_old_begins_again(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "zoho_crm", cursor_pages=3) as tenant:
        seen: list[int] = []
        tenant.pull("contacts", progress=lambda *page: seen.append(page[1]), stop=lambda: bool(seen))
        tenant.vendor.expire_cursors()
        assert tenant.pull("contacts").status == "ok"
        check(tenant, "contacts")


def test_more_records_than_tokens_reach_fail_the_table() -> None:
    """The answer says that more follow, and names no token."""
    paging = SERVICE.paging_of(SERVICE.endpoint("contacts"), listing=True)
    first = paging.first(Request("GET", "https://www.zohoapis.com/crm/v8/Contacts"))
    body = json.dumps({"info": {"more_records": True, "next_page_token": None}}).encode()
    with pytest.raises(TableFailed):
        paging.next(first, Page(Response(200, {}, body, first.url), 200))
