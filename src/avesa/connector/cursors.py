"""Pages behind an opaque token that each answer gives for the next one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import msgspec

from avesa.connector.json_paths import ABSENT, Path, split_path
from avesa.connector.json_template import Body
from avesa.connector.page import (
    ONLY_TOLD,
    CursorExpired,
    End,
    Expired,
    Page,
    Place,
    number_at,
    token_text,
)
from avesa.connector.request import Into, Params, Request, as_text
from avesa.shared.errors import TableFailed


@dataclass(frozen=True)
class Cursor:
    """The answer holds at `at` what the next request sends as `param`; absent, null or "" is the end, unless a flag
    of `end` says otherwise. An empty page may have a next one.

    `start` is the token of the first page, where the vendor wants one. `keep` names the only parameters that may go
    along with a token, where the others are refused. A token that is a list is joined by `join`, or sent as it is in
    a body; with `parsed` a text is JSON that goes into a body as such. `body` is the body of all later pages where
    the vendor asks for them differently, and `later` where their answers hold the token. Exactness while rows come
    and go is the vendor's; `numbered` says that the token is no more than the number of a row or of a page, so that a
    row that vanishes shifts the others.

    `reached` is where an answer tells how many rows of the walk lie before it, or with it: for a vendor whose token
    names the walk, stays the same, and moves on with each request. A request that is sent twice then skips a page, so
    that a number which does not fit what came means that the walk is lost.
    """

    at: Place
    param: Path
    into: Into = "query"
    size: Path | None = "limit"
    most: int = 100
    headers: Params = ()
    start: str | None = None
    keep: tuple[str, ...] | None = None
    join: str = ","
    parsed: bool = False
    body: Body | None = None
    later: Place | None = None
    reached: Place | None = None
    numbered: bool = field(default=False, repr=False)
    end: End = ONLY_TOLD
    expired: tuple[Expired, ...] = ()
    reads: ClassVar[tuple[Path, ...]] = ()

    def first(self, request: Request) -> Request:
        return self._first(request, self.most)

    def probe(self, request: Request) -> Request:
        return self._first(request, 1)

    def next(self, request: Request, page: Page) -> Request | None:
        request = self._counted(request, page)
        over = self.end.flag(page)
        if over or (page.records == 0 and self.end.empty):
            return None
        if over is None and self.end.short and page.records < self.end.size_of(page, self.most):
            return None
        sent = request.value(self.into, self.param)
        began = sent is not None and as_text(sent) != self.start
        token = page.told(self.later if self.later is not None and began else self.at)
        if token in (ABSENT, None, "", []):
            if over is False:
                raise TableFailed("The vendor says that pages follow, and names none.")
            return None
        if self.parsed and isinstance(token, str):
            token = _parsed(token, self.param)
        text = token_text(token, self.param)
        if isinstance(token, list) and self.into != "body":
            text = self.join.join(token_text(part, self.param) for part in token)
        if self.reached is None and sent is not None and text == as_text(sent):
            raise TableFailed(f"The vendor names the same {_name(self.param)} again: the pages would never end.")
        if self.body is not None:
            request = self._sized(replace(request, body=self.body.text), self.most)
        if self.keep is not None:
            request = replace(request, params=tuple(pair for pair in request.params if pair[0] in self.keep))
        return request.with_value(self.into, self.param, token if self.into == "body" else text)

    def ahead(self, request: Request, page: Page, most: int) -> tuple[Request, ...]:
        return ()

    def shifts(self, request: Request) -> bool:
        return self.numbered

    def _counted(self, request: Request, page: Page) -> Request:
        """With how many rows came so far. Whether the vendor counts a page's own rows is seen on the first one."""
        told = number_at(page, self.reached)
        before = int(request.recall("rows") or 0)
        if told is None or (before == 0 and told not in (0, page.records)):
            return request
        with_own = told > 0 if before == 0 else request.recall("own") == "1"
        if told != before + (page.records if with_own else 0) and (before or page.records):
            raise CursorExpired("The vendor's walk went on without a page that never came.")
        return request.with_memo(rows=str(before + page.records), own="1" if with_own else "0")

    def _first(self, request: Request, size: int) -> Request:
        request = self._sized(request.with_headers(*self.headers), size)
        return request if self.start is None else request.with_value(self.into, self.param, self.start)

    def _sized(self, request: Request, size: int) -> Request:
        if self.size is None:
            return request
        return request.with_value("query" if self.into == "header" else self.into, self.size, size)


def _name(path: Path) -> str:
    return ".".join(split_path(path))


def _parsed(token: str, param: Path) -> Any:
    try:
        return msgspec.json.decode(token)
    except msgspec.MsgspecError:
        raise TableFailed(f"The vendor names a next page by something that is no {_name(param)}.") from None
