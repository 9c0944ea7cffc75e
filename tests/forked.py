"""Processes of their own that need not import everything anew: one that has, and does nothing else, forks them off.

It has no thread and has opened nothing, so what it forks off is as good as new. Each of them can be killed.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import traceback
from pathlib import Path
from typing import TextIO

MOST_SECONDS = 60
"""A process that takes longer is ended, as one that hangs."""


class Forker:
    """A process that has imported a module of these tests (by name), ready to fork."""

    def __init__(self, module: str) -> None:
        command = [sys.executable, "-c", "import forked, sys; forked.serve(sys.argv[1])", module]
        self._process = subprocess.Popen(
            command, cwd=Path(__file__).parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, function: str, *words: str) -> tuple[int, str]:
        """Call a function of the module in a new process: its exit code (negative if by a signal), and its error."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps([function, *words]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the process that forks has ended"
        code, error = json.loads(line)
        return code, error

    def end(self) -> None:
        self._process.communicate()


def serve(module: str) -> None:
    """What the process does that forks: a child for each line, until there are no more."""
    functions = importlib.import_module(module)
    for line in sys.stdin:
        function, *words = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            signal.alarm(MOST_SECONDS)
            os.close(reading)
            with os.fdopen(writing, "w") as told:
                code = _call(getattr(functions, function), words, told)
            os._exit(code)
        os.close(writing)
        with os.fdopen(reading) as told:
            error = told.read()
        _, status = os.waitpid(child, 0)
        print(json.dumps([os.waitstatus_to_exitcode(status), error]), flush=True)


def _call(function: object, words: list[str], told: TextIO) -> int:
    try:
        function(*words)  # type: ignore[operator]
    except BaseException:
        told.write(traceback.format_exc())
        return 1
    return 0
