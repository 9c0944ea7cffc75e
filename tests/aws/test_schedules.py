"""Services of tenants that are synced by a schedule of their own, and what the plan makes of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from avesa.aws.schedules import (
    ScheduleTarget,
    delete_schedule,
    put_schedule,
    running_schedules,
    schedule_name,
    target_of,
)
from avesa.shared.errors import UsageError
from avesa.shared.tenants import TenantService
from aws_cloud import Cloud, a_run_id
from schedule_group import Group
from stage_calls import HALO, call, items_of

EVERY_QUARTER = "rate(15 minutes)"


def scheduled(**event: Any) -> dict[str, Any]:
    return call("plan", {"run_id": a_run_id(), **event, "scheduled": True})


def tenants_of(cloud: Cloud, planned: dict[str, Any]) -> list[str]:
    return sorted(item["tenant"] for item in items_of(cloud, planned))


def problems_of(cloud: Cloud, planned: dict[str, Any]) -> list[str]:
    found: list[str] = json.loads(cloud.objects.read(planned["key"].replace("plan.json", "problems.json")))
    return found


def own(cloud: Cloud, connected: TenantService) -> None:
    """Write down that it has a schedule of its own."""
    cloud.state.tenants.put(replace(connected, schedule=EVERY_QUARTER))


# What stands in EventBridge Scheduler


def test_a_schedule_is_made_changed_and_deleted_and_starts_the_workflow_for_its_service(group: Group) -> None:
    for expression in (EVERY_QUARTER, "cron(0 3 * * ? *)"):
        put_schedule(group.client, group.target, "acme", HALO, expression)
        found = group.named("acme", HALO)
        assert (found["ScheduleExpression"], found["State"]) == (expression, "ENABLED")
        target = found["Target"]
        assert (target["Arn"], target["RoleArn"]) == ("arn:machine", group.target.role)
        assert target["DeadLetterConfig"] == {"Arn": "arn:queue"}
        assert json.loads(target["Input"]) == {"tenant": "acme", "service": HALO, "scheduled": True}
    assert group.names == {f"acme.{HALO}"}
    for _ in range(2):
        delete_schedule(group.client, group.target.group, "acme", HALO)
        assert group.names == frozenset()


@pytest.mark.parametrize("expression", ["hourly", "rate(0 hours)", "rate(5 parsecs)", "at(2026-01-01T00:00:00)", ""])
def test_what_is_no_schedule_is_refused_before_anything_is_asked(expression: str) -> None:
    with pytest.raises(UsageError, match="is not a schedule"):
        put_schedule(None, ScheduleTarget("g", "m", "r", "d"), "acme", HALO, expression)  # type: ignore[arg-type]


def test_names_are_no_longer_than_they_may_be_and_no_two_services_share_one() -> None:
    long = "t" * 63
    names = {schedule_name(tenant, service) for tenant in (long, long[:-1], "acme") for service in ("jira", "halopsa")}
    assert len(names) == 6
    assert all(len(name) <= 64 and name.count(".") == 1 for name in names)


def test_all_pages_are_read_and_those_that_are_switched_off_do_not_run() -> None:
    class Pages:
        def list_schedules(self, **asked: Any) -> dict[str, Any]:
            assert asked["GroupName"] == "g"
            if "NextToken" not in asked:
                off = {"Name": "b.c", "State": "DISABLED"}
                return {"Schedules": [{"Name": "a.b", "State": "ENABLED"}, off], "NextToken": "more"}
            return {"Schedules": [{"Name": "c.d", "State": "ENABLED"}]}

    assert running_schedules(Pages(), "g") == {"a.b", "c.d"}  # type: ignore[arg-type]


def test_an_environment_that_does_not_say_all_of_it_has_no_schedules() -> None:
    whole = {
        name: name.lower()
        for name in ("SCHEDULE_GROUP", "STATE_MACHINE_ARN", "SCHEDULE_ROLE_ARN", "SCHEDULE_DEAD_LETTERS_ARN")
    }
    found = target_of(whole)
    assert found is not None
    assert (found.group, found.role) == ("schedule_group", "schedule_role_arn")
    for missing in whole:
        assert target_of({**whole, missing: ""}) is None


# What the plan makes of it


def test_a_service_with_a_schedule_of_its_own_is_left_out_of_the_run_of_all_and_planned_by_its_own(
    cloud: Cloud, connect: Callable[..., Any], group: Group
) -> None:
    own(cloud, connect("acme"))
    connect("globex")
    put_schedule(group.client, group.target, "acme", HALO, EVERY_QUARTER)
    assert tenants_of(cloud, scheduled()) == ["globex"]
    assert tenants_of(cloud, scheduled(tenant="acme", service=HALO)) == ["acme"]
    assert tenants_of(cloud, call("plan", {})) == ["acme", "globex"]
    assert cloud.gate.refused == []


@pytest.mark.parametrize("lost", ["deleted", "switched off", "not told"])
def test_a_service_whose_schedule_is_gone_is_synced_with_all_and_told(
    cloud: Cloud, connect: Callable[..., Any], group: Group, lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own(cloud, connect("acme"))
    put_schedule(group.client, group.target, "acme", HALO, EVERY_QUARTER)
    if lost == "deleted":
        delete_schedule(group.client, group.target.group, "acme", HALO)
    elif lost == "switched off":
        known = group.named("acme", HALO)
        kept = ("Name", "GroupName", "ScheduleExpression", "FlexibleTimeWindow", "Target")
        group.client.update_schedule(**{name: known[name] for name in kept}, State="DISABLED")
    else:
        monkeypatch.delenv("SCHEDULE_GROUP")
    planned = scheduled()
    assert tenants_of(cloud, planned) == ["acme"]
    (line,) = problems_of(cloud, planned)
    assert line.startswith(f"tenant acme, {HALO}: its schedule {EVERY_QUARTER} is not there any more")
    assert f"schedule acme {HALO} '{EVERY_QUARTER}'" in line


def test_schedules_that_cannot_be_looked_up_hold_nobody_back(
    cloud: Cloud, connect: Callable[..., Any], group: Group
) -> None:
    own(cloud, connect("acme"))
    cloud.gate.taken_away.add("scheduler:ListSchedules")
    planned = scheduled()
    assert tenants_of(cloud, planned) == ["acme"]
    assert "cannot be looked up" in problems_of(cloud, planned)[0]


def test_without_schedules_of_their_own_nobody_looks_for_any(cloud: Cloud, connect: Callable[..., Any]) -> None:
    connect("acme")
    cloud.gate.taken_away.add("scheduler:ListSchedules")
    assert problems_of(cloud, scheduled()) == []
    assert cloud.gate.refused == []


def test_a_schedule_that_is_not_in_force_any_more_starts_nothing_and_fails_nothing(
    cloud: Cloud, connect: Callable[..., Any]
) -> None:
    connected = connect("acme")
    assert scheduled(tenant="acme", service=HALO)["items"] == 0
    own(cloud, connected)
    assert scheduled(tenant="acme", service=HALO)["items"] == 1
    assert scheduled(tenant="acme", service="jira")["items"] == 0
    assert scheduled(tenant="nobody", service=HALO)["items"] == 0
    assert scheduled(tenant="acme")["items"] == 0
