"""Pages behind an id that the Link header names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from avesa.connector.json_paths import Path
from avesa.connector.links import query_value, read_links
from avesa.connector.page import Expired, Page
from avesa.connector.request import Params, Request, as_text
from avesa.shared.errors import TableFailed

LONGEST_ID = 40
"""Digits of the longest id that is followed."""


@dataclass(frozen=True)
class ForwardOnly:
    """Pages in the order of an id: each one starts behind the last id of the one before, so rows that come or go
    meanwhile never shift the others.

    The next page's id is read from the Link header's rel=next. Nothing else of that address is used: host, path
    and the other parameters stay our own, so credentials go nowhere that an answer names. A full page without a
    Link header is not taken for the last one; the id at `key` of the last row leads on.
    """

    cursor: str = "pageId"
    size: str = "pageSize"
    most: int = 1000
    headers: Params = ()
    key: Path = "id"
    expired: ClassVar[tuple[Expired, ...]] = ()

    @property
    def reads(self) -> tuple[Path, ...]:
        return (self.key,)

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
            found = page.last.get(self.key)
            cursor = None if found is None else as_text(found)
        else:
            return None
        if cursor is None or not cursor.isdecimal() or len(cursor) > LONGEST_ID:
            raise TableFailed(f"The vendor names a next page without a number as its {self.cursor}.")
        if int(cursor) <= int(request.param(self.cursor) or -1):
            raise TableFailed(f"The vendor's {self.cursor} does not increase: the pages would never end.")
        return request.with_params((self.cursor, cursor))

    def ahead(self, request: Request, page: Page, most: int) -> tuple[Request, ...]:
        return ()

    def shifts(self, request: Request) -> bool:
        return False
