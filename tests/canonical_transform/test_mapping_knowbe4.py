"""Our mappings of KnowBe4: records become the right rows."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, endpoint: str, **record: Any) -> dict[str, Any]:
    return mapped_row(table, "knowbe4", endpoint, record)


def test_a_user_becomes_a_contact() -> None:
    row = row_of(
        "contacts",
        "users",
        id=667542,
        first_name="William",
        last_name="Marcoux",
        job_title="VP of Sales",
        email="wmarcoux@example.com",
        mobile_phone_number="555-0102",
        department="Sales",
        status="active",
        joined_on="2025-04-02T15:02:38.000Z",
        last_sign_in="2026-01-02T15:02:38.000Z",
        custom_field_1="kept",
        custom_field_2=None,
    )
    assert (row["full_name"], row["title"]) == ("William Marcoux", "VP of Sales")
    assert (row["mobile"], row["is_active"]) == ("555-0102", True)
    assert row["created_at"] == datetime(2025, 4, 2, 15, 2, 38, tzinfo=UTC)
    assert json.loads(row["custom_fields"]) == {"custom_field_1": "kept"}


def test_a_phishing_campaign_becomes_a_project() -> None:
    campaign = {"campaign_id": 242333, "name": "Monthly", "create_date": "2026-01-01T08:00:00.000Z"}
    row = row_of("projects", "phishing_campaigns", **campaign, status="Closed")
    assert (row["name"], row["number"], row["status_category"]) == ("Monthly", "242333", "completed")
    odd = row_of("projects", "phishing_campaigns", **campaign, status="Hibernating")
    assert (odd["status"], odd["status_category"]) == ("Hibernating", None)


@pytest.mark.parametrize(
    ("status", "category"),
    [("Passed", "done"), ("In Progress", "in_progress"), ("Not Started", "open"), ("Past Due", "open"), ("Odd", None)],
)
def test_an_enrollment_becomes_a_task(status: str, category: str | None) -> None:
    row = row_of(
        "tasks",
        "training_enrollments",
        enrollment_id=1425526,
        content_type="Uploaded Policy",
        module_name="Acceptable Use Policy",
        user={"id": 796742, "email": "a@example.com"},
        enrollment_date="2026-01-01T15:02:38.000Z",
        start_date="2026-01-02T15:02:38.000Z",
        completion_date="2026-01-03T15:02:38.000Z",
        time_spent=2340,
        status=status,
    )
    assert (row["name"], row["contact_id"], row["status_category"]) == ("Acceptable Use Policy", "796742", category)
    assert (row["actual_hours"], row["type"]) == (Decimal("0.65"), "Uploaded Policy")
    assert row["completed_at"] == datetime(2026, 1, 3, 15, 2, 38, tzinfo=UTC)


@pytest.mark.parametrize("name", ["store_purchased_id", "store_purchase_id"])
def test_a_purchase_becomes_a_product(name: str) -> None:
    record = {name: 17, "name": "Basics", "publisher": "KnowBe4", "retired": False, "type": "Training Module"}
    row = row_of("products", "store_purchases", **record)
    assert (row["identifier"], row["manufacturer"]) == ("17", "KnowBe4")
    assert (row["is_active"], row["type"]) == (True, "Training Module")
