"""Where data files of ours lie that are no code: beside the package when it is installed, else in the repository."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_REPOSITORY = _PACKAGE.parents[1]


def shipped(name: str, at: str | None = None) -> Path:
    """The folder `name` of the installed package, or `at` (else `name`) below the root of the repository."""
    installed = _PACKAGE / name
    return installed if installed.is_dir() else _REPOSITORY / (at or name)
