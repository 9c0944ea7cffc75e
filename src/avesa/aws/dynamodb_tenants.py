"""Tenants and their services, in the table TenantServices.

A tenant is an item `#tenant` in its own partition, beside its services, so that one query gives all of it and a
session that is bound to the tenant needs no other. The names of all tenants stand in a partition of their own, so that
listing them reads nothing of theirs. No tenant or service can have a name that begins with `#`.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from avesa.aws.attributes import Item, delete_all, pages, reading, s, text_of
from avesa.aws.clients import DynamoDb, is_condition, told
from avesa.shared.errors import AvesaError, Where
from avesa.shared.layout import checked_name
from avesa.shared.tenants import TenantService, not_connected, unknown_tenant

NAMES = "#tenants"
"""The partition of the names."""
TENANT = "#tenant"
"""The sort key of the item that says that a tenant exists."""


class DynamoTenantServices:
    """The port `TenantServices`. A session that is bound to one tenant can read and mark that one alone."""

    def __init__(self, client: DynamoDb, table: str) -> None:
        self._client = client
        self._table = table

    def add_tenant(self, tenant_id: str) -> bool:
        checked_name(tenant_id)
        return self._transaction(
            f"add tenant {tenant_id}",
            *(
                {"Put": {**self._at(item), "ConditionExpression": "attribute_not_exists(tenant_id)"}}
                for item in (_key(tenant_id, TENANT), _key(NAMES, tenant_id))
            ),
        )

    def tenants(self) -> list[str]:
        with told("list the tenants"):
            return [str(text_of(item, "service")) for item in self._partition(NAMES)]

    def remove_tenant(self, tenant_id: str) -> None:
        self.services(tenant_id)
        # The services first: a tenant without them can be removed again, services without a tenant could not.
        self._delete_services(tenant_id)
        self._transaction(
            f"remove tenant {tenant_id}",
            *(
                {"Delete": {"TableName": self._table, "Key": key}}
                for key in (_key(tenant_id, TENANT), _key(NAMES, tenant_id))
            ),
        )
        # What was put in between; nothing can be put any more.
        self._delete_services(tenant_id)

    def remove(self, tenant_id: str, service: str) -> None:
        checked_name(service, "service")
        self.services(tenant_id)
        with told(f"remove {service} of tenant {tenant_id}"):
            self._client.delete_item(TableName=self._table, Key=_key(tenant_id, service))

    def put(self, service: TenantService) -> None:
        checked_name(service.service, "service")
        known = {
            "ConditionCheck": {
                "TableName": self._table,
                "Key": _key(service.tenant_id, TENANT),
                "ConditionExpression": "attribute_exists(tenant_id)",
            }
        }
        if not self._transaction(
            f"store {service.service} of tenant {service.tenant_id}", known, {"Put": self._at(_item(service))}
        ):
            raise self._unknown(service.tenant_id)

    def services(self, tenant_id: str) -> list[TenantService]:
        with told(f"read the services of tenant {tenant_id}"):
            items = list(self._partition(tenant_id))
        if not any(text_of(item, "service") == TENANT for item in items):
            raise self._unknown(tenant_id)
        return [_service(item) for item in items if text_of(item, "service") != TENANT]

    def mark(self, tenant_id: str, service: str, problem: str | None) -> None:
        change: dict[str, Any] = {"UpdateExpression": "REMOVE problem"}
        if problem is not None:
            change = {
                "UpdateExpression": "SET problem = :problem",
                "ExpressionAttributeValues": {":problem": s(problem)},
            }
        with told(f"mark {service} of tenant {tenant_id}"):
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=_key(tenant_id, service),
                    ConditionExpression="attribute_exists(tenant_id)",
                    **change,
                )
                return
            except ClientError as error:
                if not is_condition(error):
                    raise
        self.services(tenant_id)
        raise not_connected(tenant_id, service)

    def _at(self, item: dict[str, Any]) -> dict[str, Any]:
        return {"TableName": self._table, "Item": item}

    def _partition(self, name: str) -> Any:
        return pages(
            self._client,
            TableName=self._table,
            KeyConditionExpression="tenant_id = :tenant",
            ExpressionAttributeValues={":tenant": s(name)},
        )

    def _delete_services(self, tenant_id: str) -> None:
        with told(f"remove the services of tenant {tenant_id}"):
            names = [str(text_of(item, "service")) for item in self._partition(tenant_id)]
            keys = [_key(tenant_id, name) for name in names if name != TENANT]
            delete_all(self._client, self._table, keys)

    def _transaction(self, action: str, *steps: dict[str, Any]) -> bool:
        """All steps or none; False if the condition of one does not hold."""
        with told(action):
            try:
                self._client.transact_write_items(TransactItems=list(steps))
            except ClientError as error:
                if not is_condition(error):
                    raise
                return False
        return True

    def _unknown(self, tenant_id: str) -> AvesaError:
        try:
            return unknown_tenant(tenant_id, self.tenants())
        except AvesaError:
            return unknown_tenant(tenant_id, None)


def _key(tenant_id: str, service: str) -> dict[str, Any]:
    return {"tenant_id": s(tenant_id), "service": s(service)}


def _item(service: TenantService) -> dict[str, Any]:
    item = {
        **_key(service.tenant_id, service.service),
        "enabled": {"BOOL": service.enabled},
        "settings": {"M": {name: s(value) for name, value in service.settings.items()}},
    }
    if service.tables is not None:
        item["tables"] = {"L": [s(table) for table in service.tables]}
    if service.schedule is not None:
        item["schedule"] = s(service.schedule)
    if service.problem is not None:
        item["problem"] = s(service.problem)
    return item


def _service(item: Item) -> TenantService:
    tenant, service, tables = str(text_of(item, "tenant_id")), str(text_of(item, "service")), item.get("tables")
    with reading(Where(tenant, service), "what is known of this service"):
        return TenantService(
            tenant_id=tenant,
            service=service,
            enabled=bool(item["enabled"]["BOOL"]),
            settings={name: str(value["S"]) for name, value in item["settings"]["M"].items()},
            tables=None if tables is None else tuple(str(table["S"]) for table in tables["L"]),
            schedule=text_of(item, "schedule"),
            problem=text_of(item, "problem"),
        )
