"""What is special about Shopify: cursors that stand alone, orders that hide, deletions told by events, foreign ids."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.auth import HeaderKey, OneOf
from avesa.connector.oauth2 import ClientCredentials, RefreshToken
from avesa.connector.reading import reading_of
from avesa.connector.records import read_page
from avesa.connector.request import Response
from avesa.connector.retry import classify
from avesa.integrations.shopify import SERVICE
from avesa.sandbox.vendor.contract import Contract
from strict_tenant import PAGE, Tenant, check, strict_tenant

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LISTS = Contract("shopify").tables


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    with strict_tenant(tmp_path, "shopify") as tenant:
        yield tenant


def pull(tenant: Tenant, *tables: str) -> None:
    for table in tables:
        assert tenant.pull(table).status == "ok"


SHOP = {"shop": "acme"}
APP = {"client_id": "shopify-client", "client_secret": "shpss_strict"}


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"admin_api_access_token": "t", **APP}, HeaderKey),
        ({"refresh_token": "r", **APP}, RefreshToken),
        (APP, ClientCredentials),
    ],
)
def test_a_shop_is_connected_by_its_own_app_or_by_a_public_one(given: dict[str, str], kind: type) -> None:
    assert isinstance(SERVICE.auth, OneOf) and isinstance(SERVICE.auth.chosen({**SHOP, **given}), kind)


def test_a_token_for_a_day_is_asked_for_again_when_it_is_over(tenant: Tenant) -> None:
    tenant.ports.secrets.put("acme", "shopify", {"client_secret": APP["client_secret"]})
    for _ in range(2):
        pull(tenant, "products")
        tenant.clock.now += 2 * DAY


def test_a_refresh_token_is_kept_in_the_form_that_it_was_exchanged_for(tenant: Tenant) -> None:
    held = {"client_secret": APP["client_secret"], "refresh_token": "shprt_strict"}
    tenant.ports.secrets.put("acme", "shopify", held)
    for _ in range(2):
        pull(tenant, "products")
        tenant.clock.now += 2 * HOUR
    stored = tenant.ports.secrets.get("acme", "shopify")["refresh_token"]
    assert stored == tenant.vendor.credentials.values["refresh_token"] != "shprt_strict"


def test_behind_the_first_page_nothing_is_sent_but_where_it_begins(tenant: Tenant) -> None:
    pull(tenant, "orders")
    first, *later = tenant.asked("orders")
    assert first["status"] == "any" and first["updated_at_min"].startswith("2006-")
    assert len(later) == 2 and all(set(asked) == {"limit", "page_info"} for asked in later)
    check(tenant, "orders")


def test_a_place_in_the_list_that_is_over_makes_the_list_begin_again(tenant: Tenant) -> None:
    seen: list[int] = []

    def forget(table: str, page: int, rows: int) -> None:
        seen.append(page)
        if len(seen) == 1:
            tenant.vendor.expire_cursors()

    assert tenant.pull("customers", progress=forget).status == "ok"
    statuses = [served.status for served in tenant.vendor.served if served.table == "customers"]
    assert statuses.count(400) == 1
    check(tenant, "customers")


def test_an_order_that_is_not_shown_any_more_has_not_gone(tenant: Tenant) -> None:
    pull(tenant, "orders")
    tenant.vendor.rows.of(LISTS["orders"])[2].is_hidden = True  # older than sixty days, and the app may not see those
    tenant.clock.now += 2 * DAY
    outcome = tenant.pull("orders", full=True)
    assert (outcome.kind, outcome.status) == ("changes", "ok")
    assert not any(row["is_deleted"] for row in tenant.rows("orders"))
    assert {row["record"]["closed_at"] is None for row in tenant.rows("orders")} == {True, False}
    assert tenant.vendor.delete("orders", 3)["cancelled_at"]  # as near as an order comes to that
    tenant.clock.now += HOUR
    pull(tenant, "orders")
    assert not any(row["is_deleted"] for row in tenant.rows("orders"))


@pytest.mark.parametrize(
    ("table", "statuses"), [("draft_orders", ["open", "invoice_sent", "completed"]), ("checkouts", ["open", "closed"])]
)
def test_what_is_shown_by_status_is_asked_for_in_each(tenant: Tenant, table: str, statuses: list[str]) -> None:
    pull(tenant, table)
    assert [asked["status"] for asked in tenant.asked(table) if "status" in asked] == statuses
    check(tenant, table)


@pytest.mark.parametrize(
    ("table", "subject"),
    [("products", "Product"), ("smart_collections", "Collection"), ("custom_collections", "Collection")],
)
def test_the_end_of_a_product_or_collection_is_told_by_an_event(tenant: Tenant, table: str, subject: str) -> None:
    pull(tenant, table)
    tenant.clock.now += HOUR
    gone = str(tenant.vendor.delete(table, 1)["id"])
    gone_at = tenant.clock.now
    tenant.clock.now += HOUR
    assert tenant.pull(table).kind == "changes"
    assert [(row["record_id"], row["updated_at"]) for row in tenant.rows(table) if row["is_deleted"]] == [
        (gone, gone_at)
    ]
    [asked] = [asked for asked in tenant.asked("events") if "page_info" not in asked]
    assert (asked["filter"], asked["verb"]) == (subject, "destroy") and "created_at_min" in asked


def test_stock_items_are_asked_for_by_the_ids_that_variants_name(tenant: Tenant) -> None:
    pull(tenant, "products", "variants", "inventory_items")
    named = sorted(row["record"]["inventory_item_id"] for row in tenant.rows("variants"))
    [asked] = [asked for asked in tenant.asked("inventory_items") if "ids" in asked]
    assert len(named) == 14 and asked["ids"].split(",") == named
    check(tenant, "inventory_items")
    assert {row["parent_id"] for row in tenant.rows("inventory_items")} == {None}


def test_no_more_than_a_hundred_stock_items_are_asked_for_at_once(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "shopify", page=0, counts={"products": 1, "variants": 120}) as tenant:
        pull(tenant, "products", "variants", "inventory_items")
        assert sorted(len(asked["ids"].split(",")) for asked in tenant.asked("inventory_items")) == [20, 100]
        check(tenant, "inventory_items")


def test_variants_are_read_again_where_their_product_changed_and_their_items_with_them(tenant: Tenant) -> None:
    pull(tenant, "products", "variants", "inventory_items")
    tenant.clock.now += HOUR
    product = str(tenant.vendor.change("products", 3)["id"])
    new = tenant.vendor.add("variants", (product,))
    tenant.clock.now += HOUR
    before = len(tenant.vendor.served)
    pull(tenant, "products", "variants", "inventory_items")
    paths = [served.path for served in tenant.vendor.served[before:] if served.table == "variants"]
    assert f"/admin/api/2026-04/products/{product}/variants.json" in paths and len(paths) < 5
    assert new["inventory_item_id"] in {row["record_id"] for row in tenant.rows("inventory_items")}
    check(tenant, "variants")


def test_stock_is_asked_for_at_each_location_whether_it_changed_or_not(tenant: Tenant) -> None:
    pull(tenant, "locations", "inventory_levels")
    check(tenant, "inventory_levels")
    places = {str(tenant.vendor.key("locations", one)) for one in tenant.vendor.records("locations")}
    tenant.clock.now += HOUR
    before = len(tenant.vendor.served)
    pull(tenant, "locations", "inventory_levels")
    asked = [dict(one.query) for one in tenant.vendor.served[before:] if one.table == "inventory_levels"]
    assert {one["location_ids"] for one in asked} == places and all("updated_at_min" in one for one in asked)


def test_refunds_are_read_under_the_orders_that_changed(tenant: Tenant) -> None:
    for at in range(7):
        told = {"refunds": [], "fulfillments": []} if at < 6 else {"refunds": [{"id": 3}], "fulfillments": [{"id": 4}]}
        tenant.vendor.change("orders", at, **told)
    pull(tenant, "orders", "refunds", "fulfillments", "transactions")
    # Of an order that shows none, none are asked for; of what was paid it shows nothing.
    assert [len(tenant.rows(table)) for table in ("refunds", "fulfillments", "transactions")] == [2, 2, 14]
    before = len(tenant.vendor.served)
    tenant.clock.now += HOUR
    order = str(tenant.vendor.change("orders", 1, refunds=[{"id": 1}], fulfillments=[{"id": 2}])["id"])
    tenant.clock.now += HOUR
    pull(tenant, "orders", "refunds", "fulfillments")
    served = [one for one in tenant.vendor.served[before:] if one.table in ("refunds", "fulfillments")]
    assert order in {one.path.split("/")[-2] for one in served} and len({one.path for one in served}) <= 4
    assert len({row["record_id"] for row in tenant.rows("refunds")}) == 4
    assert all("updated_at_min" in dict(one.query) for one in served if one.table == "fulfillments")


def test_events_are_never_listed(tenant: Tenant) -> None:
    pull(tenant, "events")
    tenant.clock.now += 2 * DAY
    assert tenant.pull("events", full=True).kind == "changes"
    assert not any(row["is_deleted"] for row in tenant.rows("events"))


def test_a_payout_that_went_on_is_seen_though_its_date_stays(tenant: Tenant) -> None:
    pull(tenant, "payouts")
    tenant.clock.now += HOUR
    paid = tenant.vendor.change("payouts", 6, status="paid")
    tenant.clock.now += HOUR
    assert tenant.pull("payouts").kind == "changes"
    newest = {row["record_id"]: row["record"] for row in tenant.rows("payouts")}
    assert newest[str(paid["id"])]["status"] == "paid"


def test_a_location_that_was_deleted_says_when_and_one_that_is_closed_stays() -> None:
    reading = reading_of(SERVICE, SERVICE.endpoint("locations"))
    updated = {"updated_at": "2026-03-01T07:00:00-05:00"}
    told = [{"id": 1, **updated, "deleted_at": "2026-03-01T07:00:00-05:00"}, {"id": 2, **updated, "active": False}]
    records = read_page(json.dumps({"locations": told}).encode(), reading, page=1, parent_id=None)
    assert [record.is_deleted for record in records] == [True, False]
    assert {record.updated_at for record in records} == {datetime(2026, 3, 1, 12, tzinfo=UTC)}


def test_the_version_of_the_api_is_the_tenants(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "shopify", settings={"api_version": "2026-07"}) as tenant:
        tenant.ingest(tables=["users"])
        assert {served.path for served in tenant.vendor.served} == {"/admin/api/2026-07/users.json"}
        tenant.vendor.violations.clear()  # its page knows one version alone


def test_the_bucket_loses_a_twentieth_of_it_in_a_second_whatever_the_plan() -> None:
    [rate] = SERVICE.limits.rates
    assert (rate.most, rate.per, rate.setting) == (40, timedelta(seconds=20), "bucket")
    [told] = SERVICE.limits.told
    assert told.used_of == "X-Shopify-Shop-Api-Call-Limit"


@pytest.mark.parametrize(
    ("status", "means"),
    [
        (401, "service"),
        (402, "service"),
        (403, "table"),
        (423, "service"),
        (429, "limit"),
        (430, "limit"),
        (503, "retry"),
    ],
)
def test_what_a_status_means(status: int, means: str) -> None:
    for body in (b'{"errors":"Not today"}', b'{"errors":{"base":["Not today"]}}', b"<html>"):
        assert classify(Response(status, {}, body, "https://acme.myshopify.com"), SERVICE.errors).means == means


@pytest.mark.parametrize(
    ("table", "fields"),
    [
        ("orders", {"token": "hush", "cart_token": "hush", "checkout_token": "hush", "order_status_url": "hush"}),
        ("orders", {"customer": {"id": 1, "multipass_identifier": "hush"}, "client_details": {"session_hash": "hush"}}),
        ("orders", {"fulfillments": [{"receipt": {"authorization": "hush"}}]}),
        ("orders", {"refunds": [{"transactions": [{"receipt": {"client_secret": "hush"}}]}]}),
        ("draft_orders", {"invoice_url": "hush", "customer": {"multipass_identifier": "hush"}}),
        ("checkouts", {"token": "hush", "cart_token": "hush", "abandoned_checkout_url": "hush"}),
        ("customers", {"multipass_identifier": "hush", "password": "hush", "password_confirmation": "hush"}),
        ("fulfillments", {"receipt": {"authorization": "hush"}}),
        ("refunds", {"transactions": [{"receipt": {"client_secret": "hush"}}]}),
        ("transactions", {"receipt": {"client_secret": "hush"}}),
    ],
)
def test_what_opens_something_never_lands(table: str, fields: dict[str, Any], tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "shopify", counts={"orders": 1}, page=PAGE) as tenant:
        pull(tenant, "orders")
        place = tuple(row["record_id"] for row in tenant.rows("orders")) if LISTS[table].parent else ()
        tenant.clock.now += HOUR
        if place:
            tenant.vendor.change("orders", 0, refunds=[{"id": 1}], fulfillments=[{"id": 2}])
            pull(tenant, "orders")
        tenant.vendor.rows.of(LISTS[table], place)
        tenant.vendor.change(table, 0, place, **fields)
        pull(tenant, table)
        landed = "".join(row["payload"] for row in tenant.rows(table))
        assert "hush" not in landed and '"***"' in landed


def test_the_apps_token_is_in_no_file(tenant: Tenant) -> None:
    tenant.ingest()
    landed = [tenant.ports.objects.read(info.path) for info in tenant.ports.objects.list("acme")]
    assert landed and not any(b"shpat_strict" in content for content in landed)
