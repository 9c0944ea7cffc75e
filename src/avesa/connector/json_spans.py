"""Where values lie in a JSON text, so that one can be cut out or replaced while every other byte stays as it came.

Slower than a decoder written in C, and more lenient: it is for texts that those refuse (a lone half of a surrogate
pair, a raw line break in a text) and for masking a secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Literal

from avesa.connector.json_paths import EACH

Span = tuple[int, int]

Shape = Literal["list", "object", "map", "csv"]
"""What stands at the path of the records: a list of them, one of them, or an object that has them by their ids. With
"csv" the body is no JSON at all, but comma-separated values.
"""

ANYWHERE = "**"

# Numbers are not read here, however many digits they have.
_LENIENT = json.JSONDecoder(strict=False, parse_int=str, parse_float=str)
_SPACE = re.compile(r"[ \t\r\n]*")


def value_span(text: str, start: int = 0) -> Span:
    """Begin and end of the value at or behind `start`. Raises ValueError where there is none."""
    begin = _skip(text, start)
    try:
        return begin, _LENIENT.raw_decode(text, begin)[1]
    except RecursionError:
        raise ValueError("nested too deeply") from None


def elements(text: str, array: Span) -> Iterator[Span]:
    """The spans of an array's elements."""
    at = _skip(text, array[0] + 1)
    while text[at] != "]":
        span = value_span(text, at)
        yield span
        at = _skip(text, span[1])
        if text[at] == ",":
            at = _skip(text, at + 1)


def members(text: str, obj: Span) -> Iterator[tuple[str, Span]]:
    """The names and the spans of the values of an object's members, repeated names included."""
    at = _skip(text, obj[0] + 1)
    while text[at] != "}":
        name, at = _LENIENT.raw_decode(text, at)
        span = value_span(text, _skip(text, at) + 1)  # behind the colon
        yield name, span
        at = _skip(text, span[1])
        if text[at] == ",":
            at = _skip(text, at + 1)


class Missing(LookupError):
    """There is nothing at the path, or null: as opposed to something of another shape."""


def split_records(text: str, path: tuple[str, ...], shape: Shape) -> list[tuple[str | None, str]]:
    """The texts of the records at `path`, each with its name where `shape` is "map".

    Raises ValueError where the text is no JSON, Missing where there is nothing at the path, LookupError where there
    is something of another shape.
    """
    span = value_span(text)
    if _skip(text, span[1]) != len(text):
        raise ValueError("more than one value")
    found: list[tuple[str | None, str]] = []
    for begin, end in _at_path(text, span, path):
        first = text[begin]
        if text[begin:end] == "null":
            raise Missing("null")
        if first != ("[" if shape == "list" else "{"):
            raise LookupError(shape)
        if shape == "list":
            found += [(None, text[a:b]) for a, b in elements(text, (begin, end))]
        elif shape == "map":
            found += [(name, text[a:b]) for name, (a, b) in members(text, (begin, end))]
        else:
            found.append((None, text[begin:end]))
    return found


def _at_path(text: str, span: Span, path: tuple[str, ...]) -> list[Span]:
    for index, name in enumerate(path):
        if text[span[0] : span[1]] == "null":
            raise Missing(name)
        if name == EACH:
            if text[span[0]] not in "[{":
                raise LookupError(name)
            inside = elements(text, span) if text[span[0]] == "[" else (value for _, value in members(text, span))
            spans: list[Span] = []
            for inner in inside:
                try:
                    below = _at_path(text, inner, path[index + 1 :])
                except Missing:
                    continue
                spans += [s for s in below if text[s[0] : s[1]] != "null"]
            return spans
        if text[span[0]] != "{":
            raise LookupError(name)
        named = [value for member, value in members(text, span) if member == name]
        if not named:
            raise Missing(name)
        span = named[-1]
    return [span]


def masked(text: str, paths: tuple[tuple[str, ...], ...], mask: str = '"***"') -> str:
    """`text` with the values at `paths` replaced, in each element where a path meets an array. Nulls stay. `**` at the
    beginning of a path stands for any number of names, none among them. Raises ValueError for what is no JSON, or is
    nested too deeply to be looked through.
    """
    spans: list[Span] = []
    whole = value_span(text)
    try:
        for path in paths:
            if path[0] != ANYWHERE:
                spans.extend(_at(text, whole, path))
            elif f'"{path[1]}"' in text or "\\u" in text:  # a name may be written in escapes
                spans.extend(_anywhere(text, whole, path[1:]))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    pieces: list[str] = []
    done = 0
    for begin, end in sorted(set(spans)):
        if begin < done:  # inside a value that is masked as a whole
            continue
        if text[begin:end] != "null":
            pieces += text[done:begin], mask
            done = end
    return "".join((*pieces, text[done:]))


def _at(text: str, span: Span, path: tuple[str, ...]) -> Iterator[Span]:
    if not path:
        yield span
    elif text[span[0]] == "[":
        for element in elements(text, span):
            yield from _at(text, element, path)
    elif text[span[0]] == "{":
        for name, value in members(text, span):
            if name == path[0]:
                yield from _at(text, value, path[1:])


def _anywhere(text: str, span: Span, path: tuple[str, ...]) -> Iterator[Span]:
    if text[span[0]] == "{":
        yield from _at(text, span, path)
        for _, value in members(text, span):
            yield from _anywhere(text, value, path)
    elif text[span[0]] == "[":
        for element in elements(text, span):
            yield from _anywhere(text, element, path)


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
