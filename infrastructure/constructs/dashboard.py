"""What a person looks at first: is it fresh, what failed, what does it cost."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infrastructure import names
from infrastructure.constructs import metrics
from infrastructure.environment import Environment

HOUR = Duration.hours(1)
_WIDTH = 12


class Dashboard(Construct):
    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        environment: Environment,
        services: Sequence[str],
        tables: Sequence[str],
        alarm: cloudwatch.IAlarm,
    ) -> None:
        super().__init__(scope, id)
        self._environment, self._services, self._tables = environment, services, tables
        cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=environment.prefix,
            default_interval=Duration.days(1),
            widgets=[
                [
                    cloudwatch.AlarmStatusWidget(title="Alarms", alarms=[alarm], width=_WIDTH, height=3),
                    cloudwatch.SingleValueWidget(
                        title="Syncs that ended, by the hour",
                        metrics=[metrics.of_sync(metrics.SYNC_HEARTBEAT, environment, HOUR)],
                        width=_WIDTH,
                        height=3,
                    ),
                ],
                [
                    self._by_service("Fresh: tables pulled to their end, an hour", metrics.TABLES_DONE),
                    self._by_service("Tables that failed, an hour", metrics.TABLES_FAILED),
                ],
                [
                    self._by_service("Rows landed, an hour", metrics.ROWS_LANDED),
                    self._by_service("Tables that another run had in work, an hour", metrics.TABLES_BUSY),
                ],
                [self._throttled_share(), self._pulls()],
                [
                    self._by_table("Versions opened, an hour", metrics.VERSIONS_OPENED),
                    self._by_table("Rows in quarantine, an hour", metrics.ROWS_QUARANTINED),
                ],
                [self._by_table("Folds, seconds, 95 of 100", metrics.FOLD_SECONDS, "p95"), self._gigabyte_seconds()],
                [self._runs()],
                [
                    self._units("ConsumedReadCapacityUnits", "read"),
                    self._units("ConsumedWriteCapacityUnits", "written"),
                ],
            ],
        )

    def _by_service(self, title: str, name: str) -> cloudwatch.GraphWidget:
        return _graph(title, [metrics.of_service(name, one, self._environment, HOUR) for one in self._services])

    def _by_table(self, title: str, name: str, statistic: str = "Sum") -> cloudwatch.GraphWidget:
        return _graph(
            title, [metrics.of_table(name, one, self._environment, HOUR, statistic=statistic) for one in self._tables]
        )

    def _throttled_share(self) -> cloudwatch.GraphWidget:
        shares: list[cloudwatch.IMetric] = [
            cloudwatch.MathExpression(
                expression=f"100 * throttled{index} / calls{index}",
                using_metrics={
                    f"throttled{index}": metrics.of_service(metrics.THROTTLED, service, self._environment, HOUR),
                    f"calls{index}": metrics.of_service(metrics.CALLS, service, self._environment, HOUR),
                },
                period=HOUR,
                label=service,
            )
            for index, service in enumerate(self._services)
        ]
        return _graph("Answers 429, of 100 calls", shares)

    def _pulls(self) -> cloudwatch.GraphWidget:
        functions = [names.ingestion_function(self._environment, service) for service in self._services]
        return _graph(
            "Pulls, milliseconds, 95 of 100", [metrics.of_lambda("Duration", one, HOUR, "p95") for one in functions]
        )

    def _gigabyte_seconds(self) -> cloudwatch.GraphWidget:
        environment = self._environment
        pulls = {
            f"d{index}": metrics.of_lambda("Duration", names.ingestion_function(environment, service), HOUR)
            for index, service in enumerate(self._services)
        }
        fold = {"fold": metrics.of_lambda("Duration", names.transform_function(environment), HOUR)}
        return _graph(
            "Cost: Lambda, GB-seconds an hour",
            [
                cloudwatch.MathExpression(
                    expression=f"({' + '.join(f'FILL({id}, 0)' for id in parts)}) / 1000 * {memory / 1024}",
                    using_metrics=dict(parts),
                    period=HOUR,
                    label=label,
                )
                for label, parts, memory in (
                    ("ingestion", pulls, environment.ingestion.memory_mb),
                    ("transform", fold, environment.transform.memory_mb),
                )
            ],
        )

    def _runs(self) -> cloudwatch.GraphWidget:
        arn = {"StateMachineArn": names.state_machine_arn(Stack.of(self), self._environment)}
        found: list[cloudwatch.IMetric] = [
            metrics.of_aws("AWS/States", name, arn, HOUR, "Sum", name)
            for name in ("ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut")
        ]
        return _graph("Cost: syncs, an hour", found)

    def _units(self, name: str, done: str) -> cloudwatch.GraphWidget:
        tables = ("TenantServices", "LastUpdated", "RunLog", "Allowances")
        return _graph(
            f"Cost: DynamoDB units {done}, an hour",
            [
                metrics.of_aws(
                    "AWS/DynamoDB", name, {"TableName": f"{self._environment.prefix}-{one}"}, HOUR, "Sum", one
                )
                for one in tables
            ],
        )


def _graph(title: str, left: Sequence[cloudwatch.IMetric]) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(left), width=_WIDTH, height=6)
