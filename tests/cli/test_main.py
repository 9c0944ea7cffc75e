"""The program as it is started: by its name or as a module, and interrupted before it has begun."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from avesa import __version__

ENV = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

INTERRUPTED = """
import signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
signal.signal(signal.SIGINT, signal.{handler})
from avesa.cli.main import main
main()
"""


def run(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *args], capture_output=True, text=True, check=False, env=ENV)


def test_it_runs_as_a_module_too() -> None:
    done = run("-m", "avesa", "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"avesa, version {__version__}\n", "")
    done = run("-m", "avesa", "snyc")
    assert done.returncode == 2 and done.stderr.startswith("Usage: avesa ")


@pytest.mark.parametrize(
    ("module", "status"),
    [
        ("avesa.cli.interrupts", 128 + signal.SIGINT),
        ("avesa.cli.commands", -signal.SIGINT),
        ("click", -signal.SIGINT),
        ("avesa.cli.tenants", -signal.SIGINT),
        ("rich.console", -signal.SIGINT),
        ("obstore", -signal.SIGINT),
    ],
)
def test_ctrl_c_while_a_module_is_imported_ends_it_without_a_word(module: str, status: int) -> None:
    done = run("-c", INTERRUPTED.format(module=module, handler="default_int_handler"), "tenant", "list")
    assert (done.returncode, done.stdout, done.stderr) == (status, "", "")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8", "ascii:surrogateescape"])
def test_letters_that_the_encoding_of_stdout_lacks_are_told_all_the_same(tmp_path: Path, encoding: str) -> None:
    env = {**ENV, "PYTHONIOENCODING": encoding, "AVESA_HOME": str(tmp_path / "home")}
    program = [sys.executable, "-m", "avesa"]
    subprocess.run([*program, "tenant", "add", "acme"], env=env, check=True, capture_output=True)
    for more in ([], ["--csv"], ["--json"]):
        asked = [*program, "query", "acme", "SELECT 'é€😀' AS a", *more]
        done = subprocess.run(asked, env=env, check=False, capture_output=True)
        assert (done.returncode, done.stderr) == (0, b"")
        name = encoding.partition(":")[0]
        if more == ["--json"]:
            assert json.loads(done.stdout.decode(name)) == [{"a": "é€😀"}]
        else:
            # Where there is but ASCII, click writes UTF-8.
            told = ["é€😀".encode(name, "backslashreplace"), *(["é€😀".encode()] if name == "ascii" else [])]
            assert any(one in done.stdout for one in told)


def test_a_program_that_is_started_to_ignore_ctrl_c_ignores_it_from_the_beginning() -> None:
    done = run("-c", INTERRUPTED.format(module="click", handler="SIG_IGN"), "--version")
    assert (done.returncode, done.stderr) == (0, "")


def test_ctrl_c_while_a_command_works_ends_it_in_good_order() -> None:
    """An import is no longer under way then, so that what is open is closed."""
    done = run(
        "-c", INTERRUPTED.format(module="avesa.integrations.xero", handler="default_int_handler"), "services", "xero"
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "\nAborted!\n")


FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
COMMANDS = [("--version",), ("--help",), ("sync", "--help"), ("services",), ("services", "--json"), ("warehouse",)]


@FULL
@pytest.mark.parametrize("args", COMMANDS)
@pytest.mark.parametrize("python", [(), ("-u",)])
def test_a_stdout_that_cannot_be_written_is_told_in_one_line(args: tuple[str, ...], python: tuple[str, ...]) -> None:
    done = run_into("/dev/full", *python, "-m", "avesa", *args)
    assert (done.returncode, done.stderr) == (1, "Error: standard output cannot be written: No space left on device.\n")


@pytest.mark.parametrize("args", COMMANDS)
def test_a_pipe_that_nobody_reads_any_more_ends_it_without_a_word(args: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = run_into(writing, "-m", "avesa", *args)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


@FULL
def test_what_cannot_be_told_on_stderr_changes_no_exit_status() -> None:
    for args, status in ((("snyc",), 2), (("services", "nothing"), 2), (("services",), 0)):
        with Path("/dev/full").open("w") as full:
            program = [sys.executable, "-m", "avesa", *args]
            done = subprocess.run(program, stdout=subprocess.DEVNULL, stderr=full, check=False, env=ENV)
        assert done.returncode == status, args


def run_into(stdout: str | int, *args: str) -> subprocess.CompletedProcess[str]:
    with open(stdout, "w", closefd=isinstance(stdout, str)) as outlet:
        return subprocess.run(
            [sys.executable, *args], stdout=outlet, stderr=subprocess.PIPE, text=True, check=False, env=ENV
        )
