"""Every alarm of an environment. Each says in its description where the runbook tells what to do."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infrastructure import names
from infrastructure.constructs import metrics
from infrastructure.environment import Environment

RUNBOOK = "docs/runbook.md"
HOUR = Duration.hours(1)
QUARTER = Duration.minutes(15)

_FEW_CALLS = 100
"""Below so many calls an hour a share of them says nothing."""
_FEW_ROWS = 100
_QUARANTINED_SHARE = 0.05


class Alarms(Construct):
    """`by_kind` are the single alarms, which notify nobody by themselves: those of services and of tables by what they
    are about, the rest as `workflow`.
    """

    def __init__(
        self, scope: Construct, id: str, *, environment: Environment, services: Sequence[str], tables: Sequence[str]
    ) -> None:
        super().__init__(scope, id)
        self._environment = environment
        self.by_kind: dict[str, list[cloudwatch.Alarm]] = {}
        for service in services:
            self._of_service(service)
        for table in tables:
            self._of_table(table)
        self._of_the_workflow()
        self._of_functions()
        self._of_what_was_not_delivered()

    def _of_service(self, service: str) -> None:
        environment, hours = self._environment, Duration.hours(self._environment.stale_after_hours)
        failed = metrics.of_service(metrics.TABLES_FAILED, service, environment, HOUR)
        self._alarm(
            "failed",
            failed,
            of=service,
            above=environment.failed_tables_alarm - 1,
            section="alarm-tables-failed",
        )
        self._alarm(
            "throttled",
            cloudwatch.MathExpression(
                expression=f"IF(calls >= {_FEW_CALLS}, throttled / calls, 0)",
                using_metrics={
                    "calls": metrics.of_service(metrics.CALLS, service, environment, HOUR),
                    "throttled": metrics.of_service(metrics.THROTTLED, service, environment, HOUR),
                },
                period=HOUR,
                label=f"share of calls of {service} that were one too many",
            ),
            above=environment.throttled_share_alarm,
            of=service,
            section="alarm-throttled",
        )
        self._alarm(
            "stale",
            # A service that no tenant has writes nothing and is not stale; one that only fails is, and so is one whose
            # tables other workers have in work all the time.
            cloudwatch.MathExpression(
                expression="IF(FILL(failed, 0) + FILL(busy, 0) > 0 AND FILL(done, 0) == 0, 1, 0)",
                using_metrics={
                    "busy": metrics.of_service(metrics.TABLES_BUSY, service, environment, hours),
                    "failed": metrics.of_service(metrics.TABLES_FAILED, service, environment, hours),
                    "done": metrics.of_service(metrics.TABLES_DONE, service, environment, hours),
                },
                period=hours,
                label=f"no table of {service} was pulled to its end",
            ),
            above=0,
            of=service,
            section="alarm-stale",
        )

    def _of_table(self, table: str) -> None:
        environment = self._environment
        self._alarm(
            "quarantined",
            cloudwatch.MathExpression(
                expression=f"IF(rows + opened >= {_FEW_ROWS}, rows / (rows + opened), 0)",
                using_metrics={
                    "rows": metrics.of_table(metrics.ROWS_QUARANTINED, table, environment, HOUR),
                    "opened": metrics.of_table(metrics.VERSIONS_OPENED, table, environment, HOUR),
                },
                period=HOUR,
                label=f"share of rows of {table} that could not be folded",
            ),
            above=_QUARANTINED_SHARE,
            of=table,
            section="alarm-quarantined",
        )

    def _of_the_workflow(self) -> None:
        environment = self._environment
        self._alarm(
            "heartbeat",
            metrics.of_sync(metrics.SYNC_HEARTBEAT, environment, HOUR),
            below=1,
            periods=environment.stale_after_hours,
            missing=cloudwatch.TreatMissingData.BREACHING,
            section="alarm-heartbeat",
        )
        arn = names.state_machine_arn(Stack.of(self), environment)
        broken = {
            f"m{index}": metrics.of_aws("AWS/States", name, {"StateMachineArn": arn}, QUARTER, "Sum", name)
            for index, name in enumerate(("ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"))
        }
        self._alarm(
            "broken-run",
            cloudwatch.MathExpression(
                expression=" + ".join(f"FILL({id}, 0)" for id in broken),
                using_metrics=broken,
                period=QUARTER,
                label="syncs that broke as a whole",
            ),
            above=0,
            section="alarm-broken-run",
        )

    def _of_functions(self) -> None:
        environment = self._environment
        transform = names.transform_function(environment)
        for part, function in (
            ("plan", names.plan_function(environment)),
            ("report", names.report_function(environment)),
            ("transform", transform),
        ):
            self._alarm(
                f"errors-{part}", metrics.of_lambda("Errors", function, HOUR), above=2, section="alarm-function-errors"
            )
        self._alarm(
            "slow-transform",
            metrics.of_lambda("Duration", transform, HOUR, "Maximum"),
            above=0.9 * 1000 * environment.transform.timeout_seconds,
            section="alarm-slow-fold",
        )

    def _of_what_was_not_delivered(self) -> None:
        for part in names.DEAD_LETTERS:
            queue = {"QueueName": names.dead_letters(self._environment, part)}
            self._alarm(
                f"undelivered-{part}",
                metrics.of_aws("AWS/SQS", "ApproximateNumberOfMessagesVisible", queue, QUARTER, "Maximum", part),
                above=0,
                section="alarm-undelivered",
            )

    def _alarm(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        *,
        section: str,
        of: str | None = None,
        above: float | None = None,
        below: float | None = None,
        periods: int = 1,
        missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
    ) -> None:
        comparison = cloudwatch.ComparisonOperator
        threshold = above if above is not None else below
        assert threshold is not None
        whole = name if of is None else f"{name}-{of}"
        self.by_kind.setdefault("workflow" if of is None else name, []).append(
            cloudwatch.Alarm(
                self,
                whole,
                alarm_name=f"{self._environment.prefix}-{whole}",
                alarm_description=f"What it means and what to do: {RUNBOOK}#{section}",
                metric=metric,
                threshold=threshold,
                comparison_operator=(
                    comparison.LESS_THAN_THRESHOLD if above is None else comparison.GREATER_THAN_THRESHOLD
                ),
                evaluation_periods=periods,
                datapoints_to_alarm=periods,
                treat_missing_data=missing,
            )
        )
