"""Local files that are whole or absent, and still there after a power cut.

A file is written under a staging name beside its final one, flushed to the disk, and only then given its
final name; then the folder is flushed too. A staging name ends in `#` and digits, which no listing shows.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_STAGED = re.compile(r".+#\d+")
_ABANDONED_AFTER = 3600.0
"""Seconds without a write after which a staging file belongs to nobody that still lives."""


def replace_file(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Make `data` the content of `path`: the old content or the new, never a part. `mode` is cut by the umask.

    The folder must exist. Raises OSError; the old file is then untouched.
    """
    staged = write_staged(path, data, mode=mode)
    with _removed_on_failure(staged):
        publish(staged, path)


def create_file(path: Path, data: bytes) -> bool:
    """Like `replace_file`, but only if nothing has that name yet; False if something has. One of many wins."""
    staged = write_staged(path, data)
    try:
        os.link(staged, path)
    except FileExistsError:
        return False
    finally:
        with suppress(OSError):
            staged.unlink()
    sync_folder(path.parent)
    return True


def write_staged(path: Path, data: bytes, *, mode: int = 0o666) -> Path:
    """A new, flushed file beside `path`, under a staging name. Nothing is left of it on an error."""
    staged = staging_name(path)
    handle = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    with _removed_on_failure(staged), os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return staged


def publish(staged: Path, path: Path) -> None:
    """Give a flushed file its final name, replacing what had it; durable when it returns."""
    staged.replace(path)
    sync_folder(path.parent)


def staging_name(path: Path) -> Path:
    return path.with_name(f"{path.name}#{secrets.randbits(60)}")


def sync_file(path: Path) -> None:
    """Flush what any program wrote to `path`."""
    # Windows flushes only through a handle that may write.
    handle = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Flush the names in a folder. Windows has no such call and needs none."""
    if sys.platform != "win32":
        sync_file(folder)


def make_folders(folder: Path, *, mode: int = 0o777) -> None:
    """Create `folder` and what lacks above it, each flushed into its parent. Existing ones stay as they are."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir(mode=mode, exist_ok=True)
        sync_folder(each.parent)


def remove_abandoned(folder: Path) -> int:
    """Delete the staging files that killed writers left in `folder`; how many.

    One that is not a leftover after all costs its writer a retry and nothing else: it has no final name yet.
    """
    removed = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            if _STAGED.fullmatch(entry.name) and _is_abandoned(entry):
                with suppress(FileNotFoundError):
                    Path(entry.path).unlink()
                    removed += 1
    return removed


def _is_abandoned(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file(follow_symlinks=False) and time.time() - entry.stat().st_mtime > _ABANDONED_AFTER
    except FileNotFoundError:
        return False


@contextmanager
def _removed_on_failure(staged: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(OSError):
            staged.unlink()
        raise
