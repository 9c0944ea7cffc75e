"""Values that nobody may see, in every spelling in which a text may repeat them.

A text is read as it stands, and with its escapes undone, one within the other as well: percent-encoding, a form's,
backslashes, HTML's references and doubled quotes. In each reading a value is looked for as it is, in base64 and in
hexadecimal digits, and at the end of the text its beginning, since messages are cut.
"""

from __future__ import annotations

import html
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

_LEAST = 8  # characters: a shorter value may stand anywhere by chance
_LEAST_DIGITS = 3  # bytes: so may the digits of a shorter one
_DEPTH = 2
_HEX = b"0123456789abcdefABCDEF"
_CUT = re.compile(rb"""(?:[\s.)}\]"'>]|\xe2\x80\xa6)*""")
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"


def hidden(text: str, values: Iterable[str]) -> str:
    """`text` with `***` in the place of each of `values`, and of the digits in which it stands."""
    parts: list[str] = []
    done = 0
    for start, end in _united(sorted(_spans(text, values))):
        parts += text[done:start], "***"
        done = end
    return "".join((*parts, text[done:]))


def shows(text: str, values: Iterable[str]) -> bool:
    """Whether one of `values` stands in `text`."""
    forms = _forms(value for value in values if len(value) >= _LEAST)
    return bool(forms) and any(form.data in data for data in _readings(_encoded(text)) for form in forms)


@dataclass(frozen=True)
class _Form:
    """What is looked for. Digits are hidden with all that they stand among."""

    data: bytes
    digits: bytes = b""

    def spans(self, data: bytes) -> Iterator[tuple[int, int]]:
        end, start = 0, data.find(self.data[:_LEAST])
        while start >= 0:
            if data.startswith(self.data, start):
                end = start + len(self.data)
                yield self._among(data, start, end)
            elif start >= end and (cut := self._cut(data[start:])):
                yield self._among(data, start, start + cut)
            start = data.find(self.data[:_LEAST], start + 1)

    def _cut(self, rest: bytes) -> int:
        """How many bytes the end of a text has in common with the beginning of the value; 0 if it goes on otherwise."""
        same = next(
            (at for at, (one, other) in enumerate(zip(rest, self.data, strict=False)) if one != other), len(rest)
        )
        return same if same >= _LEAST and _CUT.fullmatch(rest, same) else 0

    def _among(self, data: bytes, start: int, end: int) -> tuple[int, int]:
        if not self.digits:
            return start, end
        return len(data[:start].rstrip(self.digits)), len(data) - len(data[end:].lstrip(self.digits).lstrip(b"="))


def _forms(values: Iterable[str]) -> set[_Form]:
    forms = set[_Form]()
    for data in {data for value in values for data in _as_bytes(value)}:
        forms.add(_Form(data))
        if len(data) >= _LEAST_DIGITS:
            forms |= {_Form(digits, _HEX) for digits in (data.hex().encode(), data.hex().upper().encode())}
            forms |= {_Form(digits, _BASE64) for digits in _base64(data)}
    return forms


def _as_bytes(value: str) -> Iterator[bytes]:
    """In UTF-8, as who takes it for Latin-1 or cannot read it tells it, and in Latin-1; also without spaces around."""
    for text in {value, value.strip()} if value.strip() else ():
        data = _encoded(text)
        yield data
        yield data.decode("latin-1").encode()
        yield data.decode(errors="replace").encode()
        with suppress(UnicodeEncodeError):
            yield text.encode("latin-1")


def _base64(data: bytes) -> Iterator[bytes]:
    """Behind any number of other bytes, without the digits that it shares with those around it."""
    for before in range(3):
        digits = b64encode(bytes(before) + data)[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
        yield digits
        yield digits.translate(bytes.maketrans(b"+/", b"-_"))


@dataclass(frozen=True)
class _Escape:
    pattern: re.Pattern[bytes]
    read: Callable[[re.Match[bytes]], bytes]


def _percent(found: re.Match[bytes]) -> bytes:
    return bytes.fromhex(found[1].decode()) if found[1] else b" "


_CONTROLS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b"a": b"\a", b"v": b"\v", b"e": b"\x1b"}


def _backslash(found: re.Match[bytes]) -> bytes:
    """What JSON, Python, Rust, C and SQL escape in this way."""
    if found["pair"]:
        return _encoded(bytes.fromhex(found["pair"].decode().replace("\\u", "")).decode("utf-16-be"))
    if found["short"] or found["long"]:
        point = int((found["short"] or found["long"]).strip(b"{}"), 16)
        return _encoded(chr(point)) if point <= 0x10FFFF else found[0]
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
    return _encoded(html.unescape(found[0].decode()))


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
    _Escape(re.compile(rb"%([0-9A-Fa-f]{2})"), _percent),
    _Escape(re.compile(rb"%([0-9A-Fa-f]{2})|\+"), _percent),
    _Escape(_BACKSLASH, _backslash),
    _Escape(_BACKSLASH, _backslash_of_a_text),
    _Escape(re.compile(rb"&(?:\#[0-9]{1,7}|\#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,6});"), _reference),
    _Escape(re.compile(rb"''|\"\""), lambda found: found[0][:1]),
)


def _readings(data: bytes) -> dict[bytes, tuple[_Escape, ...]]:
    """The text as it can be read, each with the escapes that were undone for it."""
    readings: dict[bytes, tuple[_Escape, ...]] = {data: ()}
    last = dict(readings)
    for _ in range(_DEPTH):
        deeper = {
            escape.pattern.sub(escape.read, known): (*undone, escape)
            for known, undone in last.items()
            for escape in _ESCAPES
        }
        last = {known: undone for known, undone in deeper.items() if known not in readings}
        readings |= last
    return readings


def _spans(text: str, values: Iterable[str]) -> Iterator[tuple[int, int]]:
    """From where to where in the text the values stand."""
    forms = _forms(values)
    for data, undone in _readings(_encoded(text)).items() if forms else ():
        found = [span for form in forms for span in form.spans(data)]
        if found:
            places = _places(text, undone)
            yield from ((places[start][0], places[end - 1][1]) for start, end in found)


def _places(text: str, undone: Iterable[_Escape]) -> Sequence[tuple[int, int]]:
    """Of each byte of a reading, from where to where in the text it stands."""
    data = _encoded(text)
    places = [(at, at + 1) for at, character in enumerate(text) for _ in _encoded(character)]
    for escape in undone:
        read, at = list[tuple[int, int]](), 0
        for found in escape.pattern.finditer(data):
            whole = (places[found.start()][0], places[found.end() - 1][1])
            read += [*places[at : found.start()], *[whole] * len(escape.read(found))]
            at = found.end()
        places, data = [*read, *places[at:]], escape.pattern.sub(escape.read, data)
    return places


def _united(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Those that overlap as one."""
    last: tuple[int, int] | None = None
    for start, end in spans:
        if last is not None and start < last[1]:
            last = (last[0], max(last[1], end))
        else:
            if last is not None:
                yield last
            last = (start, end)
    if last is not None:
        yield last


def _encoded(text: str) -> bytes:
    """In UTF-8; bytes that were none, as Python keeps those of the environment, as they were."""
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return b"".join(
            letter.encode(errors="surrogateescape" if "\udc80" <= letter <= "\udcff" else "surrogatepass")
            for letter in text
        )
