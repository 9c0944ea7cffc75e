"""Our mappings of ServiceNow: every value is a text, an empty one is null, and references have two shapes."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row

AUDIT = {"sys_created_on": "2024-01-31 14:05:09", "sys_created_by": "ada", "sys_updated_by": "bob"}
CREATED = datetime(2024, 1, 31, 14, 5, 9, tzinfo=UTC)


def ref(id_: str, table: str = "sys_user") -> dict[str, str]:
    return {"link": f"https://example.service-now.com/api/now/table/{table}/{id_}", "value": id_}


def row_of(table: str, endpoint: str, record: dict[str, Any]) -> dict[str, Any]:
    row = mapped_row(table, "servicenow", endpoint, {**AUDIT, **record})
    assert (row["created_at"], row["created_by"], row["updated_by"]) == (CREATED, "ada", "bob")
    return row


def part(row: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in expected}


INCIDENT = {
    "number": "INC0010001",
    "short_description": "Mail is down",
    "description": "",
    "state": "3",
    "active": "true",
    "priority": "1",
    "impact": "2",
    "category": "software",
    "subcategory": "email",
    "contact_type": "phone",
    "caller_id": ref("u1"),
    "company": ref("c1", "core_company"),
    "assignment_group": ref("g1"),
    "assigned_to": "",
    "cmdb_ci": "ci1",
    "parent_incident": "",
    "parent": ref("t0"),
    "sla_due": "",
    "due_date": "2024-02-01 17:00:00",
    "resolved_at": "",
    "escalation": "0",
    "time_worked": "1970-01-02 01:30:00",
}


def test_an_incident_becomes_a_ticket() -> None:
    row = row_of("tickets", "incidents", INCIDENT)
    expected = {
        "ticket_number": "INC0010001",
        "summary": "Mail is down",
        "description": None,
        "status": "3",
        "status_category": "waiting",
        "priority_level": 1,
        "impact": "2",
        "type": "software",
        "subtype": "email",
        "channel": "phone",
        "contact_id": "u1",
        "company_id": "c1",
        "team_id": "g1",
        "owner_id": None,
        "device_id": "ci1",
        "parent_ticket_id": "t0",
        "resolution_due_at": None,
        "due_at": datetime(2024, 2, 1, 17, tzinfo=UTC),
        "resolved_at": None,
        "is_closed": False,
        "is_escalated": False,
        "actual_hours": Decimal("25.5"),
    }
    assert part(row, expected) == expected


# Where the words are ServiceNow's own: the task table's states (pending, open, work in progress, closed complete,
# incomplete, skipped), those of problems since Madrid, and the request states of the service catalog.
@pytest.mark.parametrize(
    ("endpoint", "record", "category"),
    [
        ("incidents", {"state": "1", "active": "true"}, "new"),
        ("incidents", {"state": "6", "active": "true"}, "resolved"),
        ("incidents", {"state": "8", "active": "false"}, "cancelled"),
        ("incidents", {"state": "99", "active": "false"}, "closed"),
        ("incidents", {"state": "99", "active": "true"}, None),
        ("change_requests", {"state": "-1", "active": "true"}, "in_progress"),
        ("change_requests", {"state": "-1", "active": "true", "on_hold": "true"}, "waiting"),
        ("change_requests", {"state": "4", "active": "false", "on_hold": "true"}, "cancelled"),
        ("problems", {"state": "104"}, "in_progress"),
        ("problems", {"state": "1", "active": "true"}, None),
        ("catalog_requests", {"request_state": "closed_cancelled", "state": "3"}, "cancelled"),
        ("catalog_requests", {"request_state": "requested", "state": "3"}, "new"),
        ("catalog_requests", {"request_state": "", "state": "2"}, "in_progress"),
        ("requested_items", {"state": "-5"}, "waiting"),
        ("requested_items", {"state": "", "active": ""}, None),
    ],
)
def test_the_same_number_of_a_state_means_another_thing_in_each_table(
    endpoint: str, record: dict[str, str], category: str | None
) -> None:
    assert row_of("tickets", endpoint, record)["status_category"] == category


def test_people_who_ask_and_parents_have_other_names_in_other_tables() -> None:
    change = row_of(
        "tickets", "change_requests", {"requested_by": ref("u2"), "type": "normal", "end_date": "2024-03-01 08:00:00"}
    )
    assert (change["contact_id"], change["type"], change["due_at"]) == (
        "u2",
        "normal",
        datetime(2024, 3, 1, 8, tzinfo=UTC),
    )
    problem = row_of("tickets", "problems", {"resolved_at": "2024-03-01 08:00:00", "contract": ref("k1")})
    assert (problem["contact_id"], problem["agreement_id"]) == (None, "k1")
    assert problem["resolved_at"] == datetime(2024, 3, 1, 8, tzinfo=UTC)
    request = row_of(
        "tickets", "catalog_requests", {"requested_for": ref("u3"), "requested_date": "2024-03-02 08:00:00"}
    )
    assert (request["contact_id"], request["due_at"]) == ("u3", datetime(2024, 3, 2, 8, tzinfo=UTC))
    item = row_of("tickets", "requested_items", {"request": ref("r1"), "parent": ref("x"), "billable": "true"})
    assert (item["parent_ticket_id"], item["is_billable"]) == ("r1", True)


def test_tasks_lead_to_their_ticket() -> None:
    change = row_of(
        "tasks",
        "change_tasks",
        {
            "short_description": "Stop the service",
            "state": "2",
            "change_request": ref("chg1"),
            "change_task_type": "implementation",
            "planned_start_date": "2024-02-01 08:00:00",
            "planned_end_date": "2024-02-01 09:00:00",
            "due_date": "",
            "order": "10",
            "assigned_to": ref("u1"),
        },
    )
    assert (change["name"], change["status_category"], change["type"]) == (
        "Stop the service",
        "in_progress",
        "implementation",
    )
    assert (change["ticket_id"], change["owner_id"], change["position"]) == ("chg1", "u1", 10)
    assert change["starts_at"] == datetime(2024, 2, 1, 8, tzinfo=UTC)
    assert change["due_at"] == datetime(2024, 2, 1, 9, tzinfo=UTC)
    catalog = row_of("tasks", "catalog_tasks", {"parent": ref("ritm1"), "request": ref("req1"), "state": "7"})
    assert (catalog["ticket_id"], catalog["status_category"]) == ("ritm1", "cancelled")
    assert row_of("tasks", "catalog_tasks", {"parent": "", "request": ref("req1")})["ticket_id"] == "req1"


def test_companies_and_accounts_become_companies() -> None:
    record = {
        "name": "Acme",
        "street": "1 Road",
        "zip": "00100",
        "parent": ref("c0", "core_company"),
        "num_employees": "12",
        "revenue_per_year": "1000.50",
        "customer": "true",
        "vendor": "false",
        "website": "",
    }
    row = row_of("companies", "companies", record)
    assert (row["name"], row["address_line1"], row["postal_code"], row["website"]) == ("Acme", "1 Road", "00100", None)
    assert (row["parent_company_id"], row["employee_count"], row["annual_revenue"]) == ("c0", 12, Decimal("1000.5"))
    assert (row["is_customer"], row["is_vendor"]) == (True, False)
    account = row_of("companies", "accounts", {**record, "number": "ACCT1", "account_code": "x", "vendor": ref("v")})
    assert (account["identifier"], account["is_vendor"]) == ("ACCT1", None)
    assert row_of("companies", "accounts", {**record, "number": "", "account_code": "x"})["identifier"] == "x"


def test_contacts_and_users_become_people() -> None:
    contact = row_of(
        "contacts",
        "contacts",
        {
            "name": "Ada Doe",
            "account": "",
            "company": ref("c1"),
            "phone": "",
            "home_phone": "1",
            "mobile_phone": "2",
            "active": "false",
        },
    )
    assert (contact["full_name"], contact["company_id"], contact["is_active"]) == ("Ada Doe", "c1", False)
    assert (contact["phone"], contact["mobile"]) == ("1", "2")
    user = row_of(
        "users",
        "users",
        {
            "name": "Ada Doe",
            "user_name": "ada",
            "manager": ref("u0"),
            "active": "true",
            "enable_multifactor_authn": "false",
            "last_login_time": "2024-01-31 08:00:00",
            "roles": "",
            "phone": "",
            "mobile_phone": "2",
        },
    )
    assert (user["username"], user["manager_id"], user["role"], user["phone"]) == ("ada", "u0", None, "2")
    assert (user["is_active"], user["mfa_enabled"]) == (True, False)
    assert user["last_login_at"] == datetime(2024, 1, 31, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "approved"), [("Approved", True), ("Processed", True), ("Submitted", False), ("Odd", None), ("", None)]
)
def test_a_time_card_is_one_weeks_work_on_a_task(state: str, approved: bool | None) -> None:
    row = row_of(
        "time_entries",
        "time_cards",
        {"task": ref("t1"), "user": ref("u1"), "week_starts_on": "2024-01-28", "total": "7.5", "state": state},
    )
    assert (row["ticket_id"], row["charge_to_id"], row["user_id"]) == ("t1", "t1", "u1")
    assert (row["work_date"], row["hours"], row["is_approved"]) == (date(2024, 1, 28), Decimal("7.5"), approved)


@pytest.mark.parametrize(
    ("kind", "category"),
    [("cmdb_ci_linux_server", "server"), ("cmdb_ci_computer", "workstation"), ("cmdb_ci_service", None), ("", None)],
)
def test_a_configuration_item_is_known_by_its_class(kind: str, category: str | None) -> None:
    row = row_of(
        "devices",
        "configuration_items",
        {
            "name": "srv1",
            "sys_class_name": kind,
            "mac_address": "",
            "ip_address": "10.0.0.1",
            "assigned_to": ref("u1"),
            "location": ref("l1"),
            "last_discovered": "2024-01-31 08:00:00",
            "purchase_date": "2023-05-01",
        },
    )
    assert (row["type"], row["type_category"]) == (kind or None, category)
    assert (row["mac_addresses"], json.loads(row["ip_addresses"])) == (None, ["10.0.0.1"])
    assert (row["user_id"], row["site_id"], row["purchased_at"]) == ("u1", "l1", date(2023, 5, 1))
    assert row["last_seen_at"] == datetime(2024, 1, 31, 8, tzinfo=UTC)


def test_assets_contracts_catalogue_items_and_projects_become_rows() -> None:
    asset = row_of(
        "devices", "assets", {"display_name": "P1 - Laptop", "asset_tag": "P1", "warranty_expiration": "2026-01-01"}
    )
    assert (asset["name"], asset["asset_tag"], asset["warranty_until"]) == ("P1 - Laptop", "P1", date(2026, 1, 1))
    contract = row_of(
        "agreements",
        "contracts",
        {
            "number": "CNTR1",
            "state": "expired",
            "starts": "2024-01-01",
            "ends": "",
            "payment_amount": "99.90",
            "parent": ref("k0"),
        },
    )
    assert (contract["number"], contract["status_category"], contract["parent_agreement_id"]) == (
        "CNTR1",
        "ended",
        "k0",
    )
    assert (contract["starts_on"], contract["ends_on"], contract["amount"]) == (date(2024, 1, 1), None, Decimal("99.9"))
    item = row_of(
        "products",
        "catalog_items",
        {"name": "Laptop", "description": "", "short_description": "14 inch", "price": "1200", "active": "true"},
    )
    assert (item["description"], item["unit_price"], item["is_active"]) == ("14 inch", 1200, True)
    project = row_of(
        "projects",
        "projects",
        {
            "short_description": "Move",
            "state": "-5",
            "project_manager": ref("u1"),
            "start_date": "2024-02-01 08:00:00",
            "work_start": "",
            "budget_cost": "5000",
            "percent_complete": "12.5",
        },
    )
    assert (project["name"], project["status_category"], project["manager_id"]) == ("Move", "planned", "u1")
    assert (project["starts_on"], project["actual_starts_on"]) == (date(2024, 2, 1), None)
    assert (project["budget_amount"], project["percent_complete"]) == (5000, Decimal("12.5"))
