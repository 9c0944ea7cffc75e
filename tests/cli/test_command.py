"""Help, the home folder, and how failures are told."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from urllib.parse import quote

import click
import pytest
from click.testing import CliRunner

from avesa import __version__
from avesa.cli.command import Command, Group, error_json, home, home_option, tell_errors, warn
from avesa.cli.commands import cli
from avesa.cli.deferred import loaded
from avesa.connector.retry import NO_RIGHT
from avesa.shared.errors import AvesaError, UsageError, Where
from avesa_program import PROGRAM, Avesa


def every_command() -> list[tuple[str, click.Command]]:
    found: list[tuple[str, click.Command]] = []
    for name, listed in cli.commands.items():
        command = loaded(listed)
        if isinstance(command, click.Group):
            found += [(f"{name} {inner}", loaded(one)) for inner, one in command.commands.items()]
        else:
            found.append((name, command))
    return found


@pytest.mark.parametrize(("name", "command"), every_command())
def test_every_command_has_a_description_and_examples(avesa: Avesa, name: str, command: click.Command) -> None:
    shown = avesa(*name.split(), "--help").stdout
    assert command.help
    assert "Examples:\n" in shown
    assert f"  avesa {name}" in shown
    assert all(len(line) <= 120 for line in shown.splitlines())


def test_alone_it_shows_its_help_with_the_first_steps(avesa: Avesa) -> None:
    shown = CliRunner().invoke(cli, [])
    assert shown.exit_code == 0
    assert "First steps:\n  avesa demo" in shown.stdout


def test_it_tells_its_version(avesa: Avesa) -> None:
    assert __version__ in avesa("--version").stdout


def test_an_unknown_command_or_option_is_wrong_usage_and_the_closest_is_named(avesa: Avesa) -> None:
    assert "sync" in avesa("snyc", code=2).stderr
    assert "--json" in avesa("status", "--jsn", code=2).stderr


def test_an_option_that_takes_one_value_is_refused_if_it_is_said_twice(avesa: Avesa) -> None:
    """The last one would count, and the first be passed over without a word."""
    for said in (
        ("sync", "--table", "tickets", "--full", "--table", "boards"),
        ("ingest", "--service", "xero", "--service=connectwise"),
        ("status", "--home", "a", "--home", "b"),
    ):
        assert f"Option '{said[1]}' takes one value: say it once." in avesa(*said, code=2).stderr
    assert avesa("sync", "--table", "a", "--table", "b", "--help").stdout.startswith("Usage: avesa sync")
    assert "takes one value" in CliRunner().invoke(cli, ["--home", "a", "--home", "b", "status"]).stderr
    for said in (("--pause", "--resume"), ("--resume", "--pause"), ("--pause", "--pause")):
        told = avesa("connect", "acme", "connectwise", *said, code=2).stderr
        assert "Say one of --pause or --resume, and once." in told
    avesa("services", "--json", "--json")


def test_home_is_taken_after_the_command_before_it_and_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AVESA_HOME", str(tmp_path / "environment"))
    run = CliRunner().invoke
    run(cli, ["tenant", "add", "one"])
    run(cli, ["--home", str(tmp_path / "before"), "tenant", "add", "two"])
    run(cli, ["--home", str(tmp_path / "before"), "tenant", "add", "three", "--home", str(tmp_path / "after")])
    monkeypatch.delenv("AVESA_HOME")
    monkeypatch.chdir(tmp_path)
    run(cli, ["tenant", "add", "four"])
    homes = {"environment": "one", "before": "two", "after": "three", ".avesa": "four"}
    for folder, tenant in homes.items():
        shown = run(cli, ["--home", str(tmp_path / folder), "tenant", "list"]).stdout
        assert {name for name in homes.values() if name in shown} == {tenant}


def test_a_home_that_cannot_be_used_is_told_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    result = subprocess.run(
        [*PROGRAM, "--home", str(tmp_path / "file" / "home"), "status"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert result.stderr.startswith("Error: ")
    assert "Traceback" not in result.stderr


@click.group(cls=Group)
@home_option
def failing() -> None:
    """Commands that fail."""


@failing.command()
@click.argument("how")
def fail(how: str) -> None:
    match how:
        case "usage":
            raise UsageError("there is no such thing.", hint="Did you mean that?")
        case "known":
            raise AvesaError("it broke.", where=Where("acme", "connectwise", "tickets"), hint="Mend it.")
        case "leak":
            raise ValueError(f"{dict(os.environ)!r} {quote(os.environ['PGPASSWORD'])}")
        case _:
            raise ZeroDivisionError("with a secret in it")


@pytest.mark.parametrize(
    ("how", "code", "told"),
    [
        ("usage", 2, "Error: there is no such thing.\n  Did you mean that?\n"),
        ("known", 1, "Error: tenant acme, connectwise/tickets: it broke.\n  Mend it.\n"),
    ],
)
def test_a_failure_says_for_whom_and_what_failed_and_what_to_do(
    how: str, code: int, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AVESA_DEBUG", raising=False)
    result = CliRunner().invoke(failing, ["fail", how])
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", told)


def test_a_bug_is_told_in_few_words_and_with_a_traceback_only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AVESA_DEBUG", raising=False)
    result = CliRunner().invoke(failing, ["fail", "bug"])
    assert result.exit_code == 1
    assert "ZeroDivisionError" in result.stderr and "AVESA_DEBUG=1" in result.stderr
    assert "secret" not in result.stderr and "Traceback" not in result.stderr
    monkeypatch.setenv("AVESA_DEBUG", "1")
    assert "Traceback" in CliRunner().invoke(failing, ["fail", "bug"]).stderr


def test_a_traceback_hides_what_the_environment_holds_of_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVESA_DEBUG", "1")
    monkeypatch.setenv("PGPASSWORD", "hunter/1")
    monkeypatch.setenv("CLICKHOUSE_PASSWORD", "hunter/2")
    monkeypatch.setenv("AVESA_SECRET_ACME_CONNECTWISE_PRIVATE_KEY", "hunter/3")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter/4")
    monkeypatch.setenv("AVESA_WAREHOUSE_URL", "postgresql://loader:hunter%2f5@db.example.com/w")
    told = CliRunner().invoke(failing, ["fail", "leak"]).stderr
    assert "Traceback" in told and "loader:***@db.example.com" in told
    assert "hunter" not in told


@pytest.mark.parametrize(
    "said",
    [
        ("query", "acme", "SELECT '\udcff'"),
        ("query", "\udcff", "SELECT 1"),
        ("history", "acme", "tickets", "\udcff"),
        ("sync", "acme", "--service", "\udcff"),
        ("transform", "acme", "--table", "tickets", "--table", "\udcff"),
        ("connect", "acme", "connectwise", "--set", "company_id=\udcff"),
    ],
)
def test_what_is_typed_and_not_utf8_is_wrong_usage(avesa: Avesa, said: tuple[str, ...]) -> None:
    avesa("tenant", "add", "acme")
    told = avesa(*said, code=2).stderr
    assert "Error: Invalid value for " in told and "is not UTF-8." in told


def test_an_error_s_text_cannot_make_the_terminal_do_things(
    avesa: Avesa, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = AvesaError("the vendor said \x1b]0;PWNED\x07.", where=Where("acme"), hint="Mend\x9b2J it.\r")

    @click.group(cls=Group)
    def program() -> None: ...

    @program.command(cls=Command)
    def breaks() -> None:
        raise told

    tell_errors([told])
    monkeypatch.setenv("AVESA_DEBUG", "1")
    for text in (capsys.readouterr().err, CliRunner().invoke(program, ["breaks"]).stderr):
        assert "Error: tenant acme: the vendor said \ufffd]0;PWNED\ufffd.\n  Mend\ufffd2J it.\ufffd\n" in text
        assert not set(text) & {"\x1b", "\x07", "\x9b", "\r"}


def test_neither_can_a_warning_s(capsys: pytest.CaptureFixture[str]) -> None:
    warn("no table \x1b]0;PWNED\x07", "Mend\x9b2J it.")
    assert capsys.readouterr().err == "Warning: no table \ufffd]0;PWNED\ufffd\n  Mend\ufffd2J it.\n"


def test_a_command_outside_of_the_group_falls_back_to_the_default_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AVESA_HOME", raising=False)
    with click.Context(Command("x")):
        assert home() == Path(".avesa")


def test_a_hint_to_leave_out_tables_can_be_pasted(capsys: pytest.CaptureFixture[str]) -> None:
    def refused(*place: str) -> AvesaError:
        return AvesaError("refused.", where=Where(*place), hint=NO_RIGHT)

    tell_errors([refused("acme", "jira", "boards")])
    assert "leave it out: avesa connect acme jira --without boards\n" in capsys.readouterr().err
    tell_errors([refused("acme", "jira", table) for table in ("boards", "groups")])
    told = "refused. (2 tables: boards, groups)\n  Grant the API user the right to read it, or leave it out:"
    assert f"{told} avesa connect acme jira --without boards --without groups\n" in capsys.readouterr().err
    assert "connect acme jira --without boards" in error_json(refused("acme", "jira", "boards"))["hint"]
    assert "connect TENANT SERVICE --without TABLE" in error_json(refused("acme"))["hint"]
