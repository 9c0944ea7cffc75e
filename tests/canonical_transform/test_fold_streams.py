"""The laws of the fold are worth what their streams hold: these are the cases that must be among a few hundred."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import combinations, pairwise
from random import Random

import pytest

from avesa.shared.guard import Guard
from fold_arrivals import Arrival, arrival_of
from fold_streams import MAPPINGS, ODD_IDS, crowd_of
from raw_files import PullOf, Row

SEEDS = 300
AT_LEAST = 5
"""So many of the streams hold each case."""


def cases_of(arrival: Arrival) -> Iterator[str]:
    stream = arrival.stream
    history = stream.history
    rows = [(row, pull) for pull in stream.pulls for row in pull.rows]
    fit = [(row, pull) for row, pull in rows if row.id is not None and row.problem is None]
    yield f"mapping {MAPPINGS.index(stream.mapping)}"
    yield from (f"id {row.id!r}" for row, _ in fit)
    yield from _cases_of_records(fit)
    for batch in arrival.batches:
        yield from _cases_of_a_batch([row for number in batch.pulls for row in stream.pulls[number].rows])
        yield f"ledger {batch.ledger}"
    yield from (f"a decision to {decision}" for decision in stream.decisions.values())
    if any(batch.decisions for batch in arrival.batches[:-1]):
        yield "a decision before the last batch"
    if stream.guard != Guard():
        yield "other limits"
    if any(row.problem and pull.kind == "listing" and pull.complete for row, pull in rows):
        yield "a complete listing with a row that is unfit"
    if any(row.id is None and pull.kind == "listing" and pull.complete for row, pull in rows):
        yield "a complete listing with a row without a key"
    if any(
        a.started_at < b.started_at <= max(r.extracted_at for r in a.rows) for a, b in pairwise(stream.pulls) if a.rows
    ):
        yield "pulls that overlap"
    if any(a.started_at == b.started_at for a, b in pairwise(stream.pulls)):
        yield "pulls that began together"
    if any(
        a.started_at == b.started_at and a.complete and b.complete and {r.id for r in a.rows} != {r.id for r in b.rows}
        for a, b in pairwise(pull for pull in stream.pulls if pull.kind == "listing")
    ):
        yield "two listings of one instant that differ"
    if [number for batch in arrival.batches for number in batch.pulls] != list(range(len(stream.pulls))):
        yield "pulls out of order"
    yield from _cases_of_absence(stream.pulls, {v.valid_to for v in history if v.is_deleted})
    for version in history:
        if version.updated_at is not None and version.updated_at < version.valid_from:
            yield "a record that came back by a listing"
    yield from (name for name in ("small", "ranges") if getattr(arrival, name))


def _cases_of_records(fit: list[tuple[Row, PullOf]]) -> Iterator[str]:
    for one in {row.id for row, _ in fit}:
        mine = [row for row, _ in fit if row.id == one]
        if all(row.is_deleted for row in mine):
            yield "a record of which there is a deletion alone"
        if len({row.updated_at is None for row in mine}) == 2:
            yield "dated and undated rows of one record"
        for row in mine:
            if row.updated_at is not None and row.updated_at - row.extracted_at >= timedelta(days=1):
                late_by = "a day" if row.updated_at - row.extracted_at == timedelta(days=1) else "more than a day"
                yield f"a time of change {late_by} after it was seen"
        for a, b in combinations(mine, 2):
            if a.extracted_at == b.extracted_at and a.page != b.page:
                yield "two pages of one instant of extraction"
            if a.updated_at is not None and a.updated_at == b.updated_at:
                if a.is_deleted != b.is_deleted:
                    yield "a record and its deletion in one instant"
                elif a.fields == b.fields and a.text != b.text:
                    yield "the same in other words"
                elif a.fields != b.fields:
                    yield "two contents in one instant"


def _cases_of_a_batch(rows: list[Row]) -> Iterator[str]:
    for one, count in Counter(row.id for row in rows).items():
        mine = [row for row in rows if row.id == one]
        if count > 1:
            yield "several observations of one record in one batch"
        if len({row.is_deleted for row in mine}) == 2:
            yield "a deletion and a record in one batch"
        if any(row.is_partial for row in mine) and not all(row.is_partial for row in mine):
            yield "a partial and a whole observation in one batch"


def _cases_of_absence(pulls: tuple[PullOf, ...], ends: set[object]) -> Iterator[str]:
    for pull in pulls:
        if pull.kind == "listing" and pull.started_at in ends:
            yield "a deletion by absence"
            if not pull.rows:
                yield "a deletion by an empty listing"
        if pull.kind == "listing" and not pull.complete and pull.rows:
            yield "an incomplete listing with rows"


WANTED = {
    *(f"mapping {number}" for number in range(len(MAPPINGS))),
    *(f"id {id_!r}" for id_ in ODD_IDS),
    *(f"ledger {fate}" for fate in ("kept", "lost", "old")),
    *("a decision to approve", "a decision to reject", "a decision before the last batch", "other limits"),
    *("a complete listing with a row that is unfit", "a complete listing with a row without a key"),
    *("pulls that overlap", "pulls that began together", "pulls out of order", "small", "ranges"),
    *("a record of which there is a deletion alone", "dated and undated rows of one record"),
    *("a time of change a day after it was seen", "a time of change more than a day after it was seen"),
    *("two pages of one instant of extraction", "a record and its deletion in one instant"),
    *("the same in other words", "two contents in one instant", "several observations of one record in one batch"),
    *("a deletion and a record in one batch", "a partial and a whole observation in one batch"),
    *("a deletion by absence", "a deletion by an empty listing", "an incomplete listing with rows"),
    *("a record that came back by a listing", "two listings of one instant that differ"),
}


@pytest.fixture(scope="module")
def reached() -> Counter[str]:
    return Counter(case for seed in range(SEEDS) for case in set(cases_of(arrival_of(Random(seed)))))


@pytest.mark.parametrize("case", sorted(WANTED))
def test_the_streams_hold(case: str, reached: Counter[str]) -> None:
    assert reached[case] >= AT_LEAST


def test_listings_of_many_lack_as_many_as_the_limits_and_one_less_and_more() -> None:
    lost: Counter[int] = Counter()
    for seed in range(SEEDS):
        stream = crowd_of(Random(seed))
        known = {row.id for row in stream.pulls[0].rows}
        lost.update(len(known - {row.id for row in pull.rows}) for pull in stream.pulls if pull.kind == "listing")
    assert min(lost[count] for count in (0, 1, 19, 20, 21, 22, 23)) >= AT_LEAST
