"""What is special about HubSpot, against its strict vendor."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from avesa.connector.incremental import Changes
from avesa.connector.request import Request, Response
from avesa.connector.service import Endpoint
from avesa.integrations.hubspot import SERVICE
from avesa.integrations.hubspot.crm_objects import SEARCH
from paged_vendors import answered, walk

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
