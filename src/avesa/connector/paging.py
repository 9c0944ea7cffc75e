"""How a vendor hands out a long list. A pager is a pure function from (request, page) to the next request or none,
so a pull can stop after any page and go on in another process: the checkpoint is the next request.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from avesa.connector.request import Params, Request, Response
from avesa.shared.errors import TableFailed


class CursorExpired(Exception):
    """The vendor does not know the cursor any more that it handed out: the list has to be asked for from its start."""


@dataclass(frozen=True)
class Page:
    """What a pager may look at: the answer, how many records it held, and the key of the last one."""

    response: Response
    records: int
    last_key: str | None = None


class Paging(Protocol):
    def first(self, request: Request) -> Request:
        """The request for the first page."""
        ...

    def probe(self, request: Request) -> Request:
        """The cheapest request that is still answered like the first page."""
        ...

    def next(self, request: Request, page: Page) -> Request | None:
        """The request that follows, or None at the end. Raises TableFailed where the paging makes no sense."""
        ...

    def ahead(self, request: Request, page: Page, most: int) -> tuple[Request, ...]:
        """Up to `most` requests that surely follow, so that they can be fetched at once."""
        ...


@dataclass(frozen=True)
class SinglePage:
    """The whole list comes in one answer."""

    def first(self, request: Request) -> Request:
        return request

    def probe(self, request: Request) -> Request:
        return request

    def next(self, request: Request, page: Page) -> Request | None:
        return None

    def ahead(self, request: Request, page: Page, most: int) -> tuple[Request, ...]:
        return ()


@dataclass(frozen=True)
class PageNumber:
    """Pages counted from 1. A Link header tells whether there is a next one and which is the last; without that
    header a page that is not full is the last.

    `order` is sent with every page and must keep rows in place (ascending by a key that never changes). Even so
    a row that vanishes shifts all rows behind it, so this is only exact for lists that lose no rows.
    """

    page: str = "page"
    size: str = "pageSize"
    most: int = 1000
    order: Params = ()

    def first(self, request: Request) -> Request:
        return request.with_params(*self.order, (self.size, str(self.most)), (self.page, "1"))

    def probe(self, request: Request) -> Request:
        return request.with_params((self.size, "1"), (self.page, "1"))

    def next(self, request: Request, page: Page) -> Request | None:
        links = read_links(page.response.headers.get("link", ""))
        if page.records == 0 or (links and "next" not in links):
            return None
        if not links and page.records < self.most:
            return None
        return self._at(request, self._number(request) + 1)

    def ahead(self, request: Request, page: Page, most: int) -> tuple[Request, ...]:
        links = read_links(page.response.headers.get("link", ""))
        last = query_value(links.get("last", ""), self.page)
        if page.records == 0 or "next" not in links or last is None or not last.isdecimal():
            return ()
        here = self._number(request)
        return tuple(self._at(request, number) for number in range(here + 1, min(int(last), here + most) + 1))

    def _number(self, request: Request) -> int:
        return int(request.param(self.page) or 1)

    def _at(self, request: Request, number: int) -> Request:
        return request.with_params((self.page, str(number)))


@dataclass(frozen=True)
class ForwardOnly:
    """Pages in the order of an id: each one starts behind the last id of the one before, so rows that come or go
    meanwhile never shift the others.

    The next page's id is read from the Link header's rel=next. Nothing else of that address is used: host, path
    and the other parameters stay our own, so credentials go nowhere that an answer names. A full page without a
    Link header is not taken for the last one; the last row's key leads on.
    """

    cursor: str = "pageId"
    size: str = "pageSize"
    most: int = 1000
    headers: Params = ()

    def first(self, request: Request) -> Request:
        return request.with_headers(*self.headers).with_params((self.size, str(self.most)))

    def probe(self, request: Request) -> Request:
        return request.with_headers(*self.headers).with_params((self.size, "1"))

    def next(self, request: Request, page: Page) -> Request | None:
        if page.records == 0:
            return None
        links = read_links(page.response.headers.get("link", ""))
        if "next" in links:
            cursor = query_value(links["next"], self.cursor)
        elif page.records >= self.most:
            cursor = page.last_key
        else:
            return None
        if cursor is None or not cursor.isdecimal():
            raise TableFailed(f"The vendor names a next page without a number as its {self.cursor}.")
        if int(cursor) <= int(request.param(self.cursor) or -1):
            raise TableFailed(f"The vendor's {self.cursor} does not increase: the pages would never end.")
        return request.with_params((self.cursor, cursor))

    def ahead(self, request: Request, page: Page, most: int) -> tuple[Request, ...]:
        return ()


_LINK = re.compile(r'<([^>]*)>\s*((?:;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^\s",;]+)\s*)*)')
_REL = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s",;]+))', re.IGNORECASE)


def read_links(header: str) -> dict[str, str]:
    """Relation to address of a Link header (RFC 8288). Addresses are as sent; the first of a relation wins."""
    links: dict[str, str] = {}
    for address, attributes in _LINK.findall(header):
        rel = _REL.search(attributes)
        for name in (rel[1] or rel[2] or "").lower().split() if rel else ():
            links.setdefault(name, address)
    return links


def query_value(address: str, name: str) -> str | None:
    """The value of one query parameter of an address, whatever the case of its name."""
    try:
        query = parse_qs(urlsplit(address).query)
    except ValueError:
        return None
    return next((values[0] for key, values in query.items() if key.lower() == name.lower()), None)


class RepeatGuard:
    """Finds pages that come again, at any distance, while remembering only two of them.

    Each page is compared with the one before and with a milestone that moves to pages 1, 2, 4, 8, …: whatever
    cycle the pages fall into, a milestone is met again. Empty pages do not count.
    """

    def __init__(self, previous: str | None = None) -> None:
        self._seen = 0
        self._milestone = previous
        self.previous = previous

    def check(self, digest: str, records: int) -> None:
        """Raises TableFailed if this page was seen before."""
        if records == 0:
            return
        if digest in (self.previous, self._milestone):
            raise TableFailed("The vendor sent the same page again: the pages would never end.")
        self.previous = digest
        self._seen += 1
        if self._seen & (self._seen - 1) == 0:
            self._milestone = digest
