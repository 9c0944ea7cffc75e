"""The functions of an installation, called in this process, with a strict vendor and the gate before the stand-ins."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from avesa.aws import edge, handlers
from avesa.aws.events import PlanItem
from avesa.aws.planning import dealt
from avesa.connector.memory import Memory, encode_memory
from avesa.integrations import load_service
from avesa.sandbox.vendor.faults import Fault
from avesa.sandbox.vendor.server import Serving, strict_vendor
from avesa.shared.clock import system_clock
from avesa.shared.errors import Busy, ConfigurationError, StorageError, Unavailable, UsageError
from avesa.shared.run_log import RunEntry
from avesa.shared.tenants import TenantService
from avesa.shared.watermarks import TableState
from aws_cloud import Cloud, a_run_id

HALO = "halopsa"
TABLES = ("clients", "tickets")


@dataclass
class Context:
    """A call that has so much time."""

    milliseconds: int = 60_000
    aws_request_id: str = "request"

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


def call(name: str, event: Any, milliseconds: int = 60_000) -> dict[str, Any]:
    function = getattr(handlers, name)
    for out in logging.getLogger(f"avesa-{name}").handlers:
        assert isinstance(out, logging.StreamHandler)
        out.stream = StdoutNow()
    answer = function(event, Context(milliseconds))
    return json.loads(json.dumps(answer))


@pytest.fixture
def vendor() -> Iterator[Serving]:
    with strict_vendor(HALO, clock=system_clock, counts={"tickets": 130}) as serving:
        yield serving


@pytest.fixture
def connect(cloud: Cloud, vendor: Serving) -> Callable[..., TenantService]:
    """Connect a tenant to the vendor, as a person would."""

    def connected(tenant: str = "acme", *, tables: tuple[str, ...] | None = TABLES, **settings: str) -> TenantService:
        held = vendor.vendor.credentials.values
        service = load_service(HALO)
        known = {s.name: held.get(s.name, "example") for s in service.settings if s.required or s.name in held}
        stored = TenantService(tenant, HALO, settings={**known, **settings, "base_url": vendor.url}, tables=tables)
        cloud.connect(stored, {name: held[name] for name in service.secrets})
        return stored

    return connected


def ingest(run: str, table: str, tenant: str = "acme", milliseconds: int = 60_000, **more: Any) -> dict[str, Any]:
    event = {"run_id": run, "tenant": tenant, "service": HALO, "table": table, **more}
    return call("ingestion", event, milliseconds)


class StdoutNow:
    """Whatever stdout is when something is written: pytest has another one for each phase of a test."""

    def write(self, text: str) -> None:
        sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """All that the functions have printed."""
    return lambda: "".join(capsys.readouterr())


def items_of(cloud: Cloud, answer: dict[str, Any]) -> list[dict[str, Any]]:
    return json.loads(cloud.objects.read(answer["key"]))


def test_a_run_from_its_plan_to_its_report(cloud: Cloud, connect: Callable[..., Any], vendor: Serving) -> None:
    connect("acme")
    connect("globex")
    run = a_run_id()
    planned = call("plan", {"run_id": run})
    assert planned == {"run_id": run, "bucket": "avesa-tests", "key": f"_runs/{run}/plan.json", "items": 2}
    for item in items_of(cloud, planned):
        assert item["run_id"] == run
        assert set(item) == {"run_id", "tenant", "service", "tables", "canonical", "full"}
        for table in item["tables"]:
            done = ingest(run, table, item["tenant"], full=item["full"])
            assert {**done, "rows": 0} == {"done": True, "status": "ok", "table": table, "rows": 0}
            assert done["rows"] > 0
        for table in item["canonical"]:
            folded = call("transform", {"run_id": run, "tenant": item["tenant"], "table": table})
            assert folded["status"] == "ok"
            assert folded["rows"] > 0
    report = call("report", {"run_id": run, "key": planned["key"]})
    assert report["failed"] == []
    assert (report["items"], report["tables"], report["folds"]) == (2, {"ok": 4}, {"ok": 4})
    assert json.loads(cloud.objects.read(f"_runs/{run}/report.json"))["rows"] == report["rows"]
    assert cloud.gate.refused == []
    assert vendor.vendor.violations == []
    uri, options = cloud.objects.table_uri("globex/canonical/tickets"), cloud.objects.table_options
    assert DeltaTable(uri, storage_options=options).version() >= 0


def test_the_same_run_has_the_same_plan(cloud: Cloud, connect: Callable[..., Any]) -> None:
    connect("acme")
    run = a_run_id()
    first = call("plan", {"run_id": run})
    before = items_of(cloud, first)
    connect("globex")
    assert call("plan", {"run_id": run}) == first
    assert items_of(cloud, first) == before
    assert call("plan", {})["items"] == 2


def test_one_tenant_that_cannot_be_planned_takes_no_other_with_it(cloud: Cloud, connect: Callable[..., Any]) -> None:
    connect("acme")
    connect("globex", every="often")
    run = a_run_id()
    planned = call("plan", {"run_id": run})
    assert [item["tenant"] for item in items_of(cloud, planned)] == ["acme"]
    report = call("report", {"run_id": run, "key": planned["key"]})
    assert any("globex" in line and "every" in line for line in report["failed"])


def test_only_what_is_due_and_switched_on_is_planned(cloud: Cloud, connect: Callable[..., Any]) -> None:
    stored = connect("acme", every="1h")
    now = system_clock()
    memory = encode_memory(Memory(pulled_at=now - timedelta(minutes=5)))
    cloud.state.watermarks.put(TableState("acme", f"{HALO}/clients", now, None, memory))
    (item,) = items_of(cloud, call("plan", {}))
    assert item["tables"] == ["tickets"]
    (item,) = items_of(cloud, call("plan", {"full": True}))
    assert (sorted(item["tables"]), item["full"]) == (sorted(TABLES), True)
    (item,) = items_of(cloud, call("plan", {"tenant": "acme", "table": "clients"}))
    assert item["tables"] == ["clients"]
    cloud.state.tenants.put(replace(stored, enabled=False))
    assert call("plan", {})["items"] == 0
    with pytest.raises(UsageError):
        call("plan", {"tenant": "acme"})


@pytest.mark.parametrize(
    "event",
    [
        {"tenent": "acme"},
        {"tenant": "nobody"},
        {"service": "conectwise"},
        {"service": HALO, "table": "tikets"},
        {"run_id": "../x"},
        {"tenant": 1},
        {"full": "yes"},
        [],
        None,
    ],
)
def test_an_odd_call_of_the_plan_is_refused(cloud: Cloud, connect: Callable[..., Any], event: Any) -> None:
    connect("acme")
    with pytest.raises(UsageError):
        call("plan", event)


def test_a_call_without_time_stops_with_a_checkpoint_and_the_next_goes_on(
    cloud: Cloud, connect: Callable[..., Any], vendor: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect("acme")
    run = a_run_id()
    pages = 0
    real = edge.Call.stop

    def after_the_first_page(self: edge.Call) -> bool:
        nonlocal pages
        asked = sum(served.table == "tickets" and served.status == 200 for served in vendor.vendor.served)
        pages = max(pages, asked)
        return asked >= 1 or real(self)

    monkeypatch.setattr(edge.Call, "stop", after_the_first_page)
    stopped = ingest(run, "tickets")
    assert (stopped["done"], stopped["status"]) == (False, "stopped")
    assert cloud.state.watermarks.get("acme", f"{HALO}/tickets").checkpoint is not None
    monkeypatch.setattr(edge.Call, "stop", real)
    done = ingest(run, "tickets")
    assert (done["done"], done["status"]) == (True, "ok")
    (entry, _) = cloud.state.run_log.entries("acme")
    assert entry.figures["resumed"]


def test_a_call_that_comes_too_late_does_nothing_and_is_not_done(cloud: Cloud, connect: Callable[..., Any]) -> None:
    connect("acme")
    answer = ingest(a_run_id(), "tickets", milliseconds=0)
    assert (answer["done"], answer["status"], answer["rows"]) == (False, "stopped", 0)


def test_a_call_that_is_repeated_after_its_answer_was_lost_pulls_nothing_again(
    cloud: Cloud, connect: Callable[..., Any], vendor: Serving
) -> None:
    connect("acme")
    run = a_run_id()
    first = ingest(run, "tickets", full=True)
    asked = len(vendor.vendor.served)
    assert ingest(run, "tickets", full=True) == first
    assert len(vendor.vendor.served) == asked
    assert ingest(a_run_id(), "tickets", full=True)["status"] == "ok"
    assert len(vendor.vendor.served) > asked


def test_a_vendor_that_refuses_the_credentials_is_asked_once_in_a_run(
    cloud: Cloud, connect: Callable[..., Any], vendor: Serving
) -> None:
    stored = connect("acme")
    good = dict(cloud.secrets.get("acme", HALO))
    cloud.secrets.put("acme", HALO, dict.fromkeys(good, "wrong"))
    run = a_run_id()
    first = ingest(run, "tickets")
    assert (first["done"], first["status"]) == (True, "failed")
    assert "wrong" not in first["error"]
    asked = len(vendor.vendor.served)
    second = ingest(run, "clients")
    assert (second["done"], second["status"]) == (True, "failed")
    assert "in this run" in second["error"]
    assert len(vendor.vendor.served) == asked
    cloud.connect(stored, good)
    assert ingest(run, "tickets")["status"] == "ok"


def test_a_table_in_work_is_busy_and_so_is_a_canonical_table(cloud: Cloud, connect: Callable[..., Any]) -> None:
    connect("acme")
    run = a_run_id()
    with cloud.state.watermarks.lease("acme", f"{HALO}/tickets"), pytest.raises(Busy):
        ingest(run, "tickets")
    ingest(run, "tickets")
    with cloud.state.watermarks.lease("acme", "canonical/tickets"), pytest.raises(Busy):
        call("transform", {"run_id": run, "tenant": "acme", "table": "tickets"})


def test_what_may_go_well_later_is_raised_and_what_will_not_is_told(
    cloud: Cloud, connect: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = load_service(HALO)
    hurried = replace(service, retry=replace(service.retry, first_wait=0.0, longest_wait=0.0))
    monkeypatch.setattr("avesa.pipeline.ingest.load_service", lambda name: hurried)
    stored = connect("acme")
    run = a_run_id()
    cloud.state.tenants.put(replace(stored, settings={**stored.settings, "base_url": "http://127.0.0.1:9/api"}))
    with pytest.raises(Unavailable):
        ingest(run, "tickets", milliseconds=600_000)
    cloud.state.tenants.put(stored)
    assert ingest(run, "no_such_table")["status"] == "failed"
    cloud.secrets.put("acme", HALO, {})
    failed = ingest(run, "tickets")
    assert failed["status"] == "failed"
    assert "Not connected" in failed["error"]


def test_a_service_that_was_switched_off_since_the_plan_is_left_alone(
    cloud: Cloud, connect: Callable[..., Any]
) -> None:
    stored = connect("acme")
    cloud.state.tenants.put(replace(stored, enabled=False))
    answer = ingest(a_run_id(), "tickets")
    assert answer == {"done": True, "status": "not_due", "table": "tickets", "rows": 0}


def test_a_tenant_that_does_not_exist_is_refused_without_a_look_at_others(cloud: Cloud) -> None:
    cloud.state.tenants.add_tenant("globex")
    with pytest.raises(UsageError) as caught:
        ingest(a_run_id(), "tickets", "nobody")
    assert "globex" not in str(caught.value)


def test_without_the_tenant_role_no_stage_works(
    cloud: Cloud, connect: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    connect("acme")
    monkeypatch.delenv("TENANT_ROLE_ARN")
    with pytest.raises(ConfigurationError, match="TENANT_ROLE_ARN"):
        ingest(a_run_id(), "tickets")
    with pytest.raises(ConfigurationError, match="TENANT_ROLE_ARN"):
        call("transform", {"run_id": a_run_id(), "tenant": "acme", "table": "tickets"})


def test_a_canonical_table_of_which_nothing_landed_is_nothing_to_do(cloud: Cloud) -> None:
    cloud.state.tenants.add_tenant("acme")
    answer = call("transform", {"run_id": a_run_id(), "tenant": "acme", "table": "tickets"})
    assert (answer["status"], answer["rows"]) == ("ok", 0)


def test_a_mapping_that_is_wrong_fails_its_table_in_words(cloud: Cloud, connect: Callable[..., Any]) -> None:
    connect("acme")
    run = a_run_id()
    ingest(run, "tickets")
    cloud.objects.write("acme/mappings/tickets.json", b"{")
    answer = call("transform", {"run_id": run, "tenant": "acme", "table": "tickets"})
    assert answer["status"] == "failed"
    assert "mappings/tickets.json" in answer["error"]


@pytest.mark.parametrize("name", ["ingestion", "transform", "report"])
@pytest.mark.parametrize(
    "event",
    [{}, {"run_id": 1}, "x", None, {"run_id": "../x", "tenant": "acme", "table": "t", "service": "s", "key": "k"}],
)
def test_an_odd_call_is_refused_in_words(cloud: Cloud, name: str, event: Any) -> None:
    with pytest.raises(UsageError):
        call(name, event)


def test_the_report_tells_what_failed_and_what_is_missing(cloud: Cloud) -> None:
    run, now = a_run_id(), system_clock()
    item = {"run_id": run, "tenant": "acme", "service": HALO, "tables": ["a", "b", "c", "d", "e"], "full": False}
    items = [{**item, "canonical": ["tickets", "companies", "users"]}]
    cloud.objects.write(f"_runs/{run}/plan.json", json.dumps(items).encode())
    cloud.objects.write(f"_runs/{run}/problems.json", b'["tenant globex: cannot be planned."]')

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
    children = [{"Status": "SUCCEEDED", "Output": json.dumps(output), "Name": "x"}]
    broken = [{"Status": "FAILED", "Error": "States.DataLimitExceeded", "Cause": "c" * 1000, "Input": json.dumps(item)}]
    files = {
        "SUCCEEDED": [{"Key": f"_runs/{run}/results/s.json", "Size": 1}],
        "FAILED": [{"Key": f"_runs/{run}/results/f.json", "Size": 1}],
        "PENDING": [],
    }
    cloud.objects.write(f"_runs/{run}/results/s.json", json.dumps(children).encode())
    cloud.objects.write(f"_runs/{run}/results/f.json", json.dumps(broken).encode())
    manifest = f"_runs/{run}/results/manifest.json"
    cloud.objects.write(manifest, json.dumps({"DestinationBucket": "b", "ResultFiles": files}).encode())

    for results in (manifest, {"bucket": "b", "key": manifest}):
        report = call("report", {"run_id": run, "key": f"_runs/{run}/plan.json", "results": results})
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


def test_the_report_hands_on_fifty_lines_and_keeps_all(cloud: Cloud) -> None:
    run = a_run_id()
    item = {"run_id": run, "tenant": "acme", "service": HALO, "tables": [f"t{n}" for n in range(80)], "canonical": []}
    cloud.objects.write(f"_runs/{run}/plan.json", json.dumps([item]).encode())
    cloud.objects.write(f"_runs/{run}/problems.json", b"[]")
    report = call("report", {"run_id": run, "key": f"_runs/{run}/plan.json", "results": None})
    assert (report["failures"], len(report["failed"])) == (80, 50)
    assert len(json.loads(cloud.objects.read(report["key"]))["failed"]) == 80


def test_results_that_cannot_be_read_are_a_line_and_no_failure(cloud: Cloud) -> None:
    run = a_run_id()
    cloud.objects.write(f"_runs/{run}/plan.json", b"[]")
    cloud.objects.write(f"_runs/{run}/problems.json", b"[]")
    cloud.objects.write(f"_runs/{run}/odd.json", b"<html>")
    report = call("report", {"run_id": run, "key": f"_runs/{run}/plan.json", "results": f"_runs/{run}/odd.json"})
    assert len(report["failed"]) == 1


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


def described(line: dict[str, Any]) -> tuple[set[str], set[str]]:
    """The dimensions and names of the metrics of a line."""
    (found,) = line["_aws"]["CloudWatchMetrics"]
    assert found["Namespace"] == "AVESA"
    (dimensions,) = found["Dimensions"]
    return set(dimensions), {metric["Name"] for metric in found["Metrics"]}


def measured(printed: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    return [line for line in lines if "_aws" in line]


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
    assert described(failed) == ({"env", "service"}, {"TablesFailed"})
    assert (failed["service"], failed["TablesFailed"]) == (HALO, [1])
    assert described(alive) == ({"env"}, {"SyncHeartbeat"})


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


def test_a_plan_is_dealt_anew_for_each_run_and_the_same_way_for_the_same() -> None:
    items = [PlanItem("", f"tenant{t}", service, [], []) for t in range(20) for service in ("halopsa", "jira", "xero")]
    first, second = dealt(items, "one"), dealt(items, "two")
    assert first == dealt(items[::-1], "one")
    assert first != second
    assert sorted(map(str, first)) == sorted(map(str, second)) == sorted(map(str, items))
    neighbours = sum(a.tenant == b.tenant for a, b in pairwise(first))
    assert neighbours < 10


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


def test_a_bug_is_told_by_its_place_and_not_by_its_words(
    cloud: Cloud, connect: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, printed: Callable[[], str]
) -> None:
    connect("acme")

    def broken(*_: Any, **__: Any) -> None:
        raise KeyError("s3cr3t of a payload")

    monkeypatch.setattr("avesa.aws.ingestion.ingest_table", broken)
    with pytest.raises(edge.InternalError) as caught:
        ingest(a_run_id(), "tickets")
    assert "s3cr3t" not in str(caught.value)
    shown = printed()
    assert "s3cr3t" not in shown
    assert "test_stages.py" in shown


def test_nothing_of_a_call_is_left_on_the_disk_not_even_of_one_that_was_ended_by_force(
    cloud: Cloud, connect: Callable[..., Any], tmp_path: Path
) -> None:
    connect("acme")
    connect("globex")
    scratch = tmp_path / "scratch"
    left = scratch / "run-of-globex" / "globex"
    left.mkdir(parents=True)
    (left / "rows.parquet").write_bytes(b"globex")
    run = a_run_id()
    ingest(run, "tickets")
    call("transform", {"run_id": run, "tenant": "acme", "table": "tickets"})
    assert not scratch.exists()


def test_no_tenant_s_ports_are_kept_between_calls(cloud: Cloud, connect: Callable[..., Any]) -> None:
    """The second call of one environment becomes its own tenant, with a session of its own."""
    connect("acme")
    connect("globex")
    run = a_run_id()
    ingest(run, "tickets", "acme")
    ingest(run, "tickets", "globex")
    assert sorted(tenant for _, tenant in cloud.gate.sessions.values()) == ["acme", "globex"]
    assert cloud.gate.refused == []


def test_a_session_that_is_over_is_an_error_to_try_again(
    cloud: Cloud, connect: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    connect("acme")
    real = type(cloud.gate).tenant_of

    def forgotten(self: Any, key: str, token: str | None) -> str | None:
        tenant = real(self, key, token)
        if tenant is not None:
            raise KeyError(key)
        return tenant

    monkeypatch.setattr(type(cloud.gate), "tenant_of", forgotten)
    with pytest.raises(StorageError) as caught:
        ingest(a_run_id(), "tickets")
    assert caught.value.retry


def test_only_the_functions_have_names() -> None:
    with pytest.raises(AttributeError):
        handlers.no_such_function  # noqa: B018
