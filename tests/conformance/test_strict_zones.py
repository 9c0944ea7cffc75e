"""A service that is declared in another time zone than its vendor's is noticed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from avesa.connector.times import Iso
from avesa.sandbox.vendor.times import read_time, write_time
from strict_tenant import check, check_times, strict_tenant
from tiny_vendor import with_endpoint

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("iso_ms_naive in America/New_York", "2026-03-01T07:00:00.000"),
        ("sql in America/New_York", "2026-03-01 07:00:00"),
        ("minute in Asia/Tokyo", "2026-03-01 21:00"),
        ("iso_any in Asia/Tokyo", "2026-03-01T12:00:00Z"),
    ],
)
def test_a_form_that_shows_no_zone_is_written_and_read_in_the_vendors(form: str, text: str) -> None:
    assert write_time(NOON, form) == text
    assert read_time(text, form) == NOON


@pytest.mark.parametrize("declared", ["Asia/Tokyo", "America/Los_Angeles"])
@pytest.mark.parametrize(
    ("service", "table"),
    [("kaseya_bms", "accounts"), ("servicenow", "incidents"), ("halopsa", "tickets"), ("superops", "tickets")],
)
def test_times_that_are_read_in_another_zone_are_noticed(
    tmp_path: Path, service: str, table: str, declared: str
) -> None:
    with strict_tenant(tmp_path, service) as tenant:
        tenant.service = replace(tenant.service, times=Iso(declared))
        tenant.service = with_endpoint(tenant.service, table, times=Iso(declared))
        tenant.pull(table)
        with pytest.raises(AssertionError):
            check_times(tenant, table)


def test_changes_that_are_asked_for_in_a_zone_too_far_east_are_missed_and_noticed(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "jira", settings={"timezone": "Asia/Tokyo"}) as tenant:
        for index in (1, 2):
            tenant.vendor.change("issues", index)
            tenant.pull("issues")
            tenant.clock.now += timedelta(hours=1)
        with pytest.raises(AssertionError):
            check(tenant, "issues")
