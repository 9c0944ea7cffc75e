"""What a table remembers from one pull to the next beside its watermark, and the rows that the next window will hold
again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

FLOOR_EVERY = 100
"""So many newer changes are seen before it is looked again where the next window would begin."""

BOUNDARY_ROWS = 10_000
"""More rows than this are not remembered from one pull to the next."""


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
    tokens: dict[str, str] = {}
    """The same by parents, where each of them has a feed of its own."""
    refused: tuple[str, ...] = ()
    """The parents whose lists were refused in the last listing."""
    receipt: str | None = None
    """The name of the last pull's receipt. What is remembered counts only where that lies."""


def encode_memory(memory: Memory) -> str:
    return msgspec.json.encode(memory).decode()


def decode_memory(details: str | None) -> Memory:
    """An unreadable memory is an empty one: that costs a listing and loses nothing."""
    try:
        return msgspec.json.decode(details, type=Memory) if details else Memory()
    except msgspec.MsgspecError:
        return Memory()


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

    def edge(self, newest: datetime) -> datetime | None:
        """From which change on rows have to be remembered once one that changed at `newest` has come."""
        self._newest = newest if self._newest is None else max(self._newest, newest)
        self._move()
        return self._edge

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
