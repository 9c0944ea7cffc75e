"""The numbers that AVESA writes of itself, by name, as dashboards and alarms read them.

A tenant is never a dimension: each of its values would be a metric that is paid for. Ingestion counts by service, folds
by canonical table, and the workflow as a whole.
"""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from infrastructure.environment import Environment

NAMESPACE = "AVESA"

ROWS_LANDED = "RowsLanded"
CALLS = "Calls"
THROTTLED = "Throttled"
TABLES_DONE = "TablesDone"
TABLES_FAILED = "TablesFailed"
TABLES_BUSY = "TablesBusy"
OF_A_SERVICE = (ROWS_LANDED, CALLS, THROTTLED, TABLES_DONE, TABLES_FAILED, TABLES_BUSY)

VERSIONS_OPENED = "VersionsOpened"
ROWS_QUARANTINED = "RowsQuarantined"
FOLD_SECONDS = "FoldSeconds"
OF_A_TABLE = (VERSIONS_OPENED, ROWS_QUARANTINED, FOLD_SECONDS)

SYNC_HEARTBEAT = "SyncHeartbeat"
"""One at the end of each run."""


def of_service(
    name: str, service: str, environment: Environment, period: Duration, *, statistic: str = "Sum"
) -> cloudwatch.Metric:
    return _metric(name, {"env": environment.name, "service": service}, period, statistic, service)


def of_table(
    name: str, table: str, environment: Environment, period: Duration, *, statistic: str = "Sum"
) -> cloudwatch.Metric:
    return _metric(name, {"env": environment.name, "table": table}, period, statistic, table)


def of_sync(name: str, environment: Environment, period: Duration) -> cloudwatch.Metric:
    return _metric(name, {"env": environment.name}, period, "Sum", name)


def of_aws(
    namespace: str, name: str, dimensions: dict[str, str], period: Duration, statistic: str, label: str
) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=name,
        dimensions_map=dimensions,
        period=period,
        statistic=statistic,
        label=label,
    )


def of_lambda(name: str, function: str, period: Duration, statistic: str = "Sum") -> cloudwatch.Metric:
    return of_aws("AWS/Lambda", name, {"FunctionName": function}, period, statistic, function)


def _metric(name: str, dimensions: dict[str, str], period: Duration, statistic: str, label: str) -> cloudwatch.Metric:
    return of_aws(NAMESPACE, name, dimensions, period, statistic, label)
