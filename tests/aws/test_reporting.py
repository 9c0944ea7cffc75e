"""The function `report`: the plan, set against what was done."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from avesa.shared.clock import system_clock
from avesa.shared.run_log import RunEntry
from aws_cloud import Cloud, a_run_id
from aws_server import AwsServer
from stage_calls import HALO, call, measured


def planned(cloud: Cloud, run: str, *items: dict[str, Any], problems: tuple[str, ...] = ()) -> str:
    """The key of a plan with these items of acme's."""
    common = {"run_id": run, "tenant": "acme", "service": HALO, "canonical": [], "full": False}
    cloud.objects.write(f"_runs/{run}/plan.json", json.dumps([{**common, **item} for item in items]).encode())
    cloud.objects.write(f"_runs/{run}/problems.json", json.dumps(problems).encode())
    return f"_runs/{run}/plan.json"


def told_by_the_workflow(cloud: Cloud, run: str, **children: dict[str, Any]) -> str:
    """The key of the manifest of a map with one child of each status."""
    folder = f"_runs/{run}/results"
    for status, child in children.items():
        cloud.objects.write(f"{folder}/{status}.json", json.dumps([{"Status": status, **child}]).encode())
    files = {status: [{"Key": f"{folder}/{status}.json", "Size": 1}] for status in children}
    written = {"DestinationBucket": "b", "ResultFiles": {"PENDING": [], **files}}
    cloud.objects.write(f"{folder}/manifest.json", json.dumps(written).encode())
    return f"{folder}/manifest.json"


def test_the_report_tells_what_failed_and_what_is_missing(cloud: Cloud) -> None:
    run, now = a_run_id(), system_clock()
    item = {"run_id": run, "tenant": "acme", "service": HALO, "tables": ["a", "b", "c", "d", "e"], "full": False}
    canonical = ["tickets", "companies", "users"]
    key = planned(cloud, run, {**item, "canonical": canonical}, problems=("tenant globex: cannot be planned.",))

    def log(table: str, status: Any, stage: Any = "ingest", error: str | None = None, run_id: str = run) -> None:
        cloud.state.run_log.write(RunEntry(run_id, "acme", stage, table, status, now, now, error, {"rows": 2}))

    log(f"{HALO}/a", "failed", error="HTTP 500")
    log(f"{HALO}/a", "ok")
    log(f"{HALO}/b", "failed", error="HTTP 403")
    log(f"{HALO}/c", "stopped")
    log(f"{HALO}/d", "ok", run_id="an earlier run")
    log("canonical/tickets", "failed", "transform", "the mapping is wrong")
    told = {"table": "e", "status": "failed", "error": "Sandbox.Timedout"}
    output = {
        "tenant": "acme",
        "service": HALO,
        "tables": [told],
        "canonical": [{"table": "users", "status": "failed", "error": "Busy"}],
    }
    manifest = told_by_the_workflow(
        cloud,
        run,
        SUCCEEDED={"Output": json.dumps(output), "Name": "x"},
        FAILED={"Error": "States.DataLimitExceeded", "Cause": "c" * 1000, "Input": json.dumps(item)},
    )
    for results in (manifest, {"bucket": "b", "key": manifest}):
        report = call("report", {"run_id": run, "key": key, "results": results})
        assert report["tables"] == {"failed": 1, "missing": 2, "ok": 1, "stopped": 1}
        assert report["folds"] == {"failed": 1, "missing": 1}
        assert report["rows"] == 6
        assert report["failed"] == [
            "tenant globex: cannot be planned.",
            f"tenant acme, {HALO}/b: HTTP 403",
            f"tenant acme, {HALO}/d: did not come to an end",
            f"tenant acme, {HALO}/e: Sandbox.Timedout",
            "tenant acme, canonical/tickets: the mapping is wrong",
            "tenant acme, canonical/users: Busy",
            f"tenant acme, {HALO}: States.DataLimitExceeded {'c' * 200}.",
        ]


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({"status": "busy"}, "busy"),
        ({"status": "not_due"}, "not_due"),
        ({"status": "stopped"}, "stopped"),
        ({"status": "ok", "rows": 7}, "ok"),
    ],
)
def test_what_the_workflow_knows_of_a_table_counts_where_the_run_log_says_nothing(
    cloud: Cloud, printed: Callable[[], str], told: dict[str, Any], status: str
) -> None:
    """Busy is no failure: another worker had it in work. Nor is a service that was switched off since the plan."""
    run = a_run_id()
    key = planned(cloud, run, {"tables": ["a"]})
    output = {"tenant": "acme", "service": HALO, "tables": [{"table": "a", "rows": 0, **told}], "canonical": []}
    manifest = told_by_the_workflow(cloud, run, SUCCEEDED={"Output": json.dumps(output)})
    report = call("report", {"run_id": run, "key": key, "results": manifest})
    assert (report["tables"], report["failures"], report["rows"]) == ({status: 1}, 0, told.get("rows", 0))
    counted = [line for line in measured(printed()) if "TablesFailed" in line]
    assert [(line["TablesFailed"], line["TablesBusy"]) for line in counted] == [([0], [1])] * (status == "busy")


def test_a_table_that_was_busy_and_then_done_is_done_and_one_that_failed_before_has_failed(cloud: Cloud) -> None:
    run, now = a_run_id(), system_clock()
    key = planned(cloud, run, {"tables": ["a", "b"]})
    for table, status, error in (("a", "ok", None), ("b", "failed", "HTTP 500")):
        cloud.state.run_log.write(RunEntry(run, "acme", "ingest", f"{HALO}/{table}", status, now, now, error))
    tables = [{"table": table, "status": "busy", "rows": 0} for table in ("a", "b")]
    output = {"tenant": "acme", "service": HALO, "tables": tables, "canonical": []}
    manifest = told_by_the_workflow(cloud, run, SUCCEEDED={"Output": json.dumps(output)})
    report = call("report", {"run_id": run, "key": key, "results": manifest})
    assert (report["tables"], report["failed"]) == ({"failed": 1, "ok": 1}, [f"tenant acme, {HALO}/b: HTTP 500"])


def test_a_fold_that_another_worker_does_is_busy_and_one_with_nothing_to_fold_is_not_told(cloud: Cloud) -> None:
    run = a_run_id()
    key = planned(cloud, run, {"tables": [], "canonical": ["tickets", "users"]})
    folds = [{"table": "tickets", "status": "busy"}, {"table": "users", "status": "ok"}]
    output = {"tenant": "acme", "service": HALO, "tables": [], "canonical": folds}
    manifest = told_by_the_workflow(cloud, run, SUCCEEDED={"Output": json.dumps(output)})
    report = call("report", {"run_id": run, "key": key, "results": manifest})
    assert (report["folds"], report["failed"]) == ({"busy": 1}, [])


def test_the_report_hands_on_fifty_lines_and_keeps_all(cloud: Cloud) -> None:
    run = a_run_id()
    key = planned(cloud, run, {"tables": [f"t{n}" for n in range(80)]})
    report = call("report", {"run_id": run, "key": key, "results": None})
    assert (report["failures"], len(report["failed"])) == (80, 50)
    assert len(json.loads(cloud.objects.read(report["key"]))["failed"]) == 80


def test_a_line_that_is_handed_on_is_no_longer_than_a_state_of_the_workflow_takes(cloud: Cloud) -> None:
    run, now = a_run_id(), system_clock()
    key = planned(cloud, run, {"tables": ["a"]})
    cloud.state.run_log.write(RunEntry(run, "acme", "ingest", f"{HALO}/a", "failed", now, now, "x" * 100_000))
    report = call("report", {"run_id": run, "key": key, "results": None})
    assert [len(line) for line in report["failed"]] == [1000]
    assert len(json.loads(cloud.objects.read(report["key"]))["failed"][0]) > 100_000


def test_the_report_reads_no_more_of_the_run_log_than_the_run_has_written(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = a_run_id()
    key = planned(cloud, run, {"tables": ["a"]})
    now = system_clock()
    entry = RunEntry(run, "acme", "ingest", f"{HALO}/a", "ok", now, now)
    with monkeypatch.context() as earlier:
        earlier.setattr("avesa.aws.dynamodb_run_log.time.time_ns", lambda: int((now.timestamp() - 3600) * 1e9))
        for n in range(30):
            cloud.state.run_log.write(replace(entry, run_id=f"earlier-{n}"))
    cloud.state.run_log.write(entry)
    log = cloud.state.run_log
    assert [one.run_id for one in log.written_since("acme", now - timedelta(minutes=5))] == [run]
    assert len(log.written_since("acme", None)) == 31
    report = call("report", {"run_id": run, "key": key, "began": now.isoformat(), "results": None})
    assert report["tables"] == {"ok": 1}


def test_a_run_log_that_cannot_be_read_is_a_line_of_its_tenant_and_no_end_of_the_report(
    cloud: Cloud, aws: AwsServer
) -> None:
    run, now = a_run_id(), system_clock()
    key = planned(cloud, run, {"tables": ["a"]}, {"tables": ["a"], "tenant": "globex"})
    cloud.state.run_log.write(RunEntry(run, "acme", "ingest", f"{HALO}/a", "ok", now, now))
    odd = {"tenant_id": {"S": "globex"}, "entry": {"S": "run#9"}, "run_id": {"S": run}}
    aws.client("dynamodb").put_item(TableName=cloud.installation.run_log, Item=odd)
    report = call("report", {"run_id": run, "key": key, "results": None})
    assert report["tables"] == {"missing": 1, "ok": 1}
    assert any(line.startswith("tenant globex: ") and "cannot be read" in line for line in report["failed"])


def test_results_that_cannot_be_read_are_a_line_and_no_failure(cloud: Cloud) -> None:
    run = a_run_id()
    key = planned(cloud, run)
    cloud.objects.write(f"_runs/{run}/odd.json", b"<html>")
    report = call("report", {"run_id": run, "key": key, "results": f"_runs/{run}/odd.json"})
    assert len(report["failed"]) == 1
