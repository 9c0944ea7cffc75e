"""Change windows: what to ask for so that no change is missed, and how far the watermark may move. All pure.

The new watermark is the newest change seen, but never past the moment at which the pull began by the vendor's own
clock: what changes behind the pages already read is asked for again next time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import msgspec

from avesa.connector.request import Request, Response
from avesa.shared.receipt import Kind


@dataclass(frozen=True)
class Changes:
    """How a vendor is asked for what changed.

    `field` is the dotted path of the last-modified time in a record. `ask` is the parameter that asks for changes,
    its value a template over `{since}`, which is the moment in `form` (strftime). A coarser form rounds down.
    `overlap` is how far behind the watermark each window begins.
    """

    field: str
    ask: tuple[str, str]
    form: str = "%Y-%m-%dT%H:%M:%SZ"
    overlap: timedelta = timedelta(0)

    def since(self, watermark: datetime) -> datetime:
        """Where the window begins. The vendor answers from that moment on, itself included."""
        return watermark - self.overlap

    def asked(self, request: Request, since: datetime) -> Request:
        name, template = self.ask
        return request.with_params((name, template.format(since=since.astimezone(UTC).strftime(self.form))))


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


def encode_memory(memory: Memory) -> str:
    return msgspec.json.encode(memory).decode()


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
    changes: Changes | None,
    watermark: datetime | None,
    memory: Memory,
    *,
    full: bool,
    relist: timedelta,
    now: datetime,
) -> Kind:
    """A listing at first, when asked for, when due, and where the vendor has no changes; changes otherwise."""
    refused = memory.changes_refused_at is not None and now - memory.changes_refused_at < REFUSAL_LASTS
    if changes is None or refused or full or watermark is None:
        return "listing"
    if memory.listed_at is None or now - memory.listed_at >= relist * EARLY:
        return "listing"
    return "changes"


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


def read_time(value: object) -> datetime | None:
    """The aware UTC moment that a vendor's ISO-8601 text means; a time without a zone is UTC. None for null.

    Digits beyond microseconds are cut off. Raises ValueError for anything else.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError("not a text")
    moment = datetime.fromisoformat(value.strip())
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("out of range") from None


class Boundary:
    """Collects the digests of the rows that the next window will hold again: those not older than its beginning.

    Bounded: beyond `most` rows some are not remembered, and are then landed once more, which does no harm.
    """

    def __init__(self, floor: Callable[[datetime | None], datetime | None], most: int = BOUNDARY_ROWS) -> None:
        """`floor` tells from the newest change so far where the next window would begin."""
        self._floor = floor
        self._most = most
        self._rows: dict[str, datetime] = {}
        self._newest: datetime | None = None
        self._full_for = 0

    def add(self, digest: str, updated_at: datetime) -> None:
        if self._newest is None or updated_at > self._newest:
            self._newest = updated_at
        floor = self._floor(self._newest)
        if floor is not None and updated_at >= floor:
            if len(self._rows) >= self._most:
                self._make_room(floor)
            if len(self._rows) < self._most:
                self._rows[digest] = updated_at

    def digests(self, floor: datetime | None) -> tuple[str, ...]:
        """Those of the rows at or behind `floor`, sorted."""
        return tuple(sorted(d for d, moment in self._rows.items() if floor is None or moment >= floor))

    def _make_room(self, floor: datetime) -> None:
        """Drop what has fallen behind `floor`. Not for every row: where little falls, that would cost too much."""
        if self._full_for > 0:
            self._full_for -= 1
            return
        self._rows = {digest: moment for digest, moment in self._rows.items() if moment >= floor}
        tenth = self._most // 10
        self._full_for = tenth if len(self._rows) > self._most - tenth else 0
