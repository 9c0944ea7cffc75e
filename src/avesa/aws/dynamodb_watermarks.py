"""How far each table is, in the table LastUpdated. A write counts only if nobody wrote since the writer read.

Each write carries a mark of its own. One whose answer was lost and that was sent again finds its own mark where its
condition no longer holds, and knows that it had succeeded.
"""

from __future__ import annotations

import secrets
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from avesa.aws.attributes import Item, delete_all, n, number_of, packed, pages, reading, s, text_of, unpacked
from avesa.aws.clients import DynamoDb, is_condition, told
from avesa.aws.dynamodb_leases import LEASES, DynamoLeases
from avesa.shared.clock import Clock, from_iso, system_clock, to_iso
from avesa.shared.errors import Where
from avesa.shared.leases import LEASE_SECONDS
from avesa.shared.watermarks import TableState, stale_state


class DynamoWatermarks:
    """The port `Watermarks`. `clock` is what leases expire by, each `lease_seconds` after its last renewal."""

    def __init__(
        self, client: DynamoDb, table: str, clock: Clock = system_clock, *, lease_seconds: float = LEASE_SECONDS
    ) -> None:
        self._client = client
        self._table = table
        self._leases = DynamoLeases(client, table, clock, lease_seconds)

    def get(self, tenant_id: str, table_name: str) -> TableState:
        item = self._read(tenant_id, table_name)
        return _state(item) if item else TableState(tenant_id, table_name)

    def all(self, tenant_id: str, below: str = "") -> list[TableState]:
        with told(f"read the states of tenant {tenant_id}"):
            items = list(self._items(tenant_id, below))
        return [_state(item) for item in items if not _is_lease(item)]

    def put(self, state: TableState) -> TableState:
        stored = replace(state, version=state.version + 1)
        mark = secrets.token_hex(8)
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(tenant_id)"}
        if state.version:
            condition = {
                "ConditionExpression": "version = :version",
                "ExpressionAttributeValues": {":version": n(state.version)},
            }
        with told(f"store the state of {state.table_name} of tenant {state.tenant_id}"):
            try:
                self._client.put_item(TableName=self._table, Item=_item(stored, mark), **condition)
                return stored
            except ClientError as error:
                if not is_condition(error):
                    raise
        found = self._read(state.tenant_id, state.table_name)
        if found and text_of(found, "written_as") == mark:
            return stored
        raise stale_state(state)

    def forget(self, tenant_id: str, below: str = "") -> None:
        with told(f"forget the states of tenant {tenant_id}"):
            items = [item for item in self._items(tenant_id, below) if not _is_lease(item)]
            delete_all(self._client, self._table, [_key(tenant_id, str(text_of(i, "table_name"))) for i in items])

    def lease(self, tenant_id: str, name: str) -> AbstractContextManager[None]:
        return self._leases.hold(tenant_id, name)

    def _read(self, tenant_id: str, table_name: str) -> Item | None:
        with told(f"read the state of {table_name} of tenant {tenant_id}"):
            answer = self._client.get_item(TableName=self._table, Key=_key(tenant_id, table_name), ConsistentRead=True)
        return answer.get("Item")

    def _items(self, tenant_id: str, below: str) -> Any:
        condition, values = "tenant_id = :tenant", {":tenant": s(tenant_id)}
        if below:
            condition, values = f"{condition} AND begins_with(table_name, :below)", {**values, ":below": s(below)}
        return pages(
            self._client,
            TableName=self._table,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
        )


def _is_lease(item: Item) -> bool:
    return str(text_of(item, "table_name")).startswith(LEASES)


def _key(tenant_id: str, table_name: str) -> dict[str, Any]:
    return {"tenant_id": s(tenant_id), "table_name": s(table_name)}


def _item(state: TableState, mark: str) -> dict[str, Any]:
    item = {**_key(state.tenant_id, state.table_name), "version": n(state.version), "written_as": s(mark)}
    if state.watermark is not None:
        item["watermark"] = s(to_iso(state.watermark))
    if state.checkpoint is not None:
        item["checkpoint"] = packed(state.checkpoint)
    if state.details is not None:
        item["details"] = packed(state.details)
    return item


def _state(item: Item) -> TableState:
    tenant, name = str(text_of(item, "tenant_id")), str(text_of(item, "table_name"))
    with reading(Where(tenant, None, name), "the state"):
        watermark = text_of(item, "watermark")
        return TableState(
            tenant_id=tenant,
            table_name=name,
            watermark=None if watermark is None else from_iso(watermark),
            checkpoint=unpacked(item, "checkpoint"),
            details=unpacked(item, "details"),
            version=number_of(item, "version"),
        )
