"""ConnectWise over real HTTP: who may ask, paging in both styles, conditions, order, fields and errors."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
import pytest

from avesa.sandbox.connectwise import vendor
from avesa.sandbox.connectwise.endpoints import ENDPOINTS, Version
from avesa.sandbox.connectwise.vendor import _filtered
from avesa.sandbox.server import Sandbox
from avesa.sandbox.world import World
from sandbox_client import API, Get, links

Pages = Callable[..., list[list[dict[str, Any]]]]
PATHS = [endpoint.path for endpoint in ENDPOINTS if endpoint.parent is None]


def refused(response: httpx2.Response, status: int) -> dict[str, Any]:
    """The vendor's error body."""
    assert response.status_code == status
    body: dict[str, Any] = response.json()
    assert set(body) == {"code", "message", "errors"}
    assert all(set(detail) == {"code", "message", "resource", "field"} for detail in body["errors"])
    return body


# --- who may ask ---------------------------------------------------------------------------------------------


def test_the_right_keys_and_client_id_open_the_api(get: Get) -> None:
    assert get("/service/boards").status_code == 200


@pytest.mark.parametrize("part", ["company_id", "public_key", "private_key", "client_id"])
def test_a_wrong_part_of_the_credentials_is_401(sandbox: Sandbox, part: str) -> None:
    keys = {**sandbox.credentials("connectwise"), part: "wrong"}
    answer = httpx2.get(
        f"{sandbox.base_url('connectwise')}{API}/service/boards",
        auth=(f"{keys['company_id']}+{keys['public_key']}", keys["private_key"]),
        headers={"clientId": keys["client_id"]},
    )
    refused(answer, 401)
    assert keys["private_key"] not in answer.text


def test_missing_credentials_and_a_missing_client_id_are_401(sandbox: Sandbox) -> None:
    keys = sandbox.credentials("connectwise")
    url = f"{sandbox.base_url('connectwise')}{API}/service/boards"
    auth = (f"{keys['company_id']}+{keys['public_key']}", keys["private_key"])
    refused(httpx2.get(url), 401)
    refused(httpx2.get(url, auth=auth), 401)
    refused(httpx2.get(url, headers={"clientId": keys["client_id"], "Authorization": "Basic ***"}), 401)
    assert httpx2.get(url, auth=auth, headers={"clientId": keys["client_id"]}).status_code == 200


def test_the_credentials_decide_whose_world_answers(get: Get, worlds: dict[str, World]) -> None:
    acme, globex = (get("/company/companies", tenant=t, pageSize=1000).json() for t in ("acme", "globex"))
    assert acme != globex
    assert get("/company/companies", tenant="globex", pageSize=1000).json() == globex


def test_requests_are_recorded_without_their_secrets(sandbox: Sandbox, get: Get) -> None:
    get("/service/boards", page=1, made_up="x")
    recorded = sandbox.requests[-1]
    assert (recorded.tenant, recorded.method, recorded.status) == ("acme", "GET", 200)
    assert recorded.path.endswith("/service/boards")
    assert recorded.unknown == ("made_up",)
    keys = sandbox.credentials("connectwise")
    assert not [secret for secret in keys.values() if secret in repr(recorded)]


# --- paging --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
def test_both_styles_of_paging_return_every_record_once(path: str, pages: Pages, get: Get, sandbox: Sandbox) -> None:
    name = next(endpoint.name for endpoint in ENDPOINTS if endpoint.path == path)
    living = {key for key, shown in sandbox.history("acme", name).items() if shown[-1][1] is not None}
    navigable = [r["id"] for page in pages(path, pageSize=17) for r in page]
    forward = [r["id"] for page in pages(path, headers={"pagination-type": "forward-only"}, pageSize=17) for r in page]
    assert len(navigable) == len(living)
    assert set(navigable) == living
    assert forward == sorted(living)
    assert get(f"{path}/count").json() == {"count": len(living)}


def test_the_links_of_navigable_paging_are_absolute_and_keep_the_parameters(sandbox: Sandbox, get: Get) -> None:
    conditions = 'id>0 or summary contains "disco"'
    middle = get("/service/tickets", conditions=conditions, pageSize=5, page=2)
    found = links(middle)
    assert list(found) == ["first", "prev", "next", "last"]
    assert all(url.startswith(sandbox.base_url() + API) for url in found.values())
    assert dict(httpx2.URL(found["next"]).params) == {"conditions": conditions, "pageSize": "5", "page": "3"}
    assert " " not in found["next"] and '"' not in found["next"]
    assert list(links(get(found["first"]))) == ["next", "last"]
    assert list(links(get(found["last"]))) == ["first", "prev"]


def test_a_page_past_the_end_is_empty_without_a_next_link(get: Get) -> None:
    beyond = get("/service/boards", page=50)
    assert beyond.json() == []
    assert "next" not in links(beyond)


def test_a_single_page_has_no_links(get: Get) -> None:
    assert "Link" not in get("/service/boards").headers


def test_the_default_page_has_25_records_and_the_largest_1000(get: Get) -> None:
    assert len(get("/time/entries").json()) == 25
    assert len(get("/time/entries", pageSize=1000).json()) > 25
    for size in ("1001", "0", "-1", "many"):
        refused(get("/time/entries", pageSize=size), 400)
    refused(get("/time/entries", page="0"), 400)


def test_forward_only_paging_has_a_next_link_alone_and_takes_neither_page_nor_order(get: Get) -> None:
    forward = {"pagination-type": "forward-only"}
    first = get("/time/entries", headers=forward, pageSize=10)
    assert list(links(first)) == ["next"]
    assert dict(httpx2.URL(links(first)["next"]).params) == {
        "pageSize": "10",
        "pageId": str(first.json()[-1]["id"]),
    }
    refused(get("/time/entries", headers=forward, page=1), 400)
    refused(get("/time/entries", headers=forward, orderBy="id asc"), 400)
    refused(get("/time/entries", headers={"pagination-type": "sideways"}), 400)


# --- conditions, order, fields -------------------------------------------------------------------------------


def test_changes_since_a_moment_are_asked_for_by_last_updated(get: Get, sandbox: Sandbox) -> None:
    moment = sandbox.clock() - timedelta(days=3)
    text = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    all_ = get("/service/tickets", pageSize=1000).json()
    wanted = {ticket["id"] for ticket in all_ if ticket["_info"]["lastUpdated"] >= text}
    assert wanted and len(wanted) < len(all_)
    for name in ("lastUpdated", "_info/lastUpdated", "LASTUPDATED", "_info.lastUpdated"):
        answer = get(
            "/service/tickets", conditions=f"{name}>=[{text}]", orderBy="lastUpdated asc", pageSize=1000
        ).json()
        assert {ticket["id"] for ticket in answer} == wanted
        times = [ticket["_info"]["lastUpdated"] for ticket in answer]
        assert times == sorted(times)


def test_the_boundary_second_is_in_with_greater_or_equal_and_out_with_greater(get: Get) -> None:
    newest = get("/service/tickets", orderBy="lastUpdated desc", pageSize=1).json()[0]
    moment = newest["_info"]["lastUpdated"]
    at_least = get("/service/tickets", conditions=f"lastUpdated>=[{moment}]").json()
    assert newest["id"] in {ticket["id"] for ticket in at_least}
    assert get("/service/tickets", conditions=f"lastUpdated>[{moment}]").json() == []


@pytest.mark.parametrize(
    ("conditions", "holds"),
    [
        ("closedFlag=true", lambda t: t["closedFlag"]),
        ("closedFlag = false and priority/sort <= 2", lambda t: not t["closedFlag"] and t["priority"]["sort"] <= 2),
        ('status/name in ("New","assigned")', lambda t: t["status"]["name"] in ("New", "Assigned")),
        ('status/name not in ("New","Closed")', lambda t: t["status"]["name"] not in ("New", "Closed")),
        ('summary contains "PRINTER"', lambda t: "printer" in t["summary"].lower()),
        ('summary like "Backup%"', lambda t: t["summary"].startswith("Backup")),
        ('summary like "*slow"', lambda t: t["summary"].endswith("slow")),
        ("contact = null", lambda t: "contact" not in t),
        ("closedDate != null", lambda t: "closedDate" in t),
        ("not (closedFlag=false or contact/id!=null)", lambda t: t["closedFlag"] and "contact" not in t),
        ('summary = "Screen flickers, \\"like a disco\\""', lambda t: "disco" in t["summary"]),
        ("actualHours > 1.5", lambda t: t["actualHours"] > 1.5),
        ("dateEntered < [2026-03-10]", lambda t: t["_info"]["dateEntered"] < "2026-03-10"),
        ("board.id != 1", lambda t: t["board"]["id"] != 1),
    ],
)  # fmt: skip
def test_conditions_select_what_they_say(get: Get, conditions: str, holds: Callable[[dict[str, Any]], bool]) -> None:
    all_ = get("/service/tickets", pageSize=1000).json()
    wanted = [ticket["id"] for ticket in all_ if holds(ticket)]
    assert [t["id"] for t in get("/service/tickets", conditions=conditions, pageSize=1000).json()] == wanted
    assert wanted


@pytest.mark.parametrize(
    "conditions",
    [
        " ",
        "nonsense=1",
        "closedFlag=",
        "closedFlag=maybe",
        "closedFlag==true",
        "(closedFlag=true",
        "closedFlag=true)",
        "closedFlag=true or",
        "id in (1,",
        "id in ()",
        'id = "12"',
        "lastUpdated>=2026-01-01",
        'lastUpdated>="2026-01-01T00:00:00Z"',
        "lastUpdated>=[yesterday]",
        "summary contains vpn",
        'summary = "open',
        "contact > null",
        "status=1",
        "id=1; drop",
        "(" * 500 + "id=1" + ")" * 500,
    ],
)
def test_conditions_that_cannot_be_understood_are_400(get: Get, conditions: str) -> None:
    answer = get("/service/tickets", conditions=conditions)
    refused(answer, 400)


def test_order_goes_by_several_fields_and_then_by_id(get: Get) -> None:
    answer = get("/service/tickets", orderBy="priority/sort desc, company/name asc", pageSize=1000).json()
    keys = [(-t["priority"]["sort"], t["company"]["name"].lower(), t["id"]) for t in answer]
    assert keys == sorted(keys)
    refused(get("/service/tickets", orderBy="nonsense asc"), 400)
    refused(get("/service/tickets", orderBy="id upwards"), 400)


def test_fields_narrow_the_records_and_info_must_be_asked_for(get: Get) -> None:
    answer = get("/service/tickets", fields="id,company/name,_info/lastUpdated,made_up", pageSize=3).json()
    assert all(set(t) == {"id", "company", "_info"} for t in answer)
    assert all(set(t["company"]) == {"name"} and set(t["_info"]) == {"lastUpdated"} for t in answer)
    assert "_info" not in get("/service/tickets", fields="id", pageSize=1).json()[0]


def test_child_and_custom_field_conditions_are_understood(get: Get) -> None:
    found = get("/company/contacts", childConditions='communicationItems/value like "%@%"', pageSize=1000).json()
    assert len(found) == get("/company/contacts/count").json()["count"]
    gold = get("/company/companies", customFieldConditions='caption="Backup tier" and value="Gold"').json()
    assert gold
    assert all(c["customFields"][0]["value"] == "Gold" for c in gold)
    refused(get("/company/companies", customFieldConditions="caption ="), 400)


# --- parents, unknown paths, headers -------------------------------------------------------------------------


def test_lists_under_a_parent_hold_that_parents_records(get: Get, sandbox: Sandbox) -> None:
    seen: set[int] = set()
    for agreement in get("/finance/agreements", pageSize=1000).json():
        additions = get(f"/finance/agreements/{agreement['id']}/additions", pageSize=1000).json()
        assert all(addition["agreementId"] == agreement["id"] for addition in additions)
        seen |= {addition["id"] for addition in additions}
    history = sandbox.history("acme", "agreement_additions")
    assert seen == {key for key, shown in history.items() if shown[-1][1] is not None}


def test_unknown_paths_and_parents_are_404(get: Get, sandbox: Sandbox) -> None:
    for path in ("/service/nothing", "/service/tickets/999999999/notes", "/service/tickets/abc/notes", "/"):
        refused(get(path), 404)
    refused(get(f"{sandbox.base_url()}/v2026_1/apis/3.0/service/tickets"), 404)
    gone = next(k for k, shown in sandbox.history("acme", "tickets").items() if shown[-1][1] is None)
    refused(get(f"/service/tickets/{gone}/notes"), 404)


def test_only_reading_is_served(sandbox: Sandbox) -> None:
    keys = sandbox.credentials("connectwise")
    answer = httpx2.request(
        "DELETE",
        f"{sandbox.base_url('connectwise')}{API}/service/boards",
        auth=(f"{keys['company_id']}+{keys['public_key']}", keys["private_key"]),
        headers={"clientId": keys["client_id"]},
    )
    refused(answer, 405)


def test_answers_carry_the_vendors_headers_and_the_sandboxs_time(get: Get, sandbox: Sandbox) -> None:
    sandbox.clock.set(datetime(2026, 3, 9, 12, 30, 5, tzinfo=UTC))
    one, two = get("/service/boards"), get("/service/boards")
    assert parsedate_to_datetime(one.headers["Date"]) == sandbox.clock()
    assert re.fullmatch(r"\d{4}\.\d", one.headers["api-current-version"])
    assert one.headers["x-cw-request-id"] != two.headers["x-cw-request-id"]
    assert one.headers["Content-Type"].startswith("application/json")


def test_answers_can_be_compressed(worlds: dict[str, World]) -> None:
    with Sandbox(worlds=worlds, compress=True) as sandbox:
        keys = sandbox.credentials("connectwise")
        answer = httpx2.get(
            f"{sandbox.base_url('connectwise')}{API}/time/entries",
            auth=(f"{keys['company_id']}+{keys['public_key']}", keys["private_key"]),
            headers={"clientId": keys["client_id"], "Accept-Encoding": "gzip"},
        )
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.json()) == 25


def test_a_list_is_chosen_and_sorted_once_for_all_of_its_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[int] = []

    def filtered(rows: tuple[Version, ...], *more: Any) -> tuple[Version, ...]:
        chosen.append(len(rows))
        return _filtered(rows, *more)

    monkeypatch.setattr(vendor, "_filtered", filtered)
    with Sandbox(World(seed=3, days=3)) as sandbox, httpx2.Client() as client:
        keys = sandbox.credentials("connectwise")
        client.auth = httpx2.BasicAuth(f"{keys['company_id']}+{keys['public_key']}", keys["private_key"])
        client.headers["clientId"] = keys["client_id"]
        url = f"{sandbox.base_url('connectwise')}{API}/time/entries?pageSize=10&page="
        pages = [client.get(f"{url}{number}").json() for number in (1, 2, 3)]
    assert [len(page) for page in pages] == [10, 10, 10] and len(chosen) == 1
