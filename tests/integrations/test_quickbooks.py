"""What is special about QuickBooks, against its strict vendor: one query for all, and deletions told as changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from avesa.connector.request import Response
from avesa.connector.retry import classify
from avesa.integrations.quickbooks import SERVICE
from avesa.sandbox.vendor.contract import Contract
from strict_tenant import NOON, Tenant, check, strict_tenant

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LISTS = Contract("quickbooks").tables


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    with strict_tenant(tmp_path, "quickbooks", counts={"terms": 0}) as tenant:
        yield tenant


def asked(tenant: Tenant, table: str) -> list[dict[str, str]]:
    """The parameters of each request for the table, its changes elsewhere too."""
    entity = LISTS[table].facts["entity"]
    found = [dict(served.query) for served in tenant.vendor.served]
    return [one for one in found if f"from {entity} " in one.get("query", "") or one.get("entities") == entity]


def test_each_page_begins_where_the_one_before_ended(tenant: Tenant) -> None:
    tenant.pull("customers")
    first, second, *_ = [one["query"] for one in asked(tenant, "customers")]
    condition = "where Metadata.LastUpdatedTime >= '2000-01-01T00:00:00Z' and Active IN (true, false)"
    order = "orderby Metadata.LastUpdatedTime ASC STARTPOSITION 1 MAXRESULTS 3"
    assert first == f"select * from Customer {condition} {order}"
    reached = tenant.true("customers")
    third = sorted(record["MetaData"]["LastUpdatedTime"] for record in reached.values())[2]
    assert second == f"select * from Customer {condition} and Metadata.LastUpdatedTime >= '{third}' {order}"


def test_a_row_that_is_deleted_while_the_list_is_read_hides_no_other(tenant: Tenant) -> None:
    def delete(table: str, page: int, rows: int) -> None:
        if page == 1:
            tenant.vendor.delete("invoices", 0)

    assert tenant.pull("invoices", progress=delete).pages > 2
    assert set(tenant.true("invoices")) <= set(tenant.newest("invoices"))
    assert len(tenant.true("invoices")) == 6


def test_a_list_whose_rows_were_all_changed_at_one_instant_is_read_to_its_end(tenant: Tenant) -> None:
    for row in tenant.vendor.rows.of(LISTS["bills"]):
        row.record["MetaData"]["LastUpdatedTime"] = "2026-02-27T04:00:00-08:00"
    tenant.pull("bills")
    check(tenant, "bills")
    assert len(tenant.true("bills")) == 7


def test_a_deleted_transaction_is_told_by_the_changes(tenant: Tenant) -> None:
    tenant.pull("invoices")
    tenant.clock.now += HOUR
    gone = tenant.vendor.delete("invoices", 1)["Id"]
    tenant.vendor.change("invoices", 2)
    outcome = tenant.pull("invoices")
    assert (outcome.kind, outcome.pages) == ("changes", 1)
    assert asked(tenant, "invoices")[-1].keys() == {"minorversion", "entities", "changedSince"}
    assert [row["record_id"] for row in tenant.rows("invoices") if row["is_deleted"]] == [gone]
    check(tenant, "invoices")


def test_after_a_month_without_a_pull_everything_is_listed(tenant: Tenant) -> None:
    tenant.pull("payments")
    tenant.clock.now += 6 * DAY
    tenant.vendor.change("payments", 0)
    assert tenant.pull("payments").kind == "changes"
    tenant.clock.now += 29 * DAY
    assert tenant.pull("payments").kind == "listing"


def test_time_activities_have_no_change_data_capture(tenant: Tenant) -> None:
    tenant.pull("time_activities")
    tenant.clock.now += HOUR
    tenant.vendor.change("time_activities", 6)
    assert tenant.pull("time_activities").kind == "changes"
    check(tenant, "time_activities")
    assert all("query" in one for one in asked(tenant, "time_activities"))
    tenant.clock.now += DAY
    assert tenant.pull("time_activities").kind == "listing"


def test_a_customer_who_was_made_inactive_is_known_and_not_deleted(tenant: Tenant) -> None:
    tenant.pull("customers")
    tenant.clock.now += HOUR
    inactive = tenant.vendor.delete("customers", 1)["Id"]
    assert tenant.pull("customers").kind == "changes"
    [row] = [row for row in tenant.rows("customers") if '"Active":false' in row["payload"].replace(" ", "")]
    assert (row["record_id"], row["is_deleted"]) == (inactive, False)


def test_an_answer_without_rows_has_no_list(tenant: Tenant) -> None:
    outcome = tenant.pull("terms")
    assert (outcome.status, outcome.rows) == ("ok", 0) and tenant.receipt("terms").complete


def test_a_refresh_token_is_exchanged_and_the_newest_is_used(tenant: Tenant) -> None:
    used = set()
    for _ in range(3):
        used.add(tenant.ports.secrets.get("acme", "quickbooks")["refresh_token"])
        assert tenant.pull("classes").status == "ok"
        tenant.clock.now += 2 * HOUR
    assert len(used) == 3


def said(status: int, **fault: object) -> Response:
    return Response(status, {}, json.dumps(fault).encode(), "https://quickbooks.api.intuit.com/x", NOON, NOON)


def test_a_fault_is_read_whatever_its_status_and_the_case_of_its_names() -> None:
    error = {"Message": "no", "Detail": "Token expired", "code": "3200"}
    lower = {name.lower(): value for name, value in error.items()}
    unauthorized = classify(said(401, fault={"error": [lower], "type": "AUTHENTICATION"}), SERVICE.errors)
    assert (unauthorized.means, unauthorized.code, unauthorized.message) == ("service", "3200", "Token expired")
    in_a_good_answer = classify(said(200, Fault={"Error": [{**error, "code": "4000"}]}), SERVICE.errors)
    assert (in_a_good_answer.means, in_a_good_answer.code) == ("table", "4000")
    throttled = classify(said(400, Fault={"Error": [{**error, "code": "003001"}]}), SERVICE.errors)
    assert throttled.means == "limit"
    assert classify(said(200, QueryResponse={}), SERVICE.errors).is_good
