"""The JSON types of what stands in records, as bits: a field can be of several, and of none where it has nothing."""

from __future__ import annotations

from typing import Any

NOTHING = 0
"""No such field, a null, or a text of blanks: for a rule these are alike."""
TEXT, NUMBER, BOOLEAN, LIST, OBJECT = 1, 2, 4, 8, 16
SCALARS = TEXT | NUMBER | BOOLEAN
TYPES = {"text": TEXT, "number": NUMBER, "boolean": BOOLEAN, "list": LIST, "object": OBJECT}
"""By their names as people read them."""

_OF_CLASS = {str: TEXT, int: NUMBER, float: NUMBER, bool: BOOLEAN, list: LIST, dict: OBJECT}


def type_of(value: Any) -> int:
    """The bit of a decoded value; NOTHING for a null and a text of blanks."""
    bits = _OF_CLASS.get(type(value), NOTHING)
    return NOTHING if bits == TEXT and (not value or value.isspace()) else bits


def type_names(bits: int) -> tuple[str, ...]:
    return tuple(name for name, bit in TYPES.items() if bits & bit)
