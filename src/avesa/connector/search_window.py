"""Searches that a vendor cuts off after so many rows: before that the search starts again, with its filter moved to
the last value seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec

from avesa.connector.json_paths import Path
from avesa.connector.keyset import Behind, Values, first_of, last_values
from avesa.connector.page import Expired, Page, Paging
from avesa.connector.request import Request
from avesa.shared.errors import TableFailed


@dataclass(frozen=True)
class SearchWindow:
    """`inner` pages through one window in pages of `size` rows; the vendor cuts it off after `cap` rows. `keys` are
    the paths of the values that order the rows; `move` makes the request for the window that begins at such values.

    With a unique last key (`(time, id)`, or an id alone) `move` asks for what lies behind it, and each row comes
    once. With a time alone it must ask from that time on, itself included: the rows of that instant come again, which
    does no harm; where an instant holds more rows than the cap, TableFailed says so. `restart` moves the window after
    so many pages already, for a vendor whose offsets shift while rows come and go; as long as all rows of a window
    share one instant, `inner` goes on. `usual` is the size of a page where a vendor does not take ours: one of so many
    rows may be a full one, and is gone on behind unless it holds nothing but the instant that it began with.
    """

    inner: Paging
    keys: tuple[Path, ...]
    move: Behind
    cap: int
    size: int
    restart: int | None = None
    usual: int | None = None

    @property
    def reads(self) -> tuple[Path, ...]:
        return (*self.keys, *self.inner.reads)

    @property
    def expired(self) -> tuple[Expired, ...]:
        return self.inner.expired

    def first(self, request: Request) -> Request:
        return _wrapped(self.inner.first(request), request, pages=0, window=None, last=None)

    def probe(self, request: Request) -> Request:
        return self.inner.probe(request)

    def next(self, request: Request, page: Page) -> Request | None:
        first = first_of(request)
        pages = int(request.recall("pages") or 0) + 1
        window = request.recall("window")
        last = self._last(page) or request.recall("last")
        following = self.inner.next(_unwrapped(request), page)
        is_full = (pages + 1) * self.size > self.cap
        known = page.records < self.size and last == window
        if following is None and (not is_full or known or page.records < (self.usual or self.size)):
            return None
        if last is not None and last != window and (is_full or pages >= (self.restart or pages + 1)):
            values = msgspec.json.decode(last, type=Values)
            return _wrapped(self.inner.first(self.move(first, values)), first, pages=0, window=last, last=last)
        if last is None and (is_full or following is None):
            last_values(page, self.keys)  # says which value is missing
        if is_full or following is None:
            raise TableFailed(
                f"More than {self.cap} rows share one instant, and the vendor's search ends there.",
                hint="Ask the vendor how to read them, or leave it out: avesa connect TENANT SERVICE --without TABLE",
            )
        return _wrapped(following, first, pages=pages, window=window, last=last)

    def _last(self, page: Page) -> str | None:
        """The values of the page's last record as JSON; None where it lacks one, and the window stays further back."""
        known = all(page.last.get(key) not in (None, "") for key in self.keys)
        return msgspec.json.encode(last_values(page, self.keys)).decode() if page.records and known else None

    def ahead(self, request: Request, page: Page, most: int) -> tuple[Request, ...]:
        return ()

    def shifts(self, request: Request) -> bool:
        return self.inner.shifts(_unwrapped(request))


def _wrapped(request: Request, first: Request, *, pages: int, window: str | None, last: str | None) -> Request:
    """`request` with this pager's memory around that of the inner one."""
    inner = msgspec.json.encode(request.memo).decode()
    kept = replace(request, memo=())
    return kept.with_memo(first=first.to_json(), inner=inner, pages=str(pages), window=window, last=last)


def _unwrapped(request: Request) -> Request:
    memo = msgspec.json.decode(request.recall("inner") or "[]", type=tuple[tuple[str, str], ...])
    return replace(request, memo=memo)
