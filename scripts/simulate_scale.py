"""A day of syncs of many tenants, event by event, against the quotas of AWS and the limits of vendors.

    python scripts/simulate_scale.py                                    1,000 tenants x 10 services x 15 tables
    python scripts/simulate_scale.py --tenants 200 --map-concurrency 100
    python scripts/simulate_scale.py --lambda-concurrency 3000 --map-concurrency 2000
    python scripts/simulate_scale.py --dealt                            a plan whose order is dealt anew for each run

What is simulated: scheduled runs that leave out a service of a tenant which an earlier run has in work; a distributed
map of limited width that takes the plan in its order; tables that are pulled one after the other, at the vendor's pace
and within its daily budget; folds that wait for the fold of another service of the tenant; Lambdas that wait for the
account's limit. Tenants differ in size, a few are very large, and some vendors are slow for an hour. The same seed
gives the same day.

What is not: cold starts, and anything within a table. How long things take is what `cost_model.py` knows.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.cost_model import month, transitions
from scripts.figures import MEASURED, Quotas
from scripts.simulated_day import SERVICES, Outcome, Setting, simulate


def quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def fairness(outcome: Outcome) -> float:
    """Jain's index over the tenants' mean lags: 1 where all wait alike, 1/n where one waits for all."""
    means = [sum(lags) / len(lags) for lags in outcome.lags if lags]
    squares = sum(mean * mean for mean in means)
    return sum(means) ** 2 / (len(means) * squares) if squares else 1.0


def rates(setting: Setting, outcome: Outcome) -> dict[str, tuple[float, float]]:
    """What was used a second at its busiest, and the quota: children that are in work all do their work at once."""
    quotas = setting.quotas
    busy = outcome.seconds["pulls"] + outcome.seconds["folds"]
    usage = setting.usage
    done = transitions(usage) / 30 * (outcome.ended / max(1, usage.items / 30))
    a_second = done / busy if busy else 0.0
    pull = outcome.seconds["pulls"] / max(1, outcome.ended * setting.tables)
    at_once = min(setting.services, outcome.peak["children"])
    return {
        "Step Functions, transitions a second": (
            a_second * outcome.peak["children"],
            quotas.transitions_a_second,
        ),
        "DynamoDB, writes a second of one tenant": (
            at_once * MEASURED.pull_dynamodb_writes / pull if pull else 0.0,
            quotas.partition_writes_a_second,
        ),
        "DynamoDB, reads a second of one tenant": (
            at_once * MEASURED.pull_dynamodb_reads / pull if pull else 0.0,
            quotas.partition_reads_a_second,
        ),
        "Lambda, at once": (outcome.peak["lambdas"], quotas.lambda_concurrency),
        "Distributed map, children at once": (outcome.peak["children"], quotas.children),
    }


def report(setting: Setting, outcome: Outcome) -> str:
    lags = [lag for tenant in outcome.lags for lag in tenant]
    worst = [quantile(tenant, 0.95) for tenant in outcome.lags if tenant]
    lines = [
        f"{setting.tenants:,} tenants x {setting.services} services x {setting.tables} tables, "
        f"{setting.syncs_a_day} syncs a day, {setting.map_concurrency:,} services at once, "
        f"{'dealt anew' if setting.dealt else 'in the order of names'}, seed {setting.seed}",
        "",
        f"services synced       {outcome.ended:>10,}",
        f"still in work         {outcome.skipped:>10,}   left out of a run, since an earlier one had them",
        f"budget spent          {outcome.out_of_budget:>10,}   stopped at what the vendor allows a day",
        f"folds that waited     {outcome.busy_waits:>10,}   for another service's fold of the same table",
        "",
        "lag, from a run's start until what a service landed is folded, in minutes",
        *(f"  {share:>4.0%} within {quantile(lags, share) / 60:>9.1f}" for share in (0.5, 0.95, 0.99)),
        f"  all within  {outcome.slowest_run / 60:>9.1f}",
        "fairness",
        f"  Jain's index over the tenants' mean lags {fairness(outcome):.3f}",
        f"  95 % of the luckiest tenant's services within {min(worst, default=0) / 60:.1f}, "
        f"of the unluckiest's within {max(worst, default=0) / 60:.1f} minutes",
        "",
        "quotas",
        *(
            f"  {name:42}{used:>9,.0f} of {quota:>6,}   {'over' if used > quota else f'{used / quota:.0%}'}"
            for name, (used, quota) in rates(setting, outcome).items()
        ),
        f"  Lambdas that waited for the account's limit, at most {outcome.peak['waiting for a Lambda']:,}",
        "",
        f"cost, by cost_model.py: {sum(month(setting.usage).values()) / 30:,.0f} dollars a day",
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    usual = Setting()
    for name in ("tenants", "services", "tables", "syncs_a_day", "map_concurrency", "slow_vendors", "seed"):
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=getattr(usual, name))
    for name in ("lambda_concurrency", "transitions_a_second"):
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=getattr(usual.quotas, name))
    parser.add_argument("--dealt", action="store_true", help="deal each plan's order anew")
    asked = vars(parser.parse_args(arguments))
    quotas = Quotas(
        lambda_concurrency=asked.pop("lambda_concurrency"), transitions_a_second=asked.pop("transitions_a_second")
    )
    if not 1 <= asked["services"] <= len(SERVICES) or min(asked["tenants"], asked["syncs_a_day"]) < 1:
        parser.error(f"1 to {len(SERVICES)} services, and at least one tenant and one sync")
    setting = Setting(**asked, quotas=quotas)
    print(report(setting, simulate(setting)))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
