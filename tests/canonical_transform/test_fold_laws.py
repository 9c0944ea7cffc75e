"""Laws of the fold over generated streams of pulls, held against a plain-Python oracle."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fold_table import Folding, thing_values
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
        incremental = folding.versions() if folding.table_path.exists() else set()
        folding.fold(rebuild=True)
        return incremental, folding.versions() if folding.table_path.exists() else set()


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[list[PullOf], list[list[int]]]:
    """Pulls, and batches in which they arrive: in order or in any."""
    pulls = draw(pull_streams())
    order = list(range(len(pulls)))
    if draw(st.booleans()):
        order = draw(st.permutations(order))
    cuts = sorted(draw(st.sets(st.integers(1, len(order)), max_size=len(order))) | {len(order)})
    return pulls, [order[start:end] for start, end in pairwise([0, *cuts])]


LAWS = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


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
