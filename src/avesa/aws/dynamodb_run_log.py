"""What was done when, in the table RunLog. Entries go by themselves after a month; the newest of each table stays.

A table rather than files: the newest entries of one tenant are one query, a session that is bound to the tenant reaches
no other's, and old ones need nobody to delete them. Entries lie under `run#{when written}`, and a copy of the newest
of each stage and table under `latest#{stage}#{table}`, so that the state of a tenant is read without its history.
"""

from __future__ import annotations

import secrets
import time
from datetime import datetime, timedelta
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from avesa.aws.attributes import Item, delete_all, n, pages, reading, s, text_of
from avesa.aws.clients import DynamoDb, is_condition, told
from avesa.shared.clock import Clock, from_iso, system_clock, to_iso
from avesa.shared.errors import Where
from avesa.shared.run_log import RunEntry

KEPT = timedelta(days=30)

SORT_KEY = "entry"
_RUN = "run#"
_LATEST = "latest#"


class DynamoRunLog:
    """The port `RunLog`. Newest means written last, by the clock of the writer."""

    def __init__(self, client: DynamoDb, table: str, clock: Clock = system_clock) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def write(self, entry: RunEntry) -> None:
        written = f"{time.time_ns():020}-{secrets.token_hex(4)}"
        expires_at = int((self._clock() + KEPT).timestamp())
        item = {**_item(entry), "written": s(written)}
        with told(f"write the run log of tenant {entry.tenant_id}"):
            self._put(entry.tenant_id, _RUN + written, {**item, "expires_at": n(expires_at)})
            try:
                self._put(
                    entry.tenant_id,
                    f"{_LATEST}{entry.stage}#{entry.table}",
                    item,
                    ConditionExpression="attribute_not_exists(tenant_id) OR written < :written",
                    ExpressionAttributeValues={":written": s(written)},
                )
            except ClientError as error:
                # A newer one is there already.
                if not is_condition(error):
                    raise

    def latest(self, tenant_id: str) -> list[RunEntry]:
        with told(f"read the run log of tenant {tenant_id}"):
            entries = [_entry(item) for item in self._items(tenant_id, _LATEST)]
        return sorted(entries, key=lambda entry: (entry.table, entry.stage))

    def entries(self, tenant_id: str, *, limit: int = 100) -> list[RunEntry]:
        found = []
        with told(f"read the run log of tenant {tenant_id}"):
            for item in self._items(tenant_id, _RUN, ScanIndexForward=False, Limit=min(limit, 1000)):
                found.append(_entry(item))
                if len(found) == limit:
                    break
        return found

    def written_since(self, tenant_id: str, moment: datetime | None) -> list[RunEntry]:
        """Newest first; all that are kept for None."""
        first = _RUN if moment is None else f"{_RUN}{int(moment.timestamp() * 1e9):020}"
        with told(f"read the run log of tenant {tenant_id}"):
            found = pages(
                self._client,
                TableName=self._table,
                KeyConditionExpression="tenant_id = :tenant AND #entry BETWEEN :first AND :last",
                ExpressionAttributeNames={"#entry": SORT_KEY},
                ExpressionAttributeValues={":tenant": s(tenant_id), ":first": s(first), ":last": s(f"{_RUN}~")},
                ScanIndexForward=False,
            )
            return [_entry(item) for item in found]

    def forget(self, tenant_id: str, below: str = "") -> None:
        with told(f"forget the run log of tenant {tenant_id}"):
            items = [item for kind in (_RUN, _LATEST) for item in self._items(tenant_id, kind)]
            ours = [item for item in items if str(text_of(item, "table_name")).startswith(below)]
            names = [str(text_of(item, SORT_KEY)) for item in ours]
            delete_all(self._client, self._table, [_key(tenant_id, name) for name in names])

    def _put(self, tenant_id: str, name: str, item: dict[str, Any], **condition: Any) -> None:
        self._client.put_item(TableName=self._table, Item={**_key(tenant_id, name), **item}, **condition)

    def _items(self, tenant_id: str, kind: str, **more: Any) -> Any:
        return pages(
            self._client,
            TableName=self._table,
            KeyConditionExpression="tenant_id = :tenant AND begins_with(#entry, :kind)",
            ExpressionAttributeNames={"#entry": SORT_KEY},
            ExpressionAttributeValues={":tenant": s(tenant_id), ":kind": s(kind)},
            **more,
        )


def _key(tenant_id: str, name: str) -> dict[str, Any]:
    return {"tenant_id": s(tenant_id), SORT_KEY: s(name)}


def _item(entry: RunEntry) -> dict[str, Any]:
    item = {
        "run_id": s(entry.run_id),
        "stage": s(entry.stage),
        "table_name": s(entry.table),
        "status": s(entry.status),
        "started_at": s(to_iso(entry.started_at)),
        "finished_at": s(to_iso(entry.finished_at)),
        "figures": s(msgspec.json.encode(dict(entry.figures)).decode()),
    }
    return item if entry.error is None else {**item, "error": s(entry.error)}


def _entry(item: Item) -> RunEntry:
    texts = {name: value["S"] for name, value in item.items() if "S" in value}
    with reading(Where(texts["tenant_id"], None, texts.get("table_name")), "an entry of the run log"):
        return RunEntry(
            run_id=texts["run_id"],
            tenant_id=texts["tenant_id"],
            stage=texts["stage"],
            table=texts["table_name"],
            status=texts["status"],
            started_at=from_iso(texts["started_at"]),
            finished_at=from_iso(texts["finished_at"]),
            error=texts.get("error"),
            figures=msgspec.json.decode(texts["figures"], type=dict[str, Any]),
        )
