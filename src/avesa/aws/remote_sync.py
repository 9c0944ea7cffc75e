"""A sync by the workflow of an environment, started and followed by a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from avesa.aws.clients import StepFunctions, error_code, told
from avesa.shared.errors import StorageError

POLL_SECONDS = 2.0
_MOST_CAUSE = 500


class RunReport(msgspec.Struct, frozen=True):
    """What the function `report` answered."""

    items: int = 0
    tables: dict[str, int] = {}
    folds: dict[str, int] = {}
    rows: int = 0
    failures: int = 0
    failed: list[str] = []


@dataclass(frozen=True)
class RemoteRun:
    """An execution. `report` is None where it broke as a whole, or goes on still; then `error` may say why."""

    run_id: str
    status: str
    report: RunReport | None = None
    error: str | None = None

    @property
    def complete(self) -> bool:
        """All that was due was done: nothing failed, stopped before its end, or was left to another run."""
        report = self.report
        return report is not None and report.failures == 0 and {*report.tables, *report.folds} <= {"ok", "not_due"}


def start_sync(states: StepFunctions, machine: str, run_id: str, event: Mapping[str, object]) -> str:
    """The execution's ARN. The run has the name of the execution: sent twice, it is one."""
    with told("start the sync"):
        try:
            answer = states.start_execution(
                stateMachineArn=machine, name=run_id, input=msgspec.json.encode(dict(event)).decode()
            )
            return str(answer["executionArn"])
        except ClientError as error:
            if error_code(error) != "StateMachineDoesNotExist":
                raise
    raise StorageError("the workflow of this environment is not there.", hint="Deploy the stacks again.")


def follow_sync(
    states: StepFunctions,
    arn: str,
    run_id: str,
    *,
    stop: Callable[[], bool],
    look: Callable[[], None],
    pause: Callable[[float], None],
) -> RemoteRun:
    """Wait until it has ended, or until asked to stop, which does not stop the run. `look` is called at each turn,
    and once more at the end.
    """
    while True:
        with told(f"follow run {run_id}"):
            found = states.describe_execution(executionArn=arn)
        look()
        status = str(found["status"])
        if status != "RUNNING":
            return _ended(run_id, status, found)
        if stop():
            return RemoteRun(run_id, status)
        pause(POLL_SECONDS)


def _ended(run_id: str, status: str, found: Any) -> RemoteRun:
    if status == "SUCCEEDED":
        try:
            return RemoteRun(run_id, status, msgspec.json.decode(found.get("output") or "{}", type=RunReport))
        except msgspec.MsgspecError:
            return RemoteRun(run_id, status, error="the report of the run cannot be read.")
    return RemoteRun(run_id, status, error=f"{found.get('error') or status}: {_cause(found.get('cause') or '')}")


def _cause(text: str) -> str:
    """A function's error comes as JSON with its message in it."""
    try:
        told_ = msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError:
        return text[:_MOST_CAUSE]
    return str(told_.get("errorMessage", ""))[:_MOST_CAUSE]
