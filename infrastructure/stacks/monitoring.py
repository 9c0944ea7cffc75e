"""Dashboard and alarms. One composite alarm tells of them, so that one fault is one message and not forty. Below it
stands one for each kind, since CloudWatch takes a hundred in one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from infrastructure.constructs.alarms import RUNBOOK, Alarms
from infrastructure.constructs.dashboard import Dashboard
from infrastructure.environment import Environment

_MOST = 100
"""So many alarms does a composite one take."""


class Monitoring(Stack):
    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        environment: Environment,
        services: Sequence[str],
        tables: Sequence[str],
        alerts: sns.ITopic,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id, **kwargs)
        alarms = Alarms(self, "Alarms", environment=environment, services=services, tables=tables)
        kinds = [
            self._any(environment, f"{kind}-{index}" if index else kind, part)
            for kind, found in alarms.by_kind.items()
            for index, part in enumerate(found[first : first + _MOST] for first in range(0, len(found), _MOST))
        ]
        any_of_them = self._any(environment, "any", kinds)
        action = actions.SnsAction(alerts)
        any_of_them.add_alarm_action(action)
        any_of_them.add_ok_action(action)
        Dashboard(self, "Look", environment=environment, services=services, tables=tables, alarm=any_of_them)

    def _any(
        self, environment: Environment, name: str, alarms: Sequence[cloudwatch.IAlarm]
    ) -> cloudwatch.CompositeAlarm:
        return cloudwatch.CompositeAlarm(
            self,
            name.capitalize(),
            composite_alarm_name=f"{environment.prefix}-{name}",
            alarm_description=f"One of several alarms of this environment. What each means: {RUNBOOK}#alarms",
            alarm_rule=cloudwatch.AlarmRule.any_of(*alarms),
        )
