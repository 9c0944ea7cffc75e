"""The model of costs and the simulated day: they count what the workflow does, and the same seed gives the same day."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from infrastructure.environment import load_environment
from infrastructure.workflow.definition import definition

pytest.importorskip("msgspec", reason="the simulated day reads the services' limits: make test")

from scripts import cost_model as costs
from scripts import simulate_scale as scale
from scripts.figures import Quotas
from scripts.simulated_day import Day, Setting, simulate

SMALL = Setting(tenants=8, map_concurrency=10)


def path(states: dict[str, Any], start: str, choices: dict[str, str]) -> list[str]:
    """The states that a good run goes through; `choices` say where a choice leads."""
    found, name = [], start
    while name:
        found.append(name)
        state = states[name]
        name = choices.get(name) or state.get("Next", "")
    return found


def test_transitions_are_those_of_the_definition() -> None:
    machine = definition(load_environment("prod"))
    item = machine["States"]["EachServiceOfATenant"]["ItemProcessor"]
    table = item["States"]["EachTable"]["ItemProcessor"]
    fold = item["States"]["EachCanonicalTable"]["ItemProcessor"]
    top = path(machine["States"], "Plan", {"AnythingDue": "EachServiceOfATenant", "AnythingFailed": "Synced"})
    pull = path(table["States"], "Ingest", {"Done": "Ingested"})
    usage = costs.Usage(tenants=3, services=2, tables=4, canonical=5, syncs_a_day=1)

    counted = len(top) + 3 * 2 * (
        len(path(item["States"], "EachTable", {})) + 4 * len(pull) + 5 * len(fold["States"]) / 2
    )
    assert costs.transitions(usage) == 30 * counted


def test_costs_grow_with_tenants_but_for_what_is_there_anyhow() -> None:
    ten, hundred = (costs.month(costs.Usage(tenants)) for tenants in (10, 100))
    fixed = "Metrics, alarms, keys"
    assert hundred[fixed] == ten[fixed]
    for name in ten.keys() - {fixed, "Step Functions"}:
        assert hundred[name] == pytest.approx(10 * ten[name]), name
    assert 9 * ten["Step Functions"] < hundred["Step Functions"] < 10 * ten["Step Functions"]


def test_tables_that_are_seldom_due_cost_less() -> None:
    usage = costs.Usage(100)
    assert sum(costs.month(replace(usage, due=0.3)).values()) < 0.7 * sum(costs.month(usage).values())


def test_a_smaller_lambda_computes_longer_and_waits_as_long() -> None:
    assert costs.lambda_seconds(0.1, 0.5, 1769) == pytest.approx(0.6)
    assert costs.lambda_seconds(0.1, 0.5, 3538) == pytest.approx(0.6)
    assert costs.lambda_seconds(0.1, 0.5, 884.5) == pytest.approx(0.7)


def test_the_model_shows_its_inputs_and_three_sizes(capsys: pytest.CaptureFixture[str]) -> None:
    assert costs.main([]) == 0
    assert costs.main(["--inputs"]) == 0
    shown = capsys.readouterr().out
    assert "1,000 tenants" in shown
    assert "fold_s3_lists" in shown


def test_the_same_seed_gives_the_same_day_and_another_seed_another() -> None:
    first, second = simulate(SMALL), simulate(SMALL)
    assert first == second
    assert simulate(replace(SMALL, seed=8)).lags != first.lags


def test_every_service_is_synced_once_a_run_or_left_out_while_it_is_in_work() -> None:
    narrow = simulate(replace(SMALL, map_concurrency=1, syncs_a_day=96))
    for outcome, runs in ((simulate(SMALL), 24), (narrow, 96)):
        assert outcome.runs == runs
        assert outcome.ended + outcome.skipped == runs * 8 * 10
        assert sum(map(len, outcome.lags)) == outcome.ended
    assert narrow.skipped > 0


def test_no_more_is_used_than_the_quotas_give() -> None:
    setting = replace(SMALL, quotas=Quotas(lambda_concurrency=5))
    outcome = simulate(setting)
    assert outcome.peak["lambdas"] == 5
    assert outcome.peak["children"] == 10
    assert outcome.peak["waiting for a Lambda"] > 0
    assert scale.quantile([lag for lags in outcome.lags for lag in lags], 0.5) > scale.quantile(
        [lag for lags in simulate(SMALL).lags for lag in lags], 0.5
    )


def test_no_account_is_asked_more_often_a_day_than_its_vendor_allows() -> None:
    day = Day(replace(SMALL, tenants=3, syncs_a_day=288))
    outcome = day.run()
    assert outcome.out_of_budget > 0
    assert all(item.spent <= item.vendor.calls_a_day for item in day._items)


def test_folds_of_one_table_wait_for_each_other_and_all_end() -> None:
    day = Day(SMALL)
    outcome = day.run()
    assert outcome.busy_waits > 0
    assert day._folding == {}
    assert (day._running, day._children) == (0, 0)


def test_a_dealt_plan_is_fairer_than_one_in_the_order_of_names() -> None:
    setting = replace(SMALL, tenants=30)
    named, dealt = simulate(setting), simulate(replace(setting, dealt=True))
    assert 0 < scale.fairness(named) < scale.fairness(dealt) <= 1


def test_a_slow_vendor_slows_its_own_services() -> None:
    calm, slow = (simulate(replace(SMALL, slow_vendors=vendors)) for vendors in (0, 2))
    assert slow.slowest_run > calm.slowest_run


def test_the_day_is_shown_with_lag_fairness_quotas_and_cost(capsys: pytest.CaptureFixture[str]) -> None:
    assert scale.main(["--tenants", "5", "--syncs-a-day", "2"]) == 0
    shown = capsys.readouterr().out
    for word in ("lag", "Jain's index", "Lambda, at once", "dollars a day", "seed 7"):
        assert word in shown
    with pytest.raises(SystemExit):
        scale.main(["--services", "11"])
