"""Pages counted by number or by offset. They are exact only for lists whose rows stay in place: a row that vanishes
shifts all behind it, so order by something that never changes and prefer a keyset where rows come and go.

Where the pages tell a total, its fall shows that something vanished, and the list is read again (see completeness).
Where they tell none, what comes is the same as of a list that never had the row that was left out. Pages by offset
could begin one row early, to see whether the last row of the page before still stands there; but that takes an order by
a key that never changes, and then no page can be asked for ahead. Hardly a vendor with offsets and no total has one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from avesa.connector.json_paths import Path
from avesa.connector.links import query_value, read_links
from avesa.connector.page import BY_LINK, NOT_FULL, End, Expired, Page, number_at
from avesa.connector.request import Into, Params, Request
from avesa.shared.errors import TableFailed


@dataclass(frozen=True)
class PageNumber:
    """Pages counted from `start`. By default a Link header tells whether there is a next one and which is the last;
    without that header a page that is not full is the last.

    `order` is sent with every page and must keep rows in place (ascending by a key that never changes). Even so a row
    that vanishes shifts all rows behind it, so this is only exact for lists that lose no rows, or tell a total that
    shows it. With `into` "body", `page` and `size` are paths in the JSON body. `size` is None where the vendor lets
    nobody choose it, `least` the fewest rows that it may be asked for.
    """

    page: Path = "page"
    size: Path | None = "pageSize"
    most: int = 1000
    least: int = 1
    order: Params = ()
    start: int = 1
    into: Into = "query"
    end: End = BY_LINK
    reads: ClassVar[tuple[Path, ...]] = ()
    expired: ClassVar[tuple[Expired, ...]] = ()

    def first(self, request: Request) -> Request:
        return self._at(self._sized(request.with_params(*self.order), self.most), self.start)

    def probe(self, request: Request) -> Request:
        return self._at(self._sized(request.with_params(*self.order), self.least), self.start)

    def next(self, request: Request, page: Page) -> Request | None:
        number = self._number(request)
        # Counted, not reckoned from the page's number: the vendor may take a smaller page than it was asked for.
        seen = int(request.recall("seen") or 0) + page.records
        if self.end.is_over(page, most=self.most, reached=seen, number=number - self.start + 1):
            return None
        return self._counted(request, number + 1, seen)

    def ahead(self, request: Request, page: Page, most: int) -> tuple[Request, ...]:
        here = self._number(request)
        last = self._last(page)
        if page.records == 0 or last is None or (self.end.total is not None and page.records != self.most):
            return ()
        seen = int(request.recall("seen") or 0)
        return tuple(
            self._counted(request, number, seen + (number - here) * self.most)
            for number in range(here + 1, min(last, here + most) + 1)
        )

    def shifts(self, request: Request) -> bool:
        return True

    def _last(self, page: Page) -> int | None:
        """The number of the last page, where the answer tells it."""
        if self.end.link:
            links = read_links(page.response.headers.get("link", ""))
            last = query_value(links.get("last", ""), self.page if isinstance(self.page, str) else "")
            if "next" in links and last is not None and last.isdecimal():
                return int(last)
        if (pages := number_at(page, self.end.pages)) is not None:
            return self.start + pages - 1
        if (total := number_at(page, self.end.total)) is not None:
            return self.start + -(-total // self.most) - 1
        return None

    def _number(self, request: Request) -> int:
        return int(request.value(self.into, self.page) or self.start)

    def _sized(self, request: Request, size: int) -> Request:
        return request if self.size is None else request.with_value(self.into, self.size, size)

    def _at(self, request: Request, number: int) -> Request:
        return request.with_value(self.into, self.page, number)

    def _counted(self, request: Request, number: int, seen: int) -> Request:
        following = self._at(request, number)
        return following if self.end.total is None else following.with_memo(seen=str(seen))


@dataclass(frozen=True)
class Offset:
    """Pages that begin behind so many rows. `start` is the offset of the first row.

    `by` says what moves it: "limit" where a vendor takes its limit before it applies access rules, so that a page
    may be short or empty in the middle; "records" where it may send fewer rows than asked and has to be followed by
    what came. With `statement` the offset does not stand alone but ends a query text: `offset` then names the
    parameter of that text, and `statement` is what is put behind it, a template over `{offset}` and `{limit}`.
    """

    offset: Path = "offset"
    size: Path | None = "limit"
    most: int = 100
    order: Params = ()
    start: int = 0
    by: Literal["records", "limit"] = "records"
    into: Into = "query"
    statement: str | None = None
    end: End = NOT_FULL
    reads: ClassVar[tuple[Path, ...]] = ()
    expired: ClassVar[tuple[Expired, ...]] = ()

    def first(self, request: Request) -> Request:
        return self._first(request, self.most)

    def probe(self, request: Request) -> Request:
        return self._first(request, 1)

    def next(self, request: Request, page: Page) -> Request | None:
        here = self._offset(request)
        step = self.most if self.by == "limit" else page.records
        reached = here - self.start + step
        if self.end.is_over(page, most=self.most, reached=reached):
            return None
        if step == 0:
            raise TableFailed("The vendor says that rows follow, and sends none.")
        return self._at(request, here + step)

    def ahead(self, request: Request, page: Page, most: int) -> tuple[Request, ...]:
        total = number_at(page, self.end.total)
        if total is None or (self.by == "records" and page.records != self.most):
            return ()
        here = self._offset(request)
        offsets = range(here + self.most, min(self.start + total, here + most * self.most + 1), self.most)
        return tuple(self._at(request, offset) for offset in offsets)

    def shifts(self, request: Request) -> bool:
        return True

    def _first(self, request: Request, size: int) -> Request:
        request = request.with_params(*self.order)
        if self.statement is not None:
            text = request.value(self.into, self.offset)
            return self._at(request.with_memo(text=text if isinstance(text, str) else ""), self.start, size)
        sized = request if self.size is None else request.with_value(self.into, self.size, size)
        return self._at(sized, self.start)

    def _offset(self, request: Request) -> int:
        told = request.recall("offset") if self.statement is not None else request.value(self.into, self.offset)
        return int(told or self.start)

    def _at(self, request: Request, offset: int, size: int | None = None) -> Request:
        if self.statement is None:
            return request.with_value(self.into, self.offset, offset)
        ending = self.statement.format(offset=offset, limit=self.most if size is None else size)
        text = (request.recall("text") or "") + ending
        return request.with_value(self.into, self.offset, text).with_memo(offset=str(offset))
