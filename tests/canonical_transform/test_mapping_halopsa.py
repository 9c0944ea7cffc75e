"""Our mappings of HaloPSA: records become the right rows, whatever Halo calls them, and ids that mean none are none."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row

FIELDS = [{"id": 1, "name": "CFCause", "value": "heat"}]


def row_of(table: str, endpoint: str, record: dict[str, Any]) -> dict[str, Any]:
    return mapped_row(table, "halopsa", endpoint, record)


def test_a_ticket_becomes_a_row() -> None:
    row = row_of(
        "tickets",
        "tickets",
        {
            "id": 2017,
            "summary": "Printer is on fire",
            "details": "It smells.",
            "status_id": 28,
            "status_name": "With User",
            "priority_id": 2,
            "tickettype_id": 1,
            "tickettype_name": "Incident",
            "category_1": "Hardware>Printer",
            "client_id": 12,
            "client_name": "Acme",
            "user_id": 40,
            "user_name": "Ada Doe",
            "agent_id": 3,
            "agent_name": "Bob",
            "team": "1st Line",
            "contract_id": -1,
            "parent_id": 0,
            "merged_into_id": 2016,
            "respondbydate": "2024-01-31T16:05:09.123",
            "fixbydate": "2024-02-01T17:00:00Z",
            "deadlinedate": None,
            "targetdate": "2024-02-02T17:00:00",
            "estimate": 1.5,
            "timetaken": 0.25,
            "hasbeenclosed": False,
            "datecreated": None,
            "dateoccurred": "2024-01-31T14:05:09",
            "ticket_tags": "vip",
            "customfields": FIELDS,
        },
    )
    assert (row["ticket_number"], row["description"]) == ("2017", "It smells.")
    assert (row["status"], row["status_category"], row["is_closed"]) == ("With User", "waiting", False)
    # What a number of a priority means is said by each agreement on service.
    assert (row["priority"], row["priority_level"]) == ("2", None)
    assert (row["type"], row["subtype"], row["team_name"]) == ("Incident", "Hardware>Printer", "1st Line")
    assert (row["company_id"], row["contact_id"], row["contact_name"]) == ("12", "40", "Ada Doe")
    assert (row["owner_id"], row["agreement_id"], row["parent_ticket_id"]) == ("3", None, "2016")
    # Times without a zone are UTC.
    assert row["response_due_at"] == datetime(2024, 1, 31, 16, 5, 9, 123000, UTC)
    assert row["resolution_due_at"] == datetime(2024, 2, 1, 17, tzinfo=UTC)
    assert (row["due_at"], row["created_at"]) == (
        datetime(2024, 2, 2, 17, tzinfo=UTC),
        datetime(2024, 1, 31, 14, 5, 9, tzinfo=UTC),
    )
    assert (row["budget_hours"], row["actual_hours"]) == (Decimal("1.5"), Decimal("0.25"))
    assert (json.loads(row["tags"]), json.loads(row["custom_fields"])) == (["vip"], FIELDS)


# Halo's guides: statuses are each instance's own list, to which it comes with suggestions. The names of those, and the
# three that every instance has by number, have a category; others have one by what the ticket's own flags say.
@pytest.mark.parametrize(
    ("fields", "category", "closed"),
    [
        ({"status_name": "IN PROGRESS", "status_id": 2, "hasbeenclosed": False}, "in_progress", False),
        ({"status_id": 1}, "new", None),
        ({"status_name": "Pending Approval", "status_id": 33}, "waiting", None),
        ({"status_name": "Resolved", "status_id": 8}, "resolved", None),
        ({"status_name": "Erledigt", "status_id": 9, "hasbeenclosed": True}, "closed", True),
        # Once closed and open again: whether it is closed is not told.
        ({"status_name": "The tenant's own", "status_id": 31, "hasbeenclosed": True}, None, None),
        ({"status_name": "The tenant's own", "status_id": 31, "onhold": True}, "waiting", None),
        ({"status_name": None, "status_id": None}, None, None),
    ],
)
def test_a_tickets_status_has_a_category_where_it_is_known(fields: Any, category: Any, closed: Any) -> None:
    row = row_of("tickets", "tickets", fields)
    assert (row["status_category"], row["is_closed"]) == (category, closed)


@pytest.mark.parametrize("hidden", [True, False])
def test_an_action_becomes_a_time_entry(hidden: bool) -> None:
    row = row_of(
        "time_entries",
        "actions",
        {
            "id": 3,
            "ticket_id": 2017,
            "who": "Bob",
            "who_agentid": 3,
            "datetime": "2024-02-01T00:31:00",
            "actionarrivaldate": "2024-01-31T23:00:00",
            "actioncompletiondate": "2024-02-01T00:30:00",
            "timetaken": 1.5,
            "actionchargehours": 1,
            "actisbillable": True,
            "chargerate": 4,
            "outcome": "Remote Session",
            "outcome_id": 22,
            "actioncontractid": 0,
            "action_contract_id": 9,
            "action_contract_ref": "MSA-9",
            "project_id": -1,
            "note": "Replaced it.",
            "hiddenfromuser": hidden,
        },
    )
    assert (row["ticket_id"], row["charge_to_id"], row["charge_to_type"]) == ("2017", "2017", "Ticket")
    assert (row["user_id"], row["user_name"], row["project_id"]) == ("3", "Bob", None)
    assert (row["work_date"], row["ended_at"]) == (date(2024, 1, 31), datetime(2024, 2, 1, 0, 30, tzinfo=UTC))
    assert (row["hours"], row["hours_billed"], row["is_billable"]) == (Decimal("1.5"), Decimal(1), True)
    assert (row["work_type_id"], row["work_type"], row["billable_option"]) == ("22", "Remote Session", "4")
    assert (row["agreement_id"], row["agreement_name"]) == ("9", "MSA-9")
    assert (row["notes"], row["internal_notes"]) == ((None, "Replaced it.") if hidden else ("Replaced it.", None))


def test_a_timesheet_event_becomes_a_time_entry() -> None:
    times = {"start_date": "2024-01-31T09:00:00", "end_date": "2024-01-31T09:45:00Z", "timetaken": 0.75}
    record = {"id": 8, "agent_id": 3, "ticket_id": 0, "client_id": 12, "customer": "Acme", "subject": "Call", **times}
    row = row_of("time_entries", "timesheet_events", {**record, "note": "", "contract_id": -1, "charge_rate": 0})
    assert (row["ticket_id"], row["company_id"], row["company_name"], row["user_id"]) == (None, "12", "Acme", "3")
    assert (row["hours"], row["work_date"], row["notes"]) == (Decimal("0.75"), date(2024, 1, 31), "Call")
    assert (row["ended_at"], row["agreement_id"]) == (datetime(2024, 1, 31, 9, 45, tzinfo=UTC), None)


@pytest.mark.parametrize(("number", "counts"), [(0, True), (-1, True), (None, True), (1, False), ("4", False)])
def test_work_that_is_an_action_and_stands_in_the_timesheet_too_counts_once(number: Any, counts: bool) -> None:
    event = {"id": 8, "ticket_id": 7, "action_number": number, "timetaken": 0.75}
    row = row_of("time_entries", "timesheet_events", event)
    assert (row["ticket_id"], row["hours"]) == ("7", Decimal("0.75") if counts else None)
    assert row_of("time_entries", "timesheet_events", {"id": 8, "timetaken": 0.75})["hours"] == Decimal("0.75")


@pytest.mark.parametrize(
    ("inactive", "expected"),
    [
        (False, ("Active", "active", True)),
        (True, ("Inactive", "inactive", False)),
        ("true", ("Inactive", "inactive", False)),
        (None, (None, None, None)),
    ],
)
def test_clients_and_suppliers_become_companies(inactive: Any, expected: tuple[Any, ...]) -> None:
    record = {"id": 12, "name": "Acme", "inactive": inactive, "datecreated": "2020-05-01T10:00:00"}
    owner = {"accountmanagertech": 3, "accountmanagertech_name": "Bob", "website": "acme.example"}
    row = row_of("companies", "clients", {**record, **owner, "accountsid": "A-1"})
    assert (row["status"], row["status_category"], row["is_active"]) == expected
    assert (row["owner_id"], row["owner_name"], row["identifier"]) == ("3", "Bob", "A-1")
    assert (row["is_customer"], row["is_vendor"]) == (None, None)
    row = row_of("companies", "suppliers", {**record, "phone_number": "1", "email_address": "s@acme.example"})
    assert (row["status"], row["status_category"], row["is_active"]) == expected
    assert (row["phone"], row["email"], row["is_customer"], row["is_vendor"]) == ("1", "s@acme.example", False, True)


def test_users_are_contacts_and_agents_are_users() -> None:
    user = {"id": 40, "name": "Ada Doe", "firstname": "Ada", "surname": "Doe", "client_id": 12, "client_name": "Acme"}
    row = row_of("contacts", "users", {**user, "phonenumber": "", "sitephonenumber": "2", "inactive": False})
    assert (row["full_name"], row["company_id"], row["phone"], row["is_active"]) == ("Ada Doe", "12", "2", True)
    agent = {"id": 3, "name": None, "firstname": "Bob", "surname": "Ray", "isdisabled": True, "linemanager": 0}
    row = row_of("users", "agents", {**agent, "email": "bob@msp.example", "lastlogindate": "2024-01-31T14:05:09.1"})
    assert (row["name"], row["email"], row["is_active"]) == ("Bob Ray", "bob@msp.example", False)
    assert (row["manager_id"], row["last_login_at"]) == (None, datetime(2024, 1, 31, 14, 5, 9, 100000, UTC))


@pytest.mark.parametrize(
    ("type_", "category"), [("Laptop", "workstation"), ("FIREWALL", "network"), ("Our own", None), (None, None)]
)
def test_an_asset_becomes_a_device(type_: str | None, category: str | None) -> None:
    record = {"id": 5, "inventory_number": "INV-5", "key_field": "", "assettype_name": type_, "assettype_id": 7}
    row = row_of("devices", "assets", {**record, "client_id": 12, "site_id": 18, "warranty_end": "2027-06-30T00:00:00"})
    assert (row["name"], row["asset_tag"], row["company_id"], row["site_id"]) == ("INV-5", "INV-5", "12", "18")
    assert (row["type"], row["type_category"], row["warranty_until"]) == (type_ or "7", category, date(2027, 6, 30))


@pytest.mark.parametrize(("recurring", "price", "cost"), [(True, 12, Decimal("4.5")), (False, 99, 60), (None, 99, 60)])
def test_an_item_has_the_price_of_its_kind(recurring: bool | None, price: Any, cost: Any) -> None:
    prices = {"baseprice": 99, "costprice": 60.0, "recurringprice": 12, "recurringcost": 4.5}
    record = {"id": 2, "name": "Backup", "isrecurringitem": recurring, "quantity_in_stock": -1, "created_by": 0}
    row = row_of("products", "items", {**record, **prices, "supplier_part_code": "S-1", "assetgroup_name": "Cloud"})
    assert (row["unit_price"], row["unit_cost"], row["is_recurring"]) == (price, cost, recurring)
    assert (row["identifier"], row["category"], row["quantity_on_hand"]) == ("S-1", "Cloud", -1)
    assert row["created_by"] is None


@pytest.mark.parametrize(
    ("fields", "category"),
    [
        ({"expired": True, "active": True, "contract_status": "Active"}, "ended"),
        ({"expired": False, "contract_status": "Draft", "active": True}, "draft"),
        ({"expired": False, "active": True}, "active"),
        ({"expired": False, "active": False, "contract_status": "Our own"}, None),
    ],
)
def test_a_contract_becomes_an_agreement(fields: dict[str, Any], category: str | None) -> None:
    dates = {"start_date": "2024-01-01T00:00:00", "end_date": "2024-12-31T23:59:59.997", "next_invoice_date": None}
    record = {"id": 9, "ref": "MSA-9", "client_id": 12, "contract_contact_id": 0, "user_id": 40, **dates}
    money = {"periodchargeamount": 500.5, "chargehoursperperiod": 10, "billingperiod": 3}
    row = row_of("agreements", "contracts", {**record, **fields, **money, "periodicinvoicenextdate": "2024-03-01"})
    assert (row["name"], row["number"], row["status_category"], row["contact_id"]) == ("MSA-9", "MSA-9", category, "40")
    assert (row["starts_on"], row["ends_on"], row["next_invoice_on"]) == (
        date(2024, 1, 1),
        date(2024, 12, 31),
        date(2024, 3, 1),
    )
    assert (row["amount"], row["included_hours"], row["billing_cycle"]) == (Decimal("500.5"), 10, "3")


@pytest.mark.parametrize(
    ("disabled", "status", "category"),
    # One that is not disabled may still have come to its end.
    [(True, "Disabled", "suspended"), (False, "Enabled", None), (None, None, None)],
)
def test_a_recurring_invoice_becomes_an_agreement(disabled: Any, status: Any, category: Any) -> None:
    record = {"id": 4, "name": "Monthly", "client_id": 12, "contract_id": 9, "total": 500, "disabled": disabled}
    row = row_of("agreements", "recurring_invoices", {**record, "nextcreationdate": "2024-03-01T00:00:00"})
    assert (row["status"], row["status_category"], row["parent_agreement_id"]) == (status, category, "9")
    assert (row["amount"], row["next_invoice_on"]) == (500, date(2024, 3, 1))


@pytest.mark.parametrize(
    ("fields", "category"),
    [
        ({"voided": True, "posted": True, "amountdue": 0}, "void"),
        ({"voided": False, "posted": False, "amountdue": 0}, "draft"),
        ({"voided": False, "posted": True, "amountdue": 0.0}, "paid"),
        ({"posted": True, "amountdue": 7.105427357601002e-15}, "paid"),
        ({"posted": True, "amountdue": 5.5}, "open"),
        ({"posted": True}, None),
        ({"amountdue": 5.5}, None),
    ],
)
def test_an_invoice_becomes_a_row(fields: dict[str, Any], category: str | None) -> None:
    record = {"id": 7, "invoicenumber": "", "thirdpartyinvoicenumber": "INV-7", "client_id": 12, "total": 119}
    row = row_of(
        "invoices", "invoices", {**record, **fields, "tax_total": 19.83, "invoice_date": "2024-01-31T00:00:00"}
    )
    assert (row["number"], row["status_category"], row["type"]) == ("INV-7", category, None)
    assert (row["total"], row["tax"], row["issued_on"]) == (119, Decimal("19.83"), date(2024, 1, 31))


def test_opportunities_and_projects_are_tickets_of_another_kind() -> None:
    record = {"id": 30, "summary": "New office", "client_id": 1, "agent_id": 3, "user_id": 0, "status_id": 9}
    more = {"oppvalue": 1200, "oppconversionprobability": 75, "oppcompanyname": "Prospect Ltd", "pipeline_stage_id": 2}
    row = row_of("opportunities", "opportunities", {**record, **more, "targetdate": "2024-06-01T00:00:00"})
    assert (row["name"], row["number"], row["stage"], row["owner_id"]) == ("New office", "30", "2", "3")
    # Closed is neither won nor lost.
    assert (row["status"], row["status_category"], row["contact_id"]) == ("9", None, None)
    assert (row["company_name"], row["amount"], row["probability"]) == ("Prospect Ltd", 1200, 75)
    times = {"startdate": "2024-01-31T00:00:00", "dateclosed": "2024-03-01T10:00:00"}
    hours = {"projecttimebudget": None, "estimate": 80, "projecttimeactual": 12.25, "projectmoneybudget": 5000}
    row = row_of("projects", "projects", {**record, **times, **hours})
    assert (row["status_category"], row["manager_id"], row["contact_id"]) == ("completed", "3", None)
    assert (row["starts_on"], row["actual_ends_on"]) == (date(2024, 1, 31), date(2024, 3, 1))
    assert (row["budget_hours"], row["actual_hours"], row["budget_amount"]) == (80, Decimal("12.25"), 5000)


@pytest.mark.parametrize(
    ("completed", "category", "at"),
    [
        ("2024-02-01T09:30:00", "done", datetime(2024, 2, 1, 9, 30, tzinfo=UTC)),
        ("0001-01-01T00:00:00", "open", None),
        (None, None, None),
    ],
)
def test_an_appointment_becomes_a_task(completed: str | None, category: str | None, at: datetime | None) -> None:
    record = {"id": 6, "subject": "Visit", "agent_id": 3, "agent_name": "Bob", "ticket_id": -1, "client_id": 12}
    row = row_of("tasks", "appointments", {**record, "complete_date": completed, "start_date": "2024-02-01T09:00:00"})
    assert (row["status_category"], row["completed_at"]) == (category, at)
    assert (row["name"], row["owner_id"], row["owner_name"], row["ticket_id"]) == ("Visit", "3", "Bob", None)
