"""Calls of an installation's functions in this process, with the stand-ins for AWS behind the gate."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import dataclass
from typing import Any

from avesa.aws import handlers
from aws_cloud import Cloud
from aws_gate import as_function

HALO = "halopsa"
TABLES = ("clients", "tickets")
"""Those that a connected tenant pulls."""


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
    with as_function(name):
        answer = function(event, Context(milliseconds))
    return json.loads(json.dumps(answer))


def ingest(run: str, table: str, tenant: str = "acme", milliseconds: int = 60_000, **more: Any) -> dict[str, Any]:
    event = {"run_id": run, "tenant": tenant, "service": HALO, "table": table, **more}
    return call("ingestion", event, milliseconds)


def items_of(cloud: Cloud, answer: dict[str, Any]) -> list[dict[str, Any]]:
    return json.loads(cloud.objects.read(answer["key"]))


class StdoutNow:
    """Whatever stdout is when something is written: pytest has another one for each phase of a test."""

    def write(self, text: str) -> None:
        sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


def described(line: dict[str, Any]) -> tuple[set[str], set[str]]:
    """The dimensions and names of the metrics of a line."""
    (found,) = line["_aws"]["CloudWatchMetrics"]
    assert found["Namespace"] == "AVESA"
    (dimensions,) = found["Dimensions"]
    return set(dimensions), {metric["Name"] for metric in found["Metrics"]}


def measured(printed: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    return [line for line in lines if "_aws" in line]
