"""Walks over the pages of one table, in order, while pages that surely follow are fetched ahead.

A walk is a sequence of lists: one for a plain table, one for each parent record where the vendor wants to be asked
under it. Wherever it ends, its last `Position` is enough to go on from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from avesa.connector.checkpoint import Position
from avesa.connector.client import Client
from avesa.connector.completeness import Total, read_total
from avesa.connector.endpoint_request import ParentId
from avesa.connector.fetcher import Fetcher
from avesa.connector.good_answers import check_made, check_whole
from avesa.connector.json_paths import ABSENT, Path, value_at
from avesa.connector.limits import Wait, waiter
from avesa.connector.page_digest import digest_of, whereabouts
from avesa.connector.paging import CursorExpired, InTurn, Page, Paging, RepeatGuard
from avesa.connector.reading import Reading
from avesa.connector.record import Record
from avesa.connector.records import read_page
from avesa.connector.request import Request, Response
from avesa.shared.errors import TableFailed, Unavailable
from avesa.shared.hiding import hidden, shows

_LONGEST_TOLD = 300
"""Characters of an address and of the parents."""

_REFUSALS = (401, 402, 403)
"""No credentials, no money, no right: a list that was asked for with these is there."""


@dataclass(frozen=True)
class Extracted:
    """One page as it was read. `after` is where to go on once it is landed. `parent_id` is the last of the parents that
    it was asked for under; the records name theirs where there are several. `refused` is why there are none where the
    list of that parent is not ours to see.

    `total` is how many records there are, as the page says it; None too where it says fewer than it holds. `shifts`
    names the part of the list that it belongs to, where a record that vanishes moves the others.
    """

    number: int
    parent_id: str | None
    records: list[Record]
    response: Response
    received_at: datetime
    after: Position
    refused: str | None = None
    total: int | None = None
    shifts: str | None = None


class ChangesRefused(Exception):
    """The vendor refuses the very first change request: by 400, or by what is declared to mean the condition."""


@dataclass(frozen=True)
class Walk:
    """How to walk: `build` makes the bare request of a parent's list (of the only list for None), or of several
    parents' where they are asked for `at_once`. A list is over behind a page that is `enough`. `wait` is for requests
    that are to be sent later; by default real time passes. `total` is where the pages say how many records there are.
    """

    client: Client
    paging: Paging
    reading: Reading
    build: Callable[[ParentId], Request]
    is_changes: bool
    max_pages: int = 100_000
    at_once: int = 1
    refused_alone: bool = False
    enough: Callable[[list[Record]], bool] = lambda records: False
    wait: Wait | None = None
    total: Total | None = None

    def pages(
        self, fetcher: Fetcher, parents: Sequence[str] | None, start: Position, number: int
    ) -> Iterator[Extracted]:
        """Pages from `start` on; `number` counts those before. `parents` are sorted, None for a plain table.

        Raises TableFailed where pages repeat, never end or are malformed, CursorExpired where the vendor does not
        know a cursor any more, Stopped when asked to stop while it waits, and what the client raises.
        """
        if start.done:
            return
        lists: list[tuple[str, ...]] = (
            [()] if parents is None else _batches(_remaining(parents, start), start, self.at_once)
        )
        for index, batch in enumerate(lists):
            parent_id = batch[-1] if batch else None
            resumed = start.request is not None and parent_id == start.parent
            request = start.request if resumed and start.request else self._first(batch)
            following = (self._first(lists[i]) for i in range(index + 1, len(lists)))
            is_last = index == len(lists) - 1
            guard = RepeatGuard(start.digest if resumed else None)
            for page in self._one_list(fetcher, batch, request, resumed, guard, following, number):
                number = page.number
                done = is_last and page.after.request is None
                yield page if not done else _ended(page)

    def _one_list(
        self,
        fetcher: Fetcher,
        batch: tuple[str, ...],
        request: Request,
        resumed: bool,
        guard: RepeatGuard,
        following: Iterator[Request],
        number: int,
    ) -> Iterator[Extracted]:
        parent_id = batch[-1] if batch else None
        pages = number if parent_id is None else 0
        # What only leads to records (the order of an export) is not asked for ahead of need.
        upcoming = iter([ahead for ahead in islice(following, fetcher.depth) if ahead.has_records])
        asked_before = RepeatGuard()
        next_request: Request | None = request
        before: int | None = None
        while next_request is not None:
            fetcher.hint(upcoming)
            asked = next_request
            if asked.wait > 0:
                (self.wait or waiter(self.client.stop))(asked.wait)
            # Where no answer comes, that is about the vendor and not about one list.
            response, told = self._in_order(fetcher, asked, before)
            number += 1
            pages += 1
            with self._telling_whose(asked, batch):
                if pages > self.max_pages:
                    raise TableFailed(f"More than {self.max_pages} pages came; the vendor's paging never ends.")
                gone = self._is_gone(response, parent_id)
                self._check_answer(response, is_first=asked == request and not resumed, number=number, gone=gone)
                records = [] if gone else self._records(asked, response, number, parent_id)
            if told is not None and told < len(records):
                told = None  # it counts something else, or for the first page alone
            before = before if told is None else told
            digest = digest_of(asked, response, records)
            guard.check(digest, len(records))
            guard.check_records(records, whereabouts(asked))
            page = Page(response, len(records), last_values(records[-1], self.paging.reads) if records else {})
            over = gone or self.enough(records)
            next_request = self._next_part(asked) if over else self.paging.next(asked, page)
            if next_request is not None:
                self._check_next(asked, next_request, asked_before)
            elif not over:
                check_whole(response)
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
                self._why_refused(response) if gone else None,
                told,
                whereabouts(asked) if self.paging.shifts(asked) else None,
            )

    def _in_order(self, fetcher: Fetcher, asked: Request, before: int | None) -> tuple[Response, int | None]:
        """The answer to a request and the total that it tells; those of the pages before, of which the last told the
        total `before`, are no newer.

        One that was fetched ahead may be older. Where both tell the same total, that is no matter; else the list
        changed between them, nobody knows in which order, and a record could have moved from the one to the other
        unseen. So the page is asked for once more.
        """
        is_early = fetcher.is_early(asked)
        response = fetcher.fetch(asked)
        if self.total is None:
            return response, None
        told = read_total(response, self.total)
        differs = None not in (before, told) and told != before
        if differs and is_early and self.total.trusted and self.paging.shifts(asked):
            fetcher.forget()
            response = fetcher.fetch(asked)
            told = read_total(response, self.total)
        return response, told

    @contextmanager
    def _telling_whose(self, asked: Request, batch: tuple[str, ...]) -> Iterator[None]:
        """Of a list under a parent, what fails is told with parent and address: it may be about that one alone."""
        try:
            yield
        except (TableFailed, Unavailable) as error:
            if batch:
                several = f"{len(batch)} parents from {batch[0]} to {batch[-1]}"
                whose = f"the parent {batch[0]}" if len(batch) == 1 else several
                told = f"{asked.method} {urlsplit(asked.url).path}, for {whose}"
                told = " ".join(hidden(told, self.client.hidden()).split())
                told = told if len(told) <= _LONGEST_TOLD else f"{told[:_LONGEST_TOLD]}…"
                error.message = f"{error.message.removesuffix('.')} ({told})."
            raise

    def _next_part(self, asked: Request) -> Request | None:
        return self.paging.skip(asked) if isinstance(self.paging, InTurn) else None

    def _check_answer(self, response: Response, *, is_first: bool, number: int, gone: bool) -> None:
        """Raises what an answer means that is no page. A cursor can only expire behind the first page."""
        if not is_first and any(expired.matches(response) for expired in self.paging.expired):
            raise CursorExpired("The vendor does not know the cursor of the next page any more.")
        verdict = self.client.verdict(response)
        if gone or verdict.is_good or self._is_unchanged(response):
            return
        refuses_condition = verdict.means == "condition" if verdict.declared else response.status == 400
        if refuses_condition and self.is_changes and number == 1:
            raise ChangesRefused
        raise self.client.refusal(response, alone=self.refused_alone)

    def _is_gone(self, response: Response, parent_id: str | None) -> bool:
        """Whether there is no list at all where it was asked for, which counts as an empty one."""
        verdict = self.client.verdict(response)
        asked_alone = parent_id is not None and self.at_once == 1
        gone = verdict.means in ("gone", "refused") if verdict.declared else response.status == 404
        return verdict.means == "empty" or (asked_alone and gone)

    def _why_refused(self, response: Response) -> str | None:
        """What the vendor said where a list that counts as gone was refused, None where it is not there."""
        if self.client.verdict(response).means != "refused" and response.status not in _REFUSALS:
            return None
        return self.client.refusal(response, alone=True).message

    def _records(self, asked: Request, response: Response, number: int, parent_id: str | None) -> list[Record]:
        # 204: no content, so no list either.
        if not asked.has_records or response.status == 204 or self._is_unchanged(response):
            return []
        if not response.body:
            check_made(response, [])
        records = read_page(response.body, self.reading, page=number, parent_id=parent_id)
        check_made(response, records)
        return records

    def _is_unchanged(self, response: Response) -> bool:
        """304: nothing changed since the moment that was asked about (RFC 9110, section 15.4.5). Only a request for
        changes asks about one, so it is never the answer to a listing.
        """
        return response.status == 304 and self.is_changes

    def _check_next(self, asked: Request, following: Request, asked_before: RepeatGuard) -> None:
        """Raises TableFailed for a next request that would go round in circles, to another host, or would store a
        credential that the vendor repeated in an address.
        """
        if following == asked:
            raise TableFailed("The vendor names the same page as the next one: the pages would never end.")
        asked_before.check(following.to_json(), 1)
        if urlsplit(following.url)[:2] != urlsplit(asked.url)[:2]:
            raise TableFailed("The next page lies on another host, to which no credentials are sent.")
        before, after, hidden = asked.to_json(), following.to_json(), self.client.hidden()
        if shows(after, hidden) and shows(after, (value for value in hidden if not shows(before, [value]))):
            raise TableFailed("The vendor names a next page with the credentials in it; they are not stored.")

    def _first(self, batch: tuple[str, ...]) -> Request:
        one = batch[0] if batch else None
        return self.paging.first(self.build(one if self.at_once == 1 else batch))


def last_values(record: Record, paths: tuple[Path, ...]) -> dict[Path, Any]:
    """A record's values at the paths that a pager reads; nothing else of it is decoded."""
    found = {path: value_at(record.payload, path) for path in paths}
    return {path: value for path, value in found.items() if value is not ABSENT}


def _remaining(parents: Sequence[str], start: Position) -> list[str]:
    """The parents still to be asked, from the unfinished one on (it may have gone meanwhile)."""
    if start.parent is None:
        return list(parents)
    if start.request is not None:
        return [start.parent, *(p for p in parents if p > start.parent)]
    return [p for p in parents if p > start.parent]


def _batches(parents: list[str], start: Position, size: int) -> list[tuple[str, ...]]:
    """The parents that one request asks for, together; that of an unfinished one is known, and it stands alone."""
    alone = 1 if start.request is not None else 0
    rest = parents[alone:]
    return [(parent,) for parent in parents[:alone]] + [tuple(rest[at : at + size]) for at in range(0, len(rest), size)]


def _ended(page: Extracted) -> Extracted:
    after = Position(page.after.parent, None, None, done=True)
    return replace(page, after=after)
