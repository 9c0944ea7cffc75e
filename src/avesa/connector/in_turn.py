"""Lists that a vendor hands out in parts: the active ones and the others, the live ones and the archived ones."""

from __future__ import annotations

from dataclasses import dataclass

from avesa.connector.json_paths import Path
from avesa.connector.page import Expired, Page, Paging
from avesa.connector.request import Into, Request


@dataclass(frozen=True)
class InTurn:
    """`inner` pages through the list once for each of `values` of one parameter, in their order; for None without it. A
    part that is not there, or was read far enough, is no end of the others.

    A row that moves behind the walk from a later part to an earlier one is missed until the next listing.
    """

    inner: Paging
    param: Path
    values: tuple[str | None, ...]
    into: Into = "query"

    @property
    def reads(self) -> tuple[Path, ...]:
        return self.inner.reads

    @property
    def expired(self) -> tuple[Expired, ...]:
        return self.inner.expired

    def first(self, request: Request) -> Request:
        return self._part(request, 0)

    def probe(self, request: Request) -> Request:
        return self.inner.probe(self._of(request, 0))

    def next(self, request: Request, page: Page) -> Request | None:
        following = self.inner.next(request, page)
        if following is None:
            return self.skip(request)
        return following.with_memo(part=request.recall("part") or "0", bare=request.recall("bare"))

    def skip(self, request: Request) -> Request | None:
        """The first page of the part behind the one that `request` belongs to, None behind the last one."""
        part, bare = int(request.recall("part") or 0), request.recall("bare")
        if bare is None or part + 1 == len(self.values):
            return None
        return self._part(Request.from_json(bare), part + 1)

    def ahead(self, request: Request, page: Page, most: int) -> tuple[Request, ...]:
        return ()

    def shifts(self, request: Request) -> bool:
        return self.inner.shifts(request)

    def _part(self, bare: Request, part: int) -> Request:
        return self.inner.first(self._of(bare, part)).with_memo(part=str(part), bare=bare.to_json())

    def _of(self, bare: Request, part: int) -> Request:
        value = self.values[part]
        return bare if value is None else bare.with_value(self.into, self.param, value)
