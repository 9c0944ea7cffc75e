"""The definition of the workflow as its file has it, with numbers and retries of this environment put in.

Names of resources stay `${...}`: CloudFormation puts these in. Retries stand here, since several states share them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from infrastructure.environment import Environment

FILE = Path(__file__).with_name("sync.asl.json")

Retry = dict[str, Any]

LEASE_SECONDS = 60
"""How long the lease of a worker that died stands."""


def _retry(*errors: str, seconds: int, attempts: int, rate: float, most: int, jitter: bool = True) -> Retry:
    return {
        "ErrorEquals": list(errors),
        "IntervalSeconds": seconds,
        "MaxAttempts": attempts,
        "BackoffRate": rate,
        "MaxDelaySeconds": most,
        "JitterStrategy": "FULL" if jitter else "NONE",
    }


_LAMBDA = _retry(
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    seconds=2,
    attempts=6,
    rate=2,
    most=60,
)
_THROTTLED = _retry("Lambda.TooManyRequestsException", seconds=5, attempts=20, rate=1.5, most=120)
_ELSEWHERE = _retry("Unavailable", "StorageError", "StaleState", seconds=10, attempts=3, rate=3, most=120)
_DIED = _retry(
    "Lambda.Unknown",
    "Sandbox.Timedout",
    "Runtime.ExitError",
    "States.Timeout",
    seconds=LEASE_SECONDS + 10,
    attempts=2,
    rate=1.5,
    most=180,
    jitter=False,
)
"""Without jitter, since only a wait longer than the lease finds it gone."""

RETRIES = {
    "RetryOurOwn": [_LAMBDA, _THROTTLED, _ELSEWHERE, _DIED],
    "RetryIngest": [
        _LAMBDA,
        _THROTTLED,
        _ELSEWHERE,
        _DIED,
        _retry("Busy", seconds=LEASE_SECONDS // 2, attempts=3, rate=1.5, most=LEASE_SECONDS, jitter=False),
    ],
    "RetryTransform": [
        _LAMBDA,
        _THROTTLED,
        _ELSEWHERE,
        _DIED,
        _retry("Busy", seconds=10, attempts=20, rate=1.5, most=120),
    ],
}


def definition(environment: Environment) -> dict[str, Any]:
    values: dict[str, Any] = {
        **RETRIES,
        "MapConcurrency": environment.map_concurrency,
        "TableConcurrency": environment.table_concurrency,
        "TransformConcurrency": environment.transform_concurrency,
        "ToleratedFailures": environment.tolerated_failures,
        "MaximumCalls": environment.maximum_calls,
    }
    placed = _placed(json.loads(FILE.read_text(encoding="utf-8")), values)
    assert isinstance(placed, dict)
    return placed


def _placed(part: Any, values: dict[str, Any]) -> Any:
    """`part` with each value in its place. A text that is one place and nothing else becomes the value itself."""
    if isinstance(part, dict):
        return {name: _placed(entry, values) for name, entry in part.items()}
    if isinstance(part, list):
        return [_placed(entry, values) for entry in part]
    if not isinstance(part, str):
        return part
    for name, value in values.items():
        place = f"${{{name}}}"
        if part == place:
            return value
        if isinstance(value, int):
            part = part.replace(place, str(value))
    return part
