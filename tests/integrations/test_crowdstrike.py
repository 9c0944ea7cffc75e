"""What is special about CrowdStrike: ids first, offsets up to 10,000, filters, hidden hosts, errors beside data."""

from __future__ import annotations

import json
import random
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.connection import connection
from avesa.connector.endpoint_request import bare_request
from avesa.connector.incremental import Changes
from avesa.connector.oauth2 import ClientCredentials
from avesa.connector.paging import Page
from avesa.connector.request import Request, Response
from avesa.connector.retry import classify, failure
from avesa.integrations.crowdstrike import SERVICE
from avesa.shared.errors import ServiceFailed, Where
from strict_tenant import strict_tenant

SECRETS = {"client_id": "id", "client_secret": "secret"}
SINCE = datetime(2024, 1, 1, tzinfo=UTC)


def linked(**settings: str) -> Any:
    return connection(SERVICE, settings, SECRETS, where=Where("acme", "crowdstrike"))


class ManyRecords:
    """So many records behind a list of ids, of which an offset reaches 10,000. Batches come in any order."""

    def __init__(self, field: str, count: int) -> None:
        self.field = field
        # Five share each second.
        self.rows = {
            f"r{at}": (SINCE + timedelta(seconds=at // 5)).strftime("%Y-%m-%dT%H:%M:%SZ") for at in range(count)
        }
        self.filters: list[str] = []

    def ids(self, request: Request) -> tuple[dict[str, Any], None]:
        offset, limit = int(request.param("offset") or 0), int(request.param("limit") or 0)
        assert offset + limit <= 10_000 and request.param("sort") == f"{self.field}|asc"
        self.filters.append(request.param("filter") or "")
        found = list(self.rows)
        for since in re.findall(rf"{self.field}:>='([^']+)'", self.filters[-1]):
            found = [id_ for id_ in found if self.rows[id_] >= since]
        return {"resources": found[offset : offset + limit], "meta": {"pagination": {"total": len(found)}}}, None

    def records(self, request: Request) -> tuple[dict[str, Any], list[str]]:
        asked = json.loads(request.body)["ids"] if request.body else [v for n, v in request.params if n == "ids"]
        shuffled = random.Random(0).sample(asked, len(asked))
        return {"resources": shuffled}, shuffled


@pytest.mark.parametrize(
    ("table", "field", "count", "changes"),
    [
        ("accounts", "first_seen_timestamp", 23_456, False),
        ("cases", "created_timestamp", 20_000, False),
        ("cases", "created_timestamp", 20_000, True),
    ],
)
def test_lists_of_ids_beyond_the_cap_are_read_to_their_end(table: str, field: str, count: int, changes: bool) -> None:
    endpoint = SERVICE.endpoint(table)
    paging, how = SERVICE.paging_of(endpoint, listing=not changes), SERVICE.changes_of(endpoint)
    request = bare_request(linked(), endpoint, None)
    if changes:
        assert isinstance(how, Changes)
        request = how.asked(request, SINCE)
    vendor, came = ManyRecords(field, count), set()
    following: Request | None = paging.first(request)
    while following is not None:
        body, records = vendor.records(following) if following.has_records else vendor.ids(following)
        last = {field: vendor.rows[records[-1]]} if records else {}
        came.update(records or ())
        answer = Response(200, {}, json.dumps(body).encode(), following.url)
        following = paging.next(following, Page(answer, len(records or ()), last))
    assert came == set(vendor.rows)
    if changes:
        assert all(text.startswith("updated_timestamp:>='2024-01-01T00:00:00Z'") for text in vendor.filters)


def answer(status: int, *codes: int, resources: int = 1) -> Response:
    errors = [{"code": code, "message": "said"} for code in codes]
    body = json.dumps({"errors": errors, "resources": [{}] * resources}).encode()
    return Response(status, {}, body, "https://api.crowdstrike.com/x")


@pytest.mark.parametrize(
    ("status", "codes", "means"),
    [
        (200, (), None),
        (200, (404,), None),  # an id that is gone, beside the records of the others
        (200, (403,), "table"),
        (200, (429,), "limit"),
        (200, (500,), "retry"),
        (403, (403,), "table"),
        (401, (401,), "service"),
        (308, (), "service"),
    ],
)
def test_an_answer_means_what_its_errors_say(status: int, codes: tuple[int, ...], means: str | None) -> None:
    assert classify(answer(status, *codes), SERVICE.errors).means == means


def test_the_wrong_cloud_stops_the_service() -> None:
    assert isinstance(failure(answer(308), SERVICE.errors), ServiceFailed)


def test_a_token_is_for_one_child_only_where_the_tenant_says_so() -> None:
    alone, child = linked().auth, linked(member_cid="c1").auth
    assert isinstance(alone, ClientCredentials) and alone.fields == ()
    assert isinstance(child, ClientCredentials) and child.fields == (("member_cid", "{member_cid}"),)


def test_each_cloud_has_an_address_of_its_own() -> None:
    assert linked().base_url == "https://api.crowdstrike.com"
    assert linked(cloud="api.eu-1.crowdstrike.com").base_url == "https://api.eu-1.crowdstrike.com"


def test_a_host_that_was_hidden_is_gone_before_the_next_listing(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "crowdstrike", page=0) as tenant:
        tenant.pull("hosts")
        hidden = tenant.rows("hosts")[0]["record_id"]
        tenant.clock.now += timedelta(hours=1)
        tenant.vendor.change("hidden_hosts", 0, device_id=hidden)
        assert tenant.pull("hosts").kind == "changes"
        assert [(row["record_id"], row["is_deleted"]) for row in tenant.rows("hosts")][-1] == (hidden, True)


def test_filter_and_order_go_along_with_every_page(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "crowdstrike", page=0, cursor_pages=2) as tenant:
        tenant.pull("hosts")
        tenant.pull("vulnerabilities")
        tenant.clock.now += timedelta(hours=1)
        for table in ("hosts", "vulnerabilities"):
            for index in range(5):
                tenant.vendor.change(table, index)
        tenant.pull("hosts")
        tenant.pull("vulnerabilities")
        assert {asked["sort"] for asked in tenant.asked("hosts")} == {"device_id.asc"}
        changed = [asked for asked in tenant.asked("hosts") if "filter" in asked]
        assert len(changed) >= 3 and len({asked["filter"] for asked in changed}) == 1
        filters = {asked["filter"] for asked in tenant.asked("vulnerabilities")}
        assert "updated_timestamp:>='2000-01-01T00:00:00Z'" in filters and len(filters) == 2
