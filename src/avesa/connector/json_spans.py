"""Where values lie in a JSON text, so that one can be cut out or replaced while every other byte stays as it came.

Slower than a decoder written in C, and more lenient: it is for texts that those refuse (a lone half of a surrogate
pair, a raw line break in a text) and for masking a secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

Span = tuple[int, int]

_LENIENT = json.JSONDecoder(strict=False)
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


def split_list(text: str, path: tuple[str, ...]) -> list[str]:
    """The texts of the elements of the list at `path`. Raises ValueError where the text is no JSON, LookupError
    where there is no list at the path.
    """
    span = value_span(text)
    if _skip(text, span[1]) != len(text):
        raise ValueError("more than one value")
    for name in path:
        if text[span[0]] != "{":
            raise LookupError(name)
        inner = [value for member, value in members(text, span) if member == name]
        if not inner:
            raise LookupError(name)
        span = inner[-1]
    if text[span[0]] != "[":
        raise LookupError("list")
    return [text[begin:end] for begin, end in elements(text, span)]


def masked(text: str, paths: tuple[tuple[str, ...], ...], mask: str = '"***"') -> str:
    """`text` with the values at `paths` replaced, in each element where a path meets an array. Nulls stay."""
    spans: list[Span] = []
    whole = value_span(text)
    for path in paths:
        spans.extend(_at(text, whole, path))
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


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
