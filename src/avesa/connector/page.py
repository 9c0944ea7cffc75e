"""What a pager is, what it may look at, and how an answer tells that a list is over or that a cursor has expired."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from avesa.connector.json_paths import ABSENT, Path, split_path, value_at, values_at
from avesa.connector.links import read_links
from avesa.connector.request import Request, Response, as_text
from avesa.shared.errors import TableFailed

LONGEST = 32_768
"""Characters of the longest token or address that is followed; servers refuse far shorter ones."""


class WalkLost(TableFailed):
    """The pages that were read lead no further, or tell no whole list. Nothing is lost: what came was seen, and all can
    be asked for from its beginning again, `times` at most.
    """

    times: ClassVar[int] = 1


def went_again(message: str, times: int) -> str:
    """What to say of a pull that was begun again so many times, and each time came to the same."""
    return f"{message} It was asked for from its beginning {_OFTEN.get(times, f'{times} times')} more, in vain."


_OFTEN = {1: "once", 2: "twice"}


class CursorExpired(WalkLost):
    """The vendor no longer knows the cursor of the next page."""


@dataclass(frozen=True)
class Header:
    """A value that an answer has in a header rather than in its body."""

    name: str


@dataclass(frozen=True)
class Link:
    """The address of one relation in the Link header (RFC 8288)."""

    rel: str = "next"


@dataclass(frozen=True)
class Either:
    """Several places, for a vendor that has a value now here, now there: the first that holds something counts."""

    places: tuple[Path | Header | Link, ...]


Place = Path | Header | Link | Either
"""Where an answer holds a value: a path in its body, a header, the Link header, one of several."""


@dataclass(frozen=True)
class Page:
    """What a pager may look at: the answer, how many records it held, and of the last one the decoded values at the
    paths that the pager `reads`.
    """

    response: Response
    records: int
    last: Mapping[Path, Any] = field(default_factory=dict)

    def told(self, place: Place) -> Any:
        """The value at a place of the answer, decoded; ABSENT where there is none."""
        if isinstance(place, Either):
            told = (self.told(one) for one in place.places)
            return next((value for value in told if value not in (ABSENT, None, "")), ABSENT)
        if isinstance(place, Header):
            return self.response.headers.get(place.name.lower(), ABSENT)
        if isinstance(place, Link):
            return read_links(self.response.headers.get("link", "")).get(place.rel, ABSENT)
        return value_at(self.response.body, place)


@dataclass(frozen=True)
class Expired:
    """An answer that means that a cursor is too old: a status, or one of `codes` at a path of the body, or both.

    Only the answer to a page behind the first is taken for one.
    """

    status: int | None = None
    at: Path = ""
    codes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.status is None and not self.codes:
            raise ValueError("an expired cursor is known by a status, by codes, or by both")

    def matches(self, response: Response) -> bool:
        if self.status is not None and response.status != self.status:
            return False
        return not self.codes or any(found in self.codes for found in values_at(response.body, self.at))


class Paging(Protocol):
    @property
    def reads(self) -> tuple[Path, ...]:
        """Paths of the values that it needs of the last record."""
        ...

    @property
    def expired(self) -> tuple[Expired, ...]:
        """Answers that mean that the window must be asked from its beginning again."""
        ...

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

    def shifts(self, request: Request) -> bool:
        """Whether a record that vanishes before this page is read moves the others, so that the page may lack one that
        no page had yet.
        """
        ...


@dataclass(frozen=True)
class End:
    """How an answer tells that the list is over. The list is over as soon as one of these says so, and goes on if
    one of them says that and none the contrary.

    `more` is a flag that is true while pages follow; false and null are the end. `last` is true on the last page.
    `pages` is the number of pages, `total` the number of records. `link` looks at the Link header: without rel=next
    the list is over. `size` is the page size that the vendor really took, where it may be smaller than asked.

    Where nothing is told, a page that is not full is the last if `short`, else an empty one; `short` needs a page size
    that the vendor really gives, or every first page would be taken for the last. `empty` ends the list
    with an empty page whatever is told: set it to False where access rules or filters are applied behind the limit.
    """

    more: Place | None = None
    last: Place | None = None
    pages: Place | None = None
    total: Place | None = None
    link: bool = False
    size: Place | None = None
    short: bool = True
    empty: bool = True

    def flag(self, page: Page) -> bool | None:
        """Whether the flags and the Link header say that the list is over; None if they say nothing."""
        said: list[bool] = []
        if self.more is not None and (more := page.told(self.more)) is not ABSENT:
            said.append(more in _FALSE)
        if self.last is not None and (last := page.told(self.last)) not in (ABSENT, None):
            said.append(last not in _FALSE)
        if self.link and (links := read_links(page.response.headers.get("link", ""))):
            said.append("next" not in links)
        return any(said) if said else None

    def size_of(self, page: Page, most: int) -> int:
        """The page size in force, by what the answer tells, never more than was asked for."""
        told = number_at(page, self.size)
        return min(told, most) if told else most

    def is_over(self, page: Page, *, most: int, reached: int, number: int | None = None) -> bool:
        """`reached` is how many of the list's records lie up to here, this page included; `number` counts pages
        from 1.
        """
        if page.records == 0 and self.empty:
            return True
        said: list[bool] = []
        if (flag := self.flag(page)) is not None:
            said.append(flag)
        if number is not None and (pages := number_at(page, self.pages)) is not None:
            said.append(number >= pages)
        if (total := number_at(page, self.total)) is not None:
            said.append(reached >= total)
        if said:
            return any(said)
        return page.records == 0 or (self.short and page.records < self.size_of(page, most))


ONLY_TOLD = End(short=False, empty=False)
"""For tokens and addresses: no next one is the end, and an empty page may have one."""

BY_LINK = End(link=True)

NOT_FULL = End()
"""Nothing is told: a page that is not full is the last."""

_FALSE = (False, None, "", "false", "False", 0)


def number_at(page: Page, place: Place | None) -> int | None:
    """A count that the answer tells; None where it tells none or something else."""
    return None if place is None else count_in(page.told(place))


def count_in(told: object) -> int | None:
    """A count, or the text of one, of at most 18 digits; None for anything else."""
    if isinstance(told, str) and told.isascii() and told.isdecimal() and len(told) < 19:
        return int(told)
    return told if isinstance(told, int) and not isinstance(told, bool) and 0 <= told < 10**18 else None


def token_text(token: Any, name: Path) -> str:
    """A token as it is sent back. Raises TableFailed for what cannot be one."""
    text = as_text(token)
    if isinstance(token, bool | dict | float) or len(text) > LONGEST or not text.isprintable():
        raise TableFailed(f"The vendor names a next page by something that is no {'.'.join(split_path(name))}.")
    return text
