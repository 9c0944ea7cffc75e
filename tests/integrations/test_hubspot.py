"""What is special about HubSpot, against its strict vendor."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from avesa.connector.incremental import Changes
from avesa.connector.page import Page
from avesa.connector.request import Request, Response
from avesa.connector.service import Endpoint
from avesa.integrations.hubspot import SERVICE
from avesa.integrations.hubspot.associations import RestOfEach
from avesa.integrations.hubspot.crm_objects import SEARCH
from avesa.shared.errors import TableFailed
from paged_vendors import answered, walk
from strict_tenant import strict_tenant

OBJECTS = [endpoint for endpoint in SERVICE.endpoints if endpoint.path.startswith("/crm/v3/objects/")]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def searched(count: int, *, changes_at: int) -> tuple[list[int], int]:
    """The ids that a search walk over `count` records sees, where each answer makes an older record the newest; and the
    furthest row that was asked for.
    """
    rows = [{"id": n, "updatedAt": f"2026-03-01T12:{n // 60:02}:{n % 60:02}.000Z"} for n in range(count)]
    asked_up_to, later = 0, 0

    def answer(request: Request) -> Response:
        nonlocal asked_up_to, later
        body = json.loads(request.body or "")
        since, after, limit = body["filterGroups"][0]["filters"][0]["value"], int(body.get("after", 0)), body["limit"]
        asked_up_to = max(asked_up_to, after + limit)
        found = sorted((r for r in rows if r["updatedAt"] >= since), key=lambda r: (r["updatedAt"], r["id"]))
        page = found[after : after + limit]
        if len(found) > after + limit and later < changes_at:
            later += 1
            page[0]["updatedAt"] = f"2026-03-01T13:00:{later:02}.000Z"  # it moves behind all others
        paging = {"paging": {"next": {"after": str(after + limit)}}} if len(found) > after + limit else {}
        return answered({"items": [dict(row) for row in page], **paging})

    body = {"filterGroups": [{"filters": [{"value": "2026-03-01T00:00:00.000Z"}]}]}
    first = Request("POST", "https://v.example/api/list", body=json.dumps(body))
    seen = [int(row["id"]) for page in walk(SEARCH, answer, first) for row in page]
    return seen, asked_up_to


def test_a_search_misses_nothing_though_rows_move_to_its_end_and_never_comes_near_the_cap() -> None:
    seen, asked_up_to = searched(2500, changes_at=9)
    assert set(seen) == set(range(2500))
    assert asked_up_to <= 400 < SEARCH.cap == 10_000


@pytest.mark.parametrize("endpoint", OBJECTS, ids=[endpoint.name for endpoint in OBJECTS])
def test_listing_and_search_ask_for_the_same_properties_and_for_those_of_the_tenant(endpoint: Endpoint) -> None:
    changes = SERVICE.changes_of(endpoint)
    assert isinstance(changes, Changes) and changes.partial and changes.paging == SEARCH and changes.body is not None
    *listed, own = dict(endpoint.params)["properties"].split(",")
    body = json.loads(changes.body.text)
    assert body["properties"] == [*listed, "{*more_properties}"] and own == "{more_properties}"
    modified = "lastmodifieddate" if endpoint.name == "contacts" else "hs_lastmodifieddate"
    assert modified in listed and body["sorts"] == [{"propertyName": modified, "direction": "ASCENDING"}]
    assert "hs_public_url_key" not in listed


def test_archived_records_are_told_apart_with_the_time_of_their_deletion() -> None:
    for endpoint in OBJECTS:
        deletions = endpoint.deletions
        assert deletions is not None and deletions.at == "archivedAt" and deletions.params == (("archived", "true"),)
        assert deletions.changes.since(NOON) == NOON - timedelta(minutes=10)


def associations(*inputs: dict[str, str]) -> Request:
    address = "https://v.example/crm/v4/associations/deals/line_items/batch/read"
    return Request("POST", address, body=json.dumps({"inputs": inputs}))


def result(deal: str | int, *line_items: int, after: str | None = None) -> dict[str, object]:
    paging = {"paging": {"next": {"after": after, "link": "https://v.example/next"}}} if after else {}
    return {"from": {"id": deal}, "to": [{"toObjectId": one, "associationTypes": []} for one in line_items], **paging}


def following(asked: Request, *results: object) -> Request | None:
    return RestOfEach().next(asked, Page(answered({"status": "COMPLETE", "results": results}), 0))


def inputs(request: Request | None) -> list[dict[str, str]]:
    assert request is not None and replace(request, body=None) == replace(associations(), body=None)
    return list(json.loads(request.body or "")["inputs"])


def test_of_many_deals_only_those_are_asked_for_again_that_have_more_line_items() -> None:
    asked = associations({"id": "1"}, {"id": "2"}, {"id": "3"}, {"id": "4"})
    more = following(asked, result("1", 10, after="a1"), result("2", 20), result(3, 30, after="a3"))
    assert inputs(more) == [{"id": "1", "after": "a1"}, {"id": "3", "after": "a3"}]
    last = following(more or asked, result("3", 31), result("1", 11, after="b1"))
    assert inputs(last) == [{"id": "1", "after": "b1"}]
    assert following(last or asked, result("1", 12)) is None


@pytest.mark.parametrize(
    "odd", [{"to": []}, {"from": None, "to": []}, {"from": {"id": "1"}, "paging": "x"}, "x", result("9", after="a")]
)
def test_an_answer_about_no_deal_or_another_one_fails_the_table(odd: object) -> None:
    with pytest.raises(TableFailed):
        following(associations({"id": "1"}), result("1"), odd)


def test_line_items_of_all_deals_come_in_few_requests_however_many_a_deal_has(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "hubspot", counts={"deals": 6, "deal_associations": 5}, cursor_pages=2) as tenant:
        tenant.pull("deals")
        gone = tenant.vendor.key("deals", tenant.vendor.delete("deals", 1))
        outcome = tenant.pull("deal_associations")
        assert (outcome.status, outcome.rows, outcome.pages) == ("ok", 5 * 5, 3)
        under = {json.loads(row["record_id"])[0] for row in tenant.rows("deal_associations")}
        deals = {str(tenant.vendor.key("deals", record)) for record in tenant.vendor.records("deals")}
        assert under == deals - {str(gone)} and len(under) == 5
        assert tenant.vendor.violations == []
