"""The names of fields: as steps, as a mapping writes them, and those that are no names but data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

EACH = "[]"
"""Stands in the steps of a field for the elements of a list."""
ANY = "*"
"""Stands in the steps of a field for all names of an object whose names are data."""

_SIGNS = frozenset(".[]=,*")
_LONG = 100
_DATA = re.compile(
    r"[0-9]+"
    r"|\{?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?"
    r"|(?=[^0-9]*[0-9])[0-9a-fA-F]{16,}"
    r"|[0-9]{1,3}(\.[0-9]{1,3}){3}"
    r"|[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?"
    r"|[^@\s]+@(?!odata|microsoft)[^@\s]+\.[a-zA-Z]{2,}",
    re.IGNORECASE | re.ASCII,
)
"""A name that is a number, a UUID, a digest, an address of a network or of mail, or a day."""


def is_data(name: str) -> bool:
    """Whether the name of a field looks as if it were none."""
    return len(name) > _LONG or _DATA.fullmatch(name) is not None


def field_name(steps: Sequence[str]) -> str:
    """The steps of a field as a mapping says them: dotted, `[]` behind the name of a list. Piece by piece where a name
    itself has a sign in it that would be read otherwise. Half a surrogate pair, which is no text, becomes a mark.
    """
    if any(step not in (EACH, ANY) and is_odd(step) for step in steps):
        found = piece_by_piece(steps)
    else:
        found = ".".join(steps).replace(f".{EACH}", EACH)
    return found.encode(errors="replace").decode()


def piece_by_piece(steps: Iterable[Any]) -> str:
    return json.dumps({"path": list(steps)}, ensure_ascii=False)


def is_odd(name: str) -> bool:
    return not name or not _SIGNS.isdisjoint(name)
