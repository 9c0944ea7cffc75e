"""Values that nobody may see, in every spelling in which a text may repeat them.

Whatever a text is escaped with is undone. A value is looked for as it is, in base64 and in hexadecimal digits, and at
the end of the text its beginning, since messages are cut.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from avesa.shared.escapes import encoded, places, readings

_LEAST = 8  # characters: a shorter value may stand anywhere by chance
_LEAST_DIGITS = 3  # bytes: so may the digits of a shorter one
_HEX = b"0123456789abcdefABCDEF"
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_CUT = re.compile(rb"""(?:[\s.)}\]"'>]|\xe2\x80\xa6)*""")  # what may follow the last letter of a text that was cut


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
    return bool(forms) and any(form.data in data for data in readings(encoded(text)) for form in forms)


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
        pairs = enumerate(zip(rest, self.data, strict=False))
        same = next((at for at, (one, other) in pairs if one != other), len(rest))
        while _LEAST <= same < len(rest) and rest[same] & 0xC0 == 0x80:  # amid a letter
            same -= 1
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
        data = encoded(text)
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


def _spans(text: str, values: Iterable[str]) -> Iterator[tuple[int, int]]:
    """From where to where in the text the values stand."""
    forms = _forms(values)
    for data, undone in readings(encoded(text)).items() if forms else ():
        found = [span for form in forms for span in form.spans(data)]
        if found:
            stands = places(text, undone)
            yield from ((stands[start][0], stands[end - 1][1]) for start, end in found)


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
