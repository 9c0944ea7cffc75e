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
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from infrastructure.environment import canonical_tables, services
from scripts.figures import ASSUMED, MEASURED, PRICES, WATCHED

DAYS = 30


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


def month(usage: Usage) -> dict[str, float]:
    """Dollars a month, by what they are for."""
    pull = lambda_seconds(MEASURED.pull_cpu_seconds, ASSUMED.pull_wait_seconds, usage.ingestion_mb)
    fold = lambda_seconds(MEASURED.fold_cpu_seconds, ASSUMED.fold_wait_seconds, usage.transform_mb)
    calls = usage.pulls + usage.folds
    lists = MEASURED.fold_s3_lists + ASSUMED.feeding_tables_of_a_service * usage.services
    puts = (
        usage.pulls * (MEASURED.pull_s3_puts + MEASURED.pull_s3_lists)
        + usage.folds * (lists + MEASURED.fold_s3_puts)
        + usage.folds * ASSUMED.news_share * ASSUMED.puts_with_news
    )
    reads = usage.pulls * MEASURED.pull_dynamodb_reads + usage.folds * MEASURED.fold_dynamodb_reads
    writes = usage.pulls * MEASURED.pull_dynamodb_writes + usage.folds * MEASURED.fold_dynamodb_writes
    connections = usage.tenants * usage.services
    return {
        "Step Functions": transitions(usage) * PRICES.transition,
        "Lambda, ingestion": usage.pulls * (pull * usage.ingestion_mb / 1024 * PRICES.lambda_gb_second),
        "Lambda, transform": usage.folds * (fold * usage.transform_mb / 1024 * PRICES.lambda_gb_second),
        "Lambda, calls": calls * PRICES.lambda_call,
        "DynamoDB": reads * PRICES.dynamodb_read + writes * PRICES.dynamodb_write,
        "S3, requests": puts * PRICES.s3_put_or_list + usage.folds * MEASURED.fold_s3_gets * PRICES.s3_get,
        "S3, storage": connections * usage.tables * ASSUMED.bytes_of_a_table / 1e9 * PRICES.s3_gb_month,
        "Secrets Manager": connections * PRICES.secret_month
        + usage.pulls * MEASURED.pull_secret_calls * PRICES.secret_call,
        "Logs": calls * ASSUMED.log_bytes_of_a_call / 1e9 * PRICES.log_gb,
        "Metrics, alarms, keys": watching(usage) + ASSUMED.kms_keys * PRICES.kms_key_month,
    }


def watching(usage: Usage) -> float:
    """Metrics of the services that tenants have, and alarms for every service that is deployed."""
    tables = len(canonical_tables())
    metrics = (
        WATCHED.metrics_of_a_service * usage.services + WATCHED.metrics_of_a_table * tables + WATCHED.metrics_besides
    )
    read = (
        WATCHED.alarm_metrics_of_a_service * len(services())
        + WATCHED.alarm_metrics_of_a_table * tables
        + WATCHED.alarm_metrics_besides
    )
    return (
        metrics * PRICES.metric_month
        + read * PRICES.alarm_metric_month
        + WATCHED.composite_alarms * PRICES.composite_alarm_month
    )


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
        for kind in (Usage(1), MEASURED, ASSUMED, WATCHED, PRICES)
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
