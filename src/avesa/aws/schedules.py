"""Services of tenants that are synced by a schedule of their own, in EventBridge Scheduler.

TenantServices says which schedule a service of a tenant has; the schedule itself stands in the group of the
environment, beside that of all. It is made before it is written down, and written off before it is deleted. So whoever
dies in between leaves a schedule that starts nothing, since the plan heeds what is written down, and never a service
that nothing starts.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from avesa.aws.clients import Scheduler, error_code, told
from avesa.shared.errors import UsageError, Where

_EXPRESSION = re.compile(r"rate\([1-9]\d* (minutes?|hours?|days?)\)|cron\([^()]+\)")
_LONGEST_NAME = 64
_WINDOW_MINUTES = 5
_RETRY = {"MaximumEventAgeInSeconds": 900, "MaximumRetryAttempts": 10}


@dataclass(frozen=True)
class ScheduleTarget:
    """The group that schedules stand in, what they start, as which role, and where goes what could not be started."""

    group: str
    state_machine: str
    role: str
    dead_letters: str


def target_of(variables: Mapping[str, str]) -> ScheduleTarget | None:
    """None where the environment does not say all of it: then no schedule can be set there."""
    names = ("SCHEDULE_GROUP", "STATE_MACHINE_ARN", "SCHEDULE_ROLE_ARN", "SCHEDULE_DEAD_LETTERS_ARN")
    values = [variables.get(name, "") for name in names]
    return ScheduleTarget(*values) if all(values) else None


def schedule_name(tenant: str, service: str) -> str:
    """No tenant and no service has a dot in its name, so no two have the same, and none that of all."""
    plain = f"{tenant}.{service}"
    if len(plain) <= _LONGEST_NAME:
        return plain
    return f"{tenant[:31]}.{hashlib.sha256(plain.encode()).hexdigest()[:32]}"


def put_schedule(client: Scheduler, target: ScheduleTarget, tenant: str, service: str, expression: str) -> None:
    """Make it or change it. Raises UsageError for what is no schedule."""
    where = Where(tenant, service)
    if not _EXPRESSION.fullmatch(expression):
        raise _no_schedule(expression, where)
    schedule: dict[str, Any] = {
        "Name": schedule_name(tenant, service),
        "GroupName": target.group,
        "ScheduleExpression": expression,
        "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": _WINDOW_MINUTES},
        "Target": {
            "Arn": target.state_machine,
            "RoleArn": target.role,
            "Input": msgspec.json.encode({"tenant": tenant, "service": service, "scheduled": True}).decode(),
            "DeadLetterConfig": {"Arn": target.dead_letters},
            "RetryPolicy": _RETRY,
        },
    }
    with told(f"set the schedule of {service} of tenant {tenant}"):
        try:
            try:
                client.create_schedule(**schedule)
            except ClientError as error:
                if error_code(error) != "ConflictException":
                    raise
                client.update_schedule(**schedule)
            return
        except ClientError as error:
            if error_code(error) != "ValidationException":
                raise
    raise _no_schedule(expression, where)


def delete_schedule(client: Scheduler, group: str, tenant: str, service: str) -> None:
    """One that is not there is no error."""
    with told(f"delete the schedule of {service} of tenant {tenant}"):
        try:
            client.delete_schedule(GroupName=group, Name=schedule_name(tenant, service))
        except ClientError as error:
            if error_code(error) != "ResourceNotFoundException":
                raise


def running_schedules(client: Scheduler, group: str) -> frozenset[str]:
    """The names of the schedules of that group that are switched on."""
    names = set[str]()
    more: dict[str, Any] = {}
    with told("list the schedules"):
        while True:
            answer = client.list_schedules(GroupName=group, MaxResults=100, **more)
            names |= {one["Name"] for one in answer["Schedules"] if one.get("State") == "ENABLED"}
            if not answer.get("NextToken"):
                return frozenset(names)
            more = {"NextToken": answer["NextToken"]}


def _no_schedule(expression: str, where: Where) -> UsageError:
    return UsageError(
        f"{expression!r} is not a schedule.", where=where, hint="For example: 'rate(15 minutes)', 'cron(0 3 * * ? *)'"
    )
