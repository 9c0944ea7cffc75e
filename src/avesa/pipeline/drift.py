"""What has changed in the shape of what vendors send: fields that rules read and no record has any more, or only in
another JSON type, and fields that are new. Names, types and numbers of records; no value is ever told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Literal

from avesa.canonical_transform.engine import engine, session
from avesa.canonical_transform.mapping import UPDATED_AT, mapping_names
from avesa.canonical_transform.mapping import Source as Endpoint
from avesa.canonical_transform.mapping_rules import FromPath, JsonPath, Rule
from avesa.canonical_transform.raw_source import Source, list_raw, read_pulls
from avesa.connector.reading import reading_of
from avesa.integrations import load_service, service_names
from avesa.pipeline.drift_fields import Field, Fields
from avesa.pipeline.drift_history import History, load_history
from avesa.pipeline.drift_names import field_name
from avesa.pipeline.drift_reads import Read, Reader, covers, reads_of, written
from avesa.pipeline.drift_rule import Evidence, is_gone
from avesa.pipeline.drift_sightings import Sightings, Span
from avesa.pipeline.drift_types import type_names
from avesa.pipeline.ports import Ports
from avesa.pipeline.tenant_mappings import landed_sources
from avesa.pipeline.transform import tenant_mapping
from avesa.shared.errors import AvesaError, MappingError, UsageError, Where
from avesa.shared.scratch import scratch_folder

NEW_FOR = timedelta(days=7)
"""So long a field counts as new where nobody says otherwise."""

Kind = Literal["gone", "type", "new", "unread"]
Progress = Callable[[str, int, int], None]
"""Told a raw table, how many of its records' contents are read, and of how many."""


@dataclass(frozen=True)
class Drift:
    """One field of one raw table. `path` is as a mapping says it; `columns`, as `table.column`, are made of it.

    `records` of `of` records have it now, and `records_before` of `of_before` had it: of a new field in the newest
    state of each record, and before the time that was asked for; of one that is gone or has another type in those seen
    since the pull at `last_seen_at`, the last one that showed it so, and until then. A field that was there and is new
    in a type has `types_before`.
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

    @property
    def is_alarm(self) -> bool:
        return self.kind in ("gone", "type")


@dataclass(frozen=True)
class Drifts:
    """`notes` say of which tables not all was looked at. `errors` are of what could not be looked through."""

    found: list[Drift] = field(default_factory=list[Drift])
    notes: list[str] = field(default_factory=list[str])
    errors: list[AvesaError] = field(default_factory=list[AvesaError])


def drift_of(
    ports: Ports,
    tenant: str,
    *,
    service: str | None = None,
    table: str | None = None,
    since: datetime | None = None,
    unread: bool = False,
    progress: Progress = lambda *_: None,
) -> Drifts:
    """Of all raw tables of a tenant, or of a service, or those of one name. Reads all their raw files.

    With `since` what was gone or of another type before is left out, and only what came from then on is new. With
    `unread` the fields that no rule reads are told, and nothing else. Raises UsageError for an unknown tenant, and for
    a service or table of which nothing has landed.
    """
    ports.tenants.services(tenant)
    chosen = _chosen(landed_sources(ports.objects, tenant), tenant, service, table)
    found = Drifts()
    rules = _rules(ports, tenant, set(chosen), found.errors)
    with scratch_folder(ports.scratch, "drift") as folder, engine(folder) as database:
        for name in chosen:
            source = Source(tenant, *name)
            try:
                with scratch_folder(ports.scratch, "drift") as scratch, session(database) as con:
                    pulls = read_pulls(ports.objects, source, list_raw(ports.objects, source))
                    history = load_history(con, ports.objects, source, pulls, scratch)
                    look = _Look(history, reads_of(rules[name]), since, ports.clock() - NEW_FOR)
                    look.read(progress, into_fields_only=unread)
                    found.found.extend(look.unread() if unread else look.drifts())
                    found.notes.extend(look.notes())
            except AvesaError as error:
                found.errors.append(error.located(source.where))
    return found


def _chosen(landed: set[Endpoint], tenant: str, service: str | None, table: str | None) -> list[Endpoint]:
    chosen = sorted(landed)
    for what, at, name in (("service", 0, service), ("table", 1, table)):
        if name is None:
            continue
        known = sorted({one[at] for one in chosen})
        chosen = [one for one in chosen if one[at] == name]
        if not chosen:
            close = get_close_matches(name, known, n=3, cutoff=0.5)
            hint = f"Did you mean {' or '.join(close)}?" if close else f"There are {', '.join(known)}." if known else ""
            raise UsageError(f"there are no raw files of a {what} {name!r}.", where=Where(tenant, service), hint=hint)
    return chosen


def _rules(
    ports: Ports, tenant: str, sources: set[Endpoint], errors: list[AvesaError]
) -> dict[Endpoint, list[tuple[str, Rule]]]:
    """What reads each of the sources, with the column that it is for as `table.column`."""
    rules: dict[Endpoint, list[tuple[str, Rule]]] = {source: [] for source in sources}
    for table in mapping_names():
        try:
            mapping = tenant_mapping(ports, tenant, table)
        except MappingError as error:
            errors.append(error.located(Where(tenant, None, table)))
            continue
        for source in sources.intersection(mapping.sources):
            rules[source] += [(f"{table}.{column}", rule) for column, rule in mapping.sources[source].items()]
            changed = _changed(source)
            if changed is not None and any(column.name == UPDATED_AT for column in mapping.columns):
                rules[source].append((f"{table}.{UPDATED_AT}", changed))
    return rules


def _changed(source: Endpoint) -> Rule | None:
    """Where a known service says when a record changed, which fills `updated_at`."""
    service, name = source
    if service not in service_names():
        return None
    declared = load_service(service)
    endpoint = next((one for one in declared.endpoints if one.name == name), None)
    path = reading_of(declared, endpoint).updated_at if endpoint is not None else None
    return FromPath(JsonPath(path)) if path else None


class _Look:
    """One raw table, looked at."""

    def __init__(self, history: History, reads: list[Read], since: datetime | None, new_since: datetime) -> None:
        self._history, self._reads, self._since = history, reads, since
        self._moments = [pull.receipt.started_at for pull in history.pulls]
        self._fields = Fields()
        self._sightings = Sightings(history.con, history.scratch, len(reads))
        # What the first pull of the whole table brings is not new, whenever that was.
        first = len(history.pulls) if history.baseline is None else history.baseline + 1
        self._boundary = max(first, history.pulls_before(since or new_since))

    def read(self, progress: Progress, *, into_fields_only: bool) -> None:
        """Take in all contents."""
        reader = Reader(read.place for read in self._reads)
        size = self._history.size
        for done, content in enumerate(self._history.contents(), start=1):
            before = content.first < self._boundary
            if before or content.newest:
                self._fields.add(content.record, before=before, now=content.newest)
            if self._reads and not into_fields_only:
                self._sightings.add(content.key, content.first, content.last, reader.types(content.record))
            if done % 1000 == 0 or done == size:
                progress(self._history.source.name, done, size)
        self._sightings.flush()

    def notes(self) -> Iterator[str]:
        name = self._history.source.name
        if self._history.unreadable:
            yield f"{name}: {self._history.unreadable:,} records are no JSON, and were left out."
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
        for at, span in enumerate(spans):
            if span and at not in lost:
                yield from self._other_types(at, span)
        yield from self._new()

    def _gone(self, at: int, span: Span, spans: list[Span | None]) -> Drift | None:
        read = self._reads[at]
        evidence = self._evidence(at, span.last, None)
        if evidence is None:
            return None
        columns = tuple(name for name in read.columns if not self._has_followed(read, name, span, spans, evidence))
        if not columns:
            return None
        return self._ended("gone", read, columns, evidence, span.last, span.types, ())

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
        """None where it is no evidence, or it was so before the time that is asked for."""
        if self._since is not None and self._moments[last] < self._since:
            return None
        evidence = self._sightings.evidence(at, last, self._moments, self._history.baseline or 0, bit=bit)
        return evidence if evidence is not None and is_gone(evidence) else None

    def _new(self) -> Iterator[Drift]:
        total = before = None
        for one in self._fields.found():
            fresh = one.now & ~one.before
            if not fresh:
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
