"""Streams of pulls for the laws of the fold: few records, few instants, few contents, so that they meet often.

A stream is what has landed of one raw table in the end. It comes from one seed rather than from many draws: most of
what a search for examples tries is a variation of what it tried before, so that some dozens of them hold little that
is new.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from avesa.canonical_transform.mapping import Mapping
from avesa.shared.guard import Guard
from avesa.shared.receipt import Decision
from fold_table import things_mapping, values_of
from raw_files import PullOf, Row, at
from scd2_oracle import Version, history

MAPPINGS = (
    things_mapping(),
    things_mapping(untracked=["tags", "views"]),
    things_mapping(columns={"tags": "json"}, untracked=[]),
    things_mapping(untracked=["name", "hours", "tags", "views"]),
    things_mapping(scd_type=1),
)
"""The usual one; an untracked JSON column; JSON as the only difference; nothing tracked; only what is open."""

ODD_IDS = (
    *("", "10", "9", "NULL", "Ä'\"{0}", "\U0001f600", "a\nb", "a\0b", "x" * 300, "x" * 20_000),
    *('["1","7"]', '["1","8"]', '[null,"7"]', "\u00e9", "e\u0301", "\U00020bb7", "\U0010ffff\U0010ffff"),
)
"""Empty, numbers, quotes, what ends a line or a text, longer than statistics are kept of; compound keys, one accented
letter in two ways, a letter of a supplementary plane, and one that comes behind all others."""
A_DAY, DOOMSDAY = timedelta(days=1), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
TAGS = (None, {"x": 1, "y": [2]}, {"y": [2.0], "x": 1}, {"x": "1", "y": [2]}, {"x": 1, "y": []}, {})


@dataclass(frozen=True)
class Stream:
    """What there is of one raw table when everything has landed, and what it is folded by."""

    pulls: tuple[PullOf, ...]
    mapping: Mapping = field(default_factory=things_mapping)
    guard: Guard = field(default_factory=Guard)
    decisions: dict[str, Decision] = field(default_factory=dict)
    """What a person said of listings, by the name of the pull."""

    @property
    def history(self) -> set[Version]:
        told = history(
            self.pulls,
            values_of(self.mapping),
            share=self.guard.share,
            records=self.guard.records,
            decisions=self.decisions,
        )
        return told if self.mapping.scd_type == 2 else {version for version in told if version.valid_to is None}


def stream_of(chance: Random, *, most_pulls: int = 9) -> Stream:
    """A vendor with three records: they change, go and come back between two pulls, and pulls show them as they are,
    as they were, or as nobody would expect."""
    overlapping = chance.random() < 0.2
    ids = ("1", "2", chance.choice(ODD_IDS))
    contents = [_contents(chance) for _ in range(3)]
    dated = chance.random() < 0.8
    shown: dict[str, list[_State]] = {id_: [] for id_ in ids}
    pulls: list[PullOf] = []
    taken: set[tuple[object, ...]] = set()
    started = 0
    for number in range(chance.randint(2, most_pulls)):
        started += chance.choice([10, 10, 10, 5, 0]) if overlapping and pulls else 10
        kind = chance.choice(["changes", "listing"])
        rows: list[Row] = []
        for id_ in ids:
            shown[id_].append(_next_state(chance, shown[id_], contents, started))
            for _ in range(chance.choice([1, 1, 1, 2, 0])):
                row = _row(chance, id_, shown[id_], contents, started, kind, dated=dated, overlapping=overlapping)
                # Of two rows of one record in one instant and one page nobody could say which came last.
                if row is not None and (row.id, row.extracted_at, row.page) not in taken:
                    taken.add((row.id, row.extracted_at, row.page))
                    rows.append(row)
        if chance.random() < 0.15:
            rows = []
        pulls.append(
            PullOf(
                tuple(rows),
                at(started),
                kind=kind,
                complete=kind == "changes" or chance.random() < 0.8,
                name=f"pull-{number}",
                splits=(1,) if len(rows) > 1 and chance.random() < 0.2 else (),
            )
        )
    decided: list[Decision] = ["approve", "reject"]
    often = chance.choice([0, 0, 0.3])
    return Stream(
        tuple(pulls),
        chance.choice(MAPPINGS),
        chance.choice([Guard(), Guard(), Guard(0.3, 0), Guard(0.5, 1), Guard(1.0, 0)]),
        {pull.name: chance.choice(decided) for pull in pulls if pull.kind == "listing" and chance.random() < often},
    )


def crowd_of(chance: Random) -> Stream:
    """Listings of so many records that the guard's limits of 20 records and 5 percent are met, missed and passed."""
    known = chance.choice([21, 22, 40, 60, 440])
    ids = [f"{number:03}" for number in range(known)]
    fields = {"name": "a", "hours": 1, "tags": None, "views": 0}
    pulls: list[PullOf] = []
    lost = 0
    for number in range(chance.randint(3, 5) if known < 100 else 3):
        started = 10 * (number + 1)
        if number:
            lost = chance.choice([lost, lost, 0, 1, 19, 20, 21, 22, 23, known // 2, known])
        first = chance.choice([0, 0, 1])
        present = ids[first + lost :] if first + lost < known else []
        moment = at(started) + timedelta(seconds=1)
        rows = [Row(id_, fields, at(1), moment) for id_ in (present if number else ids)]
        for id_ in chance.sample(ids, 2):
            if chance.random() < 0.5:
                rows = [
                    *(row for row in rows if row.id != id_),
                    Row(id_, fields | {"name": "b"}, at(started - 5), moment),
                ]
        changes = number > 0 and chance.random() < 0.2
        pulls.append(
            PullOf(
                tuple(rows[:3] if changes else rows),
                at(started),
                kind="changes" if changes else "listing",
                complete=chance.random() < 0.9,
                name=f"pull-{number}",
            )
        )
    decided: list[Decision] = ["approve", "reject"]
    decisions = {pull.name: chance.choice(decided) for pull in pulls[1:] if chance.random() < 0.15}
    return Stream(
        tuple(pulls), guard=chance.choice([Guard(), Guard(), Guard(0.5, 20), Guard(0.05, 22)]), decisions=decisions
    )


@dataclass(frozen=True)
class _State:
    """What the vendor has of a record: its fields and since when; no fields where it is gone."""

    fields: dict[str, Any] | None
    since: int


def _contents(chance: Random) -> dict[str, Any]:
    return {
        "name": chance.choice(["a", "b", None]),
        "hours": chance.choice([None, 1, "1.0", 2, "many"]),
        "tags": chance.choice(TAGS),
        "views": chance.randint(0, 1),
    }


def _next_state(chance: Random, before: list[_State], contents: list[dict[str, Any]], minute: int) -> _State:
    # Whole tens are the starts of listings too, so that records and absences meet in one instant.
    since = minute + chance.choice([-10, -5, -5, -1, 0, 5])
    known = [state for state in before if state.fields is not None]
    if not before:
        return _State(chance.choice(contents) if chance.random() < 0.9 else None, since)
    if before[-1].fields is None:
        returned = chance.choice([known[-1], known[-1], replace(known[-1], since=since)]) if known else None
        return returned if returned and chance.random() < 0.6 else before[-1]
    what = chance.choice(["stays", "stays", "changes", "goes"])
    return {"stays": before[-1], "changes": _State(chance.choice(contents), since), "goes": _State(None, since)}[what]


def _row(
    chance: Random,
    id_: str,
    shown: list[_State],
    contents: list[dict[str, Any]],
    started: int,
    kind: str,
    *,
    dated: bool,
    overlapping: bool,
) -> Row | None:
    """What a pull that starts at minute `started` tells of a record, if anything."""
    oddity = chance.choices(
        ["none", "before", "any", "undated", "to come", "left out", "partial", "no key", "unfit", "deleted"],
        [60, 8, 4, 4, 2, 12, 8, 2, 2, 2],
    )[0]
    state = chance.choice(shown) if oddity == "before" else shown[-1]
    if oddity == "any":
        state = _State(chance.choice(contents), chance.randrange(0, started + 20, 5))
    slow = chance.choice([0, 0, 0, 0, 0, 0, 5, 10, 20]) if overlapping else 0
    row = Row(
        id_,
        _spelled(chance, state.fields),
        at(state.since) if dated != (oddity == "undated") else None,
        at(started + slow) + timedelta(seconds=chance.randint(0 if slow else 1, 3)),
        is_deleted=state.fields is None,
        page=chance.randint(1, 2),
    )
    if oddity == "left out" or (state.fields is None and (kind == "listing" or chance.random() < 0.6)):
        return row if state.fields is None and chance.random() < 0.1 else None
    if oddity == "partial" and row.fields is not None:
        return replace(row, is_partial=True, fields={n: v for n, v in row.fields.items() if chance.random() < 0.5})
    if oddity == "no key":
        return replace(row, id=None, problem="no key")
    if oddity == "to come":
        return replace(
            row, updated_at=chance.choice((row.extracted_at + A_DAY, row.extracted_at + A_DAY * 2, DOOMSDAY))
        )
    if oddity == "unfit":
        return replace(row, problem="unreadable updated_at")
    return replace(row, is_deleted=True) if oddity == "deleted" else row


def _spelled(chance: Random, fields: dict[str, Any] | None) -> dict[str, Any] | None:
    """The same content, now and then with its JSON in another order and its numbers as other texts."""
    if fields is None or chance.random() < 0.6:
        return fields
    tags, hours = fields["tags"], fields["hours"]
    return {
        **fields,
        "tags": dict(reversed(tags.items())) if tags else tags,
        "hours": {1: "1.00", "1.0": 1, 2: 2.0}.get(hours, hours),
    }
