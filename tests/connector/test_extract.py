"""Walks over the pages of one table, over real HTTP, with each kind of request; any page may end a process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from avesa.connector.checkpoint import Position
from avesa.connector.client import Client, Tally
from avesa.connector.connection import connection
from avesa.connector.endpoint_request import bare_request
from avesa.connector.extract import Extracted, Walk
from avesa.connector.fetcher import Fetcher
from avesa.connector.json_template import graphql, json_body
from avesa.connector.limits import Stopped
from avesa.connector.paging import (
    Cursor,
    CursorExpired,
    End,
    Expired,
    ExportJob,
    IdsThenRecords,
    InParam,
    Keyset,
    NextUrl,
    PageNumber,
    Paging,
    SearchWindow,
    SinglePage,
)
from avesa.connector.reading import reading_of
from avesa.connector.retry import Code, Errors, Inside
from avesa.connector.service import Endpoint, Parent
from avesa.pipeline.ingest import check_connection, ingest_table
from avesa.shared.errors import TableFailed, Where
from tiny_vendor import SERVICE, Answer, Asked, TinyVendor, connect_tenant, landed, open_ports, receipts, tiny_vendor

Honest = Callable[[Asked], Answer]


@pytest.fixture
def vendor() -> Iterator[TinyVendor]:
    with tiny_vendor() as made:
        yield made


def says(body: Any, status: int = 200, **headers: str) -> Answer:
    return Answer(status, json.dumps(body).encode(), headers)


class Table:
    """One endpoint of the vendor and what is read of it."""

    def __init__(self, vendor: TinyVendor, endpoint: Endpoint, answer: Honest) -> None:
        self.vendor = vendor
        self.waited: list[float] = []
        self.wait: Callable[[float], None] = self.waited.append
        vendor.bend = lambda asked, _: answer(asked)
        parents = (Endpoint("channels", "/channels"),) if endpoint.parent else ()
        service = replace(SERVICE, endpoints=(endpoint, *parents), check=None)
        settings = {"company_id": "co", "base_url": vendor.url}
        self.link = connection(service, settings, {"private_key": "s3cr3t-key"}, where=Where("acme", "tiny"))
        self.endpoint = endpoint

    def pages(
        self,
        start: Position = Position(),  # noqa: B008
        parents: list[str] | None = None,
        *,
        is_changes: bool = False,
    ) -> Iterator[Extracted]:
        with Client(self.link) as client, Fetcher(client, Tally(), 2) as fetcher:
            walk = Walk(
                client,
                self.link.service.paging_of(self.endpoint, listing=True),
                reading_of(self.link.service, self.endpoint),
                lambda parent: bare_request(self.link, self.endpoint, parent),
                is_changes=is_changes,
                max_pages=60,
                at_once=self.endpoint.parent.at_once if self.endpoint.parent else 1,
                wait=self.wait,
            )
            yield from walk.pages(fetcher, parents, start, 0)

    def ids(self, **more: Any) -> list[str | None]:
        return [record.record_id for page in self.pages(**more) for record in page.records]

    def ids_in_many_processes(self, parents: list[str] | None = None) -> list[str | None]:
        """One page each, with the position stored as JSON in between."""
        found: list[str | None] = []
        position = Position()
        for _ in range(60):
            page = next(self.pages(msgspec.json.decode(msgspec.json.encode(position), type=Position), parents))
            found += [record.record_id for record in page.records]
            position = page.after
            if position.done:
                return found
        raise AssertionError("it never ends")


IDS = [str(number) for number in range(1, 8)]


def test_a_graphql_list_is_read_page_by_page(vendor: TinyVendor) -> None:
    def answer(asked: Asked) -> Answer:
        variables = json.loads(asked.body)["variables"]
        assert asked.method == "POST" and asked.headers["content-type"] == "application/json"
        at = (variables["page"] - 1) * variables["limit"]
        return says({"data": {"users": [{"id": id_} for id_ in IDS[at : at + variables["limit"]]]}})

    paging = PageNumber(page="variables.page", size="variables.limit", most=3, into="body")
    query = graphql("query ($limit: Int, $page: Int) { users (limit: $limit, page: $page) { id } }")
    table = Table(
        vendor, Endpoint("users", "/v2", method="POST", body=query, records="data.users", paging=paging), answer
    )
    assert table.ids() == table.ids_in_many_processes() == IDS


def test_a_boards_items_begin_in_it_and_go_on_elsewhere(vendor: TinyVendor) -> None:
    """As monday: one board for each parent, later pages by another query with its list at another place."""

    def answer(asked: Asked) -> Answer:
        variables = json.loads(asked.body)["variables"]
        at = int(variables.get("cursor", "0"))
        page = {"cursor": str(at + 3) if at + 3 < 7 else None, "items": [{"id": i} for i in IDS[at : at + 3]]}
        if at:
            return says({"data": {"next_items_page": page}})
        assert variables["ids"] == "b1"
        return says({"data": {"boards": [{"items_page": page}]}})

    paging = Cursor(
        at="data.boards.0.items_page.cursor",
        later="data.next_items_page.cursor",
        param="variables.cursor",
        into="body",
        size="variables.limit",
        most=3,
        body=graphql("query ($cursor: String!) { next_items_page (cursor: $cursor) { cursor items { id } } }"),
    )
    endpoint = Endpoint(
        "items",
        "/v2",
        method="POST",
        body=graphql("query ($ids: [ID!]) { boards (ids: $ids) { items_page { cursor items { id } } } }"),
        records=("data.boards.*.items_page.items", "data.next_items_page.items"),
        paging=paging,
        parent=Parent("channels", "variables.ids", into="body"),
    )
    assert Table(vendor, endpoint, answer).ids(parents=["b1"]) == IDS


@pytest.mark.parametrize("element", [None, "id"])
def test_several_parents_are_asked_for_at_once_and_each_record_knows_its_own(
    vendor: TinyVendor, element: str | None
) -> None:
    asked_for: list[list[str]] = []

    def answer(asked: Asked) -> Answer:
        variables = json.loads(asked.body)["variables"]
        ids = [sent[element] if element else sent for sent in variables["ids"]]
        asked_for.append(ids)
        parts = {id_: [{"id": f"{id_}{part}"} for part in "xyz"] for id_ in ids}
        at = (variables["page"] - 1) * 2
        return says({"items": [{"id": id_, "parts": found[at : at + 2]} for id_, found in parts.items()]})

    endpoint = Endpoint(
        "parts",
        "/v2",
        method="POST",
        body=graphql("query ($ids: [ID!], $page: Int) { items (ids: $ids) { id parts (page: $page) { id } } }"),
        records="items.*.parts",
        paging=PageNumber(page="variables.page", size=None, into="body", end=End(short=False)),
        parent=Parent("channels", "variables.ids", into="body", at_once=2, element=element),
    )
    table = Table(vendor, endpoint, answer)
    found = [(r.parent_id, r.record_id) for page in table.pages(parents=["a", "b", "c"]) for r in page.records]
    assert sorted(found) == [(parent, f"{parent}{part}") for parent in "abc" for part in "xyz"]
    assert sorted(asked_for) == [["a", "b"]] * 3 + [["c"]] * 3
    # Where it goes on in another process, a parent that came meanwhile shifts nothing.
    first = next(table.pages(parents=["a", "b", "c"]))
    resumed = [r.record_id for page in table.pages(first.after, ["a", "b", "bb", "c"]) for r in page.records]
    assert resumed == ["az", "bz", "bbx", "bby", "cx", "cy", "bbz", "cz"]
    assert table.ids_in_many_processes(["a", "b", "c"]) == [id_ for _, id_ in found]


def test_an_export_is_ordered_waited_for_and_fetched_by_as_many_processes_as_it_takes(vendor: TinyVendor) -> None:
    polls: list[int] = []

    def answer(asked: Asked) -> Answer:
        if asked.path == "/api/exports":
            polls.clear()
            return says({"job": "j1"}, 202)
        if asked.path == "/api/exports/j1":
            polls.append(1)
            return says({"state": "done" if len(polls) == 3 else "working"}, **{"Retry-After": "4"})
        at = (int(asked.query["page"]) - 1) * 3
        return says([{"id": id_} for id_ in IDS[at : at + 3]])

    paging = ExportJob(
        order="/exports",
        job="job",
        poll="/exports/{job}",
        state="state",
        ready=("done",),
        result="/exports/{job}/rows",
        wait=1.0,
        pages=PageNumber(most=3),
    )
    endpoint = Endpoint("users", "/exports", method="POST", body=json_body({"kind": "users"}), paging=paging)
    table = Table(vendor, endpoint, answer)
    assert table.ids() == IDS
    assert table.waited == [1.0, 4.0, 4.0]
    assert table.ids_in_many_processes() == IDS


def test_a_pull_that_is_stopped_while_it_waits_goes_on_with_the_same_question(vendor: TinyVendor) -> None:
    def answer(asked: Asked) -> Answer:
        return says({"job": "j1", "state": "working"})

    paging = ExportJob("/exports", "job", "/exports/{job}", "state", ("done",), "/exports/{job}/rows")
    table = Table(vendor, Endpoint("users", "/exports", method="POST", paging=paging), answer)

    def stopped(seconds: float) -> None:
        raise Stopped

    table.wait = stopped
    pages = table.pages()
    position = next(pages).after
    with pytest.raises(Stopped):
        next(pages)
    assert position.request is not None and position.request.url.endswith("/exports/j1")
    assert [asked.method for asked in vendor.asked] == ["POST"]


def test_ids_are_listed_and_their_records_come_in_batches(vendor: TinyVendor) -> None:
    def answer(asked: Asked) -> Answer:
        if asked.path == "/api/ids":
            at = (int(asked.query["page"]) - 1) * 5
            return says({"resources": IDS[at : at + 5]})
        return says([{"id": id_} for id_ in json.loads(asked.body)["ids"]])

    paging = IdsThenRecords(PageNumber(most=5), "resources", listed="/ids", path="/entities", batch=2)
    table = Table(vendor, Endpoint("users", "/ids", paging=paging), answer)
    assert table.ids() == table.ids_in_many_processes() == IDS


def test_a_keyset_reads_only_what_it_needs_of_the_last_record(vendor: TinyVendor) -> None:
    def answer(asked: Asked) -> Answer:
        behind = [id_ for id_ in IDS if id_ > asked.query.get("starting_after", "")]
        return says({"data": [{"id": id_, "big": [1] * 50} for id_ in behind[:3]], "has_more": len(behind) > 3})

    paging = Keyset(("id",), InParam("starting_after"), most=3, end=End(more="has_more"))
    table = Table(vendor, Endpoint("users", "/users", records="data", paging=paging), answer)
    assert table.ids() == table.ids_in_many_processes() == IDS


def test_a_window_that_begins_with_the_page_at_which_the_last_one_ended_is_no_repetition(vendor: TinyVendor) -> None:
    """Two rows of one instant on a page of their own come as the last of one window and the first of the next."""
    rows = [{"id": str(n), "at": at} for n, at in enumerate([1, 1, 2, 2, 3], 1)]

    def answer(asked: Asked) -> Answer:
        found = [row for row in rows if int(str(row["at"])) >= int(asked.query.get("since", "0"))]
        at = (int(asked.query["page"]) - 1) * 2
        return says(found[at : at + 2])

    paging = SearchWindow(PageNumber(size="n", most=2), ("at",), InParam("since"), cap=4, size=2)
    table = Table(vendor, Endpoint("users", "/users", paging=paging), answer)
    assert table.ids() == ["1", "2", "3", "4", "3", "4", "5"]
    assert table.ids_in_many_processes() == ["1", "2", "3", "4", "3", "4", "5"]


def test_a_child_can_be_asked_for_by_a_parameter(vendor: TinyVendor) -> None:
    def answer(asked: Asked) -> Answer:
        if asked.query["channel"] == "gone":
            return says({"error": "not found"}, 404)
        return says({"members": [{"id": asked.query["channel"] + "1"}]})

    endpoint = Endpoint("members", "/members", records="members", parent=Parent("channels", "channel", into="query"))
    table = Table(vendor, replace(endpoint, paging=Cursor("next", "cursor")), answer)
    assert table.ids(parents=["a", "b", "gone"]) == ["a1", "b1"]


def test_a_parent_that_a_code_says_is_not_there_has_no_records(vendor: TinyVendor) -> None:
    def answer(asked: Asked) -> Answer:
        if asked.query.get("channel", "b") == "b":
            return says({"ok": False, "error": "not_in_channel"})
        return says({"ok": True, "members": [{"id": asked.query["channel"] + "1"}]})

    endpoint = Endpoint("members", "/members", records="members", parent=Parent("channels", "channel", into="query"))
    table = Table(vendor, replace(endpoint, paging=Cursor("next", "cursor")), answer)
    errors = Errors(code="error", inside=(Inside("ok", (False,)),), codes=(Code("not_in_channel", "gone"),))
    table.link = replace(table.link, service=replace(table.link.service, errors=errors))
    assert table.ids(parents=["a", "b", "c"]) == ["a1", "c1"]
    with pytest.raises(TableFailed, match="not_in_channel"):
        table.ids()


def test_an_answer_without_content_is_an_empty_page(vendor: TinyVendor) -> None:
    table = Table(vendor, Endpoint("a", "/a", records="data"), lambda _: Answer(204, b""))
    assert table.ids() == []


def test_an_answer_that_nothing_changed_is_an_empty_page_of_changes_and_no_listing(vendor: TinyVendor) -> None:
    table = Table(vendor, Endpoint("a", "/a", records="data"), lambda _: Answer(304, b""))
    assert table.ids(is_changes=True) == []
    with pytest.raises(TableFailed, match="304"):
        table.ids()


# What an answer must not do


def hostile(vendor: TinyVendor, paging: Paging, *told: Any) -> Table:
    """The pages say these, one after the other and again from the first."""

    def answer(asked: Asked) -> Answer:
        return says(told[(len(vendor.asked) - 1) % len(told)])

    return Table(vendor, Endpoint("a", "/a", records="items", paging=paging), answer)


def test_credentials_go_to_no_host_that_an_answer_names(vendor: TinyVendor) -> None:
    table = hostile(
        vendor,
        NextUrl(at="next", path="/a"),
        {"items": [{"id": 1}], "next": "https://evil.example/x/a/2?page=2"},
        {"items": [{"id": 2}]},
    )
    assert table.ids() == ["1", "2"]
    assert [asked.path for asked in vendor.asked] == ["/api/a", "/api/a/2"]
    assert all(asked.headers["host"].startswith("127.0.0.1") for asked in vendor.asked)


def test_a_pager_cannot_lead_to_another_host_either(vendor: TinyVendor) -> None:
    astray = Keyset(("id",), lambda request, values: replace(request, url="https://evil.example/a"), most=1)
    table = hostile(vendor, astray, {"items": [{"id": 1}]})
    with pytest.raises(TableFailed, match="another host"):
        table.ids()
    assert len(vendor.asked) == 1


def test_a_credential_that_the_vendor_repeats_is_never_stored(vendor: TinyVendor) -> None:
    table = hostile(vendor, NextUrl(at="next"), {"items": [{"id": 1}], "next": "/a?key=s3cr3t-key&page=2"})
    with pytest.raises(TableFailed, match="with the credentials in it") as caught:
        table.ids()
    assert "s3cr3t" not in str(caught.value)


def test_a_token_that_was_got_with_the_credentials_is_not_stored_either(
    vendor: TinyVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Client, "hidden", lambda _: ("s3cr3t/tok+en",))
    table = hostile(vendor, NextUrl(at="next"), {"items": [{"id": 1}], "next": "/a?key=s3cr3t%2Ftok%2Ben"})
    with pytest.raises(TableFailed, match="with the credentials in it"):
        table.ids()


def test_long_pages_that_differ_in_the_keys_of_their_records_alone_are_no_repetition(vendor: TinyVendor) -> None:
    text = "x" * 40_000
    first = {"items": [{"text": text, "id": 1}], "next": "a", "more": text}
    last = {"items": [{"text": text, "id": 2}], "none": "a", "more": text}
    pairs = enumerate(zip(json.dumps(first), json.dumps(last), strict=True))
    assert all(at % 61 for at, (one, other) in pairs if one != other), "bytes that are not looked at"
    assert hostile(vendor, Cursor("next", "cursor"), first, last).ids() == ["1", "2"]


def test_tokens_that_go_round_in_circles_on_empty_pages_are_found(vendor: TinyVendor) -> None:
    told = [{"items": [], "next": token} for token in "abc"]
    with pytest.raises(TableFailed, match="never end"):
        hostile(vendor, Cursor("next", "cursor"), *told).ids()
    assert len(vendor.asked) < 20


def test_a_cursor_that_has_expired_is_told_apart_from_other_failures(vendor: TinyVendor) -> None:
    expired = (Expired(400, at="*.errorCode", codes=("INVALID_QUERY_LOCATOR",)), Expired(at="error", codes=("old",)))
    paging = Cursor("next", "cursor", expired=expired)

    def answering(*answers: Answer) -> Table:
        vendor.asked.clear()
        return Table(
            vendor, Endpoint("a", "/a", records="items", paging=paging), lambda _: answers[len(vendor.asked) - 1]
        )

    good = says({"items": [{"id": 1}], "next": "x"})
    with pytest.raises(CursorExpired):
        answering(good, says([{"errorCode": "INVALID_QUERY_LOCATOR"}], 400)).ids()
    with pytest.raises(CursorExpired):
        answering(good, says({"ok": False, "error": "old"})).ids()
    with pytest.raises(TableFailed) as caught:
        answering(good, says([{"errorCode": "MALFORMED_QUERY"}], 400)).ids()
    assert not isinstance(caught.value, CursorExpired)


def test_no_cursor_can_have_expired_on_the_first_page_but_on_that_of_a_resumed_pull(vendor: TinyVendor) -> None:
    paging = Cursor("next", "cursor", expired=(Expired(410),))
    table = hostile(vendor, paging, {"items": [{"id": 1}], "next": "x"})
    position = next(table.pages()).after
    gone = Table(vendor, table.endpoint, lambda _: says({}, 410))
    with pytest.raises(TableFailed) as caught:
        gone.ids()
    assert not isinstance(caught.value, CursorExpired)
    with pytest.raises(CursorExpired):
        gone.ids(start=position)


# All the way into raw files


def test_a_table_of_batches_lands_once_however_often_its_pull_is_stopped(vendor: TinyVendor, tmp_path: Path) -> None:
    def answer(asked: Asked, _: Answer) -> Answer:
        if asked.path == "/api/ids":
            at = (int(asked.query["page"]) - 1) * 5
            return says({"resources": IDS[at : at + 5]})
        return says({"found": [{"id": id_} for id_ in json.loads(asked.body)["ids"]]})

    vendor.bend = answer
    paging = IdsThenRecords(PageNumber(most=5), "resources", listed="/ids", path="/entities", batch=2)
    endpoint = Endpoint("users", "/ids", records="found", paging=paging, changes=None)
    service = replace(SERVICE, endpoints=(endpoint,), check=None)
    ports = open_ports(tmp_path)
    tenant = connect_tenant(ports, vendor.url)
    check_connection(ports, tenant, service=service)

    def one_page() -> str:
        pages: list[int] = []
        return ingest_table(
            ports,
            tenant,
            "users",
            run_id="r1",
            service=service,
            progress=lambda table, page, rows: pages.append(page),
            stop=lambda: bool(pages),
        ).status

    # Two pages of ids, and their batches: three and one.
    assert [one_page() for _ in range(6)] == ["stopped"] * 5 + ["ok"]
    [receipt] = receipts(ports, "users")
    assert receipt.complete and receipt.rows == receipt.distinct_ids == 7
    assert sorted(row["record_id"] for row in landed(ports, "users")) == IDS


def test_a_list_that_is_asked_for_by_post_lands_with_its_bytes_untouched(vendor: TinyVendor, tmp_path: Path) -> None:
    body = b'{"data":{"users":[ {"id" : "1", "n":1.50}, {"id":"2"} ]}}'
    vendor.bend = lambda asked, _: Answer(200, body if asked.method == "POST" else b"[]")
    query = graphql("query { users { id } }")
    endpoint = Endpoint("users", "/v2", method="POST", body=query, records="data.users", paging=SinglePage())
    service = replace(SERVICE, endpoints=(replace(endpoint, changes=None),), check=None)
    ports = open_ports(tmp_path)
    tenant = connect_tenant(ports, vendor.url)
    check_connection(ports, tenant, service=service)
    ingest_table(ports, tenant, "users", run_id="r1", service=service)
    assert [row["payload"] for row in landed(ports, "users")] == ['{"id" : "1", "n":1.50}', '{"id":"2"}']
