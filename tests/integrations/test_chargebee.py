"""What is special about Chargebee: wrapped records, deleted rows to those who ask, strictly later times."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from avesa.integrations.chargebee import SERVICE
from strict_tenant import check, strict_tenant

WITHOUT_ORDER = ("credit_notes", "item_families", "coupons", "quotes", "virtual_bank_accounts")


def test_a_deleted_customer_is_told(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "chargebee", page=0) as tenant:
        tenant.pull("customers")
        tenant.clock.now += timedelta(hours=1)
        gone = tenant.vendor.key("customers", tenant.vendor.delete("customers", 1))
        assert tenant.pull("customers").kind == "changes"
        [row] = [row for row in tenant.rows("customers") if row["is_deleted"]]
        assert row["record_id"] == gone
        assert {one["include_deleted"] for one in tenant.asked("customers")} == {"true"}


def test_a_thing_of_the_catalogue_is_deleted_by_its_status(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "chargebee", page=0) as tenant:
        tenant.pull("items")
        tenant.clock.now += timedelta(hours=1)
        gone = tenant.vendor.key("items", tenant.vendor.delete("items", 1))
        tenant.pull("items")
        assert [row["record_id"] for row in tenant.rows("items") if row["is_deleted"]] == [gone]


@pytest.mark.parametrize("table", WITHOUT_ORDER)
def test_a_list_without_an_order_by_change_is_asked_by_the_newest_time_of_all(tmp_path: Path, table: str) -> None:
    """The last row need not be the newest one."""
    with strict_tenant(tmp_path, "chargebee") as tenant:
        tenant.pull(table)
        for index in (0, 3):
            tenant.clock.now += timedelta(hours=1)
            tenant.vendor.change(table, index)
            assert tenant.pull(table).kind == "changes"
            check(tenant, table)
        asked = tenant.asked(table)[-1]
        assert "updated_at[after]" in asked and "sort_by[asc]" not in asked


def test_each_question_begins_a_second_early(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "chargebee", page=0) as tenant:
        tenant.pull("invoices")
        tenant.clock.now += timedelta(hours=1)
        tenant.vendor.change("invoices", 1)
        tenant.pull("invoices")
        newest = max(row["updated_at"] for row in tenant.rows("invoices"))
        tenant.clock.now += timedelta(hours=1)
        tenant.pull("invoices")
        assert int(tenant.asked("invoices")[-1]["updated_at[after]"]) < int(newest.timestamp())


def test_events_are_never_listed_and_reach_back_90_days(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "chargebee", page=0) as tenant:
        first = tenant.pull("events")
        assert first.kind == "changes"
        begin = int(tenant.asked("events")[0]["occurred_at[after]"])
        assert begin <= int((tenant.clock.now - timedelta(days=90)).timestamp())
        tenant.clock.now += timedelta(days=2)
        tenant.pull("events")
        assert not any(row["is_deleted"] for row in tenant.rows("events"))


def test_means_of_payment_beside_a_record_never_land(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "chargebee", page=0) as tenant:
        tables = tenant.vendor.contract.tables
        for table, fields in (
            ("customers", {"card": {"iin": "hush"}}),
            ("virtual_bank_accounts", {"virtual_bank_account.account_number": "hush"}),
        ):
            tenant.vendor.rows.of(tables[table])
            tenant.vendor.change(table, 0, **fields)
            tenant.pull(table)
            assert "hush" not in "".join(row["payload"] for row in tenant.rows(table)), table


def test_what_is_locked_for_a_moment_is_asked_again(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "chargebee", page=0) as tenant:
        tenant.vendor.fail("status", 409, table="customers")
        outcome = tenant.pull("customers")
        assert (outcome.status, outcome.retries) == ("ok", 1)


def test_the_catalogue_has_a_key_under_each_wrapper() -> None:
    assert {endpoint.key[0].rpartition(".")[2] for endpoint in SERVICE.endpoints} == {"id"}
    assert all(endpoint.key[0].count(".") == 1 for endpoint in SERVICE.endpoints)
