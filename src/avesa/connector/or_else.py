"""A way to page that a vendor may not go yet, and the older one that takes its place then."""

from __future__ import annotations

from dataclasses import dataclass

from avesa.connector.json_paths import Path
from avesa.connector.page import Expired, Page, Paging
from avesa.connector.request import Request


@dataclass(frozen=True)
class OrElse:
    """`inner`, as long as the vendor says how its list goes on. A first page of `most` rows that says nothing is taken
    for an answer that does not know `inner`: the list is then asked for from its beginning by `other`.

    A vendor that ignores the number of a page too sends the same one again, which fails the table.
    """

    inner: Paging
    other: Paging
    most: int

    @property
    def reads(self) -> tuple[Path, ...]:
        return (*self.inner.reads, *self.other.reads)

    @property
    def expired(self) -> tuple[Expired, ...]:
        return self.inner.expired

    def first(self, request: Request) -> Request:
        return self.inner.first(request).with_memo(whole=request.to_json())

    def probe(self, request: Request) -> Request:
        return self.inner.probe(request)

    def next(self, request: Request, page: Page) -> Request | None:
        if request.recall("way") is not None:
            return _marked(self.other.next(request, page))
        whole = request.recall("whole")
        following = self.inner.next(request.with_memo(whole=None), page)
        if following is None and whole is not None and page.records >= self.most:
            return _marked(self.other.first(Request.from_json(whole)))
        return following

    def ahead(self, request: Request, page: Page, most: int) -> tuple[Request, ...]:
        return ()

    def shifts(self, request: Request) -> bool:
        return (self.inner if request.recall("way") is None else self.other).shifts(request)


def _marked(request: Request | None) -> Request | None:
    """A page of the other way may hold the same bytes as the first one, and is no repetition."""
    return None if request is None else request.with_memo(way="other")
