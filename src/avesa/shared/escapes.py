"""Escapes in texts that programs write: percent-encoding, a form's, backslashes, HTML's references, doubled quotes.

Which of them a text was escaped with it does not say, so it is read in each way, and in one within the other.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

_DEPTH = 2


def readings(data: bytes) -> dict[bytes, tuple[Escape, ...]]:
    """The text as it can be read, each with the escapes that were undone for it."""
    found: dict[bytes, tuple[Escape, ...]] = {data: ()}
    last = dict(found)
    for _ in range(_DEPTH):
        deeper = {
            escape.pattern.sub(escape.read, known): (*undone, escape)
            for known, undone in last.items()
            for escape in _ESCAPES
        }
        last = {known: undone for known, undone in deeper.items() if known not in found}
        found |= last
    return found


def places(text: str, undone: Iterable[Escape]) -> Sequence[tuple[int, int]]:
    """Of each byte of a reading, from where to where in the text it stands."""
    data = encoded(text)
    spans = [(at, at + 1) for at, letter in enumerate(text) for _ in encoded(letter)]
    for escape in undone:
        read, at = list[tuple[int, int]](), 0
        for found in escape.pattern.finditer(data):
            whole = (spans[found.start()][0], spans[found.end() - 1][1])
            read += [*spans[at : found.start()], *[whole] * len(escape.read(found))]
            at = found.end()
        spans, data = [*read, *spans[at:]], escape.pattern.sub(escape.read, data)
    return spans


def encoded(text: str) -> bytes:
    """In UTF-8; bytes that were none, as Python keeps those of the environment, as they were."""
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return b"".join(
            letter.encode(errors="surrogateescape" if "\udc80" <= letter <= "\udcff" else "surrogatepass")
            for letter in text
        )


@dataclass(frozen=True)
class Escape:
    pattern: re.Pattern[bytes]
    read: Callable[[re.Match[bytes]], bytes]


def _percent(found: re.Match[bytes]) -> bytes:
    return bytes.fromhex(found[1].decode()) if found[1] else b" "


_CONTROLS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b"a": b"\a", b"v": b"\v", b"e": b"\x1b"}


def _backslash(found: re.Match[bytes]) -> bytes:
    """What JSON, Python, Rust, C and SQL escape in this way."""
    if found["pair"]:
        return encoded(bytes.fromhex(found["pair"].decode().replace("\\u", "")).decode("utf-16-be"))
    if found["short"] or found["long"]:
        point = int((found["short"] or found["long"]).strip(b"{}"), 16)
        return encoded(chr(point)) if point <= 0x10FFFF else found[0]
    if found["byte"]:
        return bytes.fromhex(found["byte"].decode())
    if found["octal"]:
        return bytes([int(found["octal"], 8) % 256])
    return _CONTROLS.get(found["other"], found["other"])


def _backslash_of_a_text(found: re.Match[bytes]) -> bytes:
    """The same, where numbers are of characters, not of bytes."""
    read = _backslash(found)
    return read.decode("latin-1").encode() if found["byte"] or found["octal"] else read


def _reference(found: re.Match[bytes]) -> bytes:
    return encoded(html.unescape(found[0].decode()))


_BACKSLASH = re.compile(
    rb"""\\(?:
        u(?P<pair>[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})
        | u(?P<short>[0-9a-fA-F]{4}|\{[0-9a-fA-F]{1,6}\})
        | U(?P<long>[0-9a-fA-F]{8})
        | x(?P<byte>[0-9a-fA-F]{2})
        | (?P<octal>[0-7]{1,3})
        | (?P<other>.)
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = (
    Escape(re.compile(rb"%([0-9A-Fa-f]{2})"), _percent),
    Escape(re.compile(rb"%([0-9A-Fa-f]{2})|\+"), _percent),
    Escape(_BACKSLASH, _backslash),
    Escape(_BACKSLASH, _backslash_of_a_text),
    Escape(re.compile(rb"&(?:\#[0-9]{1,7}|\#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,6});"), _reference),
    Escape(re.compile(rb"''|\"\""), lambda found: found[0][:1]),
)
