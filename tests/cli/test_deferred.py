"""A command is imported when it is asked for, and until then its group tells the same of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from avesa.cli.command import Group
from avesa.cli.commands import cli
from avesa.cli.deferred import Deferred, loaded

SLOW = (
    *("adbc_driver_manager", "arro3", "botocore", "cryptography", "deltalake", "duckdb", "jsonschema", "msgspec"),
    *("obstore", "rich", "urllib3"),
    *("avesa.aws", "avesa.canonical_transform", "avesa.connector", "avesa.integrations", "avesa.pipeline"),
    *("avesa.sandbox", "avesa.warehouse"),
)
"""What takes long to import, or imports what does."""
TELLING = """
import atexit, sys
atexit.register(lambda: sys.stderr.write("\\n" + " ".join(sys.modules)))
from avesa.cli.main import main
main()
"""


def deferred_commands(group: click.Group = cli) -> Iterator[Deferred]:
    for command in group.commands.values():
        if isinstance(command, Deferred):
            yield command
        one = loaded(command)
        if isinstance(one, click.Group):
            yield from deferred_commands(one)


def slow_modules(home: Path, *args: str, code: int = 0, **environment: str) -> tuple[set[str], str]:
    """Which of SLOW a program of its own has imported in the end, and what it said."""
    done = subprocess.run(
        [sys.executable, "-c", TELLING, *args],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "AVESA_HOME": str(home), "PYTHONPATH": os.pathsep.join(sys.path), **environment},
    )
    assert done.returncode == code, done.stderr
    return set(SLOW).intersection(done.stderr.splitlines()[-1].split()), done.stdout


@pytest.mark.parametrize("command", list(deferred_commands()), ids=lambda command: str(command.name))
def test_the_group_tells_of_a_command_what_it_tells_itself(command: Deferred) -> None:
    itself = command.load()
    assert (command.name, command.hidden, command.deprecated) == (itself.name, itself.hidden, itself.deprecated)
    for width in range(10, 150):
        assert command.get_short_help_str(width) == itself.get_short_help_str(width)


def groups(group: click.Group = cli) -> Iterator[click.Group]:
    yield group
    for command in group.commands.values():
        one = loaded(command)
        if isinstance(one, click.Group):
            yield from groups(one)


def test_a_list_of_commands_tells_each_in_a_line_of_80_characters() -> None:
    for group in groups():
        shown = group.get_help(click.Context(group, info_name="avesa", terminal_width=78))  # click leaves two free
        commands = shown.partition("\nCommands:\n")[2].partition("\n\n")[0].splitlines()
        assert [line.split()[0] for line in commands] == sorted(group.commands), "one line each"
        assert not [line for line in commands if line.endswith("...")]


def test_all_commands_of_the_program_are_deferred() -> None:
    assert all(isinstance(command, Deferred) for command in cli.commands.values())
    assert len(list(deferred_commands())) == len(cli.commands) + 3  # services new, warehouse load, warehouse forget


@pytest.mark.parametrize(
    ("args", "code"),
    [((), 0), (("--help",), 0), (("--version",), 0), (("snyc",), 2), (("--fast",), 2)],
    ids=["nothing", "help", "version", "unknown-command", "unknown-option"],
)
def test_help_version_and_wrong_usage_import_no_command(tmp_path: Path, args: tuple[str, ...], code: int) -> None:
    assert slow_modules(tmp_path, *args, code=code)[0] == set()


def test_completion_imports_the_command_whose_options_are_asked_for_and_no_other(tmp_path: Path) -> None:
    def completed(words: str) -> tuple[set[str], str]:
        count = str(len(words.split()) - 1)
        return slow_modules(tmp_path, _AVESA_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=count)

    assert completed("avesa te") == (set(), "plain,tenant\n")
    imported, said = completed("avesa tenant li")
    assert said == "plain,list\n" and "deltalake" not in imported
    assert completed("avesa sync --fu")[1] == "plain,--full\n"


def test_the_small_commands_import_what_they_use(tmp_path: Path) -> None:
    tenants = {"avesa.pipeline", "msgspec", "obstore", "rich"}
    assert slow_modules(tmp_path, "tenant", "add", "acme")[0] == tenants
    assert slow_modules(tmp_path, "tenant", "list")[0] == tenants
    declarations = {"avesa.connector", "avesa.integrations", "msgspec", "rich"}
    assert slow_modules(tmp_path, "services")[0] == declarations
    assert slow_modules(tmp_path, "services", "xero")[0] == declarations
    logs = {"arro3", "avesa.canonical_transform", "deltalake"}
    assert slow_modules(tmp_path, "status")[0] == tenants | declarations | logs


def test_a_command_that_cannot_be_imported_is_a_bug_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AVESA_DEBUG", raising=False)
    group = Group("avesa")
    group.add_command(Deferred("gone", "avesa.no_such_module:gone", "Was here."))
    group.add_command(Deferred("other", "os:sep", "Is something else."))
    shown = CliRunner().invoke(group, ["--help"])
    assert shown.exit_code == 0 and "Was here." in shown.stdout
    for name, kind in (("gone", "ModuleNotFoundError"), ("other", "TypeError")):
        result = CliRunner().invoke(group, [name])
        assert result.exit_code == 1
        assert f"This is a bug in avesa ({kind})" in result.stderr
