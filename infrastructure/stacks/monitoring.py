"""Dashboard and alarms. One composite alarm tells of them, so that one fault is one message and not forty."""

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
        any_of_them = cloudwatch.CompositeAlarm(
            self,
            "Any",
            composite_alarm_name=f"{environment.prefix}-any",
            alarm_description=f"One of the alarms of this environment. What each means: {RUNBOOK}#alarms",
            alarm_rule=cloudwatch.AlarmRule.any_of(*alarms.all),
        )
        action = actions.SnsAction(alerts)
        any_of_them.add_alarm_action(action)
        any_of_them.add_ok_action(action)
        Dashboard(self, "Look", environment=environment, services=services, tables=tables, alarm=any_of_them)
