"""A run of the tests says what it left out and why."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent
SKIPPING = """
import pytest
@pytest.mark.parametrize("n", range(3))
def test_skipped(n): pytest.skip("there is no second disk here")
def test_run(): pass
"""
LACKING = "import pytest; pytest.importorskip('no_such_module', reason='it is not installed: make it')"


def test_what_was_left_out_is_told_with_its_reason_once_though_two_workers_say_it(tmp_path: Path) -> None:
    own = (TESTS / "conftest.py").read_text(encoding="utf-8")
    for name, text in {"conftest.py": own, "test_a.py": SKIPPING, "test_b.py": LACKING}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    program = [sys.executable, "-m", "pytest", "-p", "xdist", "-q", "-n", "2", "-c", os.devnull, "--rootdir", "."]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path]),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    done = subprocess.run(program, check=False, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stdout
    told = done.stdout.partition("left out, and why")[2].splitlines()[1:3]
    assert told == ["1 file: it is not installed: make it", "3 tests: there is no second disk here"]
