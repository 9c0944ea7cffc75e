"""Laws of the fold over generated streams of pulls, held against a plain-Python oracle."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fold_arrivals import Arrival, Batch, arrival_of, folded, outcome_of, smallest, to_the_letter, told
from fold_story import change, listing
from fold_streams import MAPPINGS, Stream, crowd_of, stream_of
from fold_table import Folding, thing_values, things_mapping
from raw_files import PullOf, Row, at
from scd2_oracle import Version, believed, history

EXAMPLES = int(os.environ.get("AVESA_LAW_EXAMPLES", "30"))
"""So many cases for the first law; `make test-long` takes many more."""

SEEDS = st.integers(0, 2**32 - 1)


def laws(share: int = 1) -> settings:
    """One `share`-th of the examples. A seed cannot be made smaller; what it makes can (see `holds`)."""
    return settings(
        max_examples=max(4, EXAMPLES // share),
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
    )


def holds(arrival: Arrival, fault: Callable[[Arrival], str | None]) -> None:
    """Fail with the smallest arrival that has the fault, told for a person."""
    found = fault(arrival)
    if found:
        pytest.fail(f"{found}\n{told(smallest(arrival, fault))}")


def is_another_history(arrival: Arrival) -> str | None:
    expected, outcome = arrival.stream.history, outcome_of(arrival)
    if outcome.rebuilt != expected:
        return "a rebuild gives another history than the oracle"
    if outcome.incremental != expected:
        return "folds one after the other give another history than the oracle"
    if outcome.rows != outcome.rebuilt_rows:
        return "a rebuild spells a value otherwise than folds one after the other"
    return None


@laws()
@given(SEEDS)
def test_any_order_and_any_batching_give_the_one_true_history(seed: int) -> None:
    holds(arrival_of(Random(seed)), is_another_history)


@laws(6)
@given(SEEDS)
def test_listings_around_the_limits_of_the_guard_give_the_one_true_history(seed: int) -> None:
    chance = Random(seed)
    arrival = arrival_of(chance, crowd_of(chance))
    holds(replace(arrival, ranges=chance.random() < 0.4), is_another_history)


@laws(5)
@given(SEEDS)
def test_a_fold_in_ranges_of_keys_gives_the_same_as_one_over_all(seed: int) -> None:
    holds(replace(arrival_of(Random(seed)), ranges=True), is_another_history)


def in_one_batch(stream: Stream) -> Arrival:
    return Arrival(stream, (Batch(tuple(range(len(stream.pulls))), tuple(stream.decisions)),))


@laws(2)
@given(SEEDS)
def test_versions_of_a_record_are_well_formed(seed: int) -> None:
    stream = stream_of(Random(seed))
    with tempfile.TemporaryDirectory() as folder:
        versions = folded(in_one_batch(stream), Path(folder)).versions()
    for one in {version.id for version in versions}:
        mine = sorted((v for v in versions if v.id == one), key=lambda v: v.valid_from)
        assert all(v.valid_to is None or v.valid_from < v.valid_to for v in mine)
        assert [v for v in mine if v.valid_to is None] in ([], mine[-1:])
        for earlier, later in pairwise(mine):
            assert earlier.valid_to is not None
            assert earlier.valid_to <= later.valid_from
            assert earlier.is_deleted or earlier.valid_to == later.valid_from
            if earlier.valid_to == later.valid_from:
                assert earlier.is_deleted or earlier.values != later.values


@laws(5)
@given(SEEDS)
def test_what_was_folded_folded_again_changes_nothing(seed: int) -> None:
    """Under the same receipts, and as if a crash had left each receipt twice."""
    chance = Random(seed)
    arrival = arrival_of(chance, replace(stream_of(chance), decisions={}))
    with tempfile.TemporaryDirectory() as folder:
        folding = folded(arrival, Path(folder))
        rows = to_the_letter(folding)
        assert folding.fold().commits == 0
        folding.ledger = type(folding.ledger)(
            fingerprint=folding.ledger.fingerprint,
            table_id=folding.ledger.table_id,
            version=folding.ledger.version,
        )
        assert folding.fold().commits == 0
        raw = folding.root / "data/acme/raw/vendor/things"
        for receipt in sorted(raw.glob("*.receipt.json")):
            shutil.copy(receipt, receipt.with_name(f"z-{receipt.name}"))
        folding.fold()
        assert to_the_letter(folding) == rows


@laws(2)
@given(SEEDS, st.integers(0, 90))
def test_the_version_at_any_instant_is_the_last_observation_at_or_before_it(seed: int, minute: int) -> None:
    """Of tracked values, and for streams without listings and partial rows, where the last one is plain to see."""
    stream = stream_of(Random(seed))
    pulls = tuple(
        replace(pull, kind="changes", rows=tuple(row for row in pull.rows if not row.is_partial), splits=())
        for pull in stream.pulls
    )
    with tempfile.TemporaryDirectory() as folder:
        versions = folded(in_one_batch(Stream(pulls)), Path(folder)).versions()
    moment = at(minute)
    rows = [believed(row) for pull in pulls for row in pull.rows if row.id is not None and row.problem is None]
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


@laws(8)
@given(SEEDS, SEEDS)
def test_other_tenants_services_and_records_change_nothing(seed: int, other: int) -> None:
    stream, others = stream_of(Random(seed)), stream_of(Random(other))
    strangers = [
        replace(
            pull,
            rows=tuple(
                replace(row, id=f"stranger {row.id}", extracted_at=row.extracted_at + timedelta(minutes=500))
                for row in pull.rows
                if row.id is not None
            ),
        )
        for pull in others.pulls
        if pull.kind == "changes"
    ]
    with tempfile.TemporaryDirectory() as folder:
        mapping = things_mapping(services=("vendor", "rival"))
        mine = Folding(Path(folder), mapping=mapping, guard=stream.guard)
        theirs = Folding(Path(folder), mapping=mapping, tenant="globex")
        for number in range(max(len(stream.pulls), len(others.pulls))):
            for pull in others.pulls[number : number + 1]:
                theirs.land(pull)
                mine.land(pull, service="rival")
            for pull in stream.pulls[number : number + 1]:
                mine.land(pull)
            mine.fold()
        theirs.fold()
        alone = replace(stream, mapping=things_mapping(), decisions={})
        assert mine.versions(service="vendor") == alone.history
        assert mine.versions(service="rival") == replace(alone, pulls=others.pulls).history
        assert theirs.table_path != mine.table_path
        # Records of the same table that no listing of it could miss, since they came after all of them.
        late = [
            replace(pull, started_at=at(500 + number), name=f"stranger-{number}", splits=())
            for number, pull in enumerate(strangers)
        ]
        mine.land(*late)
        mine.fold()
        versions = mine.versions(service="vendor")
        assert {version for version in versions if not version.id.startswith("stranger")} == alone.history


@laws(3)
@given(SEEDS, st.integers(1, 8), st.sampled_from(MAPPINGS), st.sampled_from(MAPPINGS))
def test_a_mapping_that_changes_half_way_gives_what_it_gives_from_the_beginning(
    seed: int, place: int, before: Any, after: Any
) -> None:
    stream = replace(stream_of(Random(seed)), mapping=after)
    with tempfile.TemporaryDirectory() as folder:
        folding = Folding(Path(folder), mapping=before, guard=stream.guard)
        folding.land(*stream.pulls[:place])
        folding.fold()
        folding.land(*stream.pulls[place:])
        folding.mapping = after
        folding.fold()
        assert folding.versions() == replace(stream, decisions={}).history


@laws(4)
@given(
    st.lists(
        st.dictionaries(st.sampled_from("123"), st.sampled_from(["a", "b", None]), max_size=3), min_size=1, max_size=6
    ),
    st.booleans(),
)
def test_complete_listings_tell_the_same_as_the_changes_between_them(
    states: list[dict[str, str | None]], dated: bool
) -> None:
    """A listing is the whole state, a change pull what differs from the one before. Where the vendor has times, a
    record's is a minute before the listing that shows it anew or otherwise.
    """
    pulls: dict[str, list[PullOf]] = {"listing": [], "changes": []}
    before: dict[str, str | None] = {}
    changed: dict[str, datetime | None] = {}
    for number, state in enumerate(states):
        minute = 10 * (number + 1)
        if before and not state:
            continue  # an empty listing is held until a second one agrees
        differing = [id_ for id_ in state if id_ not in before or before[id_] != state[id_]]
        changed.update(dict.fromkeys(differing, at(minute - 1) if dated else None))
        rows = {id_: Row(id_, {"name": name}, changed[id_], at(minute)) for id_, name in state.items()}
        gone = [Row(id_, None, None, at(minute), is_deleted=True) for id_ in before if id_ not in state]
        pulls["listing"].append(listing(minute, *rows.values(), name=f"l{number}"))
        pulls["changes"].append(change(minute, *(rows[id_] for id_ in differing), *gone, name=f"c{number}"))
        before = state
    found: dict[str, set[Version]] = {}
    for kind, some in pulls.items():
        with tempfile.TemporaryDirectory() as folder:
            folding = Folding(Path(folder))
            for pull in some:
                folding.land(pull)
                if kind == "listing":
                    folding.fold()
            folding.fold()
            found[kind] = folding.versions()
    assert found["listing"] == found["changes"] == history(pulls["changes"], thing_values)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([1.0, -0.5, 2.5, 1e3, 2**63])
    | st.sampled_from(["", "1", "null", "a.b", "é\"\\", "OBJECT"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["a", "b", "a.b", "0", "é", "\"", ""]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def spelled(value: Any, chance: Random) -> str:
    """A JSON text of the value: names in any order, whole numbers with or without a point, texts with escapes."""

    def again(one: Any) -> Any:
        if isinstance(one, dict):
            names = chance.sample(sorted(one), len(one))
            return {name: again(one[name]) for name in names}
        if isinstance(one, list):
            return [again(inner) for inner in one]
        if isinstance(one, int | float) and not isinstance(one, bool) and one == int(one) and abs(one) < 2**53:
            return chance.choice([int(one), float(one)])
        return one

    return json.dumps(
        again(value), ensure_ascii=chance.random() < 0.5, separators=chance.choice([(",", ":"), (", ", ": ")])
    )


def canonical(value: Any) -> str:
    """Equal texts for equal values."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{canonical(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value)


@laws(10)
@given(st.lists(st.tuples(JSON, JSON), min_size=20, max_size=60), SEEDS)
def test_json_values_are_the_same_if_they_differ_in_spelling_alone(pairs: list[tuple[Any, Any]], seed: int) -> None:
    """Each pair is a record of its own, told twice: of one value if it has one version. A list is around each, since
    an empty text by itself is none, to any column that is no text.
    """
    chance = Random(seed)
    pairs = [*pairs, *((value, value) for value, _ in pairs)]

    def row(number: int, value: Any, minute: int) -> Row:
        return Row(str(number), None, at(minute), at(minute), payload=f'{{"tags": [{spelled(value, chance)}]}}')

    with tempfile.TemporaryDirectory() as folder:
        folding = Folding(Path(folder), mapping=things_mapping(columns={"tags": "json"}, untracked=[]))
        folding.land(change(10, *(row(number, first, 10) for number, (first, _) in enumerate(pairs))))
        folding.fold()
        folding.land(change(20, *(row(number, second, 20) for number, (_, second) in enumerate(pairs))))
        folding.fold()
        versions = [row["source_id"] for row in folding.rows()]
    for number, (first, second) in enumerate(pairs):
        same = canonical(first) == canonical(second)
        assert versions.count(str(number)) == (1 if same else 2), (first, second)
