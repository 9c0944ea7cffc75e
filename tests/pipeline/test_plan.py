"""What a tenant's syncs cost a day, from its run log and what the vendor publishes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from avesa.connector.incremental import Changes
from avesa.connector.limits import Limits, Rate
from avesa.connector.service import Service
from avesa.pipeline.plan import ServicePlan, TablePlan, plan_service
from avesa.shared.run_log import RunEntry
from avesa.shared.tenants import TenantService
from tiny_vendor import SERVICE, with_endpoint

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)


def pulled(
    table: str, *, calls: int, kind: str = "changes", hours: float = 0, rows: int = 0, status: str = "ok"
) -> RunEntry:
    """A pull so many hours ago."""
    at = NOON - timedelta(hours=hours)
    figures = {"kind": kind, "calls": calls, "rows": rows}
    return RunEntry("r", "acme", "ingest", f"tiny/{table}", status, at, at, figures=figures)  # type: ignore[arg-type]


def plan(
    entries: Iterable[RunEntry] = (), *, service: Service = SERVICE, every: timedelta | None = QUARTER, **settings: str
) -> ServicePlan:
    return plan_service(TenantService("acme", "tiny", settings=settings), service, list(entries), every=every)


def table(plan: ServicePlan, name: str) -> TablePlan:
    return next(one for one in plan.tables if one.table == name)


def limited(*rates: Rate) -> Service:
    return replace(SERVICE, limits=Limits(rates=rates))


def test_changes_are_asked_at_each_sync_and_deletions_looked_for_as_often_as_declared() -> None:
    found = table(plan([pulled("tickets", calls=2), pulled("tickets", calls=50, kind="listing")]), "tickets")
    assert (found.changes_a_day, found.listings_a_day) == (95, 1)
    assert found.calls_a_day == 95 * 2 + 50
    assert found.known


def test_a_table_that_cannot_be_asked_for_changes_is_listed_at_each_sync() -> None:
    found = table(plan([pulled("events", calls=7, kind="listing")]), "events")
    assert (found.changes_a_day, found.listings_a_day, found.calls_a_day, found.known) == (0, 96, 672, True)


def test_calls_are_the_average_of_complete_pulls() -> None:
    entries = [pulled("tickets", calls=2), pulled("tickets", calls=4), pulled("tickets", calls=90, status="failed")]
    assert table(plan(entries), "tickets").calls_of_changes == 3


def test_without_history_it_is_an_estimate_that_says_so() -> None:
    found = plan(every=None)
    assert not found.every_known and found.every == timedelta(hours=1)
    assert not any(one.known for one in found.tables)
    assert table(found, "tickets").calls_a_day == 24


def test_a_child_table_that_was_never_pulled_takes_a_call_for_each_known_parent() -> None:
    found = table(plan([pulled("tickets", calls=3, kind="listing", rows=2500)]), "notes")
    assert (found.calls_of_listing, found.calls_of_changes, found.known) == (2500, 1, False)


def test_how_often_it_is_synced_is_read_from_the_run_log() -> None:
    found = plan([pulled("tickets", calls=1, hours=half / 2) for half in range(20)], every=None)
    assert found.every_known and found.every == timedelta(minutes=30)


def test_two_syncs_within_minutes_tell_nothing_of_how_often() -> None:
    assert not plan([pulled("tickets", calls=1, hours=hours) for hours in (0, 0.1)], every=None).every_known


def test_each_published_limit_is_a_budget_of_a_day() -> None:
    service = limited(Rate(60, per=timedelta(minutes=1)), Rate(5000, per=DAY, zone="UTC"))
    found = plan(service=service)
    assert [(one.says, one.allowed) for one in found.budgets] == [
        ("60 requests a minute", 86_400),
        ("5,000 requests a day (UTC)", 5000),
    ]
    assert {one.needed for one in found.budgets} == {found.calls_a_day}
    assert found.warnings == ()


def test_groups_points_and_single_tables_have_budgets_of_their_own() -> None:
    service = limited(Rate(9, group="search"), Rate(1, per=DAY, each=True), Rate(1000, per=DAY, points=True))
    service = with_endpoint(service, "tickets", limit_group="search", cost=20)
    found = plan(service=service, every=DAY)
    needed = {one.says: one.needed for one in found.budgets}
    assert needed["9 requests a second, search"] == 1
    assert needed["1 requests a day, boards"] == 1
    assert needed["1,000 points a day"] == 20 + 1 + 1 + 1


def test_a_budget_that_does_not_suffice_is_told_with_what_to_change() -> None:
    entries = [pulled("tickets", calls=1, kind="listing", rows=5000), pulled("notes", calls=4000, kind="listing")]
    found = plan(entries, service=limited(Rate(4000, per=DAY)))
    (warning,) = found.warnings
    assert "may take 3,600 of 4,000 requests a day" in warning
    assert "every 15 minutes" in warning
    assert "notes" in warning and "relist" in warning
    assert not found.budgets[0].suffices and found.budgets[0].used > 1


def test_a_tenant_can_take_another_share_and_have_another_number() -> None:
    service = limited(Rate(430, per=DAY, setting="company_id"))
    assert plan(service=service).budgets[0].suffices
    assert not plan(service=service, limit_share="0.5").budgets[0].suffices
    assert plan(service=service, limit_share="0.5", company_id="40000").budgets[0].suffices


def test_only_the_tenants_tables_count() -> None:
    connected = TenantService("acme", "tiny", tables=("boards",))
    assert [one.table for one in plan_service(connected, SERVICE, [], every=QUARTER).tables] == ["boards"]


@pytest.mark.parametrize("days", [7, 1 / 24])
def test_a_listing_is_made_at_most_at_each_sync(days: float) -> None:
    service = with_endpoint(SERVICE, "tickets", relist=timedelta(days=days))
    found = table(plan(service=service, every=timedelta(hours=2)), "tickets")
    assert found.listings_a_day == pytest.approx(min(12, 1 / days))
    assert found.changes_a_day + found.listings_a_day == pytest.approx(12)


def test_a_tenants_own_intervals_count() -> None:
    entries = [pulled("tickets", calls=1), pulled("tickets", calls=50, kind="listing")]
    found = table(plan(entries, **{"every.tickets": "6h", "relist.tickets": "12h"}), "tickets")
    assert (found.changes_a_day, found.listings_a_day, found.calls_a_day) == (2, 2, 102)


def test_what_has_no_list_without_a_window_is_never_listed() -> None:
    changes = Changes("at", ask=("since", "{since}"), only=True, kept_for=30 * DAY)
    found = table(
        plan([pulled("tickets", calls=3)], service=with_endpoint(SERVICE, "tickets", changes=changes)), "tickets"
    )
    assert (found.changes_a_day, found.listings_a_day, found.calls_a_day, found.known) == (96, 0, 288, True)
