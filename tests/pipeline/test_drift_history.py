"""What is told apart of a raw table, and what counts as evidence, against the same counted row by row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from avesa.canonical_transform.engine import engine, session
from avesa.canonical_transform.raw_source import Source, list_raw, read_pulls
from avesa.pipeline.drift.history import History, decoded, load_history
from avesa.pipeline.drift.rule import Evidence
from avesa.pipeline.drift.sightings import Sightings
from avesa.shared.objects import open_objects
from avesa.shared.scratch import scratch_folder
from raw_files import PullOf, Row, at, land

FIELD = {"text": 1, "number": 2, None: 0}


class Seen(NamedTuple):
    pull: int
    id: str
    field: int
    content: str


def story(chance: Random) -> tuple[list[PullOf], list[Seen]]:
    """Pulls of a few records whose field comes and goes. What a record was, it is never again."""
    now = {str(number): (0, chance.choice([1, "x"])) for number in range(chance.randint(1, 8))}
    pulls, seen = [], []
    goes = chance.choice([0.1, 0.5, 0.9])
    for pull in range(chance.randint(1, 7)):
        rows = []
        for id_ in chance.sample(sorted(now), chance.randint(0, len(now))):
            version, value = now[id_]
            if chance.random() < 0.6:
                value = None if chance.random() < goes else chance.choice([1, "x"])
                version += 1
                now[id_] = version, value
            row = Row(id_, {"id": id_, "version": version, "field": value}, None, at(pull))
            rows += [row] * chance.choice([1, 1, 2])
            type_ = {int: "number", str: "text", type(None): None}[type(value)]
            seen.append(Seen(pull, id_, FIELD[type_], row.text))
        pulls.append(PullOf(tuple(rows), at(pull * 10), kind="listing", name=f"pull-{pull}"))
    return pulls, seen


@contextmanager
def history(folder: Path, pulls: list[PullOf]) -> Iterator[History]:
    objects, source = open_objects(folder / "data"), Source("acme", "oddwerk", "jobs")
    for pull in pulls:
        land(objects, "acme", "oddwerk", "jobs", pull)
    with scratch_folder(folder, "x") as scratch, engine(scratch) as database, session(database) as con:
        yield load_history(con, objects, source, read_pulls(objects, source, list_raw(objects, source)), scratch)


def counted(seen: list[Seen], last: int, baseline: int, bit: int | None) -> Evidence:
    """Row by row, what there is for that nothing had the field since the pull `last`."""
    rows = [one for one in seen if bit is None or one.field]
    by_id = {one.id: [other for other in rows if other.id == one.id] for one in rows}

    def has(one: Seen) -> bool:
        return bool(one.field) if bit is None else one.field == bit

    known = {id_: until[-1] for id_, its in by_id.items() if (until := [one for one in its if one.pull <= last])}
    had = {id_ for id_, one in known.items() if has(one)}
    since = {one.id for one in rows if one.pull > last}
    born = {id_: its[0] for id_, its in by_id.items()}
    later = [one for one in born.values() if baseline < one.pull <= last]
    newest = max(one.pull for one in rows)
    return Evidence(
        known=len(known),
        had=len(had),
        seen=len(since),
        lost=len(had & since),
        born=len(later),
        born_with=sum(map(has, later)),
        new=sum(one.pull > last for one in born.values()),
        span=at(10 * newest) - at(10 * last),
    )


@pytest.mark.parametrize("seed", range(30))
def test_contents_and_evidence_are_what_the_rows_say(tmp_path: Path, seed: int) -> None:
    pulls, seen = story(Random(seed))
    with history(tmp_path, pulls) as told:
        contents = list(told.contents())
        expected: dict[str, list[int]] = {}
        for one in seen:
            expected.setdefault(one.content, []).append(one.pull)
        newest = {one.id: one.content for one in seen}
        assert {json.dumps(one.record): (one.first, one.last, one.newest) for one in contents} == {
            content: (min(pulls), max(pulls), content in newest.values()) for content, pulls in expected.items()
        }
        assert len({one.key for one in contents}) == told.records() == len(newest)
        for pull in range(len(pulls)):
            assert told.records(pull) == len({one.id for one in seen if one.pull < pull})
        assert told.baseline == next((place for place, pull in enumerate(pulls) if pull.rows), None)

        sightings = Sightings(told.con, told.scratch, 1)
        for one in contents:
            value = one.record["field"]
            bits = FIELD["number" if isinstance(value, int) else "text" if value else None]
            sightings.add(one.key, one.first, one.last, bytes([bits]))
        sightings.flush()
        (span,) = sightings.spans()
        lasts = {bit: [one.pull for one in seen if one.field == bit] for bit in (1, 2)}
        assert (span.types if span else {}) == {bit: max(pulls) for bit, pulls in lasts.items() if pulls}
        if span is None or told.baseline is None:
            return
        assert (span.first, span.last) == (min(lasts[1] + lasts[2]), max(lasts[1] + lasts[2]))
        moments = [at(10 * place) for place in range(len(pulls))]
        for bit in (None, *span.types):
            last = span.last if bit is None else span.types[bit]
            found = sightings.evidence(0, last, moments, told.baseline, bit=bit)
            if bit is None and len({one.id for one in seen if one.pull > last}) < 3:
                assert found is None
            else:
                assert found == counted(seen, last, told.baseline, bit)
            for end in range(last + 1, len(pulls)):
                found = sightings.evidence(0, last, moments, told.baseline, bit=bit, end=end)
                then = counted([one for one in seen if one.pull < end], last, told.baseline, bit)
                assert found is None or (found.known, found.had, found.lost) == (then.known, then.had, then.lost)
                assert found is None or found.span <= moments[end - 1] - moments[last]


def test_a_table_of_which_nothing_landed_has_no_contents(tmp_path: Path) -> None:
    with history(tmp_path, []) as told:
        assert (list(told.contents()), told.records(), told.baseline) == ([], 0, None)
        assert Sightings(told.con, told.scratch, 2).spans() == [None, None]


def test_many_contents_are_written_in_several_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("avesa.pipeline.drift.sightings._PER_FILE", 2)
    with history(tmp_path, []) as told:
        sightings = Sightings(told.con, told.scratch, 2)
        for key in range(5):
            sightings.add(key, 0, key, bytes([1, 0 if key else 2]))
        sightings.flush()
        assert len(list(told.scratch.glob("sightings-*.parquet"))) == 3
        one, other = sightings.spans()
        assert one is not None and (one.first, one.last) == (0, 4)
        assert other is not None and (other.types, other.last) == ({2: 0}, 0)
        assert sightings.share_since(0, 0) == 1.0 and sightings.share_since(1, 0) == 0.0


@pytest.mark.parametrize(
    ("payload", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        (" null ", None),
        ("NaN", float("nan")),
        ('{"a": "\\ud800"}', {"a": "\ud800"}),
        ('{"a": "\t"}', {"a": "\t"}),
        (f'{{"a": {"9" * 400}}}', {"a": int("9" * 400)}),
    ],
)
def test_a_payload_is_read_as_leniently_as_when_it_landed(payload: str, value: object) -> None:
    assert repr(decoded(payload)) == repr(value)


@pytest.mark.parametrize("payload", ["", "{", "nul", "[" * 200_000, f'{{"a": {"9" * 5_000}}}'])
def test_what_is_no_json_is_told_as_such(payload: str) -> None:
    with pytest.raises(ValueError, match="no JSON"):
        decoded(payload)
