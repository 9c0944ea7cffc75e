"""How a stream of pulls arrives and is folded: in which batches and order, and what goes wrong in between.

What comes of it must be the history of the stream, whatever the arrival.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from types import ModuleType

from avesa.canonical_transform import ledger, raw_history, table_files
from avesa.canonical_transform.ledger import Ledger
from fold_story import decide
from fold_streams import MAPPINGS, Stream, stream_of
from fold_table import Folding
from raw_files import Row, at
from scd2_oracle import Version


@dataclass(frozen=True)
class Batch:
    """What lands before one fold: pulls by their number, and decisions by the name of the pull.

    `ledger` says what became of it since the fold before: kept, lost, or as it was one fold earlier.
    """

    pulls: tuple[int, ...]
    decisions: tuple[str, ...] = ()
    ledger: str = "kept"


@dataclass(frozen=True)
class Arrival:
    stream: Stream
    batches: tuple[Batch, ...]
    small: bool = False
    """Whether files and ledgers are full after a few rows, so that they are split and merged."""
    ranges: bool = False
    """Whether a few raw rows are too many to be folded at once."""


def arrival_of(chance: Random, stream: Stream | None = None) -> Arrival:
    """In order or in any, with decisions made at any time and ledgers lost; of a new stream where none is given."""
    whole = stream or stream_of(chance)
    order = list(range(len(whole.pulls)))
    if chance.random() < 0.3:
        chance.shuffle(order)
    often = chance.choice([0.3, 1, 1])
    cuts = [place for place in range(1, len(order)) if chance.random() < often]
    batches = [Batch(tuple(order[start:end])) for start, end in pairwise([0, *cuts, len(order)])]
    if whole.decisions:
        batches += [Batch(())]
    for name in whole.decisions:
        place = chance.randrange(len(batches))
        batches[place] = replace(batches[place], decisions=(*batches[place].decisions, name))
    if chance.random() < 0.2:
        place = chance.randrange(len(batches))
        batches[place] = replace(batches[place], ledger=chance.choice(["lost", "old"]))
    return Arrival(whole, tuple(batches), small=chance.random() < 0.3, ranges=chance.random() < 0.1)


@dataclass(frozen=True)
class Outcome:
    """The table after the last batch, and after a rebuild: as versions, and as rows to the letter."""

    incremental: set[Version]
    rebuilt: set[Version]
    rows: list[str]
    rebuilt_rows: list[str]


def outcome_of(arrival: Arrival) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        folding = folded(arrival, Path(folder))
        incremental, rows = folding.versions(), to_the_letter(folding)
        folding.fold(rebuild=True)
        return Outcome(incremental, folding.versions(), rows, to_the_letter(folding))


def folded(arrival: Arrival, folder: Path) -> Folding:
    stream = arrival.stream
    folding = Folding(folder, mapping=stream.mapping, guard=stream.guard)
    before = folding.ledger
    with limits(small=arrival.small, ranges=arrival.ranges):
        for batch in arrival.batches:
            folding.land(*(stream.pulls[number] for number in batch.pulls))
            for name in batch.decisions:
                decide(folding, f"{name}.receipt.json", stream.decisions[name])
            kept = folding.ledger
            folding.ledger = {"kept": kept, "lost": Ledger(), "old": before}[batch.ledger]
            before = kept
            folding.fold()
    return folding


def to_the_letter(folding: Folding) -> list[str]:
    """All rows with all columns, spelled as they are, in an order of their own."""
    return sorted(repr(sorted(row.items())) for row in folding.rows())


def smallest(arrival: Arrival, fault: Callable[[Arrival], str | None]) -> Arrival:
    """An arrival with the same fault from which nothing more can be left out, for a person to look at."""
    found = fault(arrival)
    while True:
        less = next((one for one in _with_less(arrival) if fault(one) == found), None)
        if less is None:
            return arrival
        arrival = less


def _with_less(arrival: Arrival) -> Iterator[Arrival]:
    stream = arrival.stream
    for number in range(len(stream.pulls)):
        yield _without_pull(arrival, number)
    for place, (earlier, later) in enumerate(pairwise(arrival.batches)):
        both = Batch(earlier.pulls + later.pulls, earlier.decisions + later.decisions, earlier.ledger)
        yield replace(arrival, batches=(*arrival.batches[:place], both, *arrival.batches[place + 2 :]))
    for place, batch in enumerate(arrival.batches):
        if batch.ledger != "kept":
            kept = replace(batch, ledger="kept")
            yield replace(arrival, batches=(*arrival.batches[:place], kept, *arrival.batches[place + 1 :]))
    if arrival.small or arrival.ranges:
        yield replace(arrival, small=False, ranges=False)
    if stream.mapping != MAPPINGS[0]:
        yield replace(arrival, stream=replace(stream, mapping=MAPPINGS[0]))
    for name in stream.decisions:
        yield _without_decision(arrival, name)
    for number, pull in enumerate(stream.pulls):
        for rows in [(*pull.rows[:place], *pull.rows[place + 1 :]) for place in range(len(pull.rows))]:
            pulls = (*stream.pulls[:number], replace(pull, rows=rows, splits=()), *stream.pulls[number + 1 :])
            yield replace(arrival, stream=replace(stream, pulls=pulls))


def _without_pull(arrival: Arrival, number: int) -> Arrival:
    arrival = _without_decision(arrival, arrival.stream.pulls[number].name)
    pulls = (*arrival.stream.pulls[:number], *arrival.stream.pulls[number + 1 :])
    batches = [replace(b, pulls=tuple(n - (n > number) for n in b.pulls if n != number)) for b in arrival.batches]
    return replace(arrival, stream=replace(arrival.stream, pulls=pulls), batches=tuple(batches))


def _without_decision(arrival: Arrival, name: str) -> Arrival:
    decisions = {other: decision for other, decision in arrival.stream.decisions.items() if other != name}
    batches = [replace(b, decisions=tuple(other for other in b.decisions if other != name)) for b in arrival.batches]
    return replace(arrival, stream=replace(arrival.stream, decisions=decisions), batches=tuple(batches))


def told(arrival: Arrival) -> str:
    """For a person, in minutes."""
    stream = arrival.stream
    types = ", ".join(
        f"{column.name}{' (untracked)' * (column.name in stream.mapping.untracked)}"
        for column in stream.mapping.columns
    )
    lines = [f"type {stream.mapping.scd_type}: {types}; {stream.guard}; small={arrival.small}, ranges={arrival.ranges}"]
    for batch in arrival.batches:
        lines.append(f"fold, with the ledger {batch.ledger}, after")
        lines += [f"    decision: {stream.decisions[name]} {name}" for name in batch.decisions]
        for pull in (stream.pulls[number] for number in batch.pulls):
            whole = "" if pull.complete else "incomplete "
            lines.append(f"    {pull.name}: {whole}{pull.kind} from {_minute(pull.started_at)}")
            lines += [f"        {_row_told(row)}" for row in pull.rows]
    return "\n".join(lines)


def _row_told(row: Row) -> str:
    notes = [name for name in ("is_deleted", "is_partial") if getattr(row, name)] + [row.problem] * (
        row.problem is not None
    )
    return (
        f"{row.id!r} {row.fields} updated {_minute(row.updated_at)}, extracted {_minute(row.extracted_at)}, "
        f"page {row.page} {' '.join(map(str, notes))}"
    )


def _minute(moment: datetime | None) -> str:
    return "never" if moment is None else f"{(moment - at(0)) / timedelta(minutes=1):.4g}"


@contextmanager
def limits(*, small: bool, ranges: bool) -> Iterator[None]:
    """Much is a few, where it is wanted."""
    wanted: dict[tuple[ModuleType, str], int] = {}
    if small:
        wanted |= {
            (table_files, "ROWS_PER_FILE"): 4,
            (table_files, "SMALL"): 2,
            (table_files, "MOST_SMALL_FILES"): 2,
            (table_files, "CHANGE_SHARE"): 0,
            (ledger, "MOST_RECENT"): 2,
            (ledger, "MOST_UNACCEPTED"): 1,
        }
    if ranges:
        wanted |= {(raw_history, "MOST_ROWS"): 4}
    before = {place: getattr(*place) for place in wanted}
    try:
        for (module, name), value in wanted.items():
            setattr(module, name, value)
        yield
    finally:
        for (module, name), value in before.items():
            setattr(module, name, value)
