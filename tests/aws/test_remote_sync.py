from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from avesa.aws.remote_sync import POLL_SECONDS, follow_sync, start_sync
from avesa.shared.errors import StorageError
from workflow_machine import Machine

DONE = {"items": 1, "tables": {"ok": 2}, "folds": {"ok": 1}, "rows": 7, "failures": 0, "failed": [], "key": "k"}


def follow(machine: Machine, stop: Any = lambda: False) -> tuple[Any, list[str]]:
    seen = list[str]()
    run = follow_sync(
        machine, "arn:run", "run", stop=stop, look=lambda: seen.append("look"), pause=lambda s: seen.append(f"{s}")
    )
    return run, seen


def test_it_is_followed_to_its_end_and_looked_at_once_more_then() -> None:
    running = {"status": "RUNNING"}
    run, seen = follow(Machine(running, running, {"status": "SUCCEEDED", "output": json.dumps(DONE)}))
    assert seen == ["look", f"{POLL_SECONDS}", "look", f"{POLL_SECONDS}", "look"]
    assert (run.status, run.complete, run.report.rows, run.report.tables) == ("SUCCEEDED", True, 7, {"ok": 2})


def test_a_run_that_left_something_out_is_not_complete() -> None:
    output = json.dumps({**DONE, "failures": 60, "failed": ["tenant acme, x/y: no"]})
    run, _ = follow(Machine({"status": "SUCCEEDED", "output": output}))
    assert not run.complete
    assert run.report.failed == ["tenant acme, x/y: no"]


@pytest.mark.parametrize("part", ["tables", "folds"])
@pytest.mark.parametrize("status", ["busy", "stopped"])
def test_a_run_that_left_something_to_the_next_one_is_not_complete_either(part: str, status: str) -> None:
    output = json.dumps({**DONE, part: {"ok": 1, "not_due": 1, status: 1}})
    run, _ = follow(Machine({"status": "SUCCEEDED", "output": output}))
    assert (run.complete, run.report.failures) == (False, 0)


def test_who_stops_to_follow_leaves_it_running() -> None:
    machine = Machine({"status": "RUNNING"})
    run, seen = follow(machine, stop=lambda: machine.asked == 2)
    assert (run.status, run.report, run.error, run.complete) == ("RUNNING", None, None, False)
    assert machine.asked == 2
    assert seen.count("look") == 2


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        (json.dumps({"errorMessage": "there is no tenant 'x'.", "stackTrace": ["f"]}), "there is no tenant 'x'."),
        ("plain", "plain"),
        ("[]", "[]"),
        (None, ""),
        ("x" * 900, "x" * 500),
    ],
)
def test_a_run_that_broke_says_why(cause: str | None, told: str) -> None:
    run, _ = follow(Machine({"status": "FAILED", "error": "UsageError", "cause": cause}))
    assert (run.complete, run.error) == (False, f"UsageError: {told}")


@pytest.mark.parametrize("output", ["[]", "no json", '{"rows": "many"}'])
def test_a_report_that_cannot_be_read_is_no_success(output: str) -> None:
    run, _ = follow(Machine({"status": "SUCCEEDED", "output": output}))
    assert not run.complete
    assert "cannot be read" in run.error


def test_it_is_started_under_the_name_of_the_run() -> None:
    machine = Machine()
    assert start_sync(machine, "arn:machine", "run-1", {"tenant": "acme", "full": True}) == "arn:run"
    (asked,) = machine.started
    assert (asked["stateMachineArn"], asked["name"]) == ("arn:machine", "run-1")
    assert json.loads(asked["input"]) == {"tenant": "acme", "full": True}


@pytest.mark.parametrize(
    ("code", "told"), [("StateMachineDoesNotExist", "not there"), ("AccessDeniedException", "no right")]
)
def test_a_workflow_that_cannot_be_started_is_told(code: str, told: str) -> None:
    class Refuses(Machine):
        def start_execution(self, **request: Any) -> dict[str, Any]:
            raise ClientError({"Error": {"Code": code, "Message": "s3cr3t"}}, "StartExecution")

    with pytest.raises(StorageError, match=told) as caught:
        start_sync(Refuses(), "arn:machine", "run-1", {})
    assert "s3cr3t" not in str(caught.value)
