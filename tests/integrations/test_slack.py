"""What is special about Slack."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from avesa.connector.connection import connection
from avesa.connector.demand import demand_of, scope_of
from avesa.connector.request import Request, Response
from avesa.connector.retry import classify
from avesa.connector.tenant_table import table_of
from avesa.integrations.slack import SERVICE
from avesa.shared.errors import Where

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def said(**body: object) -> Response:
    return Response(200, {}, json.dumps(body).encode(), "https://slack.com/api/users.list")


@pytest.mark.parametrize(
    ("code", "means"),
    [
        ("ratelimited", "limit"),
        ("internal_error", "retry"),
        ("invalid_auth", "service"),
        ("invalid_cursor", "expired"),
        ("not_in_channel", "refused"),
        ("channel_not_found", "gone"),
        ("missing_scope", "table"),
        ("paid_only", "table"),
        ("of_tomorrow", "table"),
    ],
)
def test_an_answer_with_status_200_can_be_a_failure_of_every_kind(code: str, means: str) -> None:
    verdict = classify(said(ok=False, error=code, needed="users:read"), SERVICE.errors)
    assert (verdict.means, verdict.code, verdict.message) == (means, code, "users:read")
    assert classify(said(ok=True, error=code), SERVICE.errors).is_good


@pytest.mark.parametrize(
    ("method", "token"),
    [
        ("users.list", "xoxb-1"),
        ("team.info", "xoxb-1"),
        ("team.accessLogs", "xoxp-1"),
        ("team.billableInfo", "xoxp-1"),
        ("admin.users.list", "xoxp-1"),
    ],
)
def test_administrators_methods_take_the_persons_token_where_there_is_one(method: str, token: str) -> None:
    secrets = {"bot_token": "xoxb-1", "user_token": "xoxp-1"}
    for given, expected in (
        (secrets, token),
        ({"bot_token": "xoxb-1"}, "xoxb-1"),
        ({"user_token": "xoxp-1"}, "xoxp-1"),
    ):
        link = connection(SERVICE, {}, given, where=Where("acme", "slack"))
        sent = next(link.auth.flow(Request("GET", f"{link.base_url}/{method}"), link.credentials_at(NOON)))
        assert isinstance(sent, Request)
        assert dict(sent.headers)["Authorization"] == f"Bearer {expected}"


def test_each_method_has_the_rate_of_its_tier_for_itself() -> None:
    def windows(name: str) -> list[tuple[str, int]]:
        demand = demand_of(SERVICE.limits, scope_of(SERVICE.endpoint(name)), share=1.0, settings={})
        return [(window.key, window.most) for window in demand.windows]

    assert [most for _, most in windows("users")] == [20]
    assert [most for _, most in windows("messages")] == [50]
    assert [most for _, most in windows("channel_members")] == [100]
    assert windows("users") != windows("channels")
    assert all(len(windows(endpoint.name)) == 1 for endpoint in SERVICE.endpoints)


def test_messages_are_asked_for_to_the_microsecond_and_the_last_day_again() -> None:
    link = connection(SERVICE, {}, {"bot_token": "b"}, where=Where("acme", "slack"))
    messages = table_of(link, SERVICE.endpoint("messages"))
    at = messages.beginning("changes", NOON.replace(microsecond=216), NOON, full=False)
    assert dict(messages.request(at, None, "C1").params) == {
        "channel": "C1",
        "oldest": "1772280000.000216",
        "inclusive": "true",
    }


def test_a_channels_time_is_read_in_seconds_or_milliseconds() -> None:
    times = SERVICE.times_of(SERVICE.endpoint("channels"))
    assert times.read(1772366400) == times.read(1772366400000) == NOON


def test_the_workspace_is_named_where_the_token_is_an_organizations() -> None:
    for settings, sent in (({}, None), ({"team_id": "T1"}, "T1")):
        link = connection(SERVICE, settings, {"bot_token": "b"}, where=Where("acme", "slack"))
        users = table_of(link, SERVICE.endpoint("users"))
        assert users.request(users.beginning("listing", None, NOON, full=True), None, None).param("team_id") == sent
