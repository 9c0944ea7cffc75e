"""Disks that are full for real: a small file system, or a limit to how long the files of this process may grow."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class CannotMount(Exception):
    """This user may not mount a file system."""


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of that size in the folder, until the end of the block. Raises CannotMount."""
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True, capture_output=True
        )
    except (OSError, subprocess.CalledProcessError):
        raise CannotMount from None
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(folder: Path, *, but: int = 0) -> Path:
    """A file that leaves `but` bytes of the file system."""
    found = os.statvfs(folder)
    filler = folder / "filler"
    filler.write_bytes(b"x" * max(0, found.f_bavail * found.f_frsize - but))
    return filler


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """For the whole process, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
