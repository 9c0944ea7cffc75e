"""What happened to a Delta table between two versions, read from the entries of its log.

The entries themselves are read, each by its number, rather than the table opened at the older version: where entries
were cleaned away, an old version opens without an error and without some of its files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Any
from urllib.parse import unquote

from avesa.canonical_transform.canonical_table import CHANGE_NOTE
from avesa.shared.errors import ObjectMissing
from avesa.shared.objects import Objects

AT_ONCE = 8
"""Small objects that are asked for at a time."""


@dataclass(frozen=True)
class FileChange:
    """The files that are there now and were not, and those that were there and are not, by name."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChangeFiles:
    """The files that say row by row what commits changed, by name, the oldest first."""

    names: tuple[str, ...]


Step = FileChange | ChangeFiles
"""What some commits in a row did."""


def read_entry(objects: Objects, prefix: str, version: int) -> bytes | None:
    """The entry of one version of the table at `prefix`; None where the log has it no more."""
    try:
        return objects.read(f"{prefix}/_delta_log/{version:020}.json")
    except ObjectMissing:
        return None


def read_entries(objects: Objects, prefix: str, first: int, last: int) -> list[bytes] | None:
    """The entries from `first` to `last`, both included; None where the log lacks any of them."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda version: read_entry(objects, prefix, version), range(first, last + 1)))
    entries = [entry for entry in found if entry is not None]
    return entries if len(entries) == len(found) else None


def digest_of(entry: bytes) -> str:
    return hashlib.sha256(entry).hexdigest()


def steps_of(entries: Iterable[bytes]) -> tuple[Step, ...] | None:
    """What entries one after the other come to; None if one of them gives the table another shape."""
    steps: list[Step] = []
    commits = [[json.loads(line) for line in entry.splitlines() if line.strip()] for entry in entries]
    if any("metaData" in action or "protocol" in action for actions in commits for action in actions):
        return None
    for is_told, group in groupby(commits, key=lambda actions: _change_file(actions) is not None):
        if is_told:
            steps.append(ChangeFiles(tuple(filter(None, map(_change_file, group)))))
        else:
            steps.append(_file_change(group))
    return tuple(steps)


def _change_file(actions: Iterable[dict[str, Any]]) -> str | None:
    found = (action["commitInfo"].get(CHANGE_NOTE) for action in actions if "commitInfo" in action)
    return next((str(name) for name in found if name is not None), None)


def _file_change(commits: Iterable[list[dict[str, Any]]]) -> FileChange:
    added: dict[str, None] = {}
    removed: dict[str, None] = {}
    for action in chain.from_iterable(commits):
        if "add" in action:
            _move(action["add"], removed, added)
        elif "remove" in action:
            _move(action["remove"], added, removed)
    return FileChange(tuple(added), tuple(removed))


def _move(action: dict[str, Any], undone: dict[str, None], done: dict[str, None]) -> None:
    """A file that came and went is as if it had never been, and the other way round."""
    name = unquote(action["path"])
    if name in undone:
        del undone[name]
    else:
        done[name] = None
