"""Places that can only be read: a mount that is read-only, and a process whose user has no right to write."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from full_disks import CannotMount

NOBODY = 65534


@contextmanager
def mounted_read_only(folder: Path, at: Path) -> Iterator[Path]:
    """The folder at another place, where nobody may write, until the end of the block. Raises CannotMount."""
    at.mkdir()
    try:
        _mount("--bind", str(folder), str(at))
    except (OSError, subprocess.CalledProcessError):
        raise CannotMount from None
    try:
        _mount("-o", "remount,bind,ro", str(at))
        yield at
    except subprocess.CalledProcessError:
        raise CannotMount from None
    finally:
        subprocess.run(["umount", str(at)], check=True)


def bound_by_rights() -> tuple[str, ...] | None:
    """What a command begins with whose user the rights of files bind, also where this user is root; None where nothing
    can be begun so.
    """
    if os.geteuid() != 0:
        return ()
    return _setpriv("--bounding-set=-all", "--inh-caps=-all")


def somebody_else() -> tuple[str, ...] | None:
    """The same, of another user, who may read everything: also what lies in this user's own folders."""
    if os.geteuid() != 0:
        return None
    right = "--{}-caps=-all,+dac_read_search"
    user = (f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    return _setpriv(*user, right.format("inh"), right.format("ambient"))


def _setpriv(*options: str) -> tuple[str, ...] | None:
    command = ("setpriv", *options)
    tried = shutil.which("setpriv") and subprocess.run([*command, "true"], capture_output=True, check=False)
    return command if tried and tried.returncode == 0 else None


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True, capture_output=True)
