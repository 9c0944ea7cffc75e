"""What this user may do with the files of an installation: change them, only read them, or not even that.

The system is asked, and nothing is tried: a look leaves nothing behind, whatever the answer.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from avesa.shared.errors import StorageError

_AS_EFFECTIVE_USER = os.access in os.supports_effective_ids


def can_write(path: Path) -> bool:
    """Whether this user may change an existing file, or make files in an existing folder."""
    return os.access(path, os.W_OK | os.X_OK if path.is_dir() else os.W_OK, effective_ids=_AS_EFFECTIVE_USER)


def can_read(path: Path) -> bool:
    """Whether this user may read an existing file, or reach what lies in an existing folder."""
    return os.access(path, os.X_OK if path.is_dir() else os.R_OK, effective_ids=_AS_EFFECTIVE_USER)


def only_readable(path: Path) -> StorageError:
    """What to tell whoever would write there and may not: who that is, and what to do."""
    if _is_mounted_read_only(path):
        why, way = "its file system is mounted read-only", "Do it where it can be written."
    else:
        why, way = f"{_this_user()} has no right to write it", _way(path, "w", "Do it as {}, who owns it.")
    works = "What only reads works here: avesa query, history, status, verify, warehouse ddl and others."
    return StorageError(f"{path} can only be read: {why}.", hint=f"{way} {works}")


def unreadable(path: Path) -> StorageError:
    """What to tell whoever may not even read it."""
    way = _way(path, "rx" if path.is_dir() else "r", "{} owns it, and can let others read it: docs/runbook.md")
    return StorageError(f"{path} cannot be read: {_this_user()} has no right to it.", hint=way)


def _is_mounted_read_only(path: Path) -> bool:
    return sys.platform != "win32" and bool(os.statvfs(path).f_flag & os.ST_RDONLY)


if sys.platform == "win32":
    import getpass

    def _this_user() -> str:
        return getpass.getuser()

    def _way(path: Path, right: str, other: str) -> str:
        return f"Look at the rights to {path}."

else:
    import pwd

    def _this_user() -> str:
        return _name(os.geteuid())

    def _way(path: Path, right: str, other: str) -> str:
        """The owner can give the right, and others ask whoever that is."""
        owner = path.stat().st_uid
        return f"Run: chmod u+{right} {path}." if owner == os.geteuid() else other.format(_name(owner))

    def _name(user: int) -> str:
        try:
            return pwd.getpwuid(user).pw_name
        except KeyError:
            return f"user {user}"
