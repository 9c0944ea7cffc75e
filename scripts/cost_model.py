"""What an environment costs in a month, item by item, from what one pull and one fold were measured to take.

    python scripts/cost_model.py                          10, 100 and 1,000 tenants
    python scripts/cost_model.py --tenants 250 --syncs 48
    python scripts/cost_model.py --inputs                 what goes into it

It is a model: it counts requests, seconds and transitions and multiplies them by list prices. Left out are data out of
AWS, NAT (the Lambdas are in no VPC), support, taxes, free tiers and discounts.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace

DAYS = 30
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


@dataclass(frozen=True)
class Measured:
    """What the handlers took for HaloPSA's 20 tables and the 12 canonical tables they feed, on stand-ins for AWS, in a
    sync without news; counted at the edge. CPU is of one x86-64 core; a Lambda has memory / 1,769 MB of one.
    """

    pull_cpu_seconds: float = 0.11
    pull_dynamodb_reads: float = 6.0
    pull_dynamodb_writes: float = 7.0
    pull_s3_puts: float = 1.6
    pull_secret_calls: float = 1.0
    fold_cpu_seconds: float = 0.22
    fold_dynamodb_reads: float = 3.0
    fold_dynamodb_writes: float = 5.25
    fold_s3_lists: float = 16.5
    fold_s3_gets: float = 16.3
    fold_s3_puts: float = 0.0


@dataclass(frozen=True)
class Assumed:
    """What cannot be measured without AWS and the vendors."""

    pull_wait_seconds: float = 0.7
    """A vendor's answer of half a second, and our requests to AWS."""
    fold_wait_seconds: float = 0.7
    """34 requests to S3, one after the other."""
    news_share: float = 0.2
    """Of the folds in which something is new: each writes about five objects more."""
    puts_with_news: float = 5.25
    log_bytes_of_a_call: int = 1500
    bytes_of_a_table: float = 20e6
    """Raw and canonical, with all of its history, compressed."""
    kms_keys: int = 2
    metrics: int = 5 * 16 + 3 * 12 + 1
    alarm_metrics: int = 5 * 16 + 2 * 12 + 11


@dataclass(frozen=True)
class Usage:
    """`due` is the share of tables that a sync pulls: those with `every` of their own are left out of most."""

    tenants: int
    services: int = 10
    tables: int = 15
    canonical: int = 5
    syncs_a_day: float = 24
    due: float = 1.0
    ingestion_mb: int = 512
    transform_mb: int = 2048

    @property
    def items(self) -> float:
        """Services of tenants that are planned in a month."""
        return self.tenants * self.services * self.syncs_a_day * DAYS

    @property
    def pulls(self) -> float:
        return self.items * self.tables * self.due

    @property
    def folds(self) -> float:
        return self.items * self.canonical


def lambda_seconds(cpu: float, wait: float, memory_mb: int) -> float:
    """How long a call lasts that computes and waits. More than one core does not help one call."""
    return cpu / min(1.0, memory_mb / 1769) + wait


def transitions(usage: Usage) -> float:
    """Of the state machine in a month: three for each pull (call, done?, outcome), one for each fold, two maps an item,
    and six for each sync.
    """
    syncs = usage.syncs_a_day * DAYS
    return 3 * usage.pulls + usage.folds + 2 * usage.items + 6 * syncs


def month(
    usage: Usage,
    measured: Measured = Measured(),
    assumed: Assumed = Assumed(),
    prices: Prices = Prices(),
) -> dict[str, float]:
    """Dollars a month, by what they are for."""
    pull = lambda_seconds(measured.pull_cpu_seconds, assumed.pull_wait_seconds, usage.ingestion_mb)
    fold = lambda_seconds(measured.fold_cpu_seconds, assumed.fold_wait_seconds, usage.transform_mb)
    calls = usage.pulls + usage.folds
    puts = (
        usage.pulls * measured.pull_s3_puts
        + usage.folds * (measured.fold_s3_lists + measured.fold_s3_puts)
        + usage.folds * assumed.news_share * assumed.puts_with_news
    )
    reads = usage.pulls * measured.pull_dynamodb_reads + usage.folds * measured.fold_dynamodb_reads
    writes = usage.pulls * measured.pull_dynamodb_writes + usage.folds * measured.fold_dynamodb_writes
    connections = usage.tenants * usage.services
    return {
        "Step Functions": transitions(usage) * prices.transition,
        "Lambda, ingestion": usage.pulls * (pull * usage.ingestion_mb / 1024 * prices.lambda_gb_second),
        "Lambda, transform": usage.folds * (fold * usage.transform_mb / 1024 * prices.lambda_gb_second),
        "Lambda, calls": calls * prices.lambda_call,
        "DynamoDB": reads * prices.dynamodb_read + writes * prices.dynamodb_write,
        "S3, requests": puts * prices.s3_put_or_list + usage.folds * measured.fold_s3_gets * prices.s3_get,
        "S3, storage": connections * usage.tables * assumed.bytes_of_a_table / 1e9 * prices.s3_gb_month,
        "Secrets Manager": connections * prices.secret_month
        + usage.pulls * measured.pull_secret_calls * prices.secret_call,
        "Logs": calls * assumed.log_bytes_of_a_call / 1e9 * prices.log_gb,
        "Metrics, alarms, keys": assumed.metrics * prices.metric_month
        + assumed.alarm_metrics * prices.alarm_metric_month
        + assumed.kms_keys * prices.kms_key_month,
    }


def table_of(usages: Sequence[Usage]) -> str:
    months = [month(usage) for usage in usages]
    lines = [f"{'dollars a month':24}" + "".join(f"{usage.tenants:>12,} tenants" for usage in usages)]
    lines += [f"{name:24}" + "".join(f"{one[name]:>20,.0f}" for one in months) for name in months[0]]
    lines.append(f"{'together':24}" + "".join(f"{sum(one.values()):>20,.0f}" for one in months))
    lines.append(
        f"{'for each tenant':24}"
        + "".join(f"{sum(one.values()) / usage.tenants:>20,.2f}" for one, usage in zip(months, usages, strict=True))
    )
    return "\n".join(lines)


def inputs() -> str:
    return "\n\n".join(
        f"{kind.__class__.__name__}: {(kind.__doc__ or '').strip()}\n"
        + "\n".join(f"  {name:22} {value:,}" for name, value in asdict(kind).items())
        for kind in (Usage(1), Measured(), Assumed(), Prices())
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = {one.name: one.default for one in fields(Usage) if one.name != "tenants"}
    parser.add_argument("--tenants", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--syncs", type=float, default=known["syncs_a_day"], help="syncs a day")
    parser.add_argument("--due", type=float, default=known["due"], help="share of the tables that a sync pulls")
    for name in ("services", "tables", "canonical"):
        parser.add_argument(f"--{name}", type=int, default=known[name])
    parser.add_argument("--inputs", action="store_true", help="show what goes into it, and no more")
    asked = parser.parse_args(arguments)
    if asked.inputs:
        print(inputs())  # noqa: T201
        return 0
    usage = replace(
        Usage(1),
        services=asked.services,
        tables=asked.tables,
        canonical=asked.canonical,
        syncs_a_day=asked.syncs,
        due=asked.due,
    )
    print(table_of([replace(usage, tenants=tenants) for tenants in asked.tenants]))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
