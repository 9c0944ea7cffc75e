"""The harness of the benchmarks at tiny sizes, AVESA and the stream copy alone: it measures, compares and reports."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from benchmarks import cases, drift, goals, ingestion, ingestion_goals, inputs, report, services, vendor_records
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


def test_ingestion_is_measured_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work = tmp_path / "work"
    chosen = ",".join(ingestion.CASES)

    code = main(["--quick", "--records", "1500", "--peers", "", "--cases", chosen, "--work", str(work)])

    assert code == 0
    results = Results(work / "results.jsonl")
    pulled = results.of("pull", "avesa")[0]
    assert (pulled["rows"], pulled["pages"]) == (1500, 2)
    assert pulled["cpu_s"] > pulled["work_cpu_s"] > 0
    assert results.of("much", "avesa")[0]["rows"] == 3000
    assert all(results.of("latency", engine)[0]["pages"] == 12 for engine in ("in_flight_1", "in_flight_8"))
    assert "| Cases of drift kept byte for byte | at least 12 | 12 |" in capsys.readouterr().out


def test_the_loading_of_a_service_is_measured_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work = tmp_path / "work"

    code = main(["--quick", "--peers", "", "--cases", "services", "--work", str(work)])

    assert code == 0
    results = Results(work / "results.jsonl")
    measured = results.of("services", "addigy")[0]
    assert measured["kit_cpu_s"] > measured["work_cpu_s"] > 0
    assert f"\n## Loading one of {len(results.all())} services\n" in capsys.readouterr().out


def test_the_dearest_service_is_held_to_the_goal(tmp_path: Path) -> None:
    results = Results(tmp_path / "results.jsonl")
    for turn, seconds in enumerate((0.010, 0.060, 0.040)):
        results.add("services", "okta", turn, {"work_cpu_s": seconds})
        results.add("services", "zoom", turn, {"work_cpu_s": 2 * seconds})

    (goal,) = services.goals(results)

    assert (goal.measured, goal.is_reached) == ("80 ms", False)
    assert services.costs(results, "work_cpu_s") == [("zoom", 0.08), ("okta", 0.04)]


def test_a_page_of_records_is_the_same_each_time_and_its_ids_are_its_own() -> None:
    bodies = [b'{"name":"one"}', b'{"name":"two"}']

    first, last = (json.loads(vendor_records.page(bodies, number, 2, 3)) for number in (1, 2))

    assert first == [{"id": 1_000_001, "name": "one"}, {"id": 1_000_002, "name": "two"}]
    assert last == [{"id": 1_000_003, "name": "one"}]
    assert json.loads(vendor_records.page(bodies, 3, 2, 3)) == []


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ({"texts": ['{"id": "1", "v": 1.10}', '{"id": "2"}']}, "bytes"),
        ({"texts": ['{"id": "1", "v": 1.1}', '{"id": "2"}']}, "lost"),
        ({"values": [{"id": "2", "v": None}, {"id": "1", "v": 1.1}]}, "value"),
        ({"values": [{"id": "2"}, {"id": "1", "v": {drift.DIGITS: "1.100"}}]}, "value"),
        ({"values": [{"id": "2"}, {"id": "1", "v": "1.10"}]}, "lost"),
        ({"values": [{"id": "1", "v": 1.1}]}, "lost"),
        ({"refused": "TypeError"}, "refused"),
    ],
)
def test_what_became_of_a_record_is_told_apart(found: dict[str, Any], verdict: str) -> None:
    sent = (b'{"id": "1", "v": 1.10}', b'{"id": "2"}')

    assert drift.verdict(sent, found.get("texts"), found.get("values")) == verdict


def test_a_value_that_is_kept_as_json_in_a_text_is_kept() -> None:
    sent = (b'{"id": 1, "v": {"a": [1, null]}}',)

    assert drift.verdict(sent, None, [{"id": 1, "v": '{"a":[1,null]}'}]) == "value"
    assert drift.verdict(sent, None, [{"id": 1, "v": '{"a":[true,null]}'}]) == "lost"


def test_a_pipeline_that_ends_with_other_records_is_told(tmp_path: Path) -> None:
    results = Results(tmp_path / "results.jsonl")
    results.add("pull", "avesa", 0, {"rows": 2, "ids": "a"})
    results.add("pull", "requests", 0, {"rows": 2, "ids": "a"})
    results.add("pull", "polars", 0, {"rows": 2, "ids": "b"})

    assert report.differences(results) == ["pull: urllib3, polars.read_json ends with other records than AVESA"]


def test_the_goals_of_ingestion_are_told_by_what_was_measured(tmp_path: Path) -> None:
    results = Results(tmp_path / "results.jsonl")
    results.add("pull", "avesa", 0, {"records": 200_000, "cpu_s": 4, "work_cpu_s": 3.2, "peak_mb": 251})
    results.add("pull", "dlt_rest", 0, {"cpu_s": 48, "work_cpu_s": 40})
    results.add("latency", "in_flight_1", 0, {"wall_s": 14, "work_wall_s": 12})
    results.add("latency", "in_flight_8", 0, {"wall_s": 2, "work_wall_s": 1.5})

    told = {goal.what: (goal.measured, goal.measured_work, goal.is_reached) for goal in ingestion_goals.goals(results)}

    assert told["Records per CPU second, from HTTP to Parquet"] == ("50,000", "62,500", False)
    assert told["CPU of dlt, to ours"] == ("12.00x", "12.50x", True)
    assert told["Peak memory with 200,000 records"] == ("251 MB", "", False)
    assert told["Slow vendor: wall with one page in flight, to 8"] == ("7.00x", "8.00x", True)
    assert told["Cases of drift kept byte for byte"] == ("not measured", "", None)


def test_a_part_of_which_nothing_was_measured_stays_on_the_page(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Path(sys.executable), Path("none"))
    fold, pull = (Results(tmp_path / name) for name in ("fold.jsonl", "pull.jsonl"))
    fold.add("initial", "avesa", 0, {"wall_s": 123.25})
    pull.add("pull", "avesa", 0, {"records": 100, "cpu_s": 2})

    report.write(bench, TINY, fold, tmp_path)
    both = report.write(bench, TINY, pull, tmp_path)
    again = report.write(bench, TINY, fold, tmp_path)

    assert both == again
    assert "| AVESA | 123.25 |" in both
    assert "| Records per CPU second, from HTTP to Parquet | at least 60,000 | 50 |" in both
    assert both.index("# The fold") < both.index("# Ingestion")


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
