"""Dotted paths into JSON. A body is only opened along the path: lists of records beside it are skipped, not decoded.

A path is a text with dots, or a tuple of names where a name has a dot itself (`("@odata.nextLink",)`). `*` stands for
each element of a list or each value of an object; a number for one element of a list.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

Path = str | tuple[str, ...]

EACH = "*"

ABSENT = msgspec.UNSET
"""What stands for a value that is not there, as distinct from null."""

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_ANY = msgspec.json.Decoder(Any)


def split_path(path: Path) -> tuple[str, ...]:
    if isinstance(path, tuple):
        return path
    return tuple(path.split(".")) if path else ()


def value_at(body: bytes | str, path: Path) -> Any:
    """The first value at `path`, or ABSENT, also where the body is no JSON."""
    return next(iter(values_at(body, path)), ABSENT)


def values_at(body: bytes | str, path: Path) -> list[Any]:
    """All values at `path`, in their order; none where the body is no JSON."""
    raw = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body.removeprefix(b"\xef\xbb\xbf")
    names = split_path(path)
    try:
        return [_ANY.decode(found) for found in _descend(raw, names)]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # Raw control characters or half a surrogate pair somewhere: read as leniently as the records are.
        try:
            value = json.loads(raw.decode("utf-8", "replace"), strict=False)
        except (ValueError, RecursionError):
            return []
        return list(_within(value, names))


def found_at(body: bytes, path: Path) -> Any:
    """The first value at `path`, None where there is none or the body is no strict JSON. A name that is not there is
    looked for in any case: vendors write those of errors and totals now so, now so.
    """
    try:
        found = _descend(body.removeprefix(b"\xef\xbb\xbf"), split_path(path), any_case=True)
        return next((_ANY.decode(value) for value in found), None)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def raw_at(text: str, path: Path) -> bytes | None:
    """What stands at `path`, byte for byte; None where nothing does or the text is no strict JSON."""
    try:
        found = next(_descend(text.encode(), split_path(path)), None)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    return None if found is None else bytes(found)


def set_value(value: Any, path: tuple[str, ...], new: Any) -> Any:
    """`value` with `new` at `path`; objects on the way are made where they are missing. Nothing is changed in place.

    Raises ValueError for a place in a list that does not exist.
    """
    if not path:
        return new
    name, rest = path[0], path[1:]
    if isinstance(value, list) and name.isdecimal():
        if int(name) >= len(value):
            raise ValueError(f"the body has no place {name} in its list")
        at = int(name)
        return [*value[:at], set_value(value[at], rest, new), *value[at + 1 :]]
    inside = value if isinstance(value, Mapping) else {}
    return {**inside, name: set_value(inside.get(name), rest, new)}


def _descend(
    raw: bytes | msgspec.Raw, path: tuple[str, ...], *, any_case: bool = False
) -> Iterator[bytes | msgspec.Raw]:
    if not path:
        yield raw
        return
    name, rest = path[0], path[1:]
    begin = bytes(memoryview(raw)[:64]).lstrip()[:1] or bytes(raw).lstrip()[:1]
    if begin == b"{":
        members = _OBJECT.decode(raw)
        if any_case and name not in members:
            name = next((other for other in members if other.lower() == name.lower()), name)
        for inner in members.values() if name == EACH else (members[name],) if name in members else ():
            yield from _descend(inner, rest, any_case=any_case)
    elif begin == b"[" and (name == EACH or name.isdecimal()):
        elements = _LIST.decode(raw)
        for inner in elements if name == EACH else elements[int(name) : int(name) + 1]:
            yield from _descend(inner, rest, any_case=any_case)
    elif begin not in (b"[", b""):
        _ANY.decode(raw)


def _within(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    if not path:
        yield value
        return
    name, rest = path[0], path[1:]
    if isinstance(value, dict):
        for inner in value.values() if name == EACH else (value[name],) if name in value else ():
            yield from _within(inner, rest)
    elif isinstance(value, list) and (name == EACH or name.isdecimal()):
        for inner in value if name == EACH else value[int(name) : int(name) + 1]:
            yield from _within(inner, rest)
