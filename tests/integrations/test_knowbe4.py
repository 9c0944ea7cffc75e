"""What is special about KnowBe4: a cursor that nobody has seen come back, archived people, series of scores, a small
daily allowance.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.paging import Page
from avesa.connector.reading import reading_of
from avesa.connector.records import read_page
from avesa.connector.request import Request, Response
from avesa.integrations.knowbe4 import MOST, SERVICE
from avesa.shared.errors import TableFailed
from strict_tenant import Tenant, check, strict_tenant

LIST = Request("GET", "https://us.api.knowbe4.com/v1/groups")


def pull(tenant: Tenant, *tables: str) -> None:
    for table in tables:
        assert tenant.pull(table).status == "ok"


def silent(tenant: Tenant, table: str) -> None:
    """The vendor's answers name no next page, whatever it was asked by."""
    tenant.vendor.contract.tables[table].rules["paging"][0].pop("tells")


def page(records: int, link: str = "") -> Page:
    return Page(Response(200, {"link": link} if link else {}, b"[]", LIST.url), records)


def test_a_list_begins_with_a_cursor_and_goes_on_where_the_link_leads() -> None:
    first = SERVICE.paging.first(LIST)
    assert dict(first.params) == {"cursor": "0", "per_page": "500"}
    link = '<https://us.api.knowbe4.com/v1/groups?cursor=abc&per_page=500>; rel="next"'
    following = SERVICE.paging.next(first, page(MOST, link))
    assert following is not None and dict(following.params) == {"cursor": "abc", "per_page": "500"}
    # A vendor that has named a page names each of them: a full last page is the last.
    assert SERVICE.paging.next(following, page(MOST)) is None
    assert SERVICE.paging.next(first, page(MOST - 1)) is None


def test_a_full_page_that_names_no_next_one_is_asked_for_by_number(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "knowbe4", counts={"phishing_campaigns": 7}) as tenant:
        silent(tenant, "phishing_campaigns")
        pull(tenant, "phishing_campaigns")
        check(tenant, "phishing_campaigns")
        asked = tenant.asked("phishing_campaigns")
        assert [one.get("page") for one in asked] == [None, "1", "2", "3"]
        assert [one.get("cursor") for one in asked] == ["0", None, None, None]


def test_a_vendor_that_ignores_both_is_no_complete_list(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "knowbe4", counts={"phishing_campaigns": 7}) as tenant:
        silent(tenant, "phishing_campaigns")
        rules = tenant.vendor.contract.tables["phishing_campaigns"].rules
        rules["paging"] = [{"kind": "page", "in": "query", "at": "none", "size": {"name": "per_page"}}]
        with pytest.raises(TableFailed, match="same page"):
            tenant.pull("phishing_campaigns")
        assert not tenant.receipt("phishing_campaigns").complete


def test_archived_people_are_listed_behind_the_others_and_are_gone(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "knowbe4") as tenant:
        pull(tenant, "users")
        gone = str(tenant.vendor.key("users", tenant.vendor.delete("users", 1)))
        tenant.clock.now += timedelta(days=2)
        pull(tenant, "users")
        assert {one["status"] for one in tenant.asked("users")} == {"active", "archived"}
        [marked] = [row for row in tenant.rows("users") if row["is_deleted"]]
        assert (marked["record_id"], marked["record"]["status"]) == (gone, "archived")


def test_a_score_that_left_the_half_year_is_not_deleted(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "knowbe4") as tenant:
        pull(tenant, "users", "account_risk_score_history", "user_risk_score_history")
        for table in ("account_risk_score_history", "user_risk_score_history"):
            assert tenant.receipt(table).kind == "changes"
        days = {row["record_id"] for row in tenant.rows("account_risk_score_history")}
        assert len(days) == 7
        # A day of one person is another record than the same day of another one.
        rows = tenant.rows("user_risk_score_history")
        assert len({row["record_id"] for row in rows}) == len(rows) > 7


def test_recipients_are_read_again_for_the_tests_of_the_last_weeks(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "knowbe4") as tenant:
        pull(tenant, "phishing_security_tests", "phishing_recipients")
        tests = len(tenant.rows("phishing_security_tests"))
        tenant.clock.now += timedelta(days=46)
        pull(tenant, "phishing_security_tests")
        tenant.vendor.add("phishing_security_tests")
        tenant.clock.now += timedelta(minutes=5)
        pull(tenant, "phishing_security_tests", "phishing_recipients")
        assert len({row["parent_id"] for row in tenant.rows("phishing_recipients")}) == tests + 1
        check(tenant, "phishing_recipients")


def test_training_campaigns_are_not_cut_off_at_ten(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "knowbe4", page=0) as tenant:
        pull(tenant, "training_campaigns")
        assert {one["exclude_percentages"] for one in tenant.asked("training_campaigns")} == {"true"}


@pytest.mark.parametrize("name", ["store_purchased_id", "store_purchase_id"])
def test_a_purchase_has_its_key_under_either_name(name: str) -> None:
    reading = reading_of(SERVICE, SERVICE.endpoint("store_purchases"))
    body = json.dumps([{name: 17, "name": "Phishing 101"}]).encode()
    [record] = read_page(body, reading, page=1, parent_id=None)
    assert (record.record_id, record.problem) == ("17", None)


def test_the_day_has_as_many_requests_as_the_tenant_says() -> None:
    [day] = [rate for rate in SERVICE.limits.rates if rate.per == timedelta(days=1)]
    assert (day.most, day.setting) == (2000, "requests_a_day")
    assert SERVICE.limits.rest == timedelta(minutes=5)


def test_what_is_asked_for_one_by_one_is_asked_for_seldom() -> None:
    below: list[Any] = [endpoint for endpoint in SERVICE.endpoints if endpoint.parent]
    assert all(endpoint.every >= timedelta(days=1) for endpoint in below)
