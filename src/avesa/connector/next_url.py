"""Pages whose next one is named by a whole address, in the Link header or in the body."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

from avesa.connector.json_paths import ABSENT, Path
from avesa.connector.links import path_behind, query_of, query_value
from avesa.connector.page import LONGEST, ONLY_TOLD, End, Expired, Page, Place
from avesa.connector.request import Into, Params, Request
from avesa.shared.errors import TableFailed


@dataclass(frozen=True)
class NextUrl:
    """The next page's address stands at `at`, which may be `Link()`; where it is absent, null or "", the list is over.

    `take` names the parameters to take from the address; where it is empty, its whole query takes the place of the
    request's own, less those named in `never` (a key that the auth puts into the query). `path` is a segment of the
    vendor's paths from which on the path is taken too; without it the path stays. Method, headers and body stay: a
    query that was sent by POST is gone on with by POST. `least` is the fewest rows that the vendor may be asked for,
    `start` what is sent with the first request alone. `numbered` says that the address holds no more than the number of
    a page or of a row, so that a row that vanishes shifts the others.
    """

    at: Place = "next"
    take: tuple[str, ...] = ()
    path: str | None = None
    never: tuple[str, ...] = ()
    size: Path | None = None
    most: int = 100
    least: int = 1
    into: Into = "query"
    headers: Params = ()
    start: Params = ()
    numbered: bool = field(default=False, repr=False)
    end: End = ONLY_TOLD
    expired: tuple[Expired, ...] = ()
    reads: ClassVar[tuple[Path, ...]] = ()

    def first(self, request: Request) -> Request:
        return self._sized(request, self.most)

    def probe(self, request: Request) -> Request:
        return self._sized(request, self.least)

    def next(self, request: Request, page: Page) -> Request | None:
        over = self.end.flag(page)
        if over or (page.records == 0 and self.end.empty):
            return None
        address = self._address(page)
        if address is None:
            if over is False:
                raise TableFailed("The vendor says that pages follow, and names none.")
            return None
        following = self._at(request, address)
        if following == request:
            raise TableFailed("The vendor names the same page as the next one: the pages would never end.")
        return following

    def ahead(self, request: Request, page: Page, most: int) -> tuple[Request, ...]:
        return ()

    def shifts(self, request: Request) -> bool:
        return self.numbered

    def _address(self, page: Page) -> str | None:
        told = page.told(self.at)
        if told in (ABSENT, None, ""):
            return None
        if not isinstance(told, str):
            raise TableFailed("The vendor names a next page by something that is no address.")
        return told

    def _sized(self, request: Request, size: int) -> Request:
        request = request.with_headers(*self.headers).with_params(*self.start)
        return request if self.size is None else request.with_value(self.into, self.size, size)

    def _at(self, request: Request, address: str) -> Request:
        try:
            if len(address) > LONGEST or not address.isprintable():
                raise ValueError("too long, or not an address")
            if address.partition(":")[0].lower() not in ("http", "https") and not address.startswith(("/", "?")):
                raise ValueError("not a web address")
            pairs = query_of(address)
            url = path_behind(request.url, address, self.path) if self.path else request.url
        except ValueError:
            raise TableFailed("The vendor names a next page by an address that cannot be followed.") from None
        if not self.take:
            never = {name.lower() for name in self.never}
            return replace(request, url=url, params=tuple(pair for pair in pairs if pair[0].lower() not in never))
        taken = tuple((name, value) for name in self.take if (value := query_value(address, name)) is not None)
        if not taken:
            raise TableFailed(f"The vendor names a next page without its {' or '.join(self.take)}.")
        return replace(request, url=url).with_params(*taken)
