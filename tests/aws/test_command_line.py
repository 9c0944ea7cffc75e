"""`avesa --aws ENV` over an installation on stand-ins, behind the gate that grants an operator what the role does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from avesa.integrations import load_service
from avesa.sandbox.vendor.server import Serving, strict_vendor
from avesa.shared.clock import system_clock
from avesa_program import Avesa
from aws_cloud import Cloud
from aws_server import AwsServer
from workflow_machine import Machine

HALO = "halopsa"
OF_A_FUNCTION = ("AVESA_ENV", "BUCKET_NAME", "TENANT_ROLE_ARN")
TABLES = ("TENANT_SERVICES_TABLE", "LAST_UPDATED_TABLE", "RUN_LOG_TABLE", "ALLOWANCES_TABLE")


@pytest.fixture
def vendor() -> Iterator[Serving]:
    with strict_vendor(HALO, clock=system_clock, counts={"tickets": 30}) as serving:
        yield serving


def test_a_tenant_from_its_first_day_to_its_last(
    connected: Avesa, cloud: Cloud, vendor: Serving, tmp_path: Path
) -> None:
    avesa, held = connected, vendor.vendor.credentials.values
    assert dict(cloud.secrets.get("acme", HALO)) == {name: held[name] for name in load_service(HALO).secrets}
    assert avesa.json("tenant", "list") == [
        {"tenant": "acme", "services": [{"service": HALO, "enabled": True, "problem": None}]}
    ]
    assert "are good" in avesa("check", "acme", HALO).stdout
    run = avesa.json("sync", "acme", "--local", "--service", HALO, "--table", "tickets")
    assert run["complete"]
    told = avesa("connect", "acme", HALO, "--set", "host=other.halopsa.com", code=2).stderr
    assert "another host is another account" in told
    (pulled,) = run["tenants"][0]["tables"]
    assert (pulled["table"], pulled["status"], pulled["rows"]) == ("tickets", "ok", 30)
    assert avesa.json("query", "acme", "SELECT count(*) AS n FROM tickets WHERE is_current") == [{"n": 30}]
    (first, *_) = avesa.json("query", "acme", "SELECT source_id FROM tickets LIMIT 1")
    assert len(avesa.json("history", "acme", "tickets", first["source_id"])) == 1
    made = avesa("warehouse", "ddl", "--all", "--engine", "athena").stdout
    assert f"`avesa_{cloud.installation.env}_acme`.`tickets`" in made
    assert f"LOCATION 's3://{cloud.installation.bucket}/acme/canonical/tickets/'" in made
    (status,) = avesa.json("status")
    assert {one["table"]: one["status"] for one in status["services"][0]["tables"]}["tickets"] == "ok"
    assert all(check["ok"] for check in avesa.json("verify", "acme", "tickets"))
    assert avesa.json("rebuild", "acme", "tickets")["tenants"][0]["canonical"][0]["identical"] is True
    assert avesa.json("quarantine", "acme") == avesa.json("deletes", "list") == avesa.json("drift", "acme") == []
    assert avesa.json("drift", "acme", "--unread", "--table", "tickets") != []
    assert avesa.json("plan", "acme")["services"][0]["service"] == HALO
    to = ("acme", "--to", f"duckdb://{tmp_path}/warehouse.duckdb")
    assert avesa.json("warehouse", "load", *to)["complete"]
    gone = avesa.json("tenant", "remove", "acme", "--yes")
    assert gone["data"] == f"s3://{cloud.installation.bucket}/acme"
    assert avesa.json("tenant", "list") == []
    assert avesa.json("warehouse", "forget", *to, "--yes")["tables"] == [{"table": "tickets", "rows": 30}]
    assert dict(cloud.secrets.get("acme", HALO)) == {}
    assert cloud.state.watermarks.all("acme") == cloud.state.run_log.latest("acme") == []
    assert cloud.objects.list("acme/raw") != []
    assert cloud.gate.refused == []
    assert list(tmp_path.glob("**/state.db")) == []


def test_a_service_leaves_a_tenant_by_the_rights_of_an_operator_and_its_history_stays(
    connected: Avesa, cloud: Cloud, vendor: Serving
) -> None:
    pull = ("sync", "acme", "--local", "--service", HALO, "--table", "tickets")
    assert connected.json(*pull)["complete"]
    with cloud.state.watermarks.lease("acme", f"{HALO}/agents"):
        assert "is in work" in connected("disconnect", "acme", HALO, "--yes", code=1).stderr
    assert dict(cloud.secrets.get("acme", HALO)) != {}
    told = connected.json("disconnect", "acme", HALO, "--yes")
    assert told["data"] == f"s3://{cloud.installation.bucket}/acme/raw/{HALO}"
    assert connected.json("tenant", "list") == [{"tenant": "acme", "services": []}]
    assert dict(cloud.secrets.get("acme", HALO)) == {}
    assert cloud.state.watermarks.all("acme", f"{HALO}/") == []
    assert {entry.stage for entry in cloud.state.run_log.latest("acme")} == {"transform"}
    assert [one["service"] for one in connected.json("status", "acme")[0]["disconnected"]] == [HALO]
    assert connected.json("query", "acme", "SELECT count(*) AS n FROM tickets WHERE is_current") == [{"n": 30}]
    assert all(check["ok"] for check in connected.json("verify", "acme", "tickets"))
    assert connected.json("rebuild", "acme", "tickets")["tenants"][0]["canonical"][0]["identical"] is True
    assert "not connected" in connected("disconnect", "acme", HALO, "--yes", code=2).stderr
    assert cloud.gate.refused == []


def test_the_environment_is_named_before_or_after_the_command_or_by_a_variable_unless_a_folder_is_typed(
    connected: Avesa, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env, folder = cloud.installation.env, Avesa(tmp_path / "home")
    there = connected.json("tenant", "list")
    assert [one["tenant"] for one in there] == ["acme"]
    assert Avesa(tmp_path, ("tenant", "list", "--aws", env)).json() == there
    monkeypatch.setenv("AVESA_AWS", env)
    assert Avesa(tmp_path, ("tenant", "list")).json() == there
    assert folder.json("tenant", "list") == []
    assert "--home" in folder("tenant", "list", "--aws", env, code=2).stderr


def test_variables_of_a_function_go_before_what_the_stacks_wrote(
    connected: Avesa, cloud: Cloud, written: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    written(TENANT_SERVICES_TABLE="nowhere")
    connected("tenant", "list", code=1)
    for name in (*OF_A_FUNCTION, *TABLES):
        monkeypatch.setenv(name, cloud.environment[name])
    assert connected.json("tenant", "list") != []


def test_an_environment_that_is_not_there_is_told(
    avesa: Avesa, aws: AwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator of one environment may not look whether there is another; who may look is told that there is none."""
    assert "becomes the role avesa-nosuch-operator" in avesa("status", "--aws", "nosuch", code=1).stderr
    assert "not the name" in avesa("status", "--aws", "../dev", code=2).stderr
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
    told = avesa("status", "--aws", "nosuch", code=2).stderr
    assert "no environment 'nosuch' in us-east-1" in told
    assert "AWS_PROFILE" in told


def test_without_credentials_nothing_is_asked(avesa: Avesa, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "no AWS credentials" in avesa("status", code=1).stderr
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert "AWS_PROFILE" in avesa("status", code=1).stderr
    assert cloud.gate.refused == []


def test_who_is_no_operator_is_told_to_become_one(avesa: Avesa, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", cloud.gate.environment["AWS_ACCESS_KEY_ID"])
    assert f"avesa-{cloud.installation.env}-operator" in avesa("status", code=1).stderr


def test_without_the_tenant_role_nothing_of_a_tenant_is_reached(
    connected: Avesa, cloud: Cloud, vendor: Serving, written: Callable[..., None]
) -> None:
    written(TENANT_ROLE_ARN=None)
    asked = len(vendor.vendor.served)
    for command in (("sync", "acme", "--local"), ("check", "acme", HALO), ("status",), ("query", "acme", "SELECT 1")):
        assert "TENANT_ROLE_ARN" in connected(*command, code=1).stderr
    assert len(vendor.vendor.served) == asked


def test_a_parameter_that_somebody_else_wrote_is_told(avesa: Avesa, cloud: Cloud, aws: AwsServer) -> None:
    name = f"/avesa/{cloud.installation.env}/installation"
    aws.client("ssm").put_parameter(Name=name, Value="hello", Type="String", Overwrite=True)
    assert "not what the stacks wrote" in avesa("status", code=1).stderr


def test_what_the_workflow_cannot_do_is_refused_before_anything_is_asked(connected: Avesa, vendor: Serving) -> None:
    asked = len(vendor.vendor.served)
    for words, told in (
        (("sync", "acme", "--allow-empty"), "--allow-empty"),
        (("sync", "acme", "--max-seconds", "5"), "--max-seconds"),
        (("ingest", "acme"), "--local"),
        (("status", "--root", "data"), "--root"),
        (("demo",), "this machine"),
        (("sync", "acmee"), "acme"),
    ):
        assert told in connected(*words, code=2).stderr
    assert "no workflow is named" in connected("sync", "acme", code=1).stderr
    assert len(vendor.vendor.served) == asked


def test_without_its_libraries_it_says_how_to_get_them(tmp_path: Path) -> None:
    program = "import sys; sys.modules['botocore'] = None; from avesa.cli.main import main; main()"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "AVESA_AWS": "dev"}
    done = subprocess.run(
        [sys.executable, "-c", program, "status"],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert "pip install 'avesa[aws]'" in done.stderr


REPORT = {"items": 1, "tables": {"failed": 1, "ok": 2}, "folds": {"ok": 1}, "rows": 1200, "failures": 2}


@pytest.fixture
def workflow(cloud: Cloud, written: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Machine]:
    """An environment whose workflow tells these things of a run, one after the other."""

    def tells(*told: dict[str, Any]) -> Machine:
        machine = Machine(*told)
        monkeypatch.setattr("avesa.aws.clients.Aws.step_functions", lambda aws: machine)
        written(STATE_MACHINE_ARN="arn:machine")
        return machine

    return tells


def test_a_sync_by_the_workflow_tells_what_was_left_out(connected: Avesa, workflow: Callable[..., Machine]) -> None:
    failed = {**REPORT, "failed": ["tenant acme, halopsa/tickets: \x1b[2J refused"]}
    machine = workflow({"status": "SUCCEEDED", "output": json.dumps(failed)})
    told = connected("sync", "acme", "--service", HALO, "--full", code=1)
    assert json.loads(machine.started[0]["input"]) == {"tenant": "acme", "service": HALO, "full": True}
    run = machine.started[0]["name"]
    assert f"Run {run} has begun." in told.stdout
    assert "Tables: 1 failed, 2 ok. 1,200 rows. Folds: 1 ok." in told.stdout
    assert "halopsa/tickets" in told.stderr
    assert "\x1b" not in told.stderr
    assert "and 1 more" in told.stderr
    again = connected.json("sync", code=1)
    assert json.loads(machine.started[1]["input"]) == {}
    assert (again["complete"], again["report"]["failures"]) == (False, 2)


def test_what_another_run_had_in_work_is_told_and_no_error(connected: Avesa, workflow: Callable[..., Machine]) -> None:
    busy = {**REPORT, "tables": {"busy": 1, "ok": 2}, "failures": 0, "failed": []}
    workflow({"status": "SUCCEEDED", "output": json.dumps(busy)})
    told = connected("sync", "acme", code=1)
    assert "Tables: 1 busy, 2 ok." in told.stdout
    assert "in another run" in told.stderr
    assert "Error" not in told.stderr


def test_a_sync_that_broke_as_a_whole_says_why_and_what_to_do(
    connected: Avesa, workflow: Callable[..., Machine]
) -> None:
    workflow({"status": "TIMED_OUT"})
    told = connected("sync", "acme", code=1).stderr
    assert "TIMED_OUT" in told
    assert "docs/runbook.md" in told
