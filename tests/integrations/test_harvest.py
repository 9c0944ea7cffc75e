"""What is special about Harvest: pages that go by number or by cursor as the vendor likes, keys in the records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.auth import Bearer, OneOf
from avesa.connector.oauth2 import RefreshToken
from avesa.integrations.harvest import SERVICE
from avesa.sandbox.vendor.messages import Answer, Asked
from avesa.shared.errors import TableFailed
from strict_tenant import PAGE, Tenant, check, strict_tenant

HOUR = timedelta(hours=1)


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    with strict_tenant(tmp_path, "harvest", cursor_pages=PAGE) as tenant:
        yield tenant


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"personal_access_token": "t"}, Bearer),
        ({"client_id": "i", "client_secret": "s", "refresh_token": "r"}, RefreshToken),
    ],
)
def test_an_account_is_connected_by_a_persons_token_or_by_oauth(given: dict[str, str], kind: type) -> None:
    assert isinstance(SERVICE.auth, OneOf) and isinstance(SERVICE.auth.chosen(given), kind)


def test_every_request_names_the_account_and_whom_to_write_to(tenant: Tenant) -> None:
    seen: list[tuple[str | None, str | None]] = []
    answer = tenant.vendor.answer

    def listening(asked: Asked) -> Answer:
        seen.append((asked.headers.get("harvest-account-id"), asked.headers.get("user-agent")))
        return answer(asked)

    tenant.vendor.answer = listening  # type: ignore[method-assign]
    tenant.pull("clients")
    assert set(seen) == {("4711", "AVESA (it@acme.example)")}


def test_the_next_page_is_where_the_vendor_says_though_it_names_no_number(tenant: Tenant) -> None:
    tenant.pull("clients")
    first, *later = tenant.asked("clients")
    assert "per_page" not in first and len(later) == 2 and all("cursor" in query for query in later)
    check(tenant, "clients")


def test_a_list_that_ends_before_its_total_is_not_taken_for_whole(tenant: Tenant) -> None:
    answer = tenant.vendor.answer

    def ending(asked: Asked) -> Answer:
        found = answer(asked)
        body = json.loads(found.raw or b"")
        found.raw = json.dumps(body | {"links": {"next": None}}).encode()
        return found

    tenant.vendor.answer = ending  # type: ignore[method-assign]
    with pytest.raises(TableFailed, match="there are 7 records, and 3 came"):
        tenant.pull("clients")


def test_payments_are_read_under_the_invoices_that_changed(tenant: Tenant) -> None:
    tenant.pull("invoices")
    tenant.pull("invoice_payments")
    tenant.clock.now += HOUR
    paid = tenant.vendor.change("invoices", 1, state="paid")
    new = tenant.vendor.add("invoice_payments", (str(paid["id"]),))
    tenant.pull("invoices")
    before = len(tenant.vendor.served)
    tenant.pull("invoice_payments")
    served = [one for one in tenant.vendor.served[before:] if one.table == "invoice_payments"]
    assert f"/v2/invoices/{paid['id']}/payments" in {one.path for one in served} and len(served) == 2
    assert all("updated_since" in dict(one.query) for one in served)
    assert str(new["id"]) in {row["record_id"] for row in tenant.rows("invoice_payments")}


def test_what_is_archived_stays_what_it_is(tenant: Tenant) -> None:
    tenant.pull("projects")
    tenant.clock.now += HOUR
    archived = tenant.vendor.change("projects", 1, is_active=False)
    tenant.pull("projects")
    assert tenant.newest("projects")[None, str(archived["id"])]["is_active"] is False


@pytest.mark.parametrize(
    ("table", "fields"),
    [
        ("clients", {"statement_key": "s3cr3t"}),
        ("invoices", {"client_key": "s3cr3t"}),
        ("estimates", {"client_key": "s3cr3t"}),
        ("expenses", {"receipt": {"url": "https://x.example/s3cr3t", "file_name": "a.pdf"}}),
    ],
)
def test_keys_that_open_something_never_land(tenant: Tenant, table: str, fields: dict[str, Any]) -> None:
    for at in range(7):
        tenant.vendor.change(table, at, **fields)
    tenant.pull(table)
    payloads = [row["payload"] for row in tenant.rows(table)]
    assert len(payloads) == 7 and not any("s3cr3t" in payload for payload in payloads)


def test_reports_have_a_limit_of_their_own() -> None:
    assert [e.name for e in SERVICE.endpoints if e.limit_groups == ("reports",)] == ["project_budget_report"]
