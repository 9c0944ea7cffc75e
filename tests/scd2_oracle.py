"""What the history must be, in plain Python: short, obvious, and written from the rules rather than from the fold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
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
Told = tuple[Row, PullOf]
"""A row, and the pull that told it."""


def history(
    pulls: Sequence[PullOf],
    values: Values,
    *,
    share: float = 0.05,
    records: int = 20,
    decisions: Mapping[str, str] | None = None,
) -> set[Version]:
    """`values` gives a record's tracked and untracked values; `decisions` are by the name of the listing's pull.

    A row with a problem or without a key is no observation. A time of change more than a day to come is none.
    """
    ordered = sorted(pulls, key=lambda pull: (pull.started_at, pull.name))
    rows: dict[str, list[Told]] = {}
    for pull in ordered:
        for row in pull.rows:
            if row.id is not None and row.problem is None:
                rows.setdefault(row.id, []).append((believed(row), pull))
    absences: dict[str, list[datetime]] = {}
    held: tuple[datetime, set[str]] | None = None
    for listing in (pull for pull in ordered if pull.kind == "listing" and pull.complete):
        present = {row.id for row in listing.rows}
        keyless = None in present
        # A second opinion is another listing's: a receipt that a crash left twice does not agree with itself.
        if held is not None and not keyless and listing.started_at > held[0]:
            when, lost = held
            if not lost & present:
                for one in lost:
                    absences.setdefault(one, []).append(when)
            held = None
        known = {one for one in rows if _alive(rows[one], absences.get(one, []), listing.started_at)}
        lost = known - present
        decision = (decisions or {}).get(listing.name)
        if decision is None and keyless:
            decision = "reject"
        if decision is None and _is_suspicious(len(known), len(lost), len(present), share, records):
            held = held or (listing.started_at, lost)
            continue
        for one in lost if decision != "reject" else ():
            absences.setdefault(one, []).append(listing.started_at)
    versions: set[Version] = set()
    for one, mine in rows.items():
        versions |= _versions(one, _observations(mine, absences.get(one, []), values))
    return versions


def believed(row: Row) -> Row:
    """What a row says of a time to come is not true."""
    if row.updated_at is not None and row.updated_at - row.extracted_at > timedelta(days=1):
        return replace(row, updated_at=None)
    return row


def _is_suspicious(known: int, lost: int, present: int, share: float, records: int) -> bool:
    """The share is what it says: five percent are a twentieth, and not what a float makes of it."""
    if known and not present:
        return True
    return lost > records and lost > Fraction(str(share)) * known


def _alive(mine: list[Told], gone: list[datetime], until: datetime) -> bool:
    seen = _observations([(r, p) for r, p in mine if r.extracted_at <= until], gone, lambda _: ((), ()))
    return bool(seen) and not max(seen, key=lambda s: (s.at, s.deleted, s.extracted_at, s.page)).deleted


def _observations(mine: list[Told], gone: list[datetime], values: Values) -> list[Seen]:
    seen = [Seen(when, True, when, 0, (), (), None) for when in gone]
    before: dict[str, Any] = {}
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
