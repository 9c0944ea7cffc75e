"""What is special about Freshdesk: tickets that are hidden by default, and a list that ends at page 300."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from avesa.connector.paging import SearchWindow
from avesa.integrations.freshdesk import SERVICE
from avesa.sandbox.vendor.messages import Answer, Asked
from strict_tenant import Tenant, check, strict_tenant

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    with strict_tenant(tmp_path, "freshdesk") as tenant:
        yield tenant


def test_all_tickets_are_asked_for_and_not_those_of_the_last_month(tenant: Tenant) -> None:
    tenant.pull("tickets")
    first = tenant.asked("tickets")[0]
    assert first == {
        "updated_since": "1970-01-01T00:00:00Z",
        "order_by": "updated_at",
        "order_type": "asc",
        "include": "stats,requester,description",
        "per_page": "3",
    }


def test_each_page_of_tickets_begins_at_the_time_of_the_last_row_and_none_has_a_high_number(tenant: Tenant) -> None:
    tenant.pull("tickets")
    rows = tenant.vendor.records("tickets")
    asked = tenant.asked("tickets")
    # The last row of a page comes again on the next one.
    assert [query["updated_since"] for query in asked] == [
        "1970-01-01T00:00:00Z",
        *(rows[at]["updated_at"] for at in (2, 4)),
    ]
    assert all("page" not in query for query in asked)
    paging = SERVICE.paging_of(SERVICE.endpoint("tickets"), listing=True)
    assert isinstance(paging, SearchWindow) and paging.cap == 300 * 100
    check(tenant, "tickets")


def test_tickets_of_one_instant_are_paged_through_by_number(tenant: Tenant) -> None:
    for at in range(7):
        tenant.vendor.change("tickets", at)
    tenant.pull("tickets")
    pages = [(query["updated_since"], query.get("page")) for query in tenant.asked("tickets")]
    assert pages[-1] == ("2026-03-01T12:00:00Z", "3")
    check(tenant, "tickets")


@pytest.mark.parametrize("spam", [False, True])
def test_tickets_in_the_trash_and_spam_are_gone_with_the_next_pull(tenant: Tenant, spam: bool) -> None:
    tenant.pull("tickets")
    tenant.clock.now += HOUR
    gone = tenant.vendor.change("tickets", 2, spam=True) if spam else tenant.vendor.delete("tickets", 2)
    tenant.clock.now += 2 * MINUTE
    assert tenant.pull("tickets").kind == "changes"
    assert [query.get("filter") for query in tenant.asked("tickets")[-2:]] == ["deleted", "spam"]
    newest = {row["record_id"]: row["is_deleted"] for row in tenant.rows("tickets")}
    assert [record_id for record_id, is_deleted in newest.items() if is_deleted] == [str(gone["id"])]


def test_contacts_in_every_state_are_read_and_deleted_ones_are_gone(tenant: Tenant) -> None:
    tenant.pull("contacts")
    assert {query.get("state") for query in tenant.asked("contacts")} == {None, "unverified", "blocked", "deleted"}
    tenant.clock.now += HOUR
    gone = tenant.vendor.delete("contacts", 1)
    tenant.pull("contacts")
    assert tenant.asked("contacts")[-1] == {
        "_updated_since": "2026-02-27T12:48:00Z",
        "state": "deleted",
        "per_page": "3",
    }
    assert tenant.newest("contacts")[None, str(gone["id"])] is None


def test_time_is_asked_for_by_the_day_of_the_work_a_month_back_and_listed_daily(tenant: Tenant) -> None:
    tenant.pull("time_entries")
    assert "executed_after" not in tenant.asked("time_entries")[0]
    tenant.clock.now += HOUR
    tenant.vendor.change("time_entries", 1)
    assert tenant.pull("time_entries").kind == "changes"
    assert tenant.asked("time_entries")[-1]["executed_after"] == "2026-01-28T12:49:00Z"
    check(tenant, "time_entries")
    tenant.clock.now += DAY
    assert tenant.pull("time_entries").kind == "listing"


def test_a_small_list_that_is_not_paged_is_taken_as_it_comes(tenant: Tenant) -> None:
    answer = tenant.vendor.answer

    def whole(asked: Asked) -> Answer:
        found = answer(asked)
        if asked.path.endswith("/ticket_fields"):
            found.raw = b"[" + b",".join(b'{"id": %d}' % n for n in range(250)) + b"]"
            found.headers = {"Content-Type": "application/json"}
        return found

    tenant.vendor.answer = whole  # type: ignore[method-assign]
    tenant.pull("ticket_fields")
    assert len(tenant.rows("ticket_fields")) == 250 and tenant.receipt("ticket_fields").complete


def test_addresses_that_open_an_attachment_never_land(tenant: Tenant) -> None:
    tenant.pull("tickets")
    ticket = str(tenant.vendor.records("tickets")[0]["id"])
    tenant.vendor.rows.of(tenant.vendor.contract.tables["conversations"], (ticket,))
    file = {"name": "a.pdf", "attachment_url": "https://files.example/a?signature=s3cr3t"}
    tenant.vendor.change("conversations", 0, (ticket,), attachments=[file])
    tenant.pull("conversations")
    landed = [row["payload"] for row in tenant.rows("conversations")]
    assert sum("a.pdf" in payload for payload in landed) == 1
    assert not any("s3cr3t" in payload for payload in landed)


def test_what_is_included_costs_more_and_lists_are_counted_apart() -> None:
    tickets, contacts = SERVICE.endpoint("tickets"), SERVICE.endpoint("contacts")
    included = dict(tickets.params)["include"].split(",")
    assert tickets.cost == 1 + len(included)
    assert (tickets.limit_groups, contacts.limit_groups) == (("tickets",), ("contacts",))
    assert SERVICE.limits.groups == {"tickets", "contacts"}
