"""What the functions print: logs that say whose call it was, and metrics that are no tenant's."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from avesa.sandbox.vendor.faults import Fault
from avesa.sandbox.vendor.server import Serving
from avesa.shared.errors import InternalError
from aws_cloud import Cloud, a_run_id
from stage_calls import HALO, call, described, ingest, measured


def test_logs_and_metrics_tell_whose_call_it_was_and_no_metric_is_a_tenant_s(
    cloud: Cloud, connect: Callable[..., Any], printed: Callable[[], str]
) -> None:
    connect("acme")
    run = a_run_id()
    ingest(run, "tickets")
    lines = [json.loads(line) for line in printed().splitlines() if line.startswith("{")]
    asked, metric = [line for line in lines if "_aws" in line]
    (done,) = [line for line in lines if line.get("message") == "done"]
    for line in (asked, metric, done):
        assert (line["run_id"], line["tenant"], line["service"], line["table"]) == (run, "acme", HALO, "tickets")
    assert described(asked) == ({"env", "service"}, {"Calls", "Throttled"})
    assert described(metric) == ({"env", "service"}, {"TablesDone", "RowsLanded"})
    assert metric["service"] == HALO
    assert metric["env"] == cloud.installation.env
    assert metric["RowsLanded"] == [done["answer"]["rows"]]
    assert asked["Calls"][0] > 1
    assert asked["Throttled"] == [0]


def test_refusals_are_counted_in_the_call_that_met_them_and_a_table_that_failed_in_the_report(
    cloud: Cloud, connect: Callable[..., Any], vendor: Serving, printed: Callable[[], str]
) -> None:
    connect("acme", tables=("tickets",))
    run = a_run_id()
    planned = call("plan", {"run_id": run})
    assert measured(printed()) == []
    vendor.vendor.faults.push(Fault("status", 429, "tickets", headers={"Retry-After": "0"}))
    assert ingest(run, "tickets")["status"] == "ok"
    assert measured(printed())[0]["Throttled"] == [1]
    vendor.vendor.faults.push(Fault("status", 400, "tickets", times=None))
    run = a_run_id()
    planned = call("plan", {"run_id": run})
    assert ingest(run, "tickets")["status"] == "failed"
    (asked,) = measured(printed())
    assert asked["Calls"][0] >= 1
    call("report", {"run_id": run, "key": planned["key"]})
    failed, alive = measured(printed())
    assert described(failed) == ({"env", "service"}, {"TablesFailed", "TablesBusy", "TablesDone"})
    assert (failed["service"], failed["TablesFailed"], failed["TablesBusy"]) == (HALO, [1], [0])
    assert described(alive) == ({"env"}, {"SyncHeartbeat"})
    call("report", {"run_id": run, "key": planned["key"], "whole": False})
    assert [described(line)[1] for line in measured(printed())] == [{"TablesFailed", "TablesBusy", "TablesDone"}]


def test_a_fold_is_measured_by_its_table(cloud: Cloud, connect: Callable[..., Any], printed: Callable[[], str]) -> None:
    connect("acme")
    run = a_run_id()
    ingest(run, "tickets")
    printed()
    call("transform", {"run_id": run, "tenant": "acme", "table": "tickets"})
    (fold,) = measured(printed())
    assert described(fold) == ({"env", "table"}, {"VersionsOpened", "RowsQuarantined", "FoldSeconds"})
    assert (fold["table"], fold["tenant"]) == ("tickets", "acme")
    assert fold["VersionsOpened"][0] > 0


def test_no_line_of_a_log_holds_a_secret(cloud: Cloud, connect: Callable[..., Any], printed: Callable[[], str]) -> None:
    connect("acme")
    run = a_run_id()
    ingest(run, "tickets")
    cloud.secrets.put("acme", HALO, {name: f"wr0ng-{name}" for name in cloud.secrets.get("acme", HALO)})
    ingest(a_run_id(), "tickets")
    shown = printed()
    assert "done" in shown
    assert "wr0ng" not in shown
    assert cloud.gate.sessions
    assert not any(token in shown for token, _ in cloud.gate.sessions.values())


class PanicException(BaseException):
    """As the libraries in Rust raise it."""


@pytest.mark.parametrize("kind", [KeyError, PanicException])
def test_a_bug_is_told_by_its_place_and_not_by_its_words(
    cloud: Cloud,
    connect: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    printed: Callable[[], str],
    kind: type[BaseException],
) -> None:
    connect("acme")

    def broken(*_: Any, **__: Any) -> None:
        raise kind("s3cr3t of a payload")

    monkeypatch.setattr("avesa.aws.ingestion.ingest_table", broken)
    with pytest.raises(InternalError) as caught:
        ingest(a_run_id(), "tickets")
    assert "s3cr3t" not in str(caught.value)
    shown = printed()
    assert "s3cr3t" not in shown
    assert "test_logs_and_metrics.py" in shown
