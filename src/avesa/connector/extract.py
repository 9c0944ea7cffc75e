"""Walks over the pages of one table, in order, while pages that surely follow are fetched ahead.

A walk is a sequence of lists: one for a plain table, one for each parent record where the vendor wants to be asked
under it. Wherever it ends, its last `Position` is enough to go on from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from types import TracebackType

from avesa.connector.checkpoint import Position
from avesa.connector.client import Client, Tally
from avesa.connector.paging import Page, Paging, RepeatGuard
from avesa.connector.records import Reading, Record, read_page
from avesa.connector.request import Request, Response, fill
from avesa.connector.service import Endpoint
from avesa.shared.errors import TableFailed


@dataclass(frozen=True)
class Extracted:
    """One page as it was read. `after` is where to go on once it is landed."""

    number: int
    parent_id: str | None
    records: list[Record]
    response: Response
    received_at: datetime
    after: Position


class ChangesRefused(Exception):
    """The vendor answered the very first change request with 400."""


class Fetcher:
    """Fetches answers, some of them ahead of need, `depth` at most. Use it as a context manager."""

    def __init__(self, client: Client, tally: Tally, depth: int) -> None:
        self._client = client
        self._tally = tally
        self.depth = depth
        self._pool = ThreadPoolExecutor(depth, thread_name_prefix="avesa-page") if depth > 0 else None
        self._ahead: dict[Request, Future[Response]] = {}

    def hint(self, requests: Iterator[Request]) -> None:
        """These will be asked for next: begin with as many as there is room for."""
        if self._pool is None:
            return
        for request in requests:
            if len(self._ahead) >= self.depth:
                return
            if request not in self._ahead:
                self._ahead[request] = self._pool.submit(self._client.send, request, self._tally)

    def fetch(self, request: Request) -> Response:
        future = self._ahead.pop(request, None)
        return self._client.send(request, self._tally) if future is None else future.result()

    def forget(self) -> None:
        """What was fetched ahead is not what follows."""
        for future in self._ahead.values():
            future.cancel()
        self._ahead.clear()

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True)
class Walk:
    """How to walk: `build` makes the bare request of a parent's list (of the only list for None)."""

    client: Client
    paging: Paging
    reading: Reading
    build: Callable[[str | None], Request]
    is_changes: bool
    max_pages: int = 100_000

    def pages(
        self, fetcher: Fetcher, parents: Sequence[str] | None, start: Position, number: int
    ) -> Iterator[Extracted]:
        """Pages from `start` on; `number` counts those before. `parents` are sorted, None for a plain table.

        Raises TableFailed where pages repeat, never end or are malformed, and what the client raises.
        """
        if start.done:
            return
        lists: Sequence[str | None] = [None] if parents is None else _remaining(parents, start)
        for index, parent_id in enumerate(lists):
            resumed = start.request is not None and parent_id == start.parent
            request = start.request if resumed and start.request else self._first(parent_id)
            following = (self._first(lists[i]) for i in range(index + 1, len(lists)))
            is_last = index == len(lists) - 1
            guard = RepeatGuard(start.digest if resumed else None)
            for page in self._one_list(fetcher, parent_id, request, guard, following, number):
                number = page.number
                done = is_last and page.after.request is None
                yield page if not done else _ended(page)

    def _one_list(
        self,
        fetcher: Fetcher,
        parent_id: str | None,
        request: Request,
        guard: RepeatGuard,
        following: Iterator[Request],
        number: int,
    ) -> Iterator[Extracted]:
        pages = number if parent_id is None else 0
        upcoming = iter(list(islice(following, fetcher.depth)))
        next_request: Request | None = request
        while next_request is not None:
            fetcher.hint(upcoming)
            asked = next_request
            response = fetcher.fetch(asked)
            number += 1
            pages += 1
            if pages > self.max_pages:
                raise TableFailed(f"More than {self.max_pages} pages came; the vendor's paging never ends.")
            gone = response.status == 404 and parent_id is not None
            verdict = self.client.verdict(response)
            if not gone and not verdict.is_good:
                if response.status == 400 and not verdict.declared and self.is_changes and number == 1:
                    raise ChangesRefused
                raise self.client.refusal(response)
            records = [] if gone else read_page(response.body, self.reading, page=number, parent_id=parent_id)
            digest = hashlib.sha256(response.body).hexdigest()[:16]
            guard.check(digest, len(records))
            page = Page(response, len(records), records[-1].record_id if records else None)
            next_request = None if gone else self.paging.next(asked, page)
            if next_request == asked:
                raise TableFailed("The vendor names the same page as the next one: the pages would never end.")
            predicted = () if next_request is None else self.paging.ahead(asked, page, fetcher.depth)
            if predicted:
                upcoming = iter(predicted)
            if (predicted and predicted[0] != next_request) or (parent_id is None and next_request is None):
                fetcher.forget()
                upcoming = iter(())
            yield Extracted(
                number,
                parent_id,
                records,
                response,
                response.received_at or self.client.clock(),
                Position(parent_id, next_request, digest if next_request else None),
            )

    def _first(self, parent_id: str | None) -> Request:
        return self.paging.first(self.build(parent_id))


def bare_request(base_url: str, endpoint: Endpoint, parent_id: str | None) -> Request:
    """The request for an endpoint's list (under one parent), before paging and change window are put on it."""
    path = endpoint.path
    if endpoint.parent is not None and parent_id is not None:
        path = fill(path, {endpoint.parent.param: parent_id}, quoted=True)
    return Request("GET", base_url + path, endpoint.params)


def _remaining(parents: Sequence[str], start: Position) -> list[str]:
    """The parents still to be asked, from the unfinished one on (it may have gone meanwhile)."""
    if start.parent is None:
        return list(parents)
    if start.request is not None:
        return [start.parent, *(p for p in parents if p > start.parent)]
    return [p for p in parents if p > start.parent]


def _ended(page: Extracted) -> Extracted:
    after = Position(page.after.parent, None, None, done=True)
    return Extracted(page.number, page.parent_id, page.records, page.response, page.received_at, after)
