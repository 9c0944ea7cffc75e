"""What is special about Salesforce: SOQL, next pages by locator, the Recycle Bin, deletions object by object, and
codes that say more than the status.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from avesa.connector.auth import OneOf
from avesa.connector.connection import Connection, connection
from avesa.connector.endpoint_request import bare_request
from avesa.connector.incremental import Changes
from avesa.connector.oauth2 import ClientCredentials, RefreshToken
from avesa.connector.page import Page
from avesa.connector.request import Request, Response
from avesa.connector.retry import classify
from avesa.integrations.salesforce import DELETED_RECORDS, SERVICE
from avesa.integrations.salesforce.deleted_records import ObjectByObject
from avesa.integrations.salesforce.fields import FIELDS
from avesa.sandbox.vendor.contract import Contract
from avesa.shared.errors import TableFailed, Where
from strict_tenant import strict_tenant

DELETED = Request("GET", "https://example.my.salesforce.com/services/data/v62.0/sobjects/Account/deleted/")


def linked(**settings: str) -> Connection:
    secrets = {"client_id": "id", "client_secret": "secret"}
    return connection(SERVICE, {"my_domain": "acme", **settings}, secrets, where=Where("acme", "salesforce"))


def means(status: int, code: str, message: str = "") -> str | None:
    body = json.dumps([{"errorCode": code, "message": message}]).encode()
    return classify(Response(status, {}, body, DELETED.url), SERVICE.errors).means


@pytest.mark.parametrize(
    ("status", "code", "meaning"),
    [
        (403, "REQUEST_LIMIT_EXCEEDED", "limit"),
        (403, "INSUFFICIENT_ACCESS", "table"),
        (400, "INVALID_QUERY_LOCATOR", "expired"),
        (400, "QUERY_TIMEOUT", "retry"),
        (400, "INVALID_FIELD", "table"),
        (401, "INVALID_SESSION_ID", "service"),
        (503, "SERVER_UNAVAILABLE", "retry"),
    ],
)
def test_the_code_says_what_a_refusal_means(status: int, code: str, meaning: str) -> None:
    assert means(status, code) == meaning


def test_changes_are_asked_in_soql_with_a_bare_time_and_in_order() -> None:
    endpoint = SERVICE.endpoint("case_comments")
    changes, listed = SERVICE.changes_of(endpoint), bare_request(linked(), endpoint, None)
    assert isinstance(changes, Changes)
    assert changes.asked(listed, datetime(2024, 1, 31, 14, 5, 9, tzinfo=UTC)).param("q") == (
        "SELECT Id, ParentId, IsPublished, CommentBody, CreatedById, CreatedDate, SystemModstamp, LastModifiedDate, "
        "LastModifiedById, IsDeleted FROM CaseComment WHERE SystemModstamp >= 2024-01-31T14:05:09Z "
        "ORDER BY SystemModstamp ASC, Id ASC"
    )


@pytest.mark.parametrize("sobject", FIELDS)
def test_only_published_fields_are_asked_for(sobject: str) -> None:
    """One that does not exist refuses the whole query."""
    contract = Contract("salesforce")
    table = next(table for table in contract.tables.values() if table.facts.get("sobject") == sobject)
    fields = FIELDS[sobject].split(", ")
    assert [name for name in fields if contract.field(table.record, name) is None] == []
    assert len(fields) == len(set(fields)) and {"Id", "SystemModstamp"} <= set(fields)


def test_fields_of_a_tenants_own_are_asked_for_of_the_object_that_has_them() -> None:
    own = linked(custom_fields="Account.Tier__c, Account.Region__c\nCase.Cause__c,AccountPlan.No__c Account.Tier__c")
    asked = {name: bare_request(own, SERVICE.endpoint(name), None).param("q") or "" for name in ("accounts", "cases")}
    assert asked["accounts"].endswith(", AccountSource,Tier__c,Region__c FROM Account")
    assert asked["cases"].endswith(", ContactPhone,Cause__c FROM Case")


def test_fields_of_a_tenants_own_land_in_listings_and_changes(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "salesforce", page=0, settings={"custom_fields": "Account.Tier__c"}) as tenant:
        contract = tenant.vendor.contract
        contract.resolve(contract.tables["accounts"].record)["Tier__c"] = "string?"
        tenant.pull("accounts")
        tenant.clock.now += timedelta(hours=1)
        tenant.vendor.change("accounts", 1)["Tier__c"] = "Gold"
        tenant.clock.now += timedelta(hours=1)
        assert tenant.pull("accounts").kind == "changes"
        assert all("Tier__c" in row["record"] for row in tenant.rows("accounts"))
        assert "Gold" in {row["record"]["Tier__c"] for row in tenant.rows("accounts")}


def test_what_lies_in_the_recycle_bin_counts_as_deleted_but_users_have_no_such_flag() -> None:
    without = [e.name for e in SERVICE.endpoints if e.deleted is None]
    assert without == ["users", "deleted_records"]
    assert all(e.path.endswith("/queryAll") for e in SERVICE.endpoints if e.name != "deleted_records")


def test_deletions_are_asked_for_one_object_after_the_other() -> None:
    paging = ObjectByObject(("Account", "Contact", "Case"))
    page = Page(Response(200, {}, b'{"deletedRecords":[]}', DELETED.url), 0)
    request: Request | None = paging.first(DELETED.with_params(("start", "a"), ("end", "b")))
    asked = []
    while request is not None:
        asked.append(request.url.split("/sobjects/")[1])
        assert request.params == (("start", "a"), ("end", "b"))
        request = paging.next(request, page)
    assert asked == ["Account/deleted/", "Contact/deleted/", "Case/deleted/"]
    with pytest.raises(TableFailed, match="does not belong"):
        paging.next(Request("GET", DELETED.url.replace("Account", "User")), page)


def test_every_object_with_a_recycle_bin_is_asked_for_its_deletions() -> None:
    paging = DELETED_RECORDS.paging
    assert isinstance(paging, ObjectByObject)
    assert sorted(paging.objects) == sorted(set(FIELDS) - {"User"})


@pytest.mark.parametrize(
    ("given", "scheme", "url"),
    [
        ({}, ClientCredentials, "https://{my_domain}.my.salesforce.com/services/oauth2/token"),
        ({"refresh_token": "r"}, RefreshToken, "https://{login_host}/services/oauth2/token"),
    ],
)
def test_a_tenant_connects_by_what_it_has(given: dict[str, str], scheme: type, url: str) -> None:
    known = {"my_domain": "d", "login_host": "h", "client_id": "c", "client_secret": "s", **given}
    assert isinstance(SERVICE.auth, OneOf)
    chosen = SERVICE.auth.chosen(known)
    assert isinstance(chosen, ClientCredentials | RefreshToken) and isinstance(chosen, scheme)
    assert chosen.url == url and chosen.answer.hosts == (".salesforce.com",)


def test_deletions_of_all_objects_land_in_one_table(tmp_path: Path) -> None:
    """And two pulls within a minute do not ask for a window of no length, which the vendor refuses."""
    with strict_tenant(tmp_path, "salesforce", page=0) as tenant:
        gone = [str(tenant.vendor.delete(table, 1)["Id"]) for table in ("accounts", "cases", "campaigns")]
        tenant.clock.now += timedelta(hours=1)
        for _ in range(2):
            assert tenant.pull("deleted_records").status == "ok"
            tenant.clock.now += timedelta(seconds=10)
        assert {row["record_id"] for row in tenant.rows("deleted_records")} == set(gone)
