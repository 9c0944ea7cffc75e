"""Our mappings of IT Glue: records become the right rows."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, endpoint: str, **attributes: Any) -> dict[str, Any]:
    return mapped_row(table, "itglue", endpoint, {"id": "2", "type": endpoint, "attributes": attributes})


ORGANIZATION = {
    "name": "Happy Frog",
    "short-name": "happy",
    "organization-type-name": "Customer",
    "organization-status-name": "Active",
    "parent-id": "1",
    "created-at": "2016-09-14T17:02:44.000Z",
}


def test_an_organization_becomes_a_company() -> None:
    row = row_of("companies", "organizations", **ORGANIZATION)
    assert (row["name"], row["identifier"], row["parent_company_id"]) == ("Happy Frog", "happy", "1")
    assert (row["status_category"], row["is_customer"], row["is_vendor"]) == ("active", True, False)
    assert row["created_at"] == datetime(2016, 9, 14, 17, 2, 44, tzinfo=UTC)


def test_a_status_and_a_type_of_the_tenants_own_are_not_guessed() -> None:
    own = {"organization-status-name": "On hold", "organization-type-name": "Friends"}
    row = row_of("companies", "organizations", **{**ORGANIZATION, **own})
    assert (row["status"], row["status_category"], row["is_active"]) == ("On hold", None, None)
    assert (row["type"], row["is_customer"], row["is_vendor"]) == ("Friends", None, None)


def test_a_contact_has_its_primary_address_and_its_cell_phone() -> None:
    row = row_of(
        "contacts",
        "contacts",
        **{
            "organization-id": 2,
            "organization-name": "Happy Frog",
            "first-name": "Robert",
            "last-name": "Storts",
            "contact-emails": [
                {"value": "home@x.y", "primary": False, "label-name": "Home"},
                {"value": "work@x.y", "primary": True, "label-name": "Work"},
            ],
            "contact-phones": [{"value": "8134890123", "primary": False, "label-name": "Cell"}],
        },
    )
    assert (row["company_id"], row["full_name"], row["email"]) == ("2", "Robert Storts", "work@x.y")
    assert (row["phone"], row["mobile"]) == ("8134890123", "8134890123")


CONFIGURATION = {
    "organization-id": 2,
    "organization-name": "Happy Frog",
    "name": "HF-SF-CJ452JK",
    "configuration-type-name": "Managed Server",
    "configuration-type-kind": "server",
    "configuration-status-name": "Active",
    "manufacturer-name": "Dell",
    "model-name": "R740",
    "serial-number": "C03R3LT7THV8",
    "asset-tag": "BP6549",
    "primary-ip": "10.10.2.231",
    "mac-address": None,
    "warranty-expires-at": "2018-05-05",
    "resource-url": "https://mycompany.itglue.com/2/configurations/455",
}


def test_a_configuration_becomes_a_device() -> None:
    row = row_of("devices", "configurations", **CONFIGURATION)
    assert (row["name"], row["type"], row["type_category"]) == ("HF-SF-CJ452JK", "Managed Server", "server")
    assert (row["company_id"], row["serial_number"], row["asset_tag"]) == ("2", "C03R3LT7THV8", "BP6549")
    assert (json.loads(row["ip_addresses"]), row["mac_addresses"]) == (["10.10.2.231"], None)
    assert (row["warranty_until"], row["source_url"][-4:]) == (date(2018, 5, 5), "/455")


@pytest.mark.parametrize(
    ("name", "kind", "category"),
    [
        ("Laptop", None, "workstation"),
        ("Our firewalls", "firewall", "network"),
        ("UPS", "ups", None),
        (None, None, None),
    ],
)
def test_what_type_a_configuration_is_of_is_not_guessed(name: Any, kind: Any, category: str | None) -> None:
    own = {"configuration-type-name": name, "configuration-type-kind": kind}
    assert row_of("devices", "configurations", **{**CONFIGURATION, **own})["type_category"] == category


def test_a_user_and_a_model_become_rows() -> None:
    user = {"first-name": "Carl", "last-name": "Beck", "email": "c@x.y", "role-name": "Administrator"}
    row = row_of("users", "users", **user, **{"current-sign-in-at": "2016-10-12T21:15:00.000Z"})
    assert (row["name"], row["role"], row["is_admin"]) == ("Carl Beck", "Administrator", True)
    assert row["last_login_at"] == datetime(2016, 10, 12, 21, 15, tzinfo=UTC)
    assert row_of("users", "users", **{**user, "role-name": "Our own"})["is_admin"] is None
    assert row_of("products", "models", name="MX64")["name"] == "MX64"
