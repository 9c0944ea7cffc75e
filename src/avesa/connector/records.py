"""From the body of a page to its records, in the vendor's order."""

from __future__ import annotations

from dataclasses import replace

import msgspec.structs

from avesa.connector.incremental import Events
from avesa.connector.json_paths import EACH, raw_at, split_path, values_at
from avesa.connector.json_spans import masked
from avesa.connector.pieces import ErrorInstead, pieces_of
from avesa.connector.reading import Reading
from avesa.connector.record import Record, key_text, lenient, named_record, plain_records, record_of, value_in
from avesa.shared.errors import TableFailed


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
        names, pieces = pieces_of(body, reading)
    except ErrorInstead:
        raise TableFailed(f"Page {page} has no records {place}, and tells of an error instead.") from None
    except LookupError:
        raise TableFailed(f"Page {page} has an unexpected shape: {what} was expected {place}.") from None
    except ValueError:
        told = f"Page {page} is not {form}{_rather(body)} ({len(body)} bytes)"
        raise TableFailed(f"{told}; {what} was expected {place}.") from None
    try:
        if reading.parent_key is not None and EACH in reading.records:
            owners = _owners(body, reading, reading.parent_key, page)
            found = [record_of(piece, reading, owner) for piece, owner in zip(pieces, owners, strict=True)]
            owned = zip(found, owners, strict=True)
            return [msgspec.structs.replace(record, parent_id=owner) for record, owner in owned]
        if reading.records_as == "map":
            keyless = replace(reading, key=())
            return [named_record(name, piece, keyless, parent_id) for name, piece in zip(names, pieces, strict=True)]
        plain = plain_records(pieces, reading, parent_id)
        return plain if plain is not None else [record_of(piece, reading, parent_id) for piece in pieces]
    except ValueError:
        raise TableFailed(f"Page {page} holds a record whose secret fields cannot be found.") from None


def _rather(body: bytes) -> str:
    """What it seems to be, where its beginning shows that."""
    begin = body[:64].lstrip()
    if begin.startswith(b"<"):
        return " but a web page or XML"
    return " but UTF-16" if begin.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in begin[:2] else ""


def _owners(body: bytes, reading: Reading, key: tuple[str, ...], page: int) -> list[str]:
    """The parent of each record, in the order of the records. Raises TableFailed where one is not named."""
    at = reading.records.index(EACH)
    owners: list[str] = []
    for element in values_at(body, reading.records[: at + 1]):
        found = value_in(element, reading.records[at + 1 :])
        if not isinstance(found, list) or not found:
            continue
        owner = key_text(value_in(element, key))
        if owner is None:
            raise TableFailed(f"Page {page} holds records that do not name their parent at {'.'.join(key)}.")
        owners += [owner] * len(found)
    return owners


def told_by_events(listed: list[Record], events: Events, reading: Reading) -> list[Record]:
    """The records that a page of events tells of one table, each at its event's time; `reading` is the table's.

    An event of the table that holds no record lands as it is, with its problem (and without what should have held the
    record, where the table has secrets). Raises TableFailed for secrets that cannot be found.
    """
    told = []
    for event in listed:
        value = lenient(event.payload)
        kind = value_in(value, split_path(events.type))
        if not isinstance(kind, str) or not kind.startswith(events.types):
            continue
        piece = raw_at(event.payload, events.object)
        try:
            if piece is None:
                told.append(_without_record(event, events, reading))
                continue
            record = record_of(piece, reading, None)
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
