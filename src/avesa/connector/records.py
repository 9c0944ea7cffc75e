"""From the body of a page to rows, each with the record's JSON exactly as the vendor sent it.

Only what a row needs is read from a record (its key, its time, its deletion flag); all else is carried as bytes,
so no drift in a vendor's schema can change or stop it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import datetime
from itertools import repeat
from typing import Any

import msgspec
import msgspec.structs

from avesa.connector.csv_records import csv_records
from avesa.connector.incremental import Events
from avesa.connector.json_paths import EACH, raw_at, split_path, values_at
from avesa.connector.json_spans import Missing, Shape, masked, split_records
from avesa.connector.reading import Reading
from avesa.connector.service import Deleted
from avesa.shared.errors import TableFailed

_ROOT = msgspec.json.Decoder(msgspec.Raw)
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ANY = msgspec.json.Decoder(Any)

ONLY = "only"
"""The id of the one object that a table has, where the vendor gives it no key."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """One record of a page. `payload` is its JSON; the rest is what was read from it."""

    record_id: str | None
    payload: str
    updated_at: datetime | None
    is_deleted: bool
    problem: str | None
    parent_id: str | None = None
    """Where one page holds the records of several parents."""


def told_by_events(listed: list[Record], events: Events, reading: Reading) -> list[Record]:
    """The records that a page of events tells of one table, each at its event's time; `reading` is the table's.

    An event of the table that holds no record lands as it is, with its problem (and without what should have held the
    record, where the table has secrets). Raises TableFailed for secrets that cannot be found.
    """
    told = []
    for event in listed:
        value = _lenient(event.payload)
        kind = _get(value, split_path(events.type))
        if not isinstance(kind, str) or not kind.startswith(events.types):
            continue
        piece = raw_at(event.payload, events.object)
        try:
            if piece is None:
                told.append(_without_record(event, events, reading))
                continue
            record = _record(piece, reading, None)
        except ValueError:
            raise TableFailed("An event holds a record whose secret fields cannot be found.") from None
        gone = record.is_deleted or kind in events.deleted
        problem = record.problem or event.problem
        told.append(msgspec.structs.replace(record, updated_at=event.updated_at, is_deleted=gone, problem=problem))
    return told


def _without_record(event: Record, events: Events, reading: Reading) -> Record:
    payload = event.payload
    if reading.secret_fields and events.object:
        payload = masked(payload, (split_path(events.object)[:1],))
    problem = f"no record: the event holds none at {events.object}"
    return msgspec.structs.replace(event, record_id=None, payload=payload, problem=problem)


def read_page(body: bytes, reading: Reading, *, page: int, parent_id: str | None) -> list[Record]:
    """The records of one page, in the vendor's order.

    Raises TableFailed, which names the page and what was expected and never quotes the content, where the body is
    not JSON or holds no records at the expected place.
    """
    body = body.removeprefix(b"\xef\xbb\xbf")
    place = f"at {'.'.join(reading.records)}" if reading.records else "as the whole body"
    what = {"list": "a list", "csv": "a table with its key"}.get(reading.records_as, "an object")
    form = "comma-separated" if reading.records_as == "csv" else "JSON"
    try:
        names, pieces = _pieces(body, reading)
    except LookupError:
        raise TableFailed(f"Page {page} has an unexpected shape: {what} was expected {place}.") from None
    except ValueError:
        raise TableFailed(f"Page {page} is not {form} ({len(body)} bytes); {what} was expected {place}.") from None
    try:
        if reading.parent_key is not None and EACH in reading.records:
            owned = zip(pieces, _owners(body, reading, reading.parent_key, page), strict=True)
            return [msgspec.structs.replace(_record(piece, reading, owner), parent_id=owner) for piece, owner in owned]
        if reading.records_as == "map":
            keyless = replace(reading, key=())
            return [_named(name, piece, keyless, parent_id) for name, piece in zip(names, pieces, strict=True)]
        plain = _plain_records(pieces, reading, parent_id)
        return plain if plain is not None else [_record(piece, reading, parent_id) for piece in pieces]
    except ValueError:
        raise TableFailed(f"Page {page} holds a record whose secret fields cannot be found.") from None


Piece = bytes | msgspec.Raw
"""The JSON of one record."""


def _pieces(body: bytes, reading: Reading) -> tuple[list[str | None], list[Piece]]:
    """The names of the records, where each has one of its own, and their JSON."""
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


def _owners(body: bytes, reading: Reading, key: tuple[str, ...], page: int) -> list[str]:
    """The parent of each record, in the order of the records. Raises TableFailed where one is not named."""
    at = reading.records.index(EACH)
    owners: list[str] = []
    for element in values_at(body, reading.records[: at + 1]):
        found = _get(element, reading.records[at + 1 :])
        if not isinstance(found, list) or not found:
            continue
        owner = _key_text(_get(element, key))
        if owner is None:
            raise TableFailed(f"Page {page} holds records that do not name their parent at {'.'.join(key)}.")
        owners += [owner] * len(found)
    return owners


def _is_null(here: bytes | msgspec.Raw) -> bool:
    return len(memoryview(here)) == 4 and bytes(here) == b"null"


def _named(name: str | None, piece: Piece, reading: Reading, parent_id: str | None) -> Record:
    """A record that stands under its own id; `reading` looks for none in it."""
    record = _record(piece, reading, parent_id)
    key = _key_text(name)
    if key is None:
        return msgspec.structs.replace(record, record_id=None, problem="no key: the record's name is empty")
    if reading.key_under_parent and parent_id is not None:
        key = _under(parent_id, key)
    return msgspec.structs.replace(record, record_id=key)


def _plain_records(pieces: list[Piece], reading: Reading, parent_id: str | None) -> list[Record] | None:
    """What `_record` makes of each, column by column, which takes half the time; None unless all of them are plain:
    UTF-8 and strict JSON, with a text or an integer as their only key and a readable time.
    """
    if len(reading.key) != 1 or reading.secret_fields or (reading.key_under_parent and parent_id is not None):
        return None
    (key,) = reading.key
    try:
        payloads = [str(piece, "utf-8") for piece in pieces]
        values = list(map(reading.wanted.decode, payloads))
        keys = [value.get(key[0]) for value in values] if len(key) == 1 else [_get(value, key) for value in values]
        times = [_updated_at(value, reading) for value in values] if reading.updated_at else repeat((None, None))
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError):
        return None
    ids = [str(found) if type(found) is int else found for found in keys]
    gone = [reading.deleted is not None and _is_deleted(value, reading.deleted) for value in values]
    if not all(type(text) is str and text.isascii() and text for text in ids):
        return None
    return [
        Record(text, payload, moment, is_deleted, problem)
        for text, payload, (moment, problem), is_deleted in zip(ids, payloads, times, gone, strict=False)
    ]


def _record(piece: Piece, reading: Reading, parent_id: str | None) -> Record:
    problem: str | None = None
    try:
        payload = str(piece, "utf-8")
    except UnicodeDecodeError:
        # A Parquet text is UTF-8, so this is the one case in which a payload cannot be kept byte for byte.
        payload, problem = str(piece, "utf-8", "replace"), "the record is not UTF-8"
    value: Any
    try:
        value = reading.wanted.decode(payload)
    except (msgspec.DecodeError, RecursionError):
        if not _is_strict(payload):
            problem = problem or "the record is not strict JSON"
        value = _lenient(payload)
    if reading.secret_fields:
        payload = masked(payload, reading.secret_fields)
    record_id, key_problem = _record_id(value, payload, reading, parent_id)
    updated_at, time_problem = _updated_at(value, reading)
    problem = problem or key_problem or time_problem
    gone = reading.deleted is not None and _is_deleted(value, reading.deleted)
    return Record(record_id, payload, updated_at, gone, problem)


def _record_id(value: Any, payload: str, reading: Reading, parent_id: str | None) -> tuple[str | None, str | None]:
    if not reading.key:
        # What an answer has one of stays the same record however it changes.
        if reading.records_as == "object" and EACH not in reading.records:
            return parent_id or ONLY, None
        digest = _digest_key(payload)
        return (_under(parent_id, digest) if reading.key_under_parent and parent_id is not None else digest), None
    parts: list[str] = []
    for path in reading.key:
        found = _key_part(value, path, reading)
        text = _key_text(found)
        if text is None and found is None and path in reading.may_lack:
            text = ""
        if text is None:
            return None, f"no key: {'.'.join(path)} is {'missing' if found is None else 'not a text or a number'}"
        parts.append(text)
    if reading.key_under_parent and parent_id is not None:
        parts.insert(0, parent_id)
    if len(parts) == 1:
        return parts[0], None
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":")), None


def _key_part(value: Any, path: tuple[str, ...], reading: Reading) -> Any:
    """What stands at the first place of the key's part that has something, None where none has."""
    found = _get(value, path)
    if found is None or found == "":
        others = (_get(value, other) for other in reading.spelled.get(path, ()))
        return next((other for other in others if other not in (None, "")), None)
    return found


def _key_text(found: Any) -> str | None:
    if isinstance(found, str):
        return found if found and (found.isascii() or _is_writable(found)) else None
    if isinstance(found, float) and found.is_integer() and abs(found) < 2**53:
        found = int(found)  # 17.0 is the 17 of yesterday
    if isinstance(found, int):
        return None if isinstance(found, bool) else str(found)
    return json.dumps(found) if isinstance(found, float) else None


def _is_writable(text: str) -> bool:
    """Half a surrogate pair is no text that a file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _under(parent_id: str, key: str) -> str:
    return json.dumps([parent_id, key], ensure_ascii=False, separators=(",", ":"))


def _digest_key(payload: str) -> str:
    """SHA-256 of the record's JSON with sorted keys, no spaces, characters as they are."""
    try:
        text = json.dumps(json.loads(payload, strict=False), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    except (ValueError, RecursionError):
        text = payload
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _updated_at(value: Any, reading: Reading) -> tuple[datetime | None, str | None]:
    path = reading.updated_at
    if path is None:
        return None, None
    try:
        moment = reading.times.read(_get(value, path))
        if moment is None and reading.deleted and reading.deleted.at and _is_deleted(value, reading.deleted):
            moment = reading.times.read(_get(value, split_path(reading.deleted.at)))
        return moment, None
    except ValueError:
        return None, f"unreadable time: {'.'.join(path)}"


def _is_deleted(value: Any, deleted: Deleted) -> bool:
    return any(_says_deleted(_get(value, split_path(path)), deleted) for path in deleted.path.split("|"))


def _says_deleted(found: Any, deleted: Deleted) -> bool:
    if deleted.present:
        return found is not None and not (found == 0 and type(found) is int)
    # 1 is not true here: Python calls them equal, a vendor's flag does not.
    return any(found == wanted and type(found) is type(wanted) for wanted in deleted.values)


def _get(value: Any, path: tuple[str, ...]) -> Any:
    """What lies at a path; a number is a place in a list."""
    for name in path:
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isdecimal():
            value = value[int(name)] if int(name) < len(value) else None
        else:
            return None
    return value


def _is_strict(payload: str) -> bool:
    """Whether it is JSON without NaN and Infinity, which Python reads and JSON does not know."""
    constants: list[str] = []
    try:
        json.loads(payload, parse_constant=constants.append)
    except (ValueError, RecursionError):
        return False
    return not constants


def _lenient(payload: str) -> Any:
    try:
        return json.loads(payload, strict=False)
    except (ValueError, RecursionError):
        return None
