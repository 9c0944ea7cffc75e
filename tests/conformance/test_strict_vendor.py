"""Each strict vendor answers plain requests as the vendor's page says, and notes the ones that the page forbids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from avesa.sandbox.vendor.contract import service_names
from avesa.sandbox.vendor.server import Serving, strict_vendor
from conformance.every_walk import WALKS
from conformance.walks import NOW, Ask, Sign, Walk, send


@pytest.fixture(scope="module")
def client() -> Iterator[httpx2.Client]:
    with httpx2.Client(timeout=20) as client:
        yield client


@pytest.fixture(params=sorted(WALKS))
def served(request: pytest.FixtureRequest) -> Iterator[tuple[Walk, Serving]]:
    walk = WALKS[request.param]
    with strict_vendor(request.param, counts=walk.counts, clock=lambda: NOW) as serving:
        yield walk, serving


def keys(serving: Serving, table: str, records: list[Any]) -> list[Any]:
    return [serving.vendor.key(table, record) for record in records]


def walked(serving: Serving, client: httpx2.Client, walk: Walk, sign: Sign) -> list[list[Any]]:
    """The keys on each page up to the end."""
    pages: list[list[Any]] = []
    ask: Ask | None = walk.first
    while ask is not None and len(pages) < 30:
        answer = send(serving, client, ask, sign)
        assert answer.status_code == 200, answer.text
        pages.append(keys(serving, walk.table, walk.records(answer.json())))
        ask = walk.follow(ask, answer)
    return pages


def test_there_is_a_walk_for_every_vendor_with_rules() -> None:
    assert sorted(WALKS) == service_names()


def test_a_first_page_as_the_vendor_gives_it(served: tuple[Walk, Serving], client: httpx2.Client) -> None:
    walk, serving = served
    answer = send(serving, client, walk.first, walk.enter(serving, client))
    assert answer.status_code == 200, answer.text
    assert len(walk.records(answer.json())) in (3, 5, 100, 200)
    assert serving.vendor.violations == []


def test_a_walk_to_the_end_gives_every_record_once(served: tuple[Walk, Serving], client: httpx2.Client) -> None:
    walk, serving = served
    pages = walked(serving, client, walk, walk.enter(serving, client))
    found = [key for page in pages for key in page]
    assert len(pages) >= 3
    true = keys(serving, walk.table, serving.vendor.records(walk.table, walk.place))
    assert sorted(map(str, found)) == sorted(map(str, true))
    assert serving.vendor.violations == []


def test_what_changed_is_told_and_nothing_else(served: tuple[Walk, Serving], client: httpx2.Client) -> None:
    walk, serving = served
    sign = walk.enter(serving, client)
    records = walk.changed_records or (walk.records if walk.changes_in == walk.table else None)
    if records is None:
        records = WALKS["microsoft365"].records
    before = send(serving, client, walk.changed, sign)
    assert before.status_code in (200, 404), before.text
    assert before.status_code == 404 or records(before.json()) == []
    changed = walk.change(serving.vendor)
    if before.status_code == 404:
        serving.vendor.rows.of(serving.vendor.contract.tables["boards"])
    answer = send(serving, client, walk.changed, sign)
    assert keys(serving, walk.changes_in, records(answer.json())) == [changed]
    assert serving.vendor.violations == []


def test_a_wrong_request_is_refused_and_noted(served: tuple[Walk, Serving], client: httpx2.Client) -> None:
    walk, serving = served
    answer = send(serving, client, walk.wrong, walk.enter(serving, client))
    assert not answer.is_success or answer.json().get("ok") is False or answer.json().get("errors")
    assert len(serving.vendor.violations) == 1, answer.text


def test_who_does_not_say_who_they_are_gets_the_vendors_refusal(
    served: tuple[Walk, Serving], client: httpx2.Client
) -> None:
    walk, serving = served
    answer = send(serving, client, walk.first, lambda method, url: {})
    status, shape = walk.refused
    assert answer.status_code == status
    assert shape(answer.json()), answer.text
    assert serving.vendor.violations
