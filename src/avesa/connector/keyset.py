"""Pages in the order of values that each row has (an id, or a time and an id): each one begins behind the values of
the last row before. Rows that come or go meanwhile shift nothing, so this is exact.

A row that changes while it is ordered by time moves to the end and comes again. One that changes within the instant
that is just being read, with a smaller id, is not seen here; it is no older than the pull's beginning, and the next
window begins no later than that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from avesa.connector.json_paths import Path, split_path
from avesa.connector.page import NOT_FULL, End, Expired, Page
from avesa.connector.request import Into, Params, Request, as_text
from avesa.shared.errors import TableFailed

Values = tuple[Any, ...]
"""Decoded values of a row, in the order of the paths that were asked for."""

Behind = Callable[[Request, Values], Request]
"""From the first request (before any paging) and a row's values to the request for what lies behind them. Pure."""


@dataclass(frozen=True)
class InParam:
    """Behind: the first value, alone, as a parameter or at a path of the body (`starting_after=<id>`)."""

    name: Path
    into: Into = "query"

    def __call__(self, request: Request, values: Values) -> Request:
        return request.with_value(self.into, self.name, values[0])


@dataclass(frozen=True)
class InFilter:
    """Behind: a filter text, a template over the values `{0}`, `{1}` and over `{filter}`, the text that was there
    before. A value with a quote or anything else that could break out of the text raises TableFailed.
    """

    name: Path
    template: str
    into: Into = "query"

    def __call__(self, request: Request, values: Values) -> Request:
        before = request.value(self.into, self.name)
        texts = [as_text(value) for value in values]
        for text in texts:
            if not _PLAIN.issuperset(text):
                raise TableFailed("The last record of a page has a key that cannot stand in a filter.")
        return request.with_value(
            self.into, self.name, self.template.format(*texts, filter="" if before is None else as_text(before))
        )


_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 :.+-_/|@")


@dataclass(frozen=True)
class Keyset:
    """`keys` are the paths of the values that order the rows, the last of them unique. `behind` makes the request for
    what lies behind some values; it must ask for that order too, and so must the endpoint's own parameters.

    `offset` names a parameter by which an empty page that is not the end is stepped over, for a vendor that applies
    access rules behind its limit: only within that one run of rows, so that nothing shifts. A total that the answer
    tells is then that of the rows behind the values, as the vendor counts them for this very request.
    """

    keys: tuple[Path, ...]
    behind: Behind
    size: Path | None = "limit"
    most: int = 100
    order: Params = ()
    into: Into = "query"
    offset: Path | None = None
    end: End = NOT_FULL
    expired: ClassVar[tuple[Expired, ...]] = ()

    @property
    def reads(self) -> tuple[Path, ...]:
        return self.keys

    def first(self, request: Request) -> Request:
        return self._sized(request, self.most).with_memo(first=request.to_json())

    def probe(self, request: Request) -> Request:
        return self._sized(request, 1)

    def next(self, request: Request, page: Page) -> Request | None:
        here = int(request.value(self.into, self.offset) or 0) if self.offset is not None else 0
        if self.end.is_over(page, most=self.most, reached=here + max(self.most, page.records)):
            return None
        if page.records == 0:
            if self.offset is None:
                raise TableFailed("The vendor says that rows follow, and sends none.")
            return request.with_value(self.into, self.offset, here + self.most)
        values = last_values(page, self.keys)
        behind = msgspec.json.encode(values).decode()
        if behind == request.recall("behind"):
            raise TableFailed("The vendor sends the same last record again: the pages would never end.")
        first = first_of(request)
        following = self._sized(self.behind(first, values), self.most)
        return following.with_memo(first=first.to_json(), behind=behind)

    def ahead(self, request: Request, page: Page, most: int) -> tuple[Request, ...]:
        return ()

    def shifts(self, request: Request) -> bool:
        return False

    def _sized(self, request: Request, size: int) -> Request:
        request = request.with_params(*self.order)
        return request if self.size is None else request.with_value(self.into, self.size, size)


def last_values(page: Page, keys: tuple[Path, ...]) -> Values:
    """The last record's values. Raises TableFailed where one is missing or is no text or number."""
    values = tuple(page.last.get(key) for key in keys)
    for key, value in zip(keys, values, strict=True):
        if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
            raise TableFailed(
                f"The last record of a page has no {'.'.join(split_path(key))}, by which the next one is asked for."
            )
    return values


def first_of(request: Request) -> Request:
    """The request as it was before any paging. Raises TableFailed for a request that was not made by this paging."""
    try:
        return Request.from_json(request.recall("first") or "")
    except msgspec.MsgspecError:
        raise TableFailed("The stored request does not belong to this paging.") from None
