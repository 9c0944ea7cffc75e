"""Change windows: what to ask for so that no change is missed, and how far the watermark may move. All pure.

The new watermark is the newest change seen, but never past the moment at which the pull began by the vendor's own
clock: what changes behind the pages already read is asked for again next time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import ClassVar
from urllib.parse import quote

import msgspec

from avesa.connector.json_paths import found_at
from avesa.connector.json_template import Body
from avesa.connector.paging import Paging, query_value
from avesa.connector.request import Params, Request, Response
from avesa.connector.template import fill_names
from avesa.connector.times import Form, Written, zoned_form, zones
from avesa.shared.receipt import Kind


@dataclass(frozen=True)
class InParams:
    """Asked for with parameters; each value is a template over `{since}` and `{until}` (or `{token}`)."""

    pairs: Params

    @property
    def names_an_end(self) -> bool:
        return any("{until}" in value for _, value in self.pairs)

    def put(self, request: Request, values: Mapping[str, str]) -> Request:
        return request.with_params(*((name, fill_names(value, values)) for name, value in self.pairs))


@dataclass(frozen=True)
class InHeader:
    """Asked for with a header, its value a template as in `InParams`."""

    name: str
    value: str = "{since}"

    @property
    def names_an_end(self) -> bool:
        return "{until}" in self.value

    def put(self, request: Request, values: Mapping[str, str]) -> Request:
        return request.with_headers((self.name, fill_names(self.value, values)))


@dataclass(frozen=True)
class InBody:
    """Asked for in the JSON body: each pair is a dotted path (a number is the place in a list) and a template as in
    `InParams`. `number` sends the values as numbers instead of texts.
    """

    pairs: Params
    number: bool = False

    @property
    def names_an_end(self) -> bool:
        return any("{until}" in value for _, value in self.pairs)

    def put(self, request: Request, values: Mapping[str, str]) -> Request:
        for path, template in self.pairs:
            text = fill_names(template, values)
            request = request.with_value("body", path, int(text) if self.number else text)
        return request


@dataclass(frozen=True)
class InPath:
    """Asked for in the path, where a vendor has one address for each day: each pair is a name there and a template as
    in `InParams`. Such an address tells of one window and no more, so there is no list without one.
    """

    pairs: Params
    names_an_end: ClassVar[bool] = True

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name for name, _ in self.pairs)

    def put(self, request: Request, values: Mapping[str, str]) -> Request:
        filled = {name: quote(fill_names(value, values), safe="") for name, value in self.pairs}
        return replace(request, url=fill_names(request.url, filled))


Ask = InParams | InHeader | InBody | InPath


@dataclass(frozen=True)
class Events:
    """The changes of all tables come as one list of events, each with the record as it was then.

    An event is of this table if its type (at the dotted path `type`) begins with one of `types`; it is a deletion if
    its type is one of `deleted`. `object` is the path of the record in it. The field of `Changes` is then the event's
    time. Of several within the same instant the newest counts: the first, where the list begins with the newest
    event, else the last.
    """

    types: tuple[str, ...]
    object: str = "data.object"
    deleted: tuple[str, ...] = ()
    type: str = "type"
    newest_first: bool = True


@dataclass(frozen=True)
class Changes:
    """How a vendor is asked for what changed.

    `field` is the dotted path of the last-modified time in a record, None where records have none. `ask` says where
    in a request the window stands; a pair of texts is a parameter and the template of its value. `{since}` and
    `{until}` are moments in `form`: a text is strftime in UTC. A coarser form rounds down. `overlap` is how far behind
    the watermark each window begins.

    `path`, `params`, `records` and `paging` say where changes are asked for, what else is sent, where their list is and
    how it is handed out, if not as in a listing, and `partial` that they hold only what changed. `events` says that
    they come as events.

    `longest_window` is the most that the vendor answers at once: a longer span is asked for piece by piece.
    `end_included` says that an end in whole days is the last of them, and may not lie in the future.
    `kept_for` is how far back the vendor remembers changes: behind that a full listing is due. `only` says that the
    vendor has no list without a window: nothing is ever listed, and the first pull asks for as much as `kept_for`
    reaches back. `most` is how many records an answer to a change request holds where the vendor cuts the rest off
    without a word: a full listing then takes its place.

    `newest_first` says that the vendor cannot be asked from a moment on, but begins its list with the newest: it is
    read until a page lies wholly before the window.

    With `body` they are asked for by POST with this body, whatever the listing's method, parameters and body are (a
    search). `limit_group` is the group of the limits that such requests count in beside those of the endpoint.
    """

    field: str | None
    ask: tuple[str, str] | Ask
    form: str | Form = "%Y-%m-%dT%H:%M:%SZ"
    overlap: timedelta = timedelta(0)
    path: str | None = None
    params: Params | None = None
    records: str | None = None
    partial: bool = False
    longest_window: timedelta | None = None
    end_included: bool = False
    kept_for: timedelta | None = None
    only: bool = False
    most: int | None = None
    newest_first: bool = False
    events: Events | None = None
    paging: Paging | None = None
    body: Body | None = None
    limit_group: str | None = None

    def __post_init__(self) -> None:
        if self.longest_window is not None and self.longest_window <= timedelta(0):
            raise ValueError("longest_window must be longer than nothing")
        if self.longest_window is not None and not self.names_an_end:
            raise ValueError("longest_window needs an {until} in ask")
        if self.only and self.kept_for is None:
            raise ValueError("only needs kept_for: how far back to ask at first")
        if isinstance(self.ask, InPath) and not (self.only and self.longest_window):
            raise ValueError("InPath needs only and longest_window: its address tells of one window alone")

    @property
    def names_an_end(self) -> bool:
        return _ask(self.ask).names_an_end

    @property
    def in_path(self) -> frozenset[str]:
        """The names in a path that a window fills."""
        return self.ask.names if isinstance(self.ask, InPath) else frozenset()

    def of_tenant(self, settings: Mapping[str, str], *, overlap: timedelta | None = None) -> Changes:
        """The same with the tenant's own time zone and overlap."""
        form = zoned_form(self._form, settings)
        return replace(self, form=form, overlap=self.overlap if overlap is None else overlap)

    @property
    def zones(self) -> tuple[str, ...]:
        return zones(self._form)

    def since(self, watermark: datetime) -> datetime:
        """Where the window begins, as the vendor will read it. It answers from that moment on, itself included."""
        return self.rounded(watermark - self.overlap)

    def rounded(self, moment: datetime) -> datetime:
        """The earliest moment that the vendor may take for `moment` when it is written in `form`."""
        return self._form.earliest(self._form.write(moment))

    def asked(self, request: Request, since: datetime, until: datetime | None = None) -> Request:
        values = {"since": self._form.write(since)}
        if until is not None:
            values["until"] = self._form.write(until)
        return _ask(self.ask).put(request, values)

    @property
    def _form(self) -> Form:
        return Written(self.form) if isinstance(self.form, str) else self.form


@dataclass(frozen=True)
class Delta:
    """The vendor hands out a token at the end of each walk, and with it tells what changed since.

    `token` is the path of the token in the last page, as names one by one since they may hold dots; `in_link` names
    the query parameter that holds it where it comes as an address (nothing else of the address is used). `ask` is
    where the token stands in the next request, a template over `{token}`. `partial` says that a changed record holds
    only what changed. `alone` says that the token stands for the parameters of the first walk too, which then are not
    sent with it. The first walk, and each one after the vendor has forgotten the token, is a full listing.
    """

    token: tuple[str, ...]
    ask: tuple[str, str] | Ask
    in_link: str | None = None
    partial: bool = False
    alone: bool = False

    def asked(self, request: Request, token: str) -> Request:
        if self.alone:
            request = replace(request, params=())
        return _ask(self.ask).put(request, {"token": token})


@dataclass(frozen=True)
class Deletions:
    """A table's deletions come as a list of their own, which is asked for behind its changes.

    `key` and `at` are the dotted paths of the deleted record's key and of the time of its deletion. `changes` says how
    the list is asked for what was deleted since; `params` are sent with each request.
    """

    path: str
    key: tuple[str, ...]
    changes: Changes
    at: str | None = None
    records: str = ""
    params: Params = ()
    paging: Paging | None = None


def next_token(response: Response, delta: Delta) -> str | None:
    """What a page says to ask for next time, None where it says nothing (only the last page does)."""
    found = found_at(response.body, delta.token)
    if not isinstance(found, str) or not found:
        return None
    return found if delta.in_link is None else query_value(found, delta.in_link)


def next_window(
    changes: Changes, since: datetime, now: datetime, before: tuple[datetime, datetime | None] | None = None
) -> tuple[datetime, datetime | None] | None:
    """The window to ask for behind the one `before` (the first one for None), None when all is asked.

    An end that is not named is open. Each window begins where the one before it surely ended.
    """
    if before is not None and (before[1] is None or before[1] >= changes.rounded(now)):
        return None
    begin = since if before is None or before[1] is None else before[1]
    if not changes.names_an_end:
        return begin, None
    end = now if changes.longest_window is None else min(begin + changes.longest_window, now)
    if end == now and now - changes.rounded(now) > timedelta(hours=1) and not changes.end_included:
        end = now + timedelta(days=1)  # a form of whole days could not say the end of today otherwise
    rounded = changes.rounded(end)
    return begin, rounded if rounded > begin else end


EARLY = 0.9
"""A listing is due a little early, so that a sync that starts at the same time each day (and some seconds sooner than
the day before) makes its daily listing each day."""


class Memory(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a table remembers from one pull to the next, beside its watermark."""

    listed_at: datetime | None = None
    """When the last complete listing began."""
    boundary: tuple[str, ...] = ()
    """Digests of the rows that the next window will hold again."""
    changes_refused_at: datetime | None = None
    """When the vendor last said that it does not know the change condition."""
    pulled_at: datetime | None = None
    """When the last pull that came to its end began."""
    rows: int | None = None
    """Rows landed by the last complete listing and since; None where that is not known."""
    token: str | None = None
    """Of a delta feed: what to ask for next. Stored only once all that came before it is durable."""


def encode_memory(memory: Memory) -> str:
    return msgspec.json.encode(memory).decode()


FLOOR_EVERY = 100
"""So many newer changes are seen before it is looked again where the next window would begin."""

BOUNDARY_ROWS = 10_000
"""More rows than this are not remembered from one pull to the next."""

REFUSAL_LASTS = timedelta(days=30)
"""After that the change condition is tried again: vendors learn."""


def decode_memory(details: str | None) -> Memory:
    """An unreadable memory is an empty one: that costs a listing and loses nothing."""
    try:
        return msgspec.json.decode(details, type=Memory) if details else Memory()
    except msgspec.MsgspecError:
        return Memory()


def choose_kind(
    changes: Changes | Delta | None,
    watermark: datetime | None,
    memory: Memory,
    *,
    full: bool,
    relist: timedelta,
    now: datetime,
) -> Kind:
    """A listing at first, when asked for, when due, and where the vendor has no changes; changes otherwise."""
    if isinstance(changes, Changes) and changes.only:
        return "changes"
    refused = memory.changes_refused_at is not None and now - memory.changes_refused_at < REFUSAL_LASTS
    if changes is None or refused or full or watermark is None:
        return "listing"
    if memory.listed_at is None or now - memory.listed_at >= relist * EARLY:
        return "listing"
    if isinstance(changes, Delta):
        return "changes" if memory.token else "listing"
    if changes.kept_for is not None and now - changes.since(watermark) >= changes.kept_for:
        return "listing"  # what changed before that is forgotten by the vendor
    return "changes"


UNSURE = timedelta(hours=1)
"""A window that held nothing moves the watermark no nearer to now than this: clocks differ, and rows come late."""


def first_since(
    changes: Changes | Delta | None, watermark: datetime | None, now: datetime, *, full: bool
) -> datetime | None:
    """Where a change pull begins; of a delta feed, which goes by its token, that is only told."""
    if not isinstance(changes, Changes):
        return watermark
    reach = None if changes.kept_for is None else changes.rounded(now - changes.kept_for)
    if changes.only and (full or watermark is None):
        return reach
    if watermark is None:
        return None
    since = changes.since(watermark)
    return max(since, reach) if changes.only and reach is not None else since


def vendor_start(response: Response) -> datetime | None:
    """When the vendor began to answer, by its own clock (its Date header less the time that the answer took).

    None without a readable Date header.
    """
    try:
        date = parsedate_to_datetime(response.headers.get("date", ""))
    except (ValueError, TypeError):
        return None
    if date.tzinfo is None:
        return None
    took = timedelta(0)
    if response.sent_at and response.received_at:
        took = max(took, response.received_at - response.sent_at)
    return date.astimezone(UTC) - took


def next_watermark(old: datetime | None, newest: datetime | None, began: datetime) -> datetime | None:
    """Never lower than the old one, never past the beginning of the pull; `newest` is the newest change seen."""
    return max(known(old, min(newest, began) if newest else None), default=None)


def known(*moments: datetime | None) -> list[datetime]:
    return [moment for moment in moments if moment is not None]


class Boundary:
    """Collects the digests of the rows that the next window will hold again: those not older than its beginning.

    Bounded: beyond `most` rows some are not remembered, and are then landed once more, which does no harm.
    """

    def __init__(self, floor: Callable[[datetime | None], datetime | None], most: int = BOUNDARY_ROWS) -> None:
        """`floor` tells from the newest change so far where the next window would begin. It never falls, so an older
        one only remembers more; and it costs too much to be asked for with every row.
        """
        self._floor = floor
        self._edge: datetime | None = None
        self._moved = FLOOR_EVERY
        self._most = most
        self._rows: dict[str, datetime] = {}
        self._newest: datetime | None = None
        self._full_for = 0

    def add(self, digest: str, updated_at: datetime) -> None:
        if self._newest is None or updated_at > self._newest:
            self._newest = updated_at
            self._moved += 1
        if self._edge is None or self._moved >= FLOOR_EVERY:
            self._move()
        if self._edge is not None and updated_at >= self._edge:
            if len(self._rows) >= self._most:
                self._make_room()
            if len(self._rows) < self._most and updated_at >= self._edge:
                self._rows[digest] = updated_at

    def _move(self) -> None:
        self._edge = self._floor(self._newest)
        self._moved = 0

    def digests(self, floor: datetime | None) -> tuple[str, ...]:
        """Those of the rows at or behind `floor`, sorted."""
        return tuple(sorted(d for d, moment in self._rows.items() if floor is None or moment >= floor))

    def _make_room(self) -> None:
        """Drop what has fallen behind. Not for every row: where little falls, that would cost too much."""
        if self._full_for > 0:
            self._full_for -= 1
            return
        self._move()
        edge = self._edge
        self._rows = {digest: moment for digest, moment in self._rows.items() if edge is None or moment >= edge}
        tenth = self._most // 10
        self._full_for = tenth if len(self._rows) > self._most - tenth else 0


def _ask(ask: tuple[str, str] | Ask) -> Ask:
    return InParams((ask,)) if isinstance(ask, tuple) else ask
