"""The definition of the workflow, looked at as it is written. Runs without the CDK."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from infrastructure.environment import load_environment
from infrastructure.workflow.definition import FILE, RETRIES, definition

ROOT = Path(__file__).resolve().parents[3]
VALIDATOR = ROOT / "node_modules" / ".bin" / "asl-validator"
OF_LAMBDA = {
    *("Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException"),
    *("Lambda.TooManyRequestsException", "Lambda.Unknown", "Sandbox.Timedout", "Runtime.ExitError", "States.Timeout"),
}


def states(machine: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every state, those inside of maps too."""
    for name, state in machine["States"].items():
        yield name, state
        if "ItemProcessor" in state:
            yield from states(state["ItemProcessor"])


@pytest.fixture(scope="module")
def machine() -> dict[str, Any]:
    return definition(load_environment("prod"))


def test_the_linter_finds_nothing(tmp_path: Path) -> None:
    if not VALIDATOR.exists() or shutil.which("node") is None:
        pytest.skip("asl-validator is not installed: npm ci")
    command: list[str | Path] = [VALIDATOR]
    for environment in ("dev", "staging", "prod"):
        file = tmp_path / f"{environment}.json"
        file.write_text(json.dumps(definition(load_environment(environment))), encoding="utf-8")
        command += ["--json-path", file]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("is valid") == 3


def test_the_linter_would_find_a_state_that_is_not_there(tmp_path: Path) -> None:
    if not VALIDATOR.exists() or shutil.which("node") is None:
        pytest.skip("asl-validator is not installed: npm ci")
    broken = definition(load_environment("dev"))
    del broken["States"]["Synced"]
    file = tmp_path / "broken.json"
    file.write_text(json.dumps(broken), encoding="utf-8")

    assert subprocess.run([VALIDATOR, "--json-path", file], capture_output=True, check=False).returncode != 0


def test_every_number_is_placed_as_a_number(machine: dict[str, Any]) -> None:
    found = dict(states(machine))
    assert found["EachServiceOfATenant"]["MaxConcurrency"] == 500
    assert found["EachServiceOfATenant"]["ToleratedFailureCount"] == 100
    assert found["EachTable"]["MaxConcurrency"] == 1
    assert found["EachCanonicalTable"]["MaxConcurrency"] == 2
    assert found["Done"]["Choices"][1]["Condition"] == "{% $states.input.calls >= 24 %}"


def test_every_task_has_a_time_that_is_longer_than_its_lambda_and_retries_with_jitter(machine: dict[str, Any]) -> None:
    tasks = {name: state for name, state in states(machine) if state["Type"] == "Task"}
    assert set(tasks) == {"Plan", "Ingest", "Transform", "Report", "Tell"}
    for name, task in tasks.items():
        assert task["TimeoutSeconds"] > (900 if name != "Tell" else 0), name
        assert any(retry["JitterStrategy"] == "FULL" for retry in task["Retry"]), name


def test_retries_name_errors_that_there_are() -> None:
    """A name that no class has would never match."""
    source = ast.parse((ROOT / "src/avesa/shared/errors.py").read_text(encoding="utf-8"))
    ours = {node.name for node in source.body if isinstance(node, ast.ClassDef)}
    named = {error for retries in RETRIES.values() for retry in retries for error in retry["ErrorEquals"]}
    assert named - OF_LAMBDA == {"Busy", "Unavailable", "StorageError", "StaleState"}
    assert named - OF_LAMBDA <= ours


def test_what_died_is_tried_again_only_when_its_lease_is_over() -> None:
    died = [retry for retry in RETRIES["RetryIngest"] if "Sandbox.Timedout" in retry["ErrorEquals"]]
    assert [(retry["IntervalSeconds"] > 60, retry["JitterStrategy"]) for retry in died] == [(True, "NONE")]


def test_busy_waits_longer_than_a_lease() -> None:
    for name in ("RetryIngest", "RetryTransform"):
        (busy,) = [retry for retry in RETRIES[name] if retry["ErrorEquals"] == ["Busy"]]
        waits = [
            min(busy["IntervalSeconds"] * busy["BackoffRate"] ** turn, busy["MaxDelaySeconds"])
            for turn in range(busy["MaxAttempts"])
        ]
        expected = sum(waits) if busy["JitterStrategy"] == "NONE" else sum(waits) / 2
        assert expected > 100, name


def test_what_a_redrive_goes_on_with_is_not_caught(machine: dict[str, Any]) -> None:
    assert [name for name, state in machine["States"].items() if "Catch" in state] == []


def test_a_table_and_a_fold_are_caught_whatever_happens(machine: dict[str, Any]) -> None:
    for name, state in states(machine):
        if name in ("Ingest", "Transform"):
            assert ["States.ALL"] in [catch["ErrorEquals"] for catch in state["Catch"]]


def test_it_stays_inside_of_what_every_interpreter_runs() -> None:
    text = FILE.read_text(encoding="utf-8")
    for word in ("ItemBatcher", "JSONL", "ToleratedFailurePercentage", "waitForTaskToken"):
        assert word not in text


def test_results_are_written_beside_the_plan(machine: dict[str, Any]) -> None:
    writer = machine["States"]["EachServiceOfATenant"]["ResultWriter"]
    assert writer["Arguments"]["Prefix"] == "{% '_runs/' & $states.input.run_id & '/results' %}"
