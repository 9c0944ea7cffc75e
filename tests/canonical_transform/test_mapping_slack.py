"""Our mappings of Slack: records become the right rows."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from mapped_rows import mapped_row


@pytest.mark.parametrize(
    ("flags", "role"),
    [
        ({"is_primary_owner": True, "is_owner": True, "is_admin": True}, "primary owner"),
        ({"is_owner": False, "is_admin": True}, "admin"),
        ({"is_admin": False, "is_restricted": True, "is_ultra_restricted": True}, "single-channel guest"),
        ({"is_admin": False, "is_restricted": False}, "member"),
        ({}, None),
    ],
)
def test_a_user_becomes_a_row(flags: dict[str, bool], role: str | None) -> None:
    profile: dict[str, Any] = {
        "real_name": "Ada Doe",
        "email": "ada@acme.example",
        "start_date": "2026-01-02",
        "fields": None,
    }
    user = {"id": "U1", "name": "ada", "deleted": True, "has_2fa": True, "tz": None, "profile": profile, **flags}
    row = mapped_row("users", "slack", "users", user)
    assert (row["name"], row["username"], row["email"]) == ("Ada Doe", "ada", "ada@acme.example")
    assert (row["is_active"], row["mfa_enabled"], row["role"]) == (False, True, role)
    assert (row["hire_date"], row["time_zone"], row["custom_fields"]) == (date(2026, 1, 2), None, None)


def test_a_time_of_zero_is_none_for_an_organizations_user() -> None:
    user = {"id": "U1", "full_name": "Ada", "is_active": True, "date_created": 1772366400, "workspaces": ["T1"]}
    row = mapped_row("users", "slack", "admin_users", {**user, "last_active_ts": 0})
    assert (row["created_at"], row["last_login_at"]) == (datetime(2026, 3, 1, 12, tzinfo=UTC), None)
    assert (row["team_ids"], row["is_active"]) == ('["T1"]', True)
    seen = mapped_row("users", "slack", "admin_users", {**user, "last_active_ts": 1772366400})
    assert seen["last_login_at"] == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_workspace_becomes_a_company() -> None:
    row = mapped_row(
        "companies", "slack", "team", {"id": "T1", "name": "Acme", "domain": "acme", "url": "https://a.example/"}
    )
    assert (row["name"], row["identifier"], row["website"]) == ("Acme", "acme", "https://a.example/")
