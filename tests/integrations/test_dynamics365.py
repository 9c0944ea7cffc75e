"""What is special about Dynamics 365: pages by a header, files in notes, words beside numbers, absent tables."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from avesa.integrations.dynamics365 import SERVICE
from strict_tenant import check, strict_tenant


def test_every_page_is_asked_for_with_the_same_preferences(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "dynamics365", cursor_pages=3) as tenant:
        tenant.pull("accounts")
        pages = [one for one in tenant.vendor.served if one.table == "accounts"]
        assert len(pages) > 2
        check(tenant, "accounts")
    prefer = dict(SERVICE.headers)["Prefer"]
    assert "maxpagesize=5000" in prefer and 'include-annotations="*"' in prefer


def test_no_row_is_cut_off_by_a_limit_on_the_whole_list(tmp_path: Path) -> None:
    """$top ends the list, and $skip is refused."""
    with strict_tenant(tmp_path, "dynamics365", cursor_pages=3) as tenant:
        tenant.ingest()
        asked = [one for endpoint in SERVICE.endpoints for one in tenant.asked(endpoint.name)]
        assert asked and not any("$top" in one or "$skip" in one for one in asked)


def test_changes_come_in_the_order_of_change_with_the_second_before(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "dynamics365", cursor_pages=3) as tenant:
        tenant.pull("cases")
        tenant.clock.now += timedelta(hours=1)
        tenant.vendor.change("cases", 2, statecode=1)
        outcome = tenant.pull("cases")
        assert outcome.kind == "changes"
        asked = tenant.asked("cases")[-1]
        assert asked["$filter"].startswith("modifiedon ge 2026-") and asked["$filter"].endswith("Z")
        assert asked["$orderby"] == "modifiedon asc,incidentid asc"
        check(tenant, "cases")


def test_the_file_in_a_note_is_not_asked_for(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "dynamics365", page=0) as tenant:
        tenant.vendor.rows.of(tenant.vendor.contract.tables["notes"])
        tenant.vendor.change("notes", 0, documentbody="SGVsbG8=")
        tenant.pull("notes")
        assert "SGVsbG8=" not in "".join(row["payload"] for row in tenant.rows("notes"))
        assert all("documentbody" not in one["$select"].split(",") for one in tenant.asked("notes"))


def test_a_visitors_password_never_lands(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "dynamics365", page=0) as tenant:
        tenant.vendor.rows.of(tenant.vendor.contract.tables["contacts"])
        tenant.vendor.change("contacts", 0, adx_identity_passwordhash="AQAAhush", adx_identity_securitystamp="hush")
        tenant.pull("contacts")
        assert "hush" not in "".join(row["payload"] for row in tenant.rows("contacts"))


def test_a_table_of_an_app_that_is_not_installed_fails_alone_and_deletes_nothing(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "dynamics365", page=0) as tenant:
        tenant.ingest()
        tenant.clock.now += timedelta(days=2)
        tenant.vendor.fail("status", 404, table="cases", times=None)
        outcome = tenant.ingest()
        assert {one.table for one in outcome.tables if one.status == "failed"} == {"cases"}
        assert not any(row["is_deleted"] for row in tenant.rows("cases"))


def test_words_and_names_land_beside_the_numbers(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "dynamics365", page=0) as tenant:
        tenant.pull("accounts")
        [row, *_] = tenant.rows("accounts")
        assert "statuscode@OData.Community.Display.V1.FormattedValue" in json.loads(row["payload"])
