"""Alarms and dashboard: every alarm leads to what to do and is part of the one that tells; no tenant is a dimension."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from infrastructure.environment import canonical_tables, services

from aws.infrastructure.synthesized import Synthesized

pytest.importorskip("aws_cdk", reason="the stacks have an environment of their own: make test-infra")

RUNBOOK = Path(__file__).resolve().parents[3] / "docs" / "runbook.md"
NAMES = {
    *("RowsLanded", "Calls", "Throttled", "TablesFailed", "TablesDone", "TablesBusy"),
    *("RowsQuarantined", "VersionsOpened", "FoldSeconds", "SyncHeartbeat"),
}


@pytest.fixture(scope="module")
def alarms(synthesized: Synthesized) -> dict[str, Mapping[str, Any]]:
    found = synthesized.all("AWS::CloudWatch::Alarm")
    return {one.properties["AlarmName"].removeprefix("avesa-prod-"): one.properties for one in found}


def numbers(alarm: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """Namespace, name and dimensions of each metric that an alarm reads."""
    parts = [part["MetricStat"]["Metric"] for part in alarm.get("Metrics", []) if "MetricStat" in part]
    for part in parts or [alarm]:
        dimensions = {one["Name"]: one["Value"] for one in part.get("Dimensions", [])}
        yield part["Namespace"], part["MetricName"], dimensions


def sections() -> set[str]:
    """The anchors of the runbook's headings."""
    headings = re.findall(r"^#+ (.+)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_there_is_an_alarm_for_all_that_can_go_wrong(alarms: Mapping[str, Any]) -> None:
    assert set(alarms) == {
        *(f"{kind}-{service}" for service in services() for kind in ("failed", "throttled", "stale")),
        *(f"quarantined-{table}" for table in canonical_tables()),
        *("heartbeat", "broken-run", "errors-plan", "errors-report", "errors-transform", "slow-transform"),
        *("undelivered-integrations", "undelivered-transform", "undelivered-workflow"),
    }


def test_every_alarm_leads_to_a_section_that_says_what_to_do(alarms: Mapping[str, Any]) -> None:
    known = sections()
    for name, alarm in alarms.items():
        file, _, anchor = alarm["AlarmDescription"].rpartition(" ")[2].partition("#")
        assert file == "docs/runbook.md"
        assert anchor in known, name


def test_every_section_about_an_alarm_belongs_to_one(alarms: Mapping[str, Any]) -> None:
    used = {alarm["AlarmDescription"].rpartition("#")[2] for alarm in alarms.values()}
    assert {section for section in sections() if section.startswith("alarm-")} == used


def test_one_alarm_tells_of_all_through_those_of_each_kind(synthesized: Synthesized, alarms: Mapping[str, Any]) -> None:
    composites = {
        one.properties["AlarmName"]: one.properties for one in synthesized.all("AWS::CloudWatch::CompositeAlarm")
    }
    kinds = ("failed", "throttled", "stale", "quarantined", "workflow")
    whole = composites["avesa-prod-any"]

    assert set(composites) == {f"avesa-prod-{name}" for name in ("any", *kinds)}
    assert whole["AlarmActions"] == whole["OKActions"] == [next(synthesized.all("AWS::SNS::Topic")).arn]
    assert [one for name, one in composites.items() if name != "avesa-prod-any" and "AlarmActions" in one] == []
    assert all("AlarmActions" not in alarm for alarm in alarms.values())
    counted = {name: one["AlarmRule"].count("ALARM(") for name, one in composites.items()}
    assert counted.pop("avesa-prod-any") == len(kinds)
    assert max(counted.values()) <= 100
    assert sum(counted.values()) == len(alarms)
    assert all(len(one["AlarmRule"]) < 10_240 for one in composites.values())


def test_a_missing_heartbeat_is_an_alarm_and_a_silent_service_is_none(alarms: Mapping[str, Any]) -> None:
    assert alarms["heartbeat"]["TreatMissingData"] == "breaching"
    assert alarms["heartbeat"]["ComparisonOperator"] == "LessThanThreshold"
    assert alarms["heartbeat"]["EvaluationPeriods"] == 3
    assert [part["MetricStat"]["Period"] for part in alarms["heartbeat"]["Metrics"]] == [3600]
    assert {alarm["TreatMissingData"] for name, alarm in alarms.items() if name != "heartbeat"} == {"notBreaching"}


def test_no_alarm_looks_back_longer_than_cloudwatch_does(alarms: Mapping[str, Any]) -> None:
    for name, alarm in alarms.items():
        periods = [part["MetricStat"]["Period"] for part in alarm.get("Metrics", []) if "MetricStat" in part]
        period = max([*periods, alarm.get("Period", 0)])
        assert period * alarm["EvaluationPeriods"] <= 86_400, name
        assert len(alarm.get("Metrics", [])) <= 10, name


def test_our_numbers_are_the_agreed_ones_and_no_tenant_is_a_dimension(alarms: Mapping[str, Any]) -> None:
    ours = [
        (name, dimensions)
        for alarm in alarms.values()
        for space, name, dimensions in numbers(alarm)
        if space == "AVESA"
    ]
    assert {name for name, _ in ours} == NAMES - {"RowsLanded", "FoldSeconds"}
    assert {tuple(sorted(dimensions)) for _, dimensions in ours} == {("env", "service"), ("env", "table"), ("env",)}
    assert {dimensions["env"] for _, dimensions in ours} == {"prod"}


def test_the_dashboard_shows_every_number(synthesized: Synthesized) -> None:
    (dashboard,) = synthesized.all("AWS::CloudWatch::Dashboard")
    body = json.loads(dashboard.properties["DashboardBody"])
    text = json.dumps(body)

    assert [name for name in NAMES if f'"AVESA", "{name}"' not in text] == []
    assert all(f'"service", "{service}"' in text for service in services())
    assert all(f'"table", "{table}"' in text for table in canonical_tables())
    assert len(body["widgets"]) == 15
    assert max(len(widget["properties"].get("metrics", [])) for widget in body["widgets"]) <= 500
