"""Our mappings of NinjaOne: records become the right rows."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, endpoint: str, parent_id: str | None = None, **record: Any) -> dict[str, Any]:
    return mapped_row(table, "ninjaone", endpoint, record, parent_id)


DEVICE = {
    "id": 17,
    "organizationId": 5,
    "locationId": 8,
    "nodeClass": "WINDOWS_SERVER",
    "approvalStatus": "APPROVED",
    "displayName": None,
    "systemName": "DC01",
    "offline": False,
    "lastContact": 1762274460.40222,
    "created": 1700000000.0,
    "ipAddresses": ["10.0.0.5"],
    "macAddresses": ["00:11:22:33:44:55"],
    "tags": ["core"],
    "userData": {"rack": "A1"},
    "references": {
        "organization": {"id": 5, "name": "Acme"},
        "location": {"id": 8, "name": "HQ", "address": "1 Main St"},
        "warranty": {"startDate": 1600000000.0, "endDate": 1790000000.0},
    },
}


def test_a_device_becomes_a_row() -> None:
    row = row_of("devices", "devices", **DEVICE)
    assert (row["name"], row["type"], row["type_category"]) == ("DC01", "WINDOWS_SERVER", "server")
    assert (row["company_id"], row["company_name"], row["site_id"], row["site_name"]) == ("5", "Acme", "8", "HQ")
    assert (row["is_online"], row["warranty_until"]) == (True, date(2026, 9, 21))
    assert row["last_seen_at"] == datetime(2025, 11, 4, 16, 41, 0, 402220, tzinfo=UTC)
    assert (json.loads(row["mac_addresses"]), json.loads(row["custom_fields"])) == (
        ["00:11:22:33:44:55"],
        {"rack": "A1"},
    )


@pytest.mark.parametrize(
    ("node_class", "category"),
    [
        ("MAC", "workstation"),
        ("APPLE_IPADOS", "mobile"),
        ("HYPERV_VMM_GUEST", "virtual"),
        ("NMS_FIREWALL", "network"),
        ("CLOUD_MONITOR_TARGET", "cloud"),
        ("UNMANAGED_DEVICE", None),  # it may be anything
        ("QUANTUM_NODE", None),
    ],
)
def test_the_class_of_a_device_says_what_it_is(node_class: str, category: str | None) -> None:
    assert row_of("devices", "devices", **{**DEVICE, "nodeClass": node_class})["type_category"] == category


def test_an_organization_a_contact_and_a_user_become_rows() -> None:
    assert row_of("companies", "organizations", id=5, name="Acme", userData={})["name"] == "Acme"
    contact = row_of(
        "contacts", "contacts", id=1, organizationId=5, firstName="Ada", lastName="Lovelace", email="a@b.c"
    )
    assert (contact["company_id"], contact["full_name"], contact["email"]) == ("5", "Ada Lovelace", "a@b.c")
    user = {"id": 2, "firstName": "Joe", "lastName": "Smith", "email": "j@x.y", "enabled": True, "administrator": False}
    row = row_of("users", "users", **user, mfaConfigured=True, roles=["Helpdesk"], userType="TECHNICIAN")
    assert (row["name"], row["role"], row["is_active"], row["mfa_enabled"]) == ("Joe Smith", "Helpdesk", True, True)
    assert row_of("users", "users", **user, userType="END_USER")["role"] == "END_USER"


TICKET = {
    "id": 1001,
    "summary": "Printer on fire",
    "status": {"name": "WAITING", "displayName": "Waiting for parts", "statusId": 3001, "parentId": 3000},
    "priority": "HIGH",
    "organization": "Acme",
    "requester": "Ada Lovelace",
    "assignedAppUser": "Joe Smith",
    "createTime": 1762274460.40222,
    "solvedTime": None,
    "totalTimeTracked": 5400,
}


def test_a_ticket_becomes_a_row() -> None:
    row = row_of("tickets", "tickets", **TICKET)
    assert (row["ticket_number"], row["status"], row["status_category"]) == ("1001", "Waiting for parts", "waiting")
    assert (row["priority"], row["priority_level"], row["is_closed"]) == ("HIGH", 2, False)
    assert (row["company_name"], row["owner_name"], row["actual_hours"]) == ("Acme", "Joe Smith", 1.5)
    assert (row["resolved_at"], row["created_at"].year) == (None, 2025)


def test_a_status_of_the_tenants_own_and_no_priority_are_not_guessed() -> None:
    row = row_of("tickets", "tickets", **{**TICKET, "status": {"displayName": "On the bench"}, "priority": "NONE"})
    assert (row["status"], row["status_category"], row["is_closed"]) == ("On the bench", None, None)
    assert (row["priority"], row["priority_level"]) == ("NONE", None)


ENTRY = {
    "id": 9,
    "type": "COMMENT",
    "appUserContactId": 2,
    "appUserContactType": "TECHNICIAN",
    "createTime": 1762274460.4,
    "publicEntry": False,
    "body": "Replaced the fuser",
    "timeTracked": 1800,
    "ticketTimeEntry": {
        "startDate": 1762272660,
        "timeTracked": 1800,
        "inHours": {"billing": "BILLABLE", "billingStatus": "PENDING", "agreement": {"id": 4, "name": "Gold"}},
    },
}


def test_a_log_entry_with_time_becomes_a_time_entry_of_its_ticket() -> None:
    row = row_of("time_entries", "ticket_log_entries", "1001", **ENTRY)
    assert (row["ticket_id"], row["user_id"], row["hours"], row["is_billable"]) == ("1001", "2", 0.5, True)
    assert (row["started_at"], row["work_date"]) == (datetime(2025, 11, 4, 16, 11, tzinfo=UTC), date(2025, 11, 4))
    assert (row["agreement_name"], row["internal_notes"], row["notes"]) == ("Gold", "Replaced the fuser", None)


def test_a_reply_of_the_requester_is_nobodys_work() -> None:
    reply = {
        **ENTRY,
        "appUserContactType": "CONTACT",
        "timeTracked": None,
        "ticketTimeEntry": None,
        "publicEntry": True,
    }
    row = row_of("time_entries", "ticket_log_entries", "1001", **reply)
    assert (row["user_id"], row["hours"], row["notes"]) == (None, None, "Replaced the fuser")
