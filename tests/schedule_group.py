"""A group of schedules in the stand-in for EventBridge Scheduler, around the gate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from avesa.aws.schedules import ScheduleTarget, running_schedules, schedule_name


@dataclass
class Group:
    client: Any
    target: ScheduleTarget

    def named(self, tenant: str, service: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get_schedule(
            GroupName=self.target.group, Name=schedule_name(tenant, service)
        )
        return found

    @property
    def names(self) -> frozenset[str]:
        return running_schedules(self.client, self.target.group)
