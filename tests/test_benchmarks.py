"""The harness of the benchmarks at tiny sizes, AVESA and the stream copy alone: it measures, compares and reports."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks import cases, goals, inputs, report
from benchmarks.__main__ import main
from benchmarks.cases import Plan
from benchmarks.engines import Bench, digest, run_avesa
from benchmarks.inputs import Sizes
from benchmarks.results import Results

TINY = replace(Plan(Sizes(2000)), pairs=1, small_rows=200, many=4, few=2, turns=2, peers=())


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "bench", Path(sys.executable), Path("none"), flushes=False)


def test_a_batch_is_measured_in_turn_and_leaves_the_versions_that_it_should(bench: Bench) -> None:
    results = Results(bench.work / "results.jsonl")

    cases.random(bench, TINY, results)

    assert [row["engine"] for row in results.all()] == ["copy", "copy_ours", "avesa", "mapping"]
    first = results.of("random", "avesa")[0]
    assert first["current_rows"] == 2000 + TINY.sizes.inserts
    assert first["rows"] == 2000 + TINY.sizes.inserts + TINY.sizes.updates
    assert first["commits"] == 1
    assert first["wall_s"] > first["work_wall_s"] > 0
    assert first["cpu_s"] > first["work_cpu_s"] > 0
    assert first["peak_mb"] > 10


def test_a_batch_with_nothing_new_leaves_no_file_and_no_commit(bench: Bench) -> None:
    results = Results(bench.work / "results.jsonl")

    cases.nothing(bench, TINY, results)

    assert results.values("nothing", "avesa", "files") == [0]
    assert results.values("nothing", "avesa", "commits") == [0]


def test_the_commit_is_measured_after_few_and_after_many(bench: Bench) -> None:
    results = Results(bench.work / "results.jsonl")

    cases.commits(bench, TINY, results)

    measured = results.of("commits", "avesa")[0]
    assert measured["few_fold_ms"] > measured["few_commit_ms"] > 0
    assert measured["many_fold_ms"] > measured["many_commit_ms"] > 0


def test_tables_with_other_contents_have_other_digests(bench: Bench) -> None:
    delivery = inputs.generation(Sizes(100), 0)
    later = inputs.few(100, 1, 1)
    inputs.make(bench.inputs, [delivery, later])
    one, same, other = (bench.work / name for name in ("one", "same", "other"))
    for home in (one, same, other):
        home.mkdir()
        run_avesa(bench, home, [delivery] if home is not other else [delivery, later])

    assert digest(bench, "avesa", one) == digest(bench, "avesa", same)
    assert digest(bench, "avesa", one)["current"] != digest(bench, "avesa", other)["current"]
    assert digest(bench, "avesa", other)["rows"] == 101


def test_two_runs_make_the_same_data(tmp_path: Path) -> None:
    delivery = inputs.batch(Sizes(1000), 4)

    for name in ("one", "two"):
        inputs.make(tmp_path / name, [delivery])

    assert _rows(inputs.typed_file(tmp_path / "one", delivery)) == _rows(inputs.typed_file(tmp_path / "two", delivery))


def test_an_engine_that_holds_other_rows_is_told(tmp_path: Path) -> None:
    results = Results(tmp_path / "results.jsonl")
    held = {"rows": 2, "current_rows": 1, "current": 5, "versions": 7}
    results.add("random", "avesa", 0, held)
    results.add("random", "delta", 0, held)
    results.add("random", "dlt", 0, {**held, "versions": 8})

    assert report.differences(results) == ["random: dlt scd2, DuckDB holds other rows than AVESA"]


def test_a_ratio_is_taken_within_each_round(tmp_path: Path) -> None:
    results = Results(tmp_path / "results.jsonl")
    for turn, (ours, theirs) in enumerate([(1, 2), (10, 30), (2, 8)]):
        results.add("history", "avesa", turn, {"cpu_s": ours})
        results.add("history", "dlt", turn, {"cpu_s": theirs})

    assert results.ratio("cpu_s", ("history", "dlt"), ("history", "avesa")) == 3
    goal = next(goal for goal in goals.goals(results) if "dlt" in goal.what)
    assert goal.is_reached
    assert (goal.wanted, goal.measured) == ("at least 3.00x", "3.00x")


def test_the_report_tells_what_was_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work = tmp_path / "work"

    code = main(["--quick", "--rows", "1000", "--peers", "", "--cases", "nothing", "--work", str(work)])

    assert code == 0
    text = (work / "benchmarks.md").read_text()
    assert capsys.readouterr().out == text
    assert "| Batch with nothing new: files and commits | at most 0 | 0 |" in text


def _rows(path: Path) -> list[tuple[object, ...]]:
    import duckdb

    with duckdb.connect() as con:
        return con.execute(f"FROM read_parquet('{path}') ORDER BY id").fetchall()
