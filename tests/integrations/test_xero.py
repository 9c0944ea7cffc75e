"""What is special about Xero, against its strict vendor: refresh tokens for one use, dates, states that delete."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.sandbox.vendor.contract import Contract
from strict_tenant import Tenant, check, strict_tenant

HOUR = timedelta(hours=1)
LISTS = Contract("xero").tables


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    with strict_tenant(tmp_path, "xero") as tenant:
        yield tenant


def refresh_token(tenant: Tenant) -> str:
    return str(tenant.ports.secrets.get("acme", "xero")["refresh_token"])


def test_a_refresh_token_is_used_once_and_the_next_one_is_stored(tenant: Tenant) -> None:
    used = [refresh_token(tenant)]
    for _ in range(3):
        assert tenant.pull("users").status == "ok"
        used.append(refresh_token(tenant))
        tenant.clock.now += HOUR
    assert len(set(used)) == 4


def test_a_custom_connection_has_no_refresh_token(tenant: Tenant) -> None:
    tenant.ports.secrets.put("acme", "xero", {"client_secret": "xero-secret"})
    assert tenant.pull("users").rows == 7


def test_an_app_without_the_right_to_journals_loses_that_table_alone_and_no_token(tenant: Tenant) -> None:
    tenant.vendor.contract.rules["errors"]["body"]["Detail"] = "$code"
    tenant.vendor.fail("status", 401, table="journals", times=None, code="AuthorizationUnsuccessful")
    outcome = tenant.ingest()
    assert outcome.problem is None
    assert [table.table for table in outcome.tables if table.status == "failed"] == ["journals"]
    tokens = [served for served in tenant.vendor.served if served.path == "/connect/token"]
    assert len(tokens) <= 1


def test_a_record_that_changes_while_it_is_listed_hides_no_other(tenant: Tenant) -> None:
    def change(table: str, page: int, rows: int) -> None:
        if page == 1:
            tenant.vendor.change("contacts", 0)

    tenant.clock.now += HOUR
    assert tenant.pull("contacts", progress=change).pages == 3
    known = set(tenant.newest("contacts"))
    assert known == set(tenant.true("contacts")) and len(known) == 7


def test_changes_are_asked_for_in_a_header_and_none_may_be_told_by_304(tenant: Tenant) -> None:
    asked: list[dict[str, str]] = []
    answer = tenant.vendor.answer
    tenant.vendor.answer = lambda one: (asked.append(dict(one.headers)), answer(one))[1]  # type: ignore[method-assign]
    tenant.pull("accounts")
    tenant.clock.now += HOUR
    tenant.vendor.fail("status", 304, table="accounts")
    outcome = tenant.pull("accounts")
    assert (outcome.kind, outcome.status, outcome.rows) == ("changes", "ok", 0)
    assert len(asked[-1]["if-modified-since"]) == len("2026-02-28T12:48:50") and "Z" not in asked[-1].values()
    tenant.vendor.change("accounts", 2)
    tenant.pull("accounts")
    check(tenant, "accounts")


def test_the_times_of_rows_are_those_of_microsofts_dates(tenant: Tenant) -> None:
    tenant.vendor.rows.of(LISTS["contacts"])
    tenant.vendor.change("contacts", 0, UpdatedDateUTC="/Date(1573755038314)/")
    tenant.vendor.rows.of(LISTS["contacts"])[0].record["UpdatedDateUTC"] = "/Date(1573755038314)/"
    tenant.pull("contacts")
    times = {row["updated_at"] for row in tenant.rows("contacts")}
    assert datetime(2019, 11, 14, 18, 10, 38, 314000, UTC) in times and None not in times


@pytest.mark.parametrize(
    ("table", "field", "gone", "there"),
    [
        ("contacts", "ContactStatus", "GDPRREQUEST", "ARCHIVED"),
        ("invoices", "Status", "DELETED", "VOIDED"),
        ("accounts", "Status", "DELETED", "ARCHIVED"),
        ("manual_journals", "Status", "DELETED", "VOIDED"),
        ("repeating_invoices", "Status", "DELETED", "DRAFT"),
    ],
)
def test_what_is_archived_or_voided_stays_and_what_is_deleted_goes(
    tenant: Tenant, table: str, field: str, gone: str, there: str
) -> None:
    states = [gone, there]
    for at, state in enumerate(states):
        tenant.vendor.rows.of(LISTS[table])
        tenant.vendor.change(table, at, **{field: state})
    tenant.pull(table)
    found = {json.loads(row["payload"]).get(field): row["is_deleted"] for row in tenant.rows(table)}
    assert (found[gone], found[there]) == (True, False)


def test_an_archived_contact_is_shown(tenant: Tenant) -> None:
    archived: Any = tenant.vendor.delete("contacts", 3)
    tenant.pull("contacts")
    [row] = [row for row in tenant.rows("contacts") if row["record_id"] == archived["ContactID"]]
    assert not row["is_deleted"] and json.loads(row["payload"])["ContactStatus"] == "ARCHIVED"


def test_keys_by_which_organisations_find_each_other_never_land(tenant: Tenant) -> None:
    tenant.vendor.rows.of(LISTS["organisations"])
    tenant.vendor.rows.of(LISTS["contacts"])
    tenant.vendor.change("organisations", 0, APIKey="k-0815")
    tenant.vendor.change("contacts", 0, XeroNetworkKey="k-0815")
    tenant.vendor.change("invoices", 0, Contact={"ContactID": "c", "XeroNetworkKey": "k-0815"})
    for table in ("organisations", "contacts", "invoices"):
        tenant.pull(table)
        payloads = [row["payload"] for row in tenant.rows(table)]
        assert any('"***"' in payload for payload in payloads) and "k-0815" not in "".join(payloads), table


def test_journals_are_walked_by_their_numbers(tenant: Tenant) -> None:
    for at, row in enumerate(tenant.vendor.rows.of(LISTS["journals"])):
        row.record["JournalNumber"] = 10 * (at + 1)
    tenant.pull("journals")
    asked = [dict(served.query).get("offset") for served in tenant.vendor.served if served.table == "journals"]
    assert asked == [None, "70"]
    check(tenant, "journals")
