"""What is special about Meraki: lists under organizations, windows by seconds, shards, events product by product."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.paging import Page
from avesa.connector.reading import reading_of
from avesa.connector.records import read_page
from avesa.connector.request import Request, Response
from avesa.connector.retry import classify
from avesa.integrations.meraki import SERVICE
from strict_tenant import check, strict_tenant

LIST = Request("GET", "https://api.meraki.com/api/v1/list")


def pull(tenant: Any, *tables: str) -> None:
    for table in tables:
        assert tenant.pull(table).status == "ok"


def test_the_next_page_is_the_one_that_the_link_header_names() -> None:
    paging = SERVICE.paging_of(SERVICE.endpoint("devices"), listing=True)
    first = paging.first(LIST)
    assert first.param("perPage") == "1000"
    link = '<https://n1.meraki.com/api/v1/x?perPage=1000&startingAfter=Q2>; rel=next, <https://x/y>; rel="first"'
    following = paging.next(first, Page(Response(200, {"link": link}, b"[]", LIST.url), 1000))
    assert following is not None
    assert (following.url, following.param("startingAfter")) == (LIST.url, "Q2")
    assert paging.next(following, Page(Response(200, {}, b"[]", LIST.url), 1000)) is None


def test_nobody_is_asked_for_less_than_the_vendor_gives() -> None:
    paging = SERVICE.paging_of(SERVICE.endpoint("organizations"), listing=True)
    assert paging.probe(LIST).param("perPage") == "3"


def test_an_account_may_lie_on_another_of_the_vendors_hosts() -> None:
    assert ".meraki.com" in SERVICE.shards and all(host.startswith(".") for host in SERVICE.shards)


def test_licences_are_asked_for_where_they_are_of_devices(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "meraki", page=0) as tenant:
        pull(tenant, "organizations", "licenses")
        models = {row["record_id"]: row["record"]["licensing"]["model"] for row in tenant.rows("organizations")}
        assert {models[row["parent_id"]] for row in tenant.rows("licenses")} == {"per-device"}
        assert len(set(models.values())) == 3


@pytest.mark.parametrize(
    ("status", "text", "means"),
    [
        (400, "Organization with ID 1 does not support per-device licensing", "gone"),
        (400, "productType is not applicable to this network", "gone"),
        (400, "perPage is out of range", "table"),
        (401, "Invalid API key", "service"),
        (429, "API rate limit exceeded", "limit"),
    ],
)
def test_an_organization_without_a_thing_has_an_empty_list_of_it(status: int, text: str, means: str) -> None:
    answer = Response(status, {}, json.dumps({"errors": [text]}).encode(), LIST.url)
    assert classify(answer, SERVICE.errors).means == means


def test_a_log_goes_as_far_back_as_it_is_kept_and_names_both_ends(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "meraki", page=0) as tenant:
        pull(tenant, "organizations", "configuration_changes", "api_requests")
        for table, days in (("configuration_changes", 365), ("api_requests", 31)):
            [asked] = {(one["t0"], one["t1"]) for one in tenant.asked(table)}
            since = datetime.strptime(asked[0], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
            assert tenant.clock.now - since == timedelta(days=days)
            assert not any("timespan" in one for one in tenant.asked(table))
            assert not any(row["is_deleted"] for row in tenant.rows(table))


def test_clients_are_listed_for_a_month_and_changes_by_their_time(tmp_path: Path) -> None:
    """A time and its length never go together; without both it would be one day, and ten rows."""
    with strict_tenant(tmp_path, "meraki", page=0) as tenant:
        pull(tenant, "organizations", "networks", "network_clients")
        check(tenant, "network_clients")
        assert {(one["timespan"], one["perPage"]) for one in tenant.asked("network_clients")} == {("2678400", "5000")}
        before = len(tenant.asked("network_clients"))
        tenant.clock.now += timedelta(hours=1)
        [network, *_] = sorted(row["record_id"] for row in tenant.rows("networks"))
        tenant.vendor.change("network_clients", 1, (network,))
        pull(tenant, "networks", "network_clients")
        check(tenant, "network_clients")
        later = tenant.asked("network_clients")[before:]
        assert len(later) == len({row["record_id"] for row in tenant.rows("networks")})
        assert all("t0" in one and "timespan" not in one for one in later)


@pytest.mark.parametrize("seen", [1772366400, "2026-03-01T12:00:00Z"])
def test_a_client_was_seen_in_whatever_form_it_is_told(seen: Any) -> None:
    reading = reading_of(SERVICE, SERVICE.endpoint("network_clients"))
    body = json.dumps([{"id": "k1", "lastSeen": seen}]).encode()
    [record] = read_page(body, reading, page=1, parent_id="N_1")
    assert record.updated_at == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert json.loads(record.record_id or "") == ["N_1", "k1"]


def test_events_are_asked_for_product_by_product_until_a_page_is_empty(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "meraki", page=0) as tenant:
        pull(tenant, "organizations", "networks", "network_events")
        check(tenant, "network_events")
        asked = tenant.asked("network_events")
        products = ["appliance", "camera", "cellularGateway", "switch", "systemsManager", "wireless"]
        assert sorted({one["productType"] for one in asked}) == products
        assert {one["startingAfter"] for one in asked} == {"2026-01-30T12:00:00Z"}


def test_a_network_without_a_product_has_the_events_of_the_others(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "meraki", page=0) as tenant:
        pull(tenant, "organizations", "networks")
        # The first list that is asked for is that of a product which the network does not have.
        tenant.vendor.contract.rules["errors"]["body"] = {"errors": ["productType is not applicable"]}
        tenant.vendor.fail("status", 400, table="network_events")
        pull(tenant, "network_events")
        tenant.vendor.contract.rules["errors"]["body"] = {"errors": ["$message"]}
        check(tenant, "network_events")


def test_behind_the_last_event_a_page_is_named_and_is_empty() -> None:
    paging = SERVICE.paging_of(SERVICE.endpoint("network_events"), listing=False)
    link = '<https://x/y?productType=appliance&startingAfter=2026-03-01T12:00:00Z>; rel="next"'
    first = paging.first(LIST)
    following = paging.next(first, Page(Response(200, {"link": link}, b"{}", LIST.url), 5))
    assert following is not None and following.param("startingAfter") == "2026-03-01T12:00:00Z"
    other = paging.next(following, Page(Response(200, {"link": link}, b"{}", LIST.url), 0))
    assert other is not None and other.param("productType") == "camera"


@pytest.mark.parametrize(
    ("table", "fields"),
    [
        ("networks", {"enrollmentString": "hush"}),
        ("licenses", {"licenseKey": "hush", "permanentlyQueuedLicenses": [{"id": "1", "licenseKey": "hush"}]}),
        ("configuration_changes", {"oldValue": '{"psk":"hush"}', "newValue": '{"psk":"hush"}'}),
    ],
)
def test_what_opens_something_never_lands(table: str, fields: dict[str, Any], tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "meraki", page=0) as tenant:
        pull(tenant, "organizations")
        rows = tenant.rows("organizations")
        place = next((row["record_id"],) for row in rows if row["record"]["licensing"]["model"] == "per-device")
        tenant.vendor.rows.of(tenant.vendor.contract.tables[table], place)
        tenant.vendor.change(table, 0, place, **fields)
        pull(tenant, table)
        landed = "".join(row["payload"] for row in tenant.rows(table))
        assert "hush" not in landed and '"***"' in landed


def test_what_is_measured_is_never_listed(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "meraki", page=0) as tenant:
        pull(tenant, "organizations", "uplinks_loss_and_latency", "uplinks_usage_by_network")
        assert {one["timespan"] for one in tenant.asked("uplinks_loss_and_latency")} == {"300"}
        assert {one["timespan"] for one in tenant.asked("uplinks_usage_by_network")} == {"86400"}
        assert tenant.receipt("uplinks_loss_and_latency").kind == "changes"
