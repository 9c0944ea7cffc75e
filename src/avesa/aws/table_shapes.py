"""The four DynamoDB tables as they must be: keys, and the attribute by which items expire. All are paid by request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from avesa.aws.dynamodb_run_log import SORT_KEY
from avesa.aws.installation import Installation


@dataclass(frozen=True)
class TableShape:
    """All keys are texts."""

    partition_key: str
    sort_key: str | None = None
    expires_by: str | None = None


TENANT_SERVICES = TableShape("tenant_id", "service")
LAST_UPDATED = TableShape("tenant_id", "table_name")
RUN_LOG = TableShape("tenant_id", SORT_KEY, expires_by="expires_at")
ALLOWANCES = TableShape("account", expires_by="expires_at")


def shapes_of(installation: Installation) -> dict[str, TableShape]:
    """The tables of an installation by name."""
    return {
        installation.tenant_services: TENANT_SERVICES,
        installation.last_updated: LAST_UPDATED,
        installation.run_log: RUN_LOG,
        installation.allowances: ALLOWANCES,
    }


def creation_of(name: str, shape: TableShape) -> dict[str, Any]:
    """The request that creates such a table, for a stand-in; on AWS the stacks create them."""
    keys = [(shape.partition_key, "HASH"), *([(shape.sort_key, "RANGE")] if shape.sort_key else [])]
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
        "KeySchema": [{"AttributeName": key, "KeyType": kind} for key, kind in keys],
    }
