"""`avesa demo`: it succeeds, it would notice what is wrong, and it deletes only what is its own."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from avesa.cli.commands import cli
from avesa.cli.demo import TENANTS, connect_tenants, running_on, simulated_days
from avesa.cli.demo_checks import TABLES, SyncMoment, check_history, check_idle, check_intervals, check_rebuild
from avesa.cli.demo_home import prepare_demo_home
from avesa.cli.demo_show import DemoOutcome, outcome_json, show_outcome
from avesa.pipeline.home import open_home
from avesa.pipeline.ports import Ports
from avesa.pipeline.snapshots import snapshots
from avesa.pipeline.sync import SyncReport, sync_tenant
from avesa.sandbox.clock import SandboxClock
from avesa.sandbox.server import Sandbox
from avesa.sandbox.world import World
from avesa.shared.errors import UsageError
from avesa_program import Avesa

START = datetime(2026, 3, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Played:
    """What two simulated days left behind."""

    ports: Ports
    sandbox: Sandbox
    moments: tuple[SyncMoment, ...]
    reports: tuple[SyncReport, ...]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    worlds = {name: World(seed=seed, start=START, days=5, companies=4) for seed, name in enumerate(TENANTS)}
    clock = SandboxClock(START)
    home = tmp_path_factory.mktemp("played")
    with Sandbox(worlds=worlds, clock=clock) as sandbox, open_home(home, clock=running_on(clock)) as ports:
        connect_tenants(ports, sandbox)
        days = list(simulated_days(ports, clock, 2))
        yield Played(ports, sandbox, tuple(day.moment for day in days), days[1].reports)


@dataclass(frozen=True)
class Run:
    """`avesa demo` as a person runs it, and what it had to tell."""

    stdout: str
    outcome: DemoOutcome


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("demo")
    outcomes = []

    def watched(out: Console, outcome: DemoOutcome) -> None:
        outcomes.append(outcome)
        show_outcome(out, outcome)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("avesa.cli.demo.show_outcome", watched)
        result = Avesa(folder / "home")("demo", "--days", "3", "--keep", str(folder / "de mo"))
    (outcome,) = outcomes
    return Run(result.stdout, outcome)


def test_the_demo_verifies_a_simulated_history_and_its_commands_can_be_pasted(run: Run) -> None:
    shown = outcome_json(run.outcome)
    assert shown["ok"] and len(shown["days"]) == 3 and shown["errors"] == []
    assert {check["ok"] for check in shown["checks"]} == {True} and len(shown["checks"]) == 5
    assert {(one["tenant"], one["table"]) for one in shown["tables"]} == {(t, c) for t in TENANTS for c in TABLES}
    assert shown["deletions"] and len(shown["ticket"]) > 1
    for command in shown["next"][:4]:
        words = shlex.split(command)
        assert words[0] == "avesa"
        result = CliRunner().invoke(cli, words[1:])
        assert result.exit_code == 0, result.stderr


def test_people_see_days_tables_a_ticket_deletions_and_what_was_verified(run: Run) -> None:
    for words in (
        "day 1  Mon 2026-03-02",
        "closed versions",
        "One ticket's life at northwind-it",
        "Verified",
        "Try next",
    ):
        assert words in run.stdout
    assert "FAILED" not in run.stdout


def test_as_json_it_is_one_document_and_by_default_it_works_in_the_home_folder(
    run: Run, avesa: Avesa, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Path, int]] = []

    def played_before(folder: Path, days: int, seed: int, out: Console) -> DemoOutcome:
        asked.append((folder, days))
        out.print("a line for people")
        return run.outcome

    monkeypatch.setattr("avesa.cli.demo.play", played_before)
    shown, told = avesa.json("demo"), outcome_json(run.outcome)
    assert shown.keys() == told.keys()
    for part in ("ok", "home", "tables", "checks", "next", "errors"):
        assert shown[part] == json.loads(json.dumps(told[part])), part
    assert [day["rows"] for day in shown["days"]] == [day["rows"] for day in told["days"]]
    assert [len(shown[part]) for part in ("ticket", "deletions")] == [len(run.outcome.life), len(run.outcome.deletions)]
    assert asked == [(avesa.home.resolve() / "demo", 5)] and (avesa.home / "demo").is_dir()


def test_a_true_history_passes(played: Played) -> None:
    check = check_history(played.ports, played.sandbox, TENANTS, played.moments)
    assert check.ok, check.faults
    assert check_intervals(played.ports, TENANTS).ok


def test_a_history_that_says_something_else_is_noticed(played: Played) -> None:
    other = {name: World(seed=99, start=START, days=5, companies=4) for name in TENANTS}
    with Sandbox(worlds=other, clock=played.sandbox.clock) as sandbox:
        check = check_history(played.ports, sandbox, TENANTS, played.moments)
    assert not check.ok and check.faults


def test_a_version_that_no_sync_can_have_seen_is_noticed(played: Played) -> None:
    check = check_history(played.ports, played.sandbox, TENANTS, played.moments[:1])
    assert [fault for fault in check.faults if "no sync saw" in fault]


def test_a_sync_that_was_not_idle_is_noticed(played: Played) -> None:
    assert not check_idle(played.reports).ok
    assert check_idle([sync_tenant(played.ports, tenant) for tenant in TENANTS]).ok


def test_a_rebuild_of_what_is_there_is_identical_and_of_less_is_not(played: Played) -> None:
    assert check_rebuild(played.ports, TENANTS[:1], "again").ok
    name = TENANTS[0]
    (receipt, *_) = [
        info.path for info in played.ports.objects.list(f"{name}/raw/connectwise/contacts") if "receipt" in info.path
    ]
    kept = played.ports.objects.read(receipt)
    played.ports.objects.delete([receipt])
    check = check_rebuild(played.ports, TENANTS[:1], "less")
    assert check.faults == (f"{name}: contacts differs after a rebuild",)
    played.ports.objects.write(receipt, kept)
    assert not check_rebuild(played.ports, TENANTS[:1], "whole again").ok
    assert snapshots(played.ports, name)["contacts"].version > 0


def test_the_clock_follows_the_sandbox_and_the_time_that_really_passes() -> None:
    real = [100.0]
    sandbox = SandboxClock(START)
    clock = running_on(sandbox, lambda: real[0])
    real[0] += 3
    assert clock() == START + timedelta(seconds=3)
    sandbox.advance(timedelta(days=1))
    assert clock() == START + timedelta(days=1)
    real[0] += 2
    assert clock() == START + timedelta(days=1, seconds=2)


def test_a_folder_of_a_former_demo_is_emptied_of_what_a_demo_makes_and_of_nothing_else(tmp_path: Path) -> None:
    folder = prepare_demo_home(tmp_path / "demo")
    (folder / "data").mkdir()
    (folder / "data" / "old").write_text("old")
    (folder / "state.db").write_text("old")
    (folder / "notes.txt").write_text("mine")
    prepare_demo_home(folder)
    assert sorted(path.name for path in folder.iterdir()) == [".avesa-demo", "notes.txt"]


def test_a_folder_that_no_demo_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mine").write_text("mine")
    with pytest.raises(UsageError):
        prepare_demo_home(tmp_path)
    assert (tmp_path / "data" / "mine").read_text() == "mine"
