"""One raw table, looked at: what is gone, new, of another type, or read by no rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import SequenceMatcher
from functools import partial
from typing import Literal

from avesa.pipeline.drift.fields import Field, Fields
from avesa.pipeline.drift.history import History
from avesa.pipeline.drift.names import field_name
from avesa.pipeline.drift.reads import Read, Reader, covers, written
from avesa.pipeline.drift.rule import Evidence, is_gone
from avesa.pipeline.drift.sightings import Sightings, Span
from avesa.pipeline.drift.types import type_names

MOST_GUESSES = 3

Kind = Literal["gone", "type", "new", "unread"]
Progress = Callable[[str, int, int], None]
"""Told a raw table, how many of its records' contents are read, and of how many; 0 where that is not known yet."""


@dataclass(frozen=True)
class Drift:
    """One field of one raw table. `path` is as a mapping says it; `columns`, as `table.column`, are made of it.

    `records` of `of` records have it now, and `records_before` of `of_before` had it: of a new field in the newest
    state of each record, and before the time that was asked for; of one that is gone or has another type in those seen
    since the pull at `last_seen_at`, the last one that showed it so, and until then. A field that was there and is new
    in a type has `types_before`. `perhaps` are fields that no rule reads and that came when this one went.
    """

    kind: Kind
    source_service: str
    source_table: str
    path: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    records: int
    of: int
    types_before: tuple[str, ...] = ()
    records_before: int = 0
    of_before: int = 0
    last_seen_at: datetime | None = None
    perhaps: tuple[str, ...] = ()

    @property
    def is_alarm(self) -> bool:
        return self.kind in ("gone", "type")


class Look:
    """One raw table, looked at."""

    def __init__(self, history: History, reads: list[Read], since: datetime | None, new_since: datetime) -> None:
        self._history, self._reads, self._since = history, reads, since
        self._moments = [pull.receipt.started_at for pull in history.pulls]
        self._sightings = Sightings(history.con, history.scratch, len(reads))
        # What the first pull of the whole table brings is not new, whenever that was.
        first = len(history.pulls) if history.baseline is None else history.baseline + 1
        self._boundary = max(first, history.pulls_before(since or new_since))
        self._fields = Fields(self._boundary)

    def read(self, progress: Progress, *, fields_only: bool) -> None:
        """Take in all contents."""
        reader = Reader(read.place for read in self._reads)
        size = self._history.size
        for done, content in enumerate(self._history.contents(), start=1):
            self._fields.add(content.record, pull=content.first, now=content.newest)
            if self._reads and not fields_only:
                self._sightings.add(content.key, content.first, content.last, reader.types(content.record))
            if done % 1000 == 0 or done == size:
                progress(self._history.source.name, done, size)
        self._sightings.flush()

    def notes(self) -> Iterator[str]:
        name = self._history.source.name
        if self._history.unreadable:
            yield f"{name}: payloads that are no JSON were left out, {self._history.unreadable:,} of them."
        if self._fields.cut:
            yield f"{name}: the records have more fields, or nest them deeper, than are looked at."

    def unread(self) -> Iterator[Drift]:
        total = self._history.records()
        for one in self._fields.found():
            if one.now and not self._columns(one):
                yield self._told("unread", field_name(one.steps), (), type_names(one.now), one.records, total)

    def drifts(self) -> Iterator[Drift]:
        spans = self._sightings.spans()
        gone = [(at, told) for at, span in enumerate(spans) if span and (told := self._gone(at, span, spans))]
        yield from (told for _, told in gone)
        lost = {at for at, _ in gone}
        others = [
            told for at, span in enumerate(spans) if span and at not in lost for told in self._other_types(at, span)
        ]
        yield from others
        changed = {one.path for one in others}
        yield from (one for one in self._new() if not (one.types_before and one.path in changed))

    def _gone(self, at: int, span: Span, spans: list[Span | None]) -> Drift | None:
        read = self._reads[at]
        evidence = self._evidence(at, span.last, None)
        if evidence is None:
            return None
        columns = tuple(name for name in read.columns if not self._has_followed(read, name, span, spans, evidence))
        if not columns:
            return None
        perhaps = self._perhaps(read, span, evidence)
        return replace(self._ended("gone", read, columns, evidence, span.last, span.types, ()), perhaps=perhaps)

    def _perhaps(self, read: Read, span: Span, evidence: Evidence) -> tuple[str, ...]:
        """Its new name, by guess: what no rule reads, came later, and is in about as many records, in a type that this
        one had. What stands in the same object and has a name that is alike comes first.
        """
        types, name = sum(span.types), written(read.place)
        found = [
            (field_name(one.steps).rpartition(".")[0] != name.rpartition(".")[0], 1 - likeness, field_name(one.steps))
            for one in self._fields.found()
            if one.first > span.last and one.now & types and one.records >= evidence.expected / 2
            if not self._columns(one)
            for likeness in (SequenceMatcher(None, one.steps[-1].lower(), name.rpartition(".")[2].lower()).ratio(),)
        ]
        return tuple(path for *_, path in sorted(found)[:MOST_GUESSES])

    def _has_followed(self, read: Read, column: str, span: Span, spans: list[Span | None], evidence: Evidence) -> bool:
        """Whether another place of the column's `first` came later than this one, and is now in the records: then that
        is the field's new name, and the rule knows it.
        """
        places = (at for at, other in enumerate(self._reads) if other.place in read.others[column])
        later = [at for at in places if (theirs := spans[at]) is not None and theirs.first > span.first]
        share = evidence.had / evidence.known
        return any(self._sightings.share_since(at, span.last) >= share / 2 for at in later)

    def _other_types(self, at: int, span: Span) -> Iterator[Drift]:
        read = self._reads[at]
        for bit, last in span.types.items():
            now = sum(other for other, until in span.types.items() if until > last)
            if now and (evidence := self._evidence(at, last, bit)) is not None:
                yield self._ended("type", read, read.columns, evidence, last, (bit,), type_names(now))

    def _evidence(self, at: int, last: int, bit: int | None) -> Evidence | None:
        """None where it is not gone, or was so already at the time that is asked for."""
        found = partial(self._sightings.evidence, at, last, self._moments, self._history.baseline or 0, bit=bit)
        evidence = found()
        if evidence is None or not is_gone(evidence):
            return None
        if self._since is not None and last < (end := self._history.pulls_before(self._since)):
            earlier = found(end=end)
            if earlier is not None and is_gone(earlier):
                return None
        return evidence

    def _new(self) -> Iterator[Drift]:
        total = before = None
        for one in self._fields.found():
            fresh = one.now & ~one.before
            if not fresh or (one.is_known and not one.before):
                continue
            if total is None or before is None:
                total, before = self._history.records(), self._history.records(self._boundary)
            yield Drift(
                "new",
                *self._place(),
                field_name(one.steps),
                self._columns(one),
                type_names(fresh),
                one.fresh,
                total,
                types_before=type_names(one.before),
                of_before=before,
            )

    def _columns(self, one: Field) -> tuple[str, ...]:
        """The columns that are made of a field."""
        return tuple(sorted({name for read in self._reads if covers(read.place, one.steps) for name in read.columns}))

    def _ended(
        self,
        kind: Kind,
        read: Read,
        columns: tuple[str, ...],
        evidence: Evidence,
        last: int,
        before: Iterable[int],
        now: tuple[str, ...],
    ) -> Drift:
        return Drift(
            kind,
            *self._place(),
            written(read.place),
            columns,
            now,
            0 if kind == "gone" else evidence.seen,
            evidence.seen,
            types_before=type_names(sum(before)),
            records_before=evidence.had,
            of_before=evidence.known,
            last_seen_at=self._moments[last],
        )

    def _told(
        self, kind: Kind, path: str, columns: tuple[str, ...], types: tuple[str, ...], records: int, of: int
    ) -> Drift:
        return Drift(kind, *self._place(), path, columns, types, records, of)

    def _place(self) -> tuple[str, str]:
        return self._history.source.service, self._history.source.table
