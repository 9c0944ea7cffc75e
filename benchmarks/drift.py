"""Twelve ways in which a vendor's records drift, and what became of them behind a pipeline.

Each case is the JSON of the records of one page, byte for byte as they are sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

Verdict = Literal["bytes", "value", "lost", "refused"]

DIGITS = "$decimal"
"""The name under which a number with all its digits is handed on as a text."""

PATH = "/drift/"
"""Below it each case has an address."""

CASES: Mapping[str, tuple[bytes, ...]] = {
    "a number, then a text": (b'{"id": "1", "v": 1}', b'{"id": "2", "v": "one"}'),
    "a field first seen in the second row": (b'{"id": "1"}', b'{"id": "2", "v": {"late": true}}'),
    "a field that is only ever null": (b'{"id": "1", "v": null}', b'{"id": "2", "v":null}'),
    "lists of mixed elements": (b'{"id": "1", "v": [1, "two", null]}', b'{"id": "2", "v": [{"three": 3}, [4.5]]}'),
    "an empty object": (b'{"id": "1", "v": {}}', b'{"id": "2", "v": { }}'),
    "integers above 2^63": (b'{"id": "1", "v": 9223372036854775808}', b'{"id": "2", "v": 36893488147419103233}'),
    "half a surrogate pair": (b'{"id": "1", "v": "cut \\ud83d"}', b'{"id": "2", "v": "whole \\ud83d\\ude00"}'),
    "more digits than a float has": (b'{"id": "1", "v": 0.12345678901234567890}', b'{"id": "2", "v": 1.10}'),
    "an object, then a list, then a flag": (
        b'{"id": "1", "v": {"a": 1}}',
        b'{"id": "2", "v": [{"a": 1}]}',
        b'{"id": "3", "v": false}',
    ),
    "names that differ in case alone": (b'{"id": "1", "Name": "a", "name": "b"}', b'{"id": "2", "NAME": "c"}'),
    "texts that look like times": (b'{"id": "1", "v": "2026-02-28"}', b'{"id": "2", "v": "2026-02-30 soon"}'),
    "odd names, and a NUL in a text": (b'{"id": "1", "a.b": 1, "": 2}', b'{"id": "2", "\\u00e4 c": "x\\u0000y"}'),
}


def body(number: str) -> bytes:
    """The page of the case of this number, counted from 0."""
    return b"[" + b", ".join(list(CASES.values())[int(number)]) + b"]"


def verdict(sent: Sequence[bytes], texts: Sequence[str] | None, values: Sequence[Mapping[str, Any]] | None) -> Verdict:
    """What became of the records, in any order.

    `texts` are their JSON where a pipeline keeps it, `values` what else it kept of them. Neither means that it refused
    the page. Kept by value means that each field that was sent is there and has the value that it had; whether a null
    is told from a field that is not there does not matter.
    """
    if texts is None and values is None:
        return "refused"
    if texts is not None:
        # Half a surrogate pair may stand in none of them as itself: it was sent as an escape.
        return "bytes" if sorted(text.encode() for text in texts) == sorted(sent) else "lost"
    assert values is not None
    found = {str(row.get("id")): row for row in values}
    wanted = [_decoded(record) for record in sent]
    kept = len(values) == len(wanted) and all(_holds(found.get(str(row["id"]), {}), row) for row in wanted)
    return "value" if kept else "lost"


def _holds(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(name in found and _equal(found[name], value) for name, value in wanted.items())


def _equal(found: Any, wanted: Any) -> bool:
    if isinstance(found, dict) and found.keys() == {DIGITS}:
        found = Decimal(found[DIGITS])
    if isinstance(wanted, bool) or isinstance(found, bool) or wanted is None or found is None:
        return found is wanted
    if isinstance(wanted, dict | list) and isinstance(found, str):
        return _equal(json.loads(found, parse_float=Decimal), wanted)  # kept as JSON in a column of texts
    if isinstance(wanted, dict) and isinstance(found, dict):
        names = {name for name, value in (*found.items(), *wanted.items()) if value is not None}
        return all(_equal(found.get(name), wanted.get(name)) for name in names)
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(map(_equal, found, wanted))
    if isinstance(wanted, int | float | Decimal) and isinstance(found, int | float | Decimal):
        # A float is what its shortest text says, as any reader of JSON would take it.
        return Decimal(str(found)) == Decimal(str(wanted))
    return type(found) is type(wanted) and bool(found == wanted)


def _decoded(record: bytes) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(record, parse_float=Decimal)
    return decoded
