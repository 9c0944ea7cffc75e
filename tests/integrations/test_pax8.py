"""What is special about Pax8: pages from 0, companies that a status hides, usage by the day, quotes newest first."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from avesa.connector.incremental import InParams
from strict_tenant import check, strict_tenant


def test_pages_are_counted_from_0(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "pax8") as tenant:
        tenant.pull("products")
        assert sorted(one["page"] for one in tenant.asked("products")) == ["0", "1", "2"]
        check(tenant, "products")


def test_deleted_companies_are_asked_for_and_are_gone(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "pax8", page=0) as tenant:
        tenant.pull("companies")
        tenant.clock.now += timedelta(hours=1)
        gone = tenant.vendor.key("companies", tenant.vendor.delete("companies", 1))
        tenant.pull("companies")
        assert [one.get("status") for one in tenant.asked("companies")] == [None, "Inactive", "Deleted"] * 2
        [row] = [row for row in tenant.rows("companies") if row["is_deleted"]]
        assert (row["record_id"], row["record"]["status"]) == (gone, "Deleted")


def test_usage_is_asked_for_day_by_day_and_the_last_days_again(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "pax8", page=0) as tenant:
        for table in ("subscriptions", "usage_summaries", "usage_lines"):
            assert tenant.pull(table).status == "ok"
        days = {date.fromisoformat(one["usageDate"]) for one in tenant.asked("usage_lines")}
        today = tenant.clock.now.date()
        assert max(days) == today - timedelta(days=1) and min(days) <= today - timedelta(days=30)
        assert len(days) == (max(days) - min(days)).days + 1
        check(tenant, "usage_lines")
        before = len(tenant.asked("usage_lines"))
        tenant.clock.now += timedelta(days=1)
        tenant.pull("usage_lines")
        again = {date.fromisoformat(one["usageDate"]) for one in tenant.asked("usage_lines")[before:]}
        assert today - timedelta(days=2) in again and today in again and len(again) <= 4


def test_a_window_that_its_beginning_names_has_an_end() -> None:
    assert InParams((("usageDate", "{since}"),), whole=True).names_an_end
    assert not InParams((("since", "{since}"),)).names_an_end


def test_quotes_of_the_whole_partner_come_newest_first(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "pax8") as tenant:
        tenant.pull("quotes")
        tenant.clock.now += timedelta(hours=1)
        tenant.vendor.change("quotes", 5, status="accepted")
        assert tenant.pull("quotes").kind == "changes"
        assert {(one["sort"], one["account"]) for one in tenant.asked("quotes")} == {("updatedOn,desc", "partner")}
        check(tenant, "quotes")


def test_an_invoice_that_is_paid_later_is_seen(tmp_path: Path) -> None:
    """The window of dates is never asked for: it would hide what becomes of an old invoice."""
    with strict_tenant(tmp_path, "pax8", page=0) as tenant:
        tenant.pull("invoices")
        tenant.clock.now += timedelta(hours=1)
        tenant.vendor.change("invoices", 2, balance=0)
        tenant.pull("invoices")
        check(tenant, "invoices")
        assert not any("invoiceDateRangeStart" in one for one in tenant.asked("invoices"))


def test_the_next_two_invoices_are_both_drafted(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "pax8", page=0) as tenant:
        tenant.pull("invoice_draft_items")
        assert [one["monthOffset"] for one in tenant.asked("invoice_draft_items")] == ["0", "1"]
