"""From the body of a page to the JSON of each of its records, byte for byte: what stands beside them is passed over."""

from __future__ import annotations

import msgspec

from avesa.connector.csv_records import csv_records
from avesa.connector.json_paths import EACH, found_at, values_at
from avesa.connector.json_spans import Missing, Shape, split_records
from avesa.connector.reading import Reading

_ROOT = msgspec.json.Decoder(msgspec.Raw)
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])

_NO_ERROR: tuple[object, ...] = (None, False, "", 0, [], {})

Piece = bytes | msgspec.Raw
"""The JSON of one record."""


class ErrorInstead(LookupError):
    """There is an error where a list may be missing: it is no empty one."""


def pieces_of(body: bytes, reading: Reading) -> tuple[list[str | None], list[Piece]]:
    """The names of the records, where each has one of its own, and their JSON.

    Raises LookupError where there are no records at the expected place (ErrorInstead where it holds an error that may
    be why), ValueError for what is no JSON.
    """
    if reading.records_as == "csv":
        return [], list(csv_records(body, [".".join(path) for path in reading.key]))
    odd: LookupError | None = None
    together: list[tuple[list[str | None], list[Piece]]] = []
    for path in (reading.records, *reading.other_records):
        try:
            found = _pieces_at(body, path, reading.records_as)
            if not reading.records_together:
                return found
            together.append(found)
        except Missing:
            if reading.records_together and path == reading.records and not reading.records_optional:
                raise
        except LookupError as error:
            if reading.records_optional and reading.records_as == "map" and values_at(body, path) == [[]]:
                return [], []  # a language that knows no empty objects writes them as lists
            odd = error
    if odd is not None:
        raise odd
    if together:
        return [name for names, _ in together for name in names], [one for _, pieces in together for one in pieces]
    if reading.records_optional:
        if any(found_at(body, name) not in _NO_ERROR for name in ("error", "errors")):
            raise ErrorInstead
        return [], []
    raise Missing


def _pieces_at(body: bytes, path: tuple[str, ...], shape: Shape) -> tuple[list[str | None], list[Piece]]:
    names: list[str | None] = []
    pieces: list[Piece] = []
    try:
        for found in _found(body, path, body):
            if shape == "list":
                pieces += _LIST.decode(found)
            elif shape == "map":
                named = _OBJECT.decode(found)
                names += named
                pieces += named.values()
            else:
                _OBJECT.decode(found)
                pieces.append(bytes(found).strip())
        return names, pieces
    except msgspec.ValidationError:
        raise LookupError from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # Lone surrogates, raw control characters, NaN: JSON enough to find where each record begins and ends.
        # Bytes that are no UTF-8 pass as surrogates and come back as the same bytes.
        text = body.decode("utf-8", "surrogateescape")
        split = split_records(text, path, shape)
        return [name for name, _ in split], [piece.encode("utf-8", "surrogateescape") for _, piece in split]


def _found(here: bytes | msgspec.Raw, path: tuple[str, ...], body: bytes) -> list[bytes | msgspec.Raw]:
    """What stands at the path. Behind a `*` nothing has to be there. Raises Missing, and what the decoders raise."""
    for index, name in enumerate(path):
        if name == EACH:
            found: list[bytes | msgspec.Raw] = []
            for inner in _inside(here):
                try:
                    found += [below for below in _found(inner, path[index + 1 :], body) if not _is_null(below)]
                except Missing:
                    continue
            return found
        if _is_null(here):
            raise Missing(name)
        members = _OBJECT.decode(here)
        if name not in members:
            _ROOT.decode(body)
            raise Missing(name)
        here = members[name]
    if path and _is_null(here):
        raise Missing("null")
    return [here]


def _inside(here: bytes | msgspec.Raw) -> list[msgspec.Raw]:
    if _is_null(here):
        raise Missing("null")
    if bytes(memoryview(here)[:64]).lstrip()[:1] == b"{":
        return list(_OBJECT.decode(here).values())
    return _LIST.decode(here)


def _is_null(here: bytes | msgspec.Raw) -> bool:
    return len(memoryview(here)) == 4 and bytes(here) == b"null"
