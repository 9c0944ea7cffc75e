from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from aws_server import an_installation
from port_sides import Side, SqliteSide, State, dynamo_side


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 128 KiB. Skipped where this user may not mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(folder)], check=True, capture_output=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this user may not mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture(params=["embedded", "aws"])
def side(request: pytest.FixtureRequest, tmp_path: Path) -> Side:
    """Each side of the ports in turn, empty."""
    if request.param == "embedded":
        return SqliteSide(str(tmp_path))
    return dynamo_side(an_installation(request.getfixturevalue("aws")))


@pytest.fixture
def state(side: Side) -> Iterator[State]:
    with side.open() as opened:
        yield opened
