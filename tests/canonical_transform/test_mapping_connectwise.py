"""Our mappings of ConnectWise: every path exists in the vendor's document, and records become the right rows."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from avesa.canonical_transform.mapping import load_mapping, mapping_names
from avesa.canonical_transform.mapping_rules import FromPath, JsonPath, Where, leaves
from avesa.canonical_transform.mapping_sql import source_query

CONTRACT = json.loads((Path(__file__).parents[1] / "contracts" / "connectwise.json").read_bytes())
SCHEMAS: dict[str, Any] = CONTRACT["schemas"]

RECORD_OF = {
    endpoint["name"]: operation["answer"].strip("[]")
    for path in CONTRACT["paths"].values()
    for operation in path.values()
    for endpoint in operation["endpoints"]
}
CANONICAL_OF = {
    endpoint["name"]: endpoint["canonical"]
    for path in CONTRACT["paths"].values()
    for operation in path.values()
    for endpoint in operation["endpoints"]
}

MAPPED = [
    (table, endpoint, column, leaf)
    for table in mapping_names()
    for (service, endpoint), rules in load_mapping(table).sources.items()
    if service == "connectwise"
    for column, rule in rules.items()
    for leaf in leaves(rule)
]


def type_at(steps: tuple[str, ...], declared: Any) -> Any:
    """The declared type that a path leads to in the vendor's document. Fails where it does not exist."""
    for step in steps:
        if isinstance(declared, str) and declared.startswith("[") and step.isdigit():
            declared = declared[1:-1]
            continue
        fields = SCHEMAS[declared] if isinstance(declared, str) else declared
        assert step in fields, f"{step} is not a field of {declared}"
        declared = fields[step]
    return declared


def check_path(path: JsonPath, record: str) -> None:
    found = type_at(path.steps, record)
    if path.selector is not None:
        assert found.startswith("["), "a selector needs a list"
        element = found[1:-1]
        for name, _ in path.selector.fields if isinstance(path.selector, Where) else ():
            type_at(name, element)
        type_at(path.within, element)


@pytest.mark.parametrize(("table", "endpoint", "column", "leaf"), MAPPED, ids=[f"{t}.{c}" for t, _, c, _ in MAPPED])
def test_every_path_exists_in_the_vendors_document(table: str, endpoint: str, column: str, leaf: FromPath) -> None:
    assert CANONICAL_OF[endpoint] == table
    check_path(leaf.path, RECORD_OF[endpoint])


def row_of(table: str, record: dict[str, Any]) -> dict[str, Any]:
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.execute(
        """CREATE TABLE raw AS SELECT '1' AS record_id, NULL::VARCHAR AS parent_id, $payload AS payload,
        now() AS updated_at, false AS is_deleted, false AS is_partial, now() AS extracted_at, 'r' AS run_id,
        1::INTEGER AS page, NULL::VARCHAR AS problem, 'f' AS file, 0::BIGINT AS file_row_number""",
        {"payload": json.dumps(record)},
    )
    found = con.execute(source_query(load_mapping(table), "connectwise", table, "raw"))
    names = [column[0] for column in found.description or ()]
    [row] = found.fetchall()
    return dict(zip(names, row, strict=True))


def test_a_ticket_becomes_a_row() -> None:
    row = row_of(
        "tickets",
        {
            "id": 17,
            "summary": "Printer is on fire",
            "board": {"id": 1, "name": "Help Desk"},
            "status": {"id": 4, "name": "Waiting on Customer"},
            "priority": {"id": 2, "name": "Priority 2 - High", "level": "2"},
            "company": {"id": 250, "identifier": "ACME", "name": "Acme"},
            "contactName": "Ada Doe",
            "mergedParentTicket": {"id": 16, "summary": "Fire"},
            "requiredDate": "2024-02-01T17:00:00Z",
            "budgetHours": 1.5,
            "closedFlag": False,
            "billTime": "NoDefault",
            "escalationLevel": 2,
            "integratorTags": ["vip"],
            "customFields": [{"id": 1, "caption": "Root cause", "value": "heat"}],
            "_info": {"dateEntered": "2024-01-31T14:05:09Z", "enteredBy": "ada", "updatedBy": "bob"},
        },
    )
    assert row["ticket_number"] == "17"
    assert (row["status"], row["status_category"]) == ("Waiting on Customer", "waiting")
    assert (row["priority"], row["priority_level"]) == ("Priority 2 - High", 2)
    assert (row["company_id"], row["company_name"]) == ("250", "Acme")
    assert (row["contact_id"], row["contact_name"]) == (None, "Ada Doe")
    assert row["parent_ticket_id"] == "16"
    assert row["due_at"] == datetime(2024, 2, 1, 17, tzinfo=UTC)
    assert row["budget_hours"] == Decimal("1.5")
    assert (row["is_closed"], row["is_billable"], row["is_escalated"]) == (False, None, True)
    assert (row["created_at"], row["created_by"], row["updated_by"]) == (
        datetime(2024, 1, 31, 14, 5, 9, tzinfo=UTC),
        "ada",
        "bob",
    )
    assert json.loads(row["tags"]) == ["vip"]
    assert json.loads(row["custom_fields"])[0]["value"] == "heat"
    assert row["uncastable"] == []


@pytest.mark.parametrize(
    ("status", "closed", "category"),
    [
        ("New (email connector)", False, "new"),
        ("IN PROGRESS", False, "in_progress"),
        ("Re-Opened", False, "in_progress"),
        ("Waiting on Client", False, "waiting"),
        ("Completed", False, "resolved"),
        ("Completed", True, "closed"),
        (">Closed", True, "closed"),
        ("Anything of the tenant's own", True, "closed"),
        ("Anything of the tenant's own", False, None),
        (">Cancelled", True, "cancelled"),
        (None, None, None),
    ],
)
def test_a_tickets_status_has_a_category_where_it_is_known(
    status: str | None, closed: bool | None, category: str | None
) -> None:
    record = {"status": {"name": status}, "closedFlag": closed}
    assert row_of("tickets", record)["status_category"] == category


def test_a_time_entry_becomes_a_row() -> None:
    row = row_of(
        "time_entries",
        {
            "id": 5,
            "chargeToId": 17,
            "chargeToType": "ServiceTicket",
            "ticket": {"id": 17, "summary": "Printer"},
            "member": {"id": 3, "identifier": "bob", "name": "Bob"},
            "timeStart": "2024-01-31T23:00:00Z",
            "timeEnd": "2024-02-01T00:30:00Z",
            "actualHours": 1.5,
            "billableOption": "DoNotBill",
            "hourlyCost": "45.50",
            "status": "ApprovedByTierOne",
            "locationName": "Main Office",
            "enteredBy": "bob",
        },
    )
    assert (row["ticket_id"], row["user_id"], row["user_name"]) == ("17", "3", "Bob")
    assert row["work_date"] == date(2024, 1, 31)
    assert (row["hours"], row["cost_rate"]) == (Decimal("1.5"), Decimal("45.5"))
    assert (row["is_billable"], row["is_approved"]) == (False, True)
    assert (row["location"], row["created_by"]) == ("Main Office", "bob")


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"status": {"name": "Active"}, "types": [{"name": "Client"}]}, ("active", True, True)),
        ({"status": {"name": "Active"}, "types": [{"name": "Vendor"}, {"name": "Client"}]}, ("active", True, True)),
        ({"status": {"name": "Active"}, "types": [{"name": "Vendor"}]}, ("active", False, True)),
        ({"status": {"name": "Active"}, "types": [{"name": "Prospect"}]}, ("prospect", False, True)),
        ({"status": {"name": "Active"}, "types": [], "deletedFlag": True}, ("inactive", None, False)),
        ({"status": {"name": "Inactive"}, "deletedFlag": False}, ("inactive", None, False)),
        ({"status": {"name": "The tenant's own"}}, (None, None, None)),
    ],
)
def test_a_company_is_active_or_a_customer_where_that_is_known(record: Any, expected: tuple[Any, ...]) -> None:
    row = row_of("companies", record)
    assert (row["status_category"], row["is_customer"], row["is_active"]) == expected


def test_a_contacts_ways_to_be_reached_are_found_by_kind() -> None:
    row = row_of(
        "contacts",
        {
            "firstName": "Ada",
            "lastName": "Doe",
            "inactiveFlag": False,
            "defaultFlag": True,
            "defaultPhoneNbr": "1",
            "communicationItems": [
                {"type": {"name": "Old"}, "value": "old@a.example", "defaultFlag": False, "communicationType": "Email"},
                {"type": {"name": "Mail"}, "value": "ada@a.example", "defaultFlag": True, "communicationType": "Email"},
                {"type": {"name": "Direct"}, "value": "2", "defaultFlag": True, "communicationType": "Phone"},
                {"type": {"name": "Mobile"}, "value": "3", "defaultFlag": False, "communicationType": "Phone"},
            ],
        },
    )
    assert row["full_name"] == "Ada Doe"
    assert (row["email"], row["phone"], row["mobile"]) == ("ada@a.example", "2", "3")
    assert (row["is_primary"], row["is_active"]) == (True, True)


def test_a_contact_without_a_default_way_gives_the_first_of_its_kind() -> None:
    items = [{"value": "ada@a.example", "defaultFlag": False, "communicationType": "Email"}]
    row = row_of("contacts", {"communicationItems": items, "defaultPhoneNbr": "1", "lastName": "Doe"})
    assert (row["email"], row["phone"], row["mobile"], row["full_name"]) == ("ada@a.example", "1", None, "Doe")
