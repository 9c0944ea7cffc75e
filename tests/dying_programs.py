"""Programs that kill themselves at one of the steps in which a file is written."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

_PRELUDE = """
import os, signal, sys
from pathlib import Path

left = int(sys.argv[2])

def dying(call):
    def step(*args, **named):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args, **named)
    return step

def steps_may_kill():
    os.open, os.fsync, os.link = map(dying, (os.open, os.fsync, os.link))
    Path.replace, Path.unlink = map(dying, (Path.replace, Path.unlink))
"""


def is_killed(program: str, place: Path, step: int) -> bool:
    """Whether the program is killed before its step of that number, or comes to its end with fewer.

    It finds `place` in `sys.argv[1]`, and calls `steps_may_kill()` before what is to be broken off.
    """
    command = [sys.executable, "-c", _PRELUDE + program, str(place), str(step)]
    code = subprocess.run(command, check=False).returncode
    assert code in (0, -signal.SIGKILL), code
    return code != 0
