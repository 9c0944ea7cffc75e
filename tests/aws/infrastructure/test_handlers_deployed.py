"""The whole of it, from the schedule's event to the report: our stacks, our workflow and our handlers on a stand-in for
AWS, with strict vendors on loopback. It needs both environments: the CDK's, and the package's for what runs in the
Lambdas.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from aws.infrastructure.deployed import PREFIX, Deployed, deployed
from aws.infrastructure.synthesized import REGION, Synthesized

pytest.importorskip("aws_cdk", reason="the stacks have an environment of their own: make test-infra")

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
PYTHON = ROOT / ".venv" / "bin" / "python"
if not (ROOT / "src/avesa/aws/handlers.py").is_file() or not PYTHON.is_file():
    pytest.skip(
        "the handlers, or the environment that they run in, are not there: make .venv/.dev", allow_module_level=True
    )


@pytest.fixture(scope="module")
def aws(synthesized: Synthesized, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("stand-in")
    with deployed(synthesized, folder, program=HERE / "handler_lambda.py", python=str(PYTHON)) as found:
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        vendors = subprocess.Popen(
            [PYTHON, HERE / "connected_tenants.py", found.endpoint, REGION, PREFIX, "prod"],
            env={**os.environ, **keys},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert vendors.stdout is not None
            assert vendors.stdout.readline() == "ready\n"
            yield found
        finally:
            vendors.communicate()


def objects(aws: Deployed) -> list[str]:
    store = aws.clients["s3"]
    (bucket,) = [one["Name"] for one in store.list_buckets()["Buckets"] if "-data" in one["Name"]]
    pages = store.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return [one["Key"] for page in pages for one in page.get("Contents", [])]


def test_syncs_pull_fold_and_report_for_every_tenant_and_land_nothing_twice(aws: Deployed) -> None:
    first, second = aws.start({}, name="first"), aws.start({}, name="second")

    for run in (first, second):
        assert (run.status, run.error, run.failed) == ("SUCCEEDED", None, [])
        assert run.output["failed"] == []
        assert run.output["items"] == len(run.items) == 4
        assert run.output["tables"] == {"ok": 12}
        assert {one["status"] for item in run.items for one in [*item["tables"], *item["canonical"]]} == {"ok"}
    assert first.output["rows"] > 0
    assert second.output["rows"] == 0
    known = {key.partition("/")[0] for key in objects(aws)}
    assert known == {"acme", "globex", "_runs"}
    assert {f"_runs/{run}/report.json" for run in ("first", "second")} <= set(objects(aws))


def test_one_table_of_one_tenant_is_listed_again_by_hand(aws: Deployed) -> None:
    run = aws.start({"tenant": "acme", "service": "halopsa", "table": "tickets", "full": True}, name="by-hand")

    assert run.status == "SUCCEEDED"
    assert [(item["tenant"], [table["table"] for table in item["tables"]]) for item in run.items] == [
        ("acme", ["tickets"])
    ]
    assert {call["event"].get("tenant") for call in aws.calls("ingestion")} == {"acme"}


def avesa(aws: Deployed, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs the program as a person would, on the environment that was deployed."""
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION}
    program = [str(PYTHON), "-c", "from avesa.cli.main import main; main()", "--aws", "prod", *words]
    environment = {**os.environ, **keys, "AWS_ENDPOINT_URL": aws.endpoint}
    return subprocess.run(program, check=False, capture_output=True, text=True, env=environment)


def test_a_person_starts_a_sync_by_the_name_of_the_environment_and_follows_it(aws: Deployed) -> None:
    done = avesa(aws, "sync", "acme", "--service", "halopsa", "--table", "tickets", "--full")
    assert done.returncode == 0, done.stderr
    first, *lines = done.stdout.splitlines()
    run = first.split()[1]
    assert any(line.startswith("acme  halopsa/tickets  listing") for line in lines)
    assert any(line.startswith("acme  canonical/tickets") for line in lines)
    assert lines[-1].startswith("Tables: 1 ok. ")
    assert f"_runs/{run}/report.json" in objects(aws)

    answer = json.loads(avesa(aws, "sync", "--json").stdout)
    assert (answer["status"], answer["complete"], answer["report"]["items"]) == ("SUCCEEDED", True, 4)
    assert json.loads(avesa(aws, "status", "acme", "--json").stdout)[0]["synced"] is True


def test_a_service_with_a_schedule_of_its_own_is_started_by_it_alone(aws: Deployed) -> None:
    done = avesa(aws, "schedule", "acme", "halopsa", "rate(15 minutes)")
    assert done.returncode == 0, done.stderr
    found = aws.clients["scheduler"].get_schedule(GroupName=PREFIX, Name="acme.halopsa")
    assert found["Target"]["Arn"] == aws.machine

    own = aws.start(json.loads(found["Target"]["Input"]), name="own-schedule")
    assert [(item["tenant"], item["service"]) for item in own.items] == [("acme", "halopsa")]
    others = aws.start({"scheduled": True}, name="schedule-of-all")
    assert others.output["failed"] == []
    assert sorted((item["tenant"], item["service"]) for item in others.items) == [
        ("acme", "autotask"),
        ("globex", "autotask"),
        ("globex", "halopsa"),
    ]

    assert avesa(aws, "schedule", "acme", "halopsa", "--none").returncode == 0
    assert aws.start({"scheduled": True}, name="with-all-again").output["items"] == 4
    assert aws.start(json.loads(found["Target"]["Input"]), name="left-over").output["items"] == 0


def test_a_name_that_is_misspelt_plans_nothing_and_fails_the_run(aws: Deployed) -> None:
    run = aws.start({"tenant": "acmee"}, name="misspelt")

    assert (run.status, run.error) == ("FAILED", "UsageError")
    assert aws.calls("ingestion") == []
