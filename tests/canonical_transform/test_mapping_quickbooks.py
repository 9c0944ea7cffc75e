"""Our mappings of QuickBooks Online: records become the right rows."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row

META = {"CreateTime": "2026-05-05T05:16:48-07:00", "LastUpdatedTime": "2026-05-06T05:16:48-07:00"}
CREATED = datetime(2026, 5, 5, 12, 16, 48, tzinfo=UTC)


def row_of(table: str, endpoint: str, record: dict[str, Any]) -> dict[str, Any]:
    return mapped_row(table, "quickbooks", endpoint, {"MetaData": META, **record})


def test_a_customer_becomes_a_company() -> None:
    row = row_of(
        "companies",
        "customers",
        {
            "Id": "67",
            "DisplayName": "Acme:Oakland",
            "CompanyName": "Acme Ltd",
            "Active": True,
            "Job": True,
            "ParentRef": {"value": "66"},
            "BillAddr": {
                "Line1": "2 Dock Rd",
                "City": "Oakland",
                "CountrySubDivisionCode": "CA",
                "PostalCode": "94601",
                "Lat": "INVALID",
            },
            "PrimaryPhone": {"FreeFormNumber": "(510) 555-0100"},
            "PrimaryEmailAddr": {"Address": "office@acme.example"},
            "WebAddr": {"URI": "https://acme.example"},
            "CurrencyRef": {"value": "USD", "name": "United States Dollar"},
            "PrimaryTaxIdentifier": "XXXXX6789",
        },
    )
    assert (row["name"], row["parent_company_id"]) == ("Acme:Oakland", "66")
    assert (row["status_category"], row["is_active"]) == ("active", True)
    assert (row["is_customer"], row["is_vendor"]) == (True, None)
    assert (row["address_line1"], row["city"], row["state"], row["postal_code"], row["country"]) == (
        "2 Dock Rd",
        "Oakland",
        "CA",
        "94601",
        None,
    )
    assert (row["phone"], row["email"], row["website"]) == (
        "(510) 555-0100",
        "office@acme.example",
        "https://acme.example",
    )
    assert (row["currency"], row["tax_number"], row["created_at"]) == ("USD", "XXXXX6789", CREATED)


def test_a_customer_who_was_made_inactive_is_so() -> None:
    row = row_of("companies", "customers", {"Id": "1", "DisplayName": "Old (deleted)", "Active": False})
    assert (row["status_category"], row["is_active"]) == ("inactive", False)


INVOICE = {
    "Id": "130",
    "DocNumber": "1037",
    "TxnDate": "2026-05-01",
    "DueDate": "2026-05-31",
    "CustomerRef": {"value": "67", "name": "Acme:Oakland"},
    "CurrencyRef": {"value": "EUR", "name": "Euro"},
    "ExchangeRate": 1.08,
    "Line": [
        {"Id": "1", "Amount": 200, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"Qty": 2}},
        {"Amount": 200, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}},
        {"Amount": 20, "DetailType": "DiscountLineDetail", "DiscountLineDetail": {"PercentBased": True}},
    ],
    "TxnTaxDetail": {"TotalTax": 14.4},
    "TotalAmt": 194.4,
    "Balance": 94.4,
    "CustomField": [{"DefinitionId": "1", "Name": "PO", "Type": "StringType", "StringValue": "7"}],
}


def test_an_invoice_becomes_a_row() -> None:
    row = row_of("invoices", "invoices", INVOICE)
    assert (row["number"], row["type"], row["status"], row["status_category"]) == ("1037", "invoice", None, "open")
    assert (row["company_id"], row["company_name"]) == ("67", "Acme:Oakland")
    assert (row["issued_on"], row["due_on"]) == (date(2026, 5, 1), date(2026, 5, 31))
    money = [row[name] for name in ("subtotal", "discount", "tax", "total", "balance")]
    assert money == [200, 20, Decimal("14.4"), Decimal("194.4"), Decimal("94.4")]
    assert (row["currency"], row["exchange_rate"]) == ("EUR", Decimal("1.08"))
    assert len(json.loads(row["line_items"])) == 3
    assert json.loads(row["custom_fields"])[0]["StringValue"] == "7"
    assert row["created_at"] == CREATED


@pytest.mark.parametrize(
    ("fields", "category"),
    [
        ({"TotalAmt": 194.4, "Balance": 0}, "paid"),
        ({"TotalAmt": 194.4, "Balance": 0.0}, "paid"),
        ({"TotalAmt": 194.4, "Balance": 7.105427357601002e-15}, "paid"),
        ({"TotalAmt": 194.4, "Balance": -2.842170943040401e-14}, "paid"),
        ({"TotalAmt": 0, "Balance": 0, "PrivateNote": "Voided"}, "void"),
        ({"TotalAmt": 5.684341886080802e-14, "Balance": 0, "PrivateNote": "Voided"}, "void"),
        ({"TotalAmt": 5, "Balance": 5, "PrivateNote": "Voided"}, "open"),
        ({"TotalAmt": 194.4, "Balance": None}, None),
    ],
)
def test_what_is_left_to_pay_tells_the_state_of_an_invoice(fields: dict[str, Any], category: str | None) -> None:
    assert row_of("invoices", "invoices", {**INVOICE, **fields})["status_category"] == category


def test_an_item_becomes_a_product() -> None:
    row = row_of(
        "products",
        "items",
        {
            "Id": "11",
            "Name": "Pump",
            "Sku": "P-461",
            "Description": "Fountain pump",
            "Type": "Inventory",
            "ParentRef": {"value": "9", "name": "Hardware"},
            "PrefVendorRef": {"value": "3", "name": "Norton"},
            "UnitPrice": 15,
            "PurchaseCost": 10.5,
            "Taxable": True,
            "Active": False,
            "QtyOnHand": 25,
        },
    )
    assert (row["name"], row["identifier"], row["description"]) == ("Pump", "P-461", "Fountain pump")
    assert (row["type"], row["category"], row["vendor_name"]) == ("Inventory", "Hardware", "Norton")
    assert (row["unit_price"], row["unit_cost"], row["quantity_on_hand"]) == (15, Decimal("10.5"), 25)
    assert (row["is_taxable"], row["is_active"], row["currency"]) == (True, False, None)


def test_an_employee_becomes_a_user() -> None:
    row = row_of(
        "users",
        "employees",
        {
            "Id": "98",
            "DisplayName": "Ada Doe",
            "GivenName": "Ada",
            "FamilyName": "Doe",
            "Title": "Dr.",
            "PrimaryEmailAddr": {"Address": "ada@x.example"},
            "Mobile": {"FreeFormNumber": "3"},
            "HiredDate": "2020-01-15",
            "ReleasedDate": "2026-03-31",
            "Active": False,
        },
    )
    assert (row["name"], row["first_name"], row["last_name"]) == ("Ada Doe", "Ada", "Doe")
    assert (row["email"], row["phone"], row["is_active"]) == ("ada@x.example", "3", False)
    assert (row["hire_date"], row["termination_date"]) == (date(2020, 1, 15), date(2026, 3, 31))
    # A title is how a person is addressed, not what the person does.
    assert row["title"] is None


TIME = {
    "Id": "5",
    "TxnDate": "2026-05-01",
    "NameOf": "Employee",
    "EmployeeRef": {"value": "98", "name": "Ada Doe"},
    "CustomerRef": {"value": "67", "name": "Acme:Oakland"},
    "ItemRef": {"value": "2", "name": "Hours"},
    "DepartmentRef": {"value": "1", "name": "Oakland office"},
    "ClassRef": {"value": "4", "name": "Service"},
    "BillableStatus": "Billable",
    "HourlyRate": 95.5,
    "CostRate": "40",
    "Description": "Set up the pump",
}


def test_a_time_activity_becomes_a_time_entry() -> None:
    row = row_of("time_entries", "time_activities", {**TIME, "Hours": 3, "Minutes": 45, "BreakMinutes": 30})
    assert (row["user_id"], row["user_name"]) == ("98", "Ada Doe")
    assert (row["company_id"], row["company_name"]) == ("67", "Acme:Oakland")
    assert (row["work_date"], row["hours"], row["hours_deducted"]) == (
        date(2026, 5, 1),
        Decimal("3.75"),
        Decimal("0.5"),
    )
    assert (row["hourly_rate"], row["cost_rate"]) == (Decimal("95.5"), 40)
    assert (row["work_type_id"], row["work_type"]) == ("2", "Hours")
    assert (row["location"], row["business_unit"], row["notes"]) == ("Oakland office", "Service", "Set up the pump")
    assert (row["billable_option"], row["is_billable"]) == ("Billable", True)


def test_a_time_activity_may_have_a_beginning_and_an_end_instead_of_hours() -> None:
    times = {"StartTime": "2026-05-01T08:00:00-07:00", "EndTime": "2026-05-01T17:00:00-07:00"}
    row = row_of("time_entries", "time_activities", {**TIME, **times, "BillableStatus": "NotBillable"})
    assert row["started_at"] == datetime(2026, 5, 1, 15, tzinfo=UTC)
    assert row["ended_at"] == datetime(2026, 5, 2, 0, tzinfo=UTC)
    assert (row["hours"], row["hours_deducted"], row["is_billable"]) == (None, None, False)


def test_time_of_a_vendor_is_of_no_user() -> None:
    record = {"NameOf": "Vendor", "VendorRef": {"value": "30", "name": "Contractor"}, "Hours": 0, "Minutes": 0}
    row = row_of("time_entries", "time_activities", record)
    assert (row["user_id"], row["user_name"], row["hours"]) == (None, "Contractor", 0)
