"""What is special about Jira."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from avesa.connector.connection import Connection, connection
from avesa.connector.tenant_table import table_of
from avesa.integrations.jira import SERVICE
from avesa.shared.errors import Where

MOMENT = datetime(2026, 3, 1, 12, 0, 59, tzinfo=UTC)


def linked(secrets: dict[str, str], **settings: str) -> Connection:
    return connection(SERVICE, settings, secrets, where=Where("acme", "jira"))


BASIC = {"api_token": "t"}


@pytest.mark.parametrize(
    ("timezone", "asked"),
    [
        ({"timezone": "UTC"}, "2026-03-01 11:55"),
        ({"timezone": "America/New_York"}, "2026-03-01 06:55"),
        ({"timezone": "Asia/Tokyo"}, "2026-03-01 20:55"),
        # Nobody told: no zone reads this later than it is meant.
        ({}, "2026-02-28 23:55"),
    ],
)
def test_changes_are_asked_for_in_minutes_of_the_api_users_zone(timezone: dict[str, str], asked: str) -> None:
    link = linked(BASIC, site="acme", email="a@acme.example", **timezone)
    issues = table_of(link, SERVICE.endpoint("issues"))
    request = issues.request(issues.beginning("changes", MOMENT, MOMENT + timedelta(hours=1), full=False), None, None)
    assert dict(request.params) == {"jql": f'updated >= "{asked}" ORDER BY updated ASC, key ASC', "fields": "*all"}


def test_tokens_with_scopes_and_oauth_go_to_the_gateway_and_classic_ones_to_the_site() -> None:
    gateway = "https://api.atlassian.com/ex/jira/c1"
    oauth = {"client_id": "i", "client_secret": "s", "refresh_token": "r"}
    assert linked(BASIC, site="acme", email="a").base_url == "https://acme.atlassian.net"
    assert linked(BASIC, cloud_id="c1", email="a").base_url == gateway
    assert linked(oauth, cloud_id="c1").base_url == gateway


def test_worklogs_are_read_by_their_ids_and_their_deletions_behind_them() -> None:
    worklogs = SERVICE.endpoint("worklogs")
    assert worklogs.deletions is not None and worklogs.deletions.path == "/rest/api/3/worklog/deleted"
    times = SERVICE.times_of(worklogs)
    assert times.read(1772366400123) == times.read("2026-03-01T12:00:00.123+0000")
    table = table_of(linked(BASIC, site="acme", email="a"), worklogs)
    at = table.beginning("changes", MOMENT, MOMENT + timedelta(hours=1), full=False)
    asked = [table.request(at, None, None)]
    further = table.further(at)
    assert further is not None
    asked.append(table.request(further, None, None))
    assert [(r.url.rpartition("/")[2], dict(r.params)["since"]) for r in asked] == [
        ("updated", "1772366339000"),
        ("deleted", "1772366339000"),
    ]


def test_a_burst_slows_one_path_and_the_hourly_quota_everything() -> None:
    assert SERVICE.limits.slows == "endpoint"
    assert SERVICE.limits.slows_all == ("RateLimit-Reason", "jira-quota")
    assert SERVICE.account == ("site", "cloud_id")
