"""The program as it is started: by its name or as a module, and interrupted before it has begun."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from avesa import __version__

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
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run([sys.executable, *args], capture_output=True, text=True, check=False, env=environment)


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


def test_a_program_that_is_started_to_ignore_ctrl_c_ignores_it_from_the_beginning() -> None:
    done = run("-c", INTERRUPTED.format(module="click", handler="SIG_IGN"), "--version")
    assert (done.returncode, done.stderr) == (0, "")


def test_ctrl_c_while_a_command_works_ends_it_in_good_order() -> None:
    """An import is no longer under way then, so that what is open is closed."""
    done = run(
        "-c", INTERRUPTED.format(module="avesa.integrations.xero", handler="default_int_handler"), "services", "xero"
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "\nAborted!\n")
