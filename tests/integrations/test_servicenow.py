"""What is special about ServiceNow: pages behind a sys_id within the filter, pages cut short by access rules, answers
that are cut off with status 200, and passwords that must not land.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from avesa.connector.auth import Basic, OneOf
from avesa.connector.incremental import Changes
from avesa.connector.oauth2 import ClientCredentials, RefreshToken
from avesa.connector.page import Page
from avesa.connector.request import Request, Response
from avesa.connector.retry import classify
from avesa.integrations.servicenow import BY_ID, SERVICE

LIST = Request("GET", "https://example.service-now.com/api/now/table/incident", SERVICE.endpoint("incidents").params)


def page(records: int, total: int, last: str | None = None) -> Page:
    answer = Response(200, {"x-total-count": str(total)}, b"{}", LIST.url)
    return Page(answer, records, {} if last is None else {"sys_id": last})


def test_a_page_begins_behind_the_last_row_and_keeps_the_change_filter() -> None:
    changes = SERVICE.changes
    assert isinstance(changes, Changes)
    first = BY_ID.first(changes.asked(LIST, datetime(2024, 1, 31, 14, 5, 9, tzinfo=UTC)))
    assert first.param("sysparm_query") == "sys_updated_on>=2024-01-31 14:05:09^ORDERBYsys_id"
    second = BY_ID.next(first, page(1000, 2500, "ab12"))
    assert second is not None
    assert second.param("sysparm_query") == "sys_id>ab12^sys_updated_on>=2024-01-31 14:05:09^ORDERBYsys_id"
    third = BY_ID.next(second, page(1000, 1500, "cd34"))
    assert third is not None, "the filter does not pile up"
    assert third.param("sysparm_query") == "sys_id>cd34^sys_updated_on>=2024-01-31 14:05:09^ORDERBYsys_id"
    assert BY_ID.next(third, page(500, 500, "ef56")) is None


def test_a_short_or_empty_page_is_not_the_end_where_rows_are_hidden() -> None:
    second = BY_ID.next(BY_ID.first(LIST), page(3, 2500, "ab12"))
    assert second is not None and second.param("sysparm_query") == "sys_id>ab12^ORDERBYsys_id"
    third = BY_ID.next(second, page(0, 1500))
    assert third is not None and third.param("sysparm_offset") == "1000"
    assert BY_ID.next(third, page(0, 1500)) is None


@pytest.mark.parametrize("endpoint", SERVICE.endpoints, ids=lambda endpoint: endpoint.name)
def test_each_table_is_ordered_from_the_first_page_on_and_gives_stored_values(endpoint: Any) -> None:
    """Without an order the pages of a listing would not fit together; display values are in the user's time zone."""
    assert dict(endpoint.params) == {"sysparm_query": "ORDERBYsys_id", "sysparm_display_value": "false"}


def test_the_log_of_deletions_is_asked_by_its_own_time() -> None:
    changes = SERVICE.changes_of(SERVICE.endpoint("deleted_records"))
    assert isinstance(changes, Changes) and changes.field == "sys_created_on"
    asked = changes.asked(LIST, datetime(2024, 1, 31, tzinfo=UTC)).param("sysparm_query")
    assert asked == "sys_created_on>=2024-01-31 00:00:00^ORDERBYsys_id"


def test_an_answer_that_was_cut_off_is_asked_for_again_though_its_status_is_good() -> None:
    cut = b'{"result":[{"sys_id":"ab"}],"error":{"message":"Transaction cancelled: maximum execution time exceeded"}}'
    assert classify(Response(200, {}, cut, LIST.url), SERVICE.errors).means == "retry"
    assert classify(Response(200, {}, b'{"result":[]}', LIST.url), SERVICE.errors).is_good


def test_a_table_of_a_plugin_that_is_not_there_fails_alone_and_says_why() -> None:
    body = b'{"error":{"message":"Invalid table time_card","detail":null},"status":"failure"}'
    verdict = classify(Response(400, {}, body, LIST.url), SERVICE.errors)
    assert (verdict.means, verdict.code) == ("table", "Invalid table time_card")


@pytest.mark.parametrize(
    ("given", "scheme"),
    [
        ({"username": "u", "password": "p"}, Basic),
        ({"client_id": "c", "client_secret": "s", "refresh_token": "r"}, RefreshToken),
        ({"client_id": "c", "client_secret": "s"}, ClientCredentials),
    ],
)
def test_a_tenant_connects_by_what_it_has(given: dict[str, str], scheme: type) -> None:
    assert isinstance(SERVICE.auth, OneOf)
    assert isinstance(SERVICE.auth.chosen({"instance": "example", **given}), scheme)


def test_passwords_never_land_not_even_those_of_deleted_users() -> None:
    secret = {endpoint.name: endpoint.secret_fields for endpoint in SERVICE.endpoints if endpoint.secret_fields}
    assert secret.pop("accounts") == ("registration_code",)
    assert secret == {"users": ("user_password",), "contacts": ("user_password",), "deleted_records": ("payload",)}
