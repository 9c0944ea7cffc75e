"""Who this process is, and whether another one on the same machine still lives."""

from __future__ import annotations

import os
import secrets
import socket
import sys
from contextlib import suppress
from pathlib import Path

THIS_PROCESS = secrets.token_hex(8)
"""Tells this process from an earlier one of the same pid, as in a container that was started again."""


def is_alive(host: str, pid: int, process: str) -> bool:
    """Whether the process may still live; True for one on another host, of which nobody here can tell."""
    if host != host_name():
        return True
    if pid == os.getpid():
        return process == THIS_PROCESS
    return _answers(pid)


def host_name() -> str:
    """The machine's name and, on Linux, its space of process ids: containers that share a name do not share pids."""
    space = ""
    with suppress(OSError):
        space = str(Path("/proc/self/ns/pid").readlink())
    return f"{socket.gethostname()} {space}".strip()


def _answers(pid: int) -> bool:
    if sys.platform == "win32":  # there is no harmless signal to ask with, so only the time counts
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
