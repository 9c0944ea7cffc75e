"""Laws of the fold over generated streams of pulls, held against a plain-Python oracle."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from avesa.canonical_transform import raw_history
from fold_table import Folding, thing_values, things_mapping
from raw_files import PullOf, Row, at
from scd2_oracle import Version, history

IDS = st.sampled_from(["1", "2", "3"])
NAMES = st.sampled_from(["a", "b", None])
HOURS = st.sampled_from([None, 1, "1.0", 2])
TAGS = st.sampled_from([None, {"x": 1, "y": [2]}, {"y": [2], "x": 1}])


@st.composite
def records(draw: st.DrawFn, started: int, kind: str) -> Row:
    """A row of a pull that starts at minute `started`, with a key and a readable time."""
    updated = draw(st.one_of(st.none(), st.integers(0, started + 12)))
    extracted = at(started) + timedelta(seconds=draw(st.integers(1, 30)))
    deleted = kind == "changes" and draw(st.integers(0, 5)) == 0
    fields = {"name": draw(NAMES), "hours": draw(HOURS), "tags": draw(TAGS), "views": draw(st.integers(0, 1))}
    partial = not deleted and kind == "changes" and draw(st.integers(0, 6)) == 0
    if partial:
        fields = {name: fields[name] for name in draw(st.sets(st.sampled_from(sorted(fields))))}
    return Row(
        draw(IDS), fields, None if updated is None else at(updated), extracted, is_deleted=deleted, is_partial=partial
    )


@st.composite
def pull_streams(draw: st.DrawFn) -> list[PullOf]:
    """Pulls of one table, ten minutes apart. Each row has an instant of extraction of its own within its record."""
    pulls = []
    for number in range(draw(st.integers(1, 6))):
        started = 10 * (number + 1)
        kind = draw(st.sampled_from(["changes", "changes", "listing"]))
        rows = draw(st.lists(records(started, kind), max_size=5))
        apart = {(row.id, row.extracted_at): row for row in rows}
        pulls.append(
            PullOf(
                tuple(apart.values()),
                at(started),
                kind=kind,
                complete=draw(st.booleans()) if kind == "listing" else True,
                name=f"pull-{number}",
            )
        )
    return pulls


def folded(pulls: list[PullOf], batches: list[list[int]]) -> tuple[set[Version], set[Version]]:
    """The versions after folding batch by batch, and after a rebuild."""
    with tempfile.TemporaryDirectory() as folder:
        folding = Folding(Path(folder))
        for batch in batches:
            for number in batch:
                folding.land(pulls[number])
            folding.fold()
        incremental = folding.versions()
        folding.fold(rebuild=True)
        return incremental, folding.versions()


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[list[PullOf], list[list[int]]]:
    """Pulls, and batches in which they arrive: in order or in any."""
    pulls = draw(pull_streams())
    order = list(range(len(pulls)))
    if draw(st.booleans()):
        order = draw(st.permutations(order))
    cuts = sorted(draw(st.sets(st.integers(1, len(order)), max_size=len(order))) | {len(order)})
    return pulls, [order[start:end] for start, end in pairwise([0, *cuts])]


EXAMPLES = int(os.environ.get("AVESA_LAW_EXAMPLES", "60"))
"""So many cases for each law; `make test-long` takes many more."""

LAWS = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


@LAWS
@given(arrivals())
def test_any_order_and_any_batching_give_the_one_true_history(case: tuple[list[PullOf], list[list[int]]]) -> None:
    pulls, batches = case
    expected = history(pulls, thing_values)
    incremental, rebuilt = folded(pulls, batches)
    assert incremental == expected
    assert rebuilt == expected


@LAWS
@given(pull_streams())
def test_versions_of_a_record_are_well_formed(pulls: list[PullOf]) -> None:
    versions, _ = folded(pulls, [[number] for number in range(len(pulls))])
    for one in {version.id for version in versions}:
        mine = sorted((v for v in versions if v.id == one), key=lambda v: v.valid_from)
        assert all(v.valid_to is None or v.valid_from < v.valid_to for v in mine)
        assert [v for v in mine if v.valid_to is None] in ([], mine[-1:])
        for earlier, later in pairwise(mine):
            assert earlier.valid_to is not None
            assert earlier.valid_to <= later.valid_from
            if earlier.valid_to == later.valid_from:
                assert earlier.is_deleted or earlier.values != later.values


@LAWS
@given(pull_streams())
def test_folding_again_what_was_folded_commits_nothing(pulls: list[PullOf]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        folding = Folding(Path(folder))
        folding.land(*pulls)
        folding.fold()
        before = folding.ledger
        folding.ledger = type(before)(
            fingerprint=before.fingerprint, table_id=before.table_id, version=before.version, sources={}
        )
        assert folding.fold().commits == 0


@LAWS
@given(pull_streams(), st.integers(0, 75))
def test_the_version_at_any_instant_is_the_last_observation_at_or_before_it(pulls: list[PullOf], minute: int) -> None:
    """Of tracked values, and for streams without listings and partial rows, where the last one is plain to see."""
    plain = [
        replace(pull, kind="changes", rows=tuple(row for row in pull.rows if not row.is_partial)) for pull in pulls
    ]
    versions, _ = folded(plain, [list(range(len(plain)))])
    moment = at(minute)
    rows = [row for pull in plain for row in pull.rows]
    for one in {row.id for row in rows}:
        seen = [row for row in rows if row.id == one and (row.updated_at or row.extracted_at) <= moment]
        last = max(
            seen, key=lambda r: (r.updated_at or r.extracted_at, r.is_deleted, r.extracted_at, r.page), default=None
        )
        valid = [
            v
            for v in versions
            if v.id == one and v.valid_from <= moment and (v.valid_to is None or v.valid_to > moment)
        ]
        if last is None or last.is_deleted:
            assert valid == []
        else:
            (version,) = valid
            assert version.values == thing_values(last.fields or {})[0]


@settings(LAWS, max_examples=EXAMPLES // 4)
@given(pull_streams(), pull_streams())
def test_other_tenants_services_and_records_change_nothing(pulls: list[PullOf], others: list[PullOf]) -> None:
    alone, _ = folded(pulls, [list(range(len(pulls)))])
    with tempfile.TemporaryDirectory() as folder:
        mapping = things_mapping(services=("vendor", "rival"))
        mine = Folding(Path(folder), mapping=mapping)
        theirs = Folding(Path(folder), mapping=mapping, tenant="globex")
        for number in range(max(len(pulls), len(others))):
            for pull in others[number : number + 1]:
                theirs.land(pull)
                mine.land(pull, service="rival")
                theirs.fold()
            for pull in pulls[number : number + 1]:
                mine.land(pull)
            mine.fold()
        assert mine.versions(service="vendor") == alone


@LAWS
@given(st.lists(st.dictionaries(IDS, NAMES, max_size=3), min_size=1, max_size=6))
def test_complete_listings_tell_the_same_as_the_changes_between_them(states: list[dict[str, str | None]]) -> None:
    """Of a vendor without times: a listing is the whole state, a change pull what differs from the one before."""

    def row(one: str, name: str | None, minute: int, *, deleted: bool = False) -> Row:
        return Row(one, {"name": name}, None, at(minute), is_deleted=deleted)

    listings, changes = [], []
    before: dict[str, str | None] = {}
    for number, state in enumerate(states):
        minute = 10 * (number + 1)
        if before and not state:
            continue  # an empty listing is held until a second one agrees
        listings.append(
            PullOf(tuple(row(i, n, minute) for i, n in state.items()), at(minute), kind="listing", name=f"l{number}")
        )
        differing = [row(i, n, minute) for i, n in state.items() if i not in before or before[i] != n]
        gone = [row(i, None, minute, deleted=True) for i in before if i not in state]
        changes.append(PullOf((*differing, *gone), at(minute), name=f"c{number}"))
        before = state
    from_listings, _ = folded(listings, [[number] for number in range(len(listings))])
    from_changes, _ = folded(changes, [[number] for number in range(len(changes))])
    assert from_listings == from_changes


@settings(LAWS, max_examples=EXAMPLES // 2)
@given(arrivals())
def test_a_fold_in_ranges_of_keys_gives_the_same_as_one_over_all(case: tuple[list[PullOf], list[list[int]]]) -> None:
    pulls, batches = case
    expected = history(pulls, thing_values)
    before = raw_history.MOST_ROWS
    raw_history.MOST_ROWS = 2
    try:
        incremental, rebuilt = folded(pulls, batches)
        assert incremental == expected
        assert rebuilt == expected
    finally:
        raw_history.MOST_ROWS = before
