"""`avesa demo --service`: it succeeds for services of every kind, and it would notice what is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from avesa.cli.commands import cli
from avesa.cli.demo_checks import SyncMoment, check_idle
from avesa.cli.demo_clock import running_on
from avesa.cli.demo_services import TENANT, Unspent, connect_services, fold_day, sync_day, verify_services
from avesa.cli.demo_truth import check_allowed, check_world, compare
from avesa.pipeline.home import open_home
from avesa.pipeline.ports import Ports
from avesa.pipeline.sync import sync_tenant
from avesa.sandbox.clock import SandboxClock
from avesa.sandbox.server import Sandbox
from avesa.sandbox.world import World
from avesa_program import Avesa

START = datetime(2026, 3, 2, tzinfo=UTC)
SERVICES = ("monday", "stripe")


@dataclass(frozen=True)
class Played:
    """What a simulated day left behind; the world goes on for some days."""

    ports: Ports
    sandbox: Sandbox
    clock: SandboxClock
    moment: SyncMoment


@pytest.fixture
def played(tmp_path: Path) -> Iterator[Played]:
    world = World(seed=7, start=START, days=9, companies=4)
    clock = SandboxClock(START + timedelta(hours=20))
    with (
        Sandbox(worlds={TENANT: world}, services=SERVICES, clock=clock) as sandbox,
        open_home(tmp_path, clock=running_on(clock)) as home,
    ):
        ports = replace(home, allowances=Unspent())
        connect_services(ports, sandbox)
        assert all(day.report.complete for day in sync_day(ports, SERVICES, 1, lambda *_: None))
        assert not fold_day(ports, 1).errors
        yield Played(ports, sandbox, clock, SyncMoment(clock(), ports.clock()))


def test_the_demo_of_named_services_verifies_what_the_days_left_behind(avesa: Avesa, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    shown = avesa.json("demo", "--service", "duo", "--service", "xero", "--days", "2", "--keep", str(folder))
    assert shown["ok"] and shown["errors"] == []
    assert [(day["day"], day["service"]) for day in shown["days"]] == [(d, s) for d in (1, 2) for s in ("duo", "xero")]
    assert all(day["complete"] and day["rows"] for day in shown["days"])
    assert len(shown["checks"]) == 6 and all(check["ok"] and check["counted"] for check in shown["checks"])
    compared = {(one["service"], one["table"]): one["values"] for one in shown["compared"]}
    assert compared["xero", "invoices"] > 200 and compared["duo", "endpoints"] > 100
    assert {one["table"] for one in shown["tables"]} >= {"companies", "devices", "invoices", "users"}
    text = json.dumps(shown)
    assert "duo-secret" not in text and "xero-secret" not in text


def test_a_person_sees_each_service_each_day_and_what_was_compared(avesa: Avesa, tmp_path: Path) -> None:
    shown = avesa("demo", "--service", "slack", "--days", "1", "--keep", str(tmp_path / "demo")).output
    assert "day 1  slack" in shown and "day 1  folded" in shown
    assert "admin_users" in shown and "current rows equal the sandbox's world" in shown
    assert "FAILED" not in shown


def test_a_service_that_there_is_not_and_two_choices_are_refused() -> None:
    refused = CliRunner().invoke(cli, ["demo", "--service", "strpie"])
    assert refused.exit_code == 2 and "stripe" in refused.output
    refused = CliRunner().invoke(cli, ["demo", "--all", "--service", "stripe"])
    assert refused.exit_code == 2


def test_everything_is_as_the_world_has_it_until_the_world_goes_on(played: Played) -> None:
    account = played.sandbox.account("stripe")
    assert check_world(compare(played.ports, TENANT, "stripe", account)).ok
    played.clock.advance(timedelta(days=7))
    behind = check_world(compare(played.ports, TENANT, "stripe", account))
    assert not behind.ok and any("lacks" in fault for fault in behind.faults)
    sync_tenant(played.ports, TENANT)
    assert check_world(compare(played.ports, TENANT, "stripe", account)).ok


def test_a_value_that_differs_and_a_record_too_many_are_noticed(played: Played) -> None:
    account = played.sandbox.account("monday")
    users = account.contract.tables["users"]
    account.rows.of(users)[0].record["name"] = "Somebody Else"
    account.rows.of(users)[1].is_deleted = True
    found = {one.table: one for one in compare(played.ports, TENANT, "monday", account)}
    # The name is not the world's any more, so it is none of the columns that the vendor's record holds.
    assert any("which was deleted" in fault for fault in found["users"].faults)
    account.rows.of(users)[1].is_deleted = False
    shown = next(s for s in account.rows._shown.values() if s.row is account.rows.of(users)[2])  # type: ignore[attr-defined]
    shown.wanted["title"] = shown.row.record["title"] = "Changed since"
    found = {one.table: one for one in compare(played.ports, TENANT, "monday", account)}
    assert any("users.title" in fault and "Changed since" in fault for fault in found["users"].faults)


def test_a_request_that_a_vendor_does_not_allow_is_told(played: Played) -> None:
    accounts = {name: played.sandbox.account(name) for name in SERVICES}
    assert check_allowed(accounts).ok
    accounts["stripe"].violations.append("GET /v1/customers: limit is above 100.")
    told = check_allowed(accounts)
    assert not told.ok and told.faults == ("stripe: GET /v1/customers: limit is above 100.",)


def test_a_service_that_is_mapped_to_nothing_is_pulled_all_the_same(
    avesa: Avesa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("avesa.sandbox.mapped.placing.mappings_of", lambda service: {})
    monkeypatch.setattr("avesa.pipeline.transform.mapping_names", list)
    shown = avesa.json("demo", "--service", "slack", "--days", "1", "--keep", str(tmp_path / "demo"))
    assert shown["ok"] and shown["compared"] == [] and shown["days"][0]["rows"] > 20


def test_an_idle_sync_commits_nothing_and_one_with_news_would_be_noticed(played: Played) -> None:
    checks = verify_services(played.ports, played.sandbox, [played.moment], [])
    assert [check.ok for check in checks] == [False, True, True, True, True, True], checks
    played.clock.advance(timedelta(days=7))
    assert not check_idle([sync_tenant(played.ports, TENANT)], raw=False).ok


def test_unspent_allowances_give_every_turn_at_once() -> None:
    seen = []

    def step(document: bytes | None) -> tuple[bytes, int]:
        seen.append(document)
        return b"all is used up", len(seen)

    unspent = Unspent()
    assert [unspent.change("account", step) for _ in range(3)] == [1, 2, 3]
    assert seen == [None, None, None]
