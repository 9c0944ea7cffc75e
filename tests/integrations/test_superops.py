"""What is special about SuperOps: errors inside a 200, an end that is null, tickets read from the newest on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.integrations.superops import SERVICE
from avesa.pipeline.ingest import check_connection
from avesa.sandbox.vendor.messages import Answer, Asked
from avesa.shared.errors import ServiceFailed, TableFailed
from strict_tenant import Tenant, check, strict_tenant

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WRAPPED = ("client_users", "client_sites", "worklog_entries", "tasks")


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    with strict_tenant(tmp_path, "superops") as tenant:
        yield tenant


def inputs(tenant: Tenant) -> list[Any]:
    """The inputs of all lists that are asked for from now on."""
    sent: list[Any] = []
    answer = tenant.vendor.answer

    def listening(asked: Asked) -> Answer:
        sent.append((asked.json or {})["variables"].get("input"))
        return answer(asked)

    tenant.vendor.answer = listening  # type: ignore[method-assign]
    return sent


def answering(tenant: Tenant, status: int, body: Any, *, times: int = 1) -> None:
    """The next answers are these."""
    answer, left = tenant.vendor.answer, [None] * times

    def bent(asked: Asked) -> Answer:
        found = answer(asked)
        if left:
            left.pop()
            return Answer(status, raw=json.dumps(body).encode() if body else b"", headers=found.headers)
        return found

    tenant.vendor.answer = bent  # type: ignore[method-assign]


def refused(code: str) -> dict[str, Any]:
    return {"data": None, "errors": [{"message": "no", "path": [], "extensions": {"clientError": [{"code": code}]}}]}


def test_tickets_are_listed_as_they_were_made_and_then_read_from_the_newest_on(tenant: Tenant) -> None:
    sent = inputs(tenant)
    tenant.pull("tickets")
    assert sent[0] == {"sort": [{"attribute": "createdTime", "order": "ASC"}], "page": 1, "pageSize": 3}
    assert [given["page"] for given in sent] == [1, 2, 3]
    tenant.clock.now += HOUR
    tenant.vendor.change("tickets", 1)
    before = len(sent)
    assert tenant.pull("tickets").kind == "changes"
    # The one that changed and the newest of before; then a page that is old.
    assert [(given["sort"][0]["order"], given["page"]) for given in sent[before:]] == [("DESC", 1), ("DESC", 2)]
    check(tenant, "tickets")


@pytest.mark.parametrize("table", WRAPPED)
def test_some_lists_have_their_page_in_an_input_of_another_kind(tenant: Tenant, table: str) -> None:
    sent = inputs(tenant)
    tenant.pull(table)
    assert sent == [{"listInfo": {"page": page, "pageSize": 3}} for page in (1, 2, 3)]
    check(tenant, table)


def test_the_last_page_says_null_and_not_false(tenant: Tenant) -> None:
    ends: list[Any] = []
    answer = tenant.vendor.answer

    def listening(asked: Asked) -> Answer:
        found = answer(asked)
        ends.append(json.loads(found.raw or b"")["data"]["getClientList"]["listInfo"]["hasMore"])
        return found

    tenant.vendor.answer = listening  # type: ignore[method-assign]
    tenant.pull("clients")
    assert ends == [True, True, None]
    assert tenant.receipt("clients").complete


def test_a_list_that_ends_before_its_total_is_not_taken_for_whole(tenant: Tenant) -> None:
    answer = tenant.vendor.answer

    def ending(asked: Asked) -> Answer:
        found = answer(asked)
        found.raw = (
            (found.raw or b"")
            .replace(b'"hasMore": true', b'"hasMore": null')
            .replace(b'"hasMore":true', b'"hasMore":null')
        )
        return found

    tenant.vendor.answer = ending  # type: ignore[method-assign]
    with pytest.raises(TableFailed, match="there are 7 records, and 3 came"):
        tenant.pull("clients")


def test_one_request_too_many_comes_with_a_200_and_is_tried_again(tenant: Tenant) -> None:
    answering(tenant, 200, refused("rate_limit_exceeded"), times=2)
    outcome = tenant.pull("clients")
    assert outcome.status == "ok" and outcome.retries == 2
    check(tenant, "clients")


def test_a_missing_right_comes_with_a_200_and_fails_its_table(tenant: Tenant) -> None:
    answering(tenant, 200, refused("forbidden"))
    with pytest.raises(TableFailed, match="forbidden"):
        tenant.pull("clients")
    assert tenant.pull("assets").status == "ok"


def test_a_wrong_subdomain_refuses_the_connection(tenant: Tenant) -> None:
    answering(tenant, 400, None)
    with pytest.raises(ServiceFailed):
        check_connection(tenant.ports, tenant.stored, service=tenant.service)


def test_a_number_of_nineteen_digits_lands_as_it_came(tenant: Tenant) -> None:
    tenant.vendor.change("tickets", 0, client={"accountId": 7312345678901234567, "name": "Acme"})
    tenant.pull("tickets")
    assert any(
        '"accountId": 7312345678901234567' in row["payload"].replace('":7', '": 7') for row in tenant.rows("tickets")
    )


def test_the_edition_of_it_teams_has_another_path(tmp_path: Path) -> None:
    assert {endpoint.path for endpoint in SERVICE.endpoints} == {"/{edition}"}
    assert SERVICE.defaults()["edition"] == "msp"
