"""Vendors without a server: plain functions from a request to an answer, one for each way of paging, and a walk that
goes through the JSON of each next request as another process would.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from avesa.connector.json_paths import ABSENT, value_at
from avesa.connector.paging import Page, Paging
from avesa.connector.request import Request, Response

Row = dict[str, Any]
Answer = Callable[[Request], Response]

LIST = Request("GET", "https://v.example/api/list", (("filter", "all"),))
QUERY = Request("POST", "https://v.example/api/list", body='{"filter":"all"}')


def rows(count: int) -> list[Row]:
    """Ids from 1, each pair of neighbours with the same time."""
    return [{"id": number, "at": f"2026-01-01T00:{number // 2:02}:00Z"} for number in range(1, count + 1)]


def answered(body: Any, **headers: str) -> Response:
    return Response(200, {k.replace("_", "-"): v for k, v in headers.items()}, json.dumps(body).encode(), LIST.url)


def page_of(paging: Paging, request: Request, response: Response) -> tuple[Page, list[Row]]:
    """The page as the walk over the pages would show it to the pager, for a list at `items`."""
    records: list[Row] = json.loads(response.body)["items"] if request.has_records else []
    last = {}
    if records:
        found = {path: value_at(json.dumps(records[-1]), path) for path in paging.reads}
        last = {path: value for path, value in found.items() if value is not ABSENT}
    return Page(response, len(records), last), records


def walk(paging: Paging, answer: Answer, request: Request = LIST, *, most: int = 2000) -> Iterator[list[Row]]:
    """The records of each page, where each next request is read back from its JSON."""
    following: Request | None = paging.first(request)
    for _ in range(most):
        if following is None:
            return
        asked = Request.from_json(following.to_json())
        page, records = page_of(paging, asked, answer(asked))
        following = paging.next(asked, page)
        yield records
    raise AssertionError("the pages never end")


def ids(pages: Iterator[list[Row]]) -> list[int]:
    return [row["id"] for records in pages for row in records]


def by_number(found: Sequence[Row], request: Request, *, total: bool = False) -> Response:
    size, page = int(request.param("pageSize") or 10), int(request.param("page") or 1)
    body: dict[str, Any] = {"items": list(found[(page - 1) * size : page * size])}
    return answered({**body, "total": len(found)} if total else body)


def by_offset(found: Sequence[Row], request: Request, *, start: int = 0, total: bool = False) -> Response:
    size, offset = int(request.param("limit") or 10), int(request.param("offset") or start) - start
    body: dict[str, Any] = {"items": list(found[offset : offset + size])}
    return answered({**body, "total": len(found)} if total else body)


def by_cursor(found: Sequence[Row], request: Request, size: int, token: Any) -> Response:
    """Tokens are opaque texts; the page in the middle of the list comes empty first."""
    at = 0 if token is None else int(str(token).removeprefix("t"))
    middle = len(found) // 2 // size * size
    if at == middle and token is not None and not str(token).startswith("t0"):
        return answered({"items": [], "next": f"t0{at}"})
    more = at + size < len(found)
    return answered({"items": list(found[at : at + size]), "next": f"t{at + size}" if more else ""})


@dataclass
class Table:
    """A list that lives: rows come, go and change while it is read. Times are whole seconds that never go back."""

    rows: dict[int, int] = field(default_factory=dict)
    """Id to time of the last change."""
    clock: int = 0

    def touch(self, id_: int) -> None:
        self.rows[id_] = self.clock

    def behind(self, time: int, id_: int, size: int) -> list[Row]:
        """In the order of (time, id), what lies behind such a pair."""
        found = sorted((at, number) for number, at in self.rows.items() if (at, number) > (time, id_))
        return [{"id": number, "at": at} for at, number in found[:size]]

    def since(self, time: int) -> list[Row]:
        return [{"id": number, "at": at} for at, number in sorted((at, n) for n, at in self.rows.items()) if at >= time]
