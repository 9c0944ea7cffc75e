"""DynamoDB's attribute values from and to Python. Only the types that are stored here."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from avesa.aws.clients import DynamoDb
from avesa.shared.errors import ConfigurationError, Where

Item = Mapping[str, Mapping[str, Any]]

_PLAIN_BYTES = 2048
_BATCH = 25


def s(text: str) -> dict[str, str]:
    return {"S": text}


def n(number: int) -> dict[str, str]:
    return {"N": str(number)}


def text_of(item: Item, name: str) -> str | None:
    """The text of an attribute, None if it is absent."""
    value = item.get(name)
    return None if value is None else str(value["S"])


def number_of(item: Item, name: str) -> int:
    """The number of an attribute, 0 if it is absent."""
    value = item.get(name)
    return 0 if value is None else int(value["N"])


def packed(text: str) -> dict[str, Any]:
    """A text that may be long, compressed where that is worth it: an item holds 400 KB and is paid by its size."""
    data = text.encode()
    return {"S": text} if len(data) <= _PLAIN_BYTES else {"B": gzip.compress(data, 6, mtime=0)}


def unpacked(item: Item, name: str) -> str | None:
    value = item.get(name)
    if value is None:
        return None
    return gzip.decompress(value["B"]).decode() if "B" in value else str(value["S"])


@contextmanager
def reading(whose: Where, what: str) -> Iterator[None]:
    """Raises ConfigurationError for an item that is not as we write them: somebody has changed it by hand."""
    try:
        yield
        return
    except (KeyError, TypeError, ValueError, AttributeError, OSError, EOFError, msgspec.MsgspecError):
        pass
    # Outside of the handler: nothing of what stands in the item may be printed along with it.
    raise ConfigurationError(
        f"{what} cannot be read: its item in DynamoDB is not as AVESA writes it.",
        where=whose,
        hint="Mend the item, or delete it and do again what wrote it.",
    )


def pages(client: DynamoDb, **query: Any) -> Iterator[Item]:
    """All items of a query, page by page. Reads what was written last unless told otherwise."""
    start: dict[str, Any] = {}
    while True:
        answer = client.query(**{"ConsistentRead": True, **query, **start})
        yield from answer["Items"]
        if not answer.get("LastEvaluatedKey"):
            return
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def delete_all(client: DynamoDb, table: str, keys: list[dict[str, Any]]) -> None:
    """Delete items by their keys, until DynamoDB has taken all of them."""
    waiting = [{"DeleteRequest": {"Key": key}} for key in keys]
    while waiting:
        answer = client.batch_write_item(RequestItems={table: waiting[:_BATCH]})
        waiting = [*answer.get("UnprocessedItems", {}).get(table, []), *waiting[_BATCH:]]
