"""One record: its JSON exactly as the vendor sent it, and the little that a row needs of it.

Only that is read (its key, its time, its deletion flag); all else is carried as bytes, so no drift in a vendor's schema
can change or stop it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from itertools import repeat
from typing import Any

import msgspec
import msgspec.structs

from avesa.connector.json_paths import EACH, split_path
from avesa.connector.json_spans import masked
from avesa.connector.pieces import Piece
from avesa.connector.reading import Reading
from avesa.connector.service import Deleted

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


def named_record(name: str | None, piece: Piece, reading: Reading, parent_id: str | None) -> Record:
    """A record that stands under its own id; `reading` looks for none in it."""
    record = record_of(piece, reading, parent_id)
    key = key_text(name)
    if key is None:
        return msgspec.structs.replace(record, record_id=None, problem="no key: the record's name is empty")
    if reading.key_under_parent and parent_id is not None:
        key = _under(parent_id, key)
    return msgspec.structs.replace(record, record_id=key)


def plain_records(pieces: list[Piece], reading: Reading, parent_id: str | None) -> list[Record] | None:
    """What `record_of` makes of each, column by column, which takes half the time; None unless all of them are plain:
    UTF-8 and strict JSON, with a text or an integer as their only key and a readable time.
    """
    if len(reading.key) != 1 or reading.secret_fields or (reading.key_under_parent and parent_id is not None):
        return None
    (key,) = reading.key
    try:
        payloads = [str(piece, "utf-8") for piece in pieces]
        values = list(map(reading.wanted.decode, payloads))
        keys = [value.get(key[0]) for value in values] if len(key) == 1 else [value_in(value, key) for value in values]
        moments, problems = _times(values, reading)
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError):
        return None
    ids: list[Any] = [str(found) if type(found) is int else found for found in keys]
    gone = repeat(False) if reading.deleted is None else [_is_deleted(value, reading.deleted) for value in values]
    if "" in ids or set(map(type, ids)) - {str} or not all(map(str.isascii, ids)):
        return None
    return list(map(Record, ids, payloads, moments, gone, problems))


def record_of(piece: Piece, reading: Reading, parent_id: str | None) -> Record:
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
        value = lenient(payload)
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
        text = key_text(found)
        if text is None and found is None and path in reading.may_lack:
            text = ""
        if text is None:
            return (
                None,
                f"no key: {'.'.join(path)} is {'missing' if found is None else 'not a text or an exact number'}",
            )
        parts.append(text)
    if reading.key_under_parent and parent_id is not None:
        parts.insert(0, parent_id)
    if len(parts) == 1:
        return parts[0], None
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":")), None


def _key_part(value: Any, path: tuple[str, ...], reading: Reading) -> Any:
    """What stands at the first place of the key's part that has something, None where none has."""
    found = value_in(value, path)
    if found is None or found == "":
        others = (value_in(value, other) for other in reading.spelled.get(path, ()))
        return next((other for other in others if other not in (None, "")), None)
    return found


def key_text(found: Any) -> str | None:
    if isinstance(found, str):
        return found if found and (found.isascii() or _is_writable(found)) else None
    if isinstance(found, float):
        if not abs(found) < 2**53:
            return None  # beyond that, numbers that differ are read as the same
        return str(int(found)) if found.is_integer() else json.dumps(found)  # 17.0 is the 17 of yesterday
    return str(found) if isinstance(found, int) and not isinstance(found, bool) else None


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
        moment = reading.times.read(value_in(value, path))
        if moment is None and reading.deleted and reading.deleted.at and _is_deleted(value, reading.deleted):
            moment = reading.times.read(value_in(value, split_path(reading.deleted.at)))
        return moment, None
    except ValueError:
        return None, f"unreadable time: {'.'.join(path)}"


def _times(values: list[Mapping[str, Any]], reading: Reading) -> tuple[Iterable[datetime | None], Iterable[str | None]]:
    """`_updated_at` of each: the moments, and the problems."""
    path, deleted = reading.updated_at, reading.deleted
    if path is None:
        return repeat(None), repeat(None)
    if len(path) == 1 and (deleted is None or not deleted.at):
        read, name = reading.times.read, path[0]
        with suppress(ValueError):  # one of them cannot be read
            return [read(value.get(name)) for value in values], repeat(None)
    both = [_updated_at(value, reading) for value in values]
    return [moment for moment, _ in both], [problem for _, problem in both]


def _is_deleted(value: Any, deleted: Deleted) -> bool:
    return any(_says_deleted(value_in(value, split_path(path)), deleted) for path in deleted.path.split("|"))


def _says_deleted(found: Any, deleted: Deleted) -> bool:
    if deleted.present:
        return found is not None and not (found == 0 and type(found) is int)
    # 1 is not true here: Python calls them equal, a vendor's flag does not.
    return any(found == wanted and type(found) is type(wanted) for wanted in deleted.values)


def value_in(value: Any, path: tuple[str, ...]) -> Any:
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


def lenient(payload: str) -> Any:
    try:
        return json.loads(payload, strict=False)
    except (ValueError, RecursionError):
        return None
