"""Every number that the model of costs and the simulated day go by: prices, quotas, what was measured or is assumed."""

from __future__ import annotations

from dataclasses import dataclass

_MILLION = 1_000_000


@dataclass(frozen=True)
class Prices:
    """US dollars, on demand, as published for us-east-1 in November 2025. Look them up before you rely on them."""

    lambda_gb_second: float = 0.0000133334
    """arm64"""
    lambda_call: float = 0.20 / _MILLION
    transition: float = 25 / _MILLION
    s3_put_or_list: float = 5 / _MILLION
    s3_get: float = 0.4 / _MILLION
    s3_gb_month: float = 0.023
    dynamodb_write: float = 0.625 / _MILLION
    dynamodb_read: float = 0.125 / _MILLION
    secret_month: float = 0.40
    secret_call: float = 5 / _MILLION
    kms_key_month: float = 1.0
    log_gb: float = 0.50
    metric_month: float = 0.30
    alarm_metric_month: float = 0.10
    composite_alarm_month: float = 0.50


@dataclass(frozen=True)
class Measured:
    """What the handlers took for HaloPSA's 20 tables and the 12 canonical tables they feed, on stand-ins for AWS, in a
    sync without news; counted at the edge. CPU is of one x86-64 core; a Lambda has memory / 1,769 MB of one.
    """

    pull_cpu_seconds: float = 0.11
    pull_dynamodb_reads: float = 5.0
    pull_dynamodb_writes: float = 7.0
    pull_s3_puts: float = 1.6
    pull_s3_lists: float = 1.0
    pull_secret_calls: float = 1.0
    fold_cpu_seconds: float = 0.22
    fold_dynamodb_reads: float = 3.0
    fold_dynamodb_writes: float = 5.25
    fold_s3_lists: float = 4.6
    """Besides one for each raw table that may feed it, of the services that the tenant has."""
    fold_s3_gets: float = 17.25
    fold_s3_puts: float = 0.0


@dataclass(frozen=True)
class Assumed:
    """What cannot be measured without AWS and the vendors."""

    pull_wait_seconds: float = 0.7
    """A vendor's answer of half a second, and our requests to AWS."""
    fold_wait_seconds: float = 0.6
    """28 requests to S3, one after the other."""
    feeding_tables_of_a_service: float = 0.6
    """Raw tables that feed one canonical table, on the average of all mappings and services."""
    news_share: float = 0.2
    """Of the folds in which something is new: each writes about five objects more."""
    puts_with_news: float = 5.25
    log_bytes_of_a_call: int = 1500
    bytes_of_a_table: float = 20e6
    """Raw and canonical, with all of its history, compressed."""
    kms_keys: int = 2


@dataclass(frozen=True)
class Watched:
    """How many metrics are written, and how many the alarms read: those of a service or canonical table for each one.
    A metric is paid for once it is written, an alarm once it is deployed.
    """

    metrics_of_a_service: int = 6
    metrics_of_a_table: int = 3
    metrics_besides: int = 1
    alarm_metrics_of_a_service: int = 6
    alarm_metrics_of_a_table: int = 2
    alarm_metrics_besides: int = 11
    composite_alarms: int = 6


@dataclass(frozen=True)
class Quotas:
    """Of an account in one region, as they are at first; all can be raised. DynamoDB's are of one partition."""

    lambda_concurrency: int = 1000
    children: int = 10_000
    transitions_a_second: int = 5000
    partition_writes_a_second: int = 1000
    partition_reads_a_second: int = 3000


PRICES, MEASURED, ASSUMED, WATCHED, QUOTAS = Prices(), Measured(), Assumed(), Watched(), Quotas()
