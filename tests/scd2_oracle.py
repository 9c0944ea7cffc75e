"""What the history must be, in plain Python: short, obvious, and written from the rules rather than from the fold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from raw_files import PullOf, Row


@dataclass(frozen=True)
class Seen:
    at: datetime
    deleted: bool
    extracted_at: datetime
    page: int
    values: tuple[Any, ...]
    untracked: tuple[Any, ...]
    updated_at: datetime | None


@dataclass(frozen=True)
class Version:
    id: str
    values: tuple[Any, ...]
    untracked: tuple[Any, ...]
    updated_at: datetime | None
    valid_from: datetime
    valid_to: datetime | None
    is_deleted: bool
    recorded_at: datetime


Values = Callable[[dict[str, Any]], tuple[tuple[Any, ...], tuple[Any, ...]]]


def history(pulls: Sequence[PullOf], values: Values, *, share: float = 0.05, records: int = 20) -> set[Version]:
    """`values` gives a record's tracked and untracked values. All rows must have a key and a readable time."""
    ordered = sorted(pulls, key=lambda pull: (pull.started_at, pull.name))
    rows = [(row, pull) for pull in ordered for row in pull.rows]
    absences: dict[str, list[datetime]] = {}
    held: tuple[datetime, set[str]] | None = None
    for listing in (pull for pull in ordered if pull.kind == "listing" and pull.complete):
        present = {row.id for row in listing.rows}
        if held is not None:
            when, lost = held
            if not lost & present:
                for one in lost:
                    absences.setdefault(one, []).append(when)
            held = None
        known = {one for one in {r.id for r, _ in rows if r.id} if _alive(one, rows, absences, listing.started_at)}
        lost = known - present
        if (known and not present) or (len(lost) > records and len(lost) > share * len(known)):
            held = (listing.started_at, lost)
            continue
        for one in lost:
            absences.setdefault(one, []).append(listing.started_at)
    versions: set[Version] = set()
    for one in {row.id for row, _ in rows if row.id}:
        versions |= _versions(one, _observations(one, rows, absences, values))
    return versions


def _alive(one: str, rows: list[tuple[Row, PullOf]], absences: dict[str, list[datetime]], until: datetime) -> bool:
    seen = _observations(one, [(r, p) for r, p in rows if r.extracted_at <= until], absences, lambda _: ((), ()))
    return bool(seen) and not max(seen, key=lambda s: (s.at, s.deleted, s.extracted_at)).deleted


def _observations(
    one: str, rows: list[tuple[Row, PullOf]], absences: dict[str, list[datetime]], values: Values
) -> list[Seen]:
    gone = absences.get(one, [])
    seen = [Seen(when, True, when, 0, (), (), None) for when in gone]
    before: dict[str, Any] = {}
    mine = [(row, pull) for row, pull in rows if row.id == one]
    for row, pull in sorted(
        mine, key=lambda rp: (rp[0].updated_at or rp[0].extracted_at, rp[0].is_deleted, rp[0].extracted_at, rp[0].page)
    ):
        starts = row.updated_at or row.extracted_at
        if row.updated_at and pull.kind == "listing" and any(row.updated_at <= g < pull.started_at for g in gone):
            starts = pull.started_at
        fields = row.fields or {}
        if not row.is_deleted:
            fields = before = {**before, **fields} if row.is_partial else fields
        seen.append(Seen(starts, row.is_deleted, row.extracted_at, row.page, *values(fields), row.updated_at))
    return seen


def _versions(one: str, seen: list[Seen]) -> set[Version]:
    versions: list[Version] = []
    open_one: Version | None = None
    for when in sorted({s.at for s in seen}):
        together = [s for s in seen if s.at == when]
        wins = max(together, key=lambda s: (s.deleted, s.extracted_at, s.page))
        same = [s for s in together if s.deleted == wins.deleted and s.values == wins.values]
        recorded = min(s.extracted_at for s in same)
        if wins.deleted:
            if open_one:
                versions.append(_closed(open_one, when, deleted=True))
            open_one = None
        elif open_one and open_one.values == wins.values:
            open_one = Version(
                one,
                open_one.values,
                wins.untracked,
                wins.updated_at,
                open_one.valid_from,
                None,
                False,
                open_one.recorded_at,
            )
        else:
            if open_one:
                versions.append(_closed(open_one, when, deleted=False))
            open_one = Version(one, wins.values, wins.untracked, wins.updated_at, when, None, False, recorded)
    return {*versions, *([open_one] if open_one else [])}


def _closed(version: Version, when: datetime, *, deleted: bool) -> Version:
    return Version(
        version.id,
        version.values,
        version.untracked,
        version.updated_at,
        version.valid_from,
        when,
        deleted,
        version.recorded_at,
    )
