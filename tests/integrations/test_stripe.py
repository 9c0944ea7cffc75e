"""What is special about Stripe, against its strict vendor: changes that only events tell, and what is none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.incremental import Changes
from avesa.integrations.stripe import SERVICE
from avesa.sandbox.vendor.contract import Contract
from strict_tenant import Tenant, check, strict_tenant

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LISTS = Contract("stripe").tables


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    with strict_tenant(tmp_path, "stripe") as tenant:
        yield tenant


def test_what_changed_is_told_by_events_as_it_was_then(tenant: Tenant) -> None:
    tenant.pull("customers")
    tenant.clock.now += HOUR
    tenant.vendor.change("customers", 1, name="Acme")
    first_at = tenant.clock.now
    tenant.clock.now += HOUR
    changed = tenant.vendor.change("customers", 1, name="Acme Ltd")["id"]
    gone = tenant.vendor.delete("customers", 2)["id"]
    tenant.clock.now += HOUR
    outcome = tenant.pull("customers")
    assert (outcome.kind, outcome.rows) == ("changes", 3)
    told = [row for row in tenant.rows("customers") if row["updated_at"] is not None]
    names = {row["updated_at"]: json.loads(row["payload"])["name"] for row in told if row["record_id"] == changed}
    assert names == {first_at: "Acme", first_at + HOUR: "Acme Ltd"}
    assert [row["record_id"] for row in told if row["is_deleted"]] == [gone]
    asked = dict(tenant.vendor.served[-1].query)
    assert (asked["type"], asked["limit"]) == ("customer.*", "3") and "created[gte]" in asked


def test_what_is_new_is_told_by_events_too(tenant: Tenant) -> None:
    tenant.pull("customers")
    tenant.clock.now += HOUR
    made_at = tenant.clock.now
    made = tenant.vendor.add("customers")["id"]
    tenant.clock.now += HOUR
    assert (tenant.pull("customers").kind, tenant.rows("customers")[-1]["record_id"]) == ("changes", made)
    assert tenant.rows("customers")[-1]["updated_at"] == made_at


def event(tenant: Tenant, type_: str, **object_: Any) -> None:
    row = tenant.vendor.rows.add(LISTS["events"])
    row.record.update(type=type_, data={"object": object_})


OF_OTHERS = {
    "customers": ["customer.subscription.updated", "customer.source.created", "customer.discount.created"],
    "invoices": ["invoice.upcoming", "invoice_payment.paid", "invoiceitem.created"],
    "charges": ["charge.dispute.created", "charge.refund.updated"],
    "subscriptions": ["customer.updated"],
}


@pytest.mark.parametrize("table", OF_OTHERS)
def test_an_event_whose_object_is_of_another_table_is_not_taken(tenant: Tenant, table: str) -> None:
    tenant.pull(table)
    tenant.clock.now += HOUR
    for type_ in OF_OTHERS[table]:
        event(tenant, type_, object="other")
    outcome = tenant.pull(table)
    assert (outcome.kind, outcome.status, outcome.rows) == ("changes", "ok", 0)


OWN = {
    "invoices": [
        *("created", "updated", "finalized", "finalization_failed", "sent", "paid", "payment_failed", "overdue"),
        *("payment_succeeded", "payment_action_required", "overpaid", "marked_uncollectible", "voided"),
    ],
    "charges": ["captured", "expired", "failed", "pending", "refunded", "succeeded", "updated"],
}


@pytest.mark.parametrize("table", OWN)
def test_every_event_whose_object_is_of_the_table_is_taken(tenant: Tenant, table: str) -> None:
    tenant.pull(table)
    tenant.clock.now += HOUR
    for at, end in enumerate(OWN[table]):
        event(tenant, f"{table.removesuffix('s')}.{end}", id=f"new_{at}")
    assert tenant.pull(table).rows == len(OWN[table])


def test_a_subscription_that_ended_stays_though_its_event_is_named_deleted(tenant: Tenant) -> None:
    tenant.pull("subscriptions")
    assert dict(tenant.vendor.served[-1].query)["status"] == "all"
    tenant.clock.now += HOUR
    ended = tenant.vendor.delete("subscriptions", 0)["id"]
    assert tenant.pull("subscriptions").rows == 1
    [row] = [row for row in tenant.rows("subscriptions") if row["updated_at"] is not None]
    assert (row["record_id"], row["is_deleted"]) == (ended, False)


def test_what_events_have_forgotten_is_listed(tenant: Tenant) -> None:
    tenant.pull("products")
    tenant.clock.now += 6 * DAY
    assert tenant.pull("products").kind == "changes"
    tenant.clock.now += 29 * DAY
    assert tenant.pull("products").kind == "listing"


def test_a_page_that_was_to_begin_behind_an_object_now_deleted_begins_anew(tenant: Tenant) -> None:
    def delete(table: str, page: int, rows: int) -> None:
        if page == 1:
            tenant.vendor.delete("coupons", 4)  # the newest come first: this one ends the first page

    assert tenant.pull("coupons", progress=delete).status == "ok"
    refused = [served.status for served in tenant.vendor.served if served.table == "coupons"]
    assert refused.count(400) == 1
    # To the vendor an object that is gone is one that never was, so it takes that request amiss; and no other.
    assert len(tenant.vendor.violations) == 1
    tenant.vendor.violations.clear()
    assert set(tenant.true("coupons")) <= set(tenant.newest("coupons"))


def test_events_themselves_are_never_listed(tenant: Tenant) -> None:
    assert [tenant.pull("events", full=full).kind for full in (False, True)] == ["changes", "changes"]
    asked = [dict(served.query) for served in tenant.vendor.served if served.table == "events"]
    assert all("created[gte]" in one for one in asked)


def test_a_balance_transaction_that_became_available_is_seen_without_a_listing(tenant: Tenant) -> None:
    tenant.pull("balance_transactions")
    tenant.clock.now += 5 * DAY
    tenant.vendor.change("balance_transactions", 6, status="available")
    outcome = tenant.pull("balance_transactions")
    assert (outcome.kind, outcome.rows) == ("changes", 1)
    check(tenant, "balance_transactions")


def test_client_secrets_land_neither_in_their_table_nor_in_an_event(tenant: Tenant) -> None:
    tenant.vendor.rows.of(LISTS["payment_intents"])
    quoted = {"payment_intent": {"client_secret": "pi_secret_0815"}}
    tenant.vendor.change("payment_intents", 0, client_secret="pi_secret_0815", last_payment_error=quoted)
    tenant.vendor.change("invoices", 0, confirmation_secret={"client_secret": "pi_secret_0815"})
    event(tenant, "payment_intent.created", id="pi_1", client_secret="pi_secret_0815", last_payment_error=quoted)
    for table in ("payment_intents", "invoices", "events"):
        tenant.pull(table)
        payloads = [row["payload"] for row in tenant.rows(table)]
        assert any('"***"' in payload for payload in payloads) and "0815" not in "".join(payloads), table


def test_version_and_connected_account_are_named_only_where_the_tenant_does(tenant: Tenant) -> None:
    seen: list[dict[str, str]] = []
    answer = tenant.vendor.answer
    tenant.vendor.answer = lambda one: (seen.append(dict(one.headers)), answer(one))[1]  # type: ignore[method-assign]
    tenant.pull("coupons")
    assert not {"stripe-version", "stripe-account"} & seen[-1].keys()
    tenant.stored = type(tenant.stored)(
        "acme", "stripe", settings={**tenant.stored.settings, "stripe_account": "acct_1", "api_version": "2026-10-28"}
    )
    tenant.pull("coupons", full=True)
    assert (seen[-1]["stripe-version"], seen[-1]["stripe-account"]) == ("2026-10-28", "acct_1")


def test_every_table_with_events_looks_no_further_back_than_they_are_kept() -> None:
    declared = [SERVICE.changes_of(endpoint) for endpoint in SERVICE.endpoints]
    told = [changes for changes in declared if isinstance(changes, Changes) and changes.path]
    assert len(told) == 14
    assert all(changes.kept_for is not None and changes.kept_for < 30 * DAY for changes in told)
