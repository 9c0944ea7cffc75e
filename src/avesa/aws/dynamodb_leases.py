"""Who is at work, in the table LastUpdated under `lease/NAME`: a lease ends with its block or with its time.

Nobody can see from elsewhere whether a function still runs. One that was killed keeps its leases until their time has
passed, a minute at most, and whoever meets them tries again.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from avesa.aws.attributes import Item, s, text_of
from avesa.aws.clients import DynamoDb, is_condition, told
from avesa.shared.clock import Clock
from avesa.shared.errors import Busy, Where
from avesa.shared.leases import has_ended, held
from avesa.shared.process_identity import host_name

LEASES = "lease/"


class DynamoLeases:
    """The port `LeaseStore`. `seconds` is how long a lease lasts that is not renewed."""

    def __init__(self, client: DynamoDb, table: str, clock: Clock, seconds: float) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._seconds = seconds

    def hold(self, tenant_id: str, name: str) -> AbstractContextManager[None]:
        """Raises Busy if somebody else holds it and its time has not passed."""
        return held(self, tenant_id, name, self._seconds)

    def take(self, tenant_id: str, name: str, token: str) -> None:
        if self._put(tenant_id, name, token):
            return
        found = self._read(tenant_id, name)
        last = text_of(found, "token") or ""
        if has_ended(last) and self._put(tenant_id, name, token, after=last):
            return
        raise Busy(
            f"{name} is in work by {text_of(found, 'holder') or 'another worker'}.",
            where=Where(tenant_id),
            hint="Nothing was done. Try again when it has ended.",
        )

    def renew(self, tenant_id: str, name: str, token: str) -> bool:
        with told(f"renew the lease of {name} of tenant {tenant_id}"):
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=_key(tenant_id, name),
                    UpdateExpression="SET #until = :until",
                    **_if_still(token, {":until": s(self._until(self._clock()))}, {"#until": "until"}),
                )
            except ClientError as error:
                if not is_condition(error):
                    raise
                return False
        return True

    def release(self, tenant_id: str, name: str, token: str) -> None:
        with told(f"give back the lease of {name} of tenant {tenant_id}"):
            try:
                self._client.delete_item(TableName=self._table, Key=_key(tenant_id, name), **_if_still(token))
            except ClientError as error:
                if not is_condition(error):
                    raise

    def _put(self, tenant_id: str, name: str, token: str, *, after: str = "") -> bool:
        """Whether it is the token's: where nobody holds it, its time has passed, or `after` is the last token."""
        now = self._clock()
        item = {**_key(tenant_id, name), "token": s(token), "holder": s(_holder()), "until": s(self._until(now))}
        with told(f"take the lease of {name} of tenant {tenant_id}"):
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item=item,
                    ConditionExpression="attribute_not_exists(tenant_id) OR #until <= :now OR #token = :after",
                    ExpressionAttributeNames={"#until": "until", "#token": "token"},
                    ExpressionAttributeValues={":now": s(_sortable(now)), ":after": s(after)},
                )
                return True
            except ClientError as error:
                if not is_condition(error):
                    raise
        # Sent twice because the first answer was lost: it is ours.
        return text_of(self._read(tenant_id, name), "token") == token

    def _read(self, tenant_id: str, name: str) -> Item:
        with told(f"read the lease of {name} of tenant {tenant_id}"):
            answer = self._client.get_item(TableName=self._table, Key=_key(tenant_id, name), ConsistentRead=True)
        found: Item = answer.get("Item", {})
        return found

    def _until(self, now: datetime) -> str:
        return _sortable(now + timedelta(seconds=self._seconds))


def _if_still(token: str, values: dict[str, Any] | None = None, names: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "ConditionExpression": "#token = :token",
        "ExpressionAttributeNames": {"#token": "token", **(names or {})},
        "ExpressionAttributeValues": {":token": s(token), **(values or {})},
    }


def _sortable(moment: datetime) -> str:
    """Always with six digits of fraction, so that texts compare as the moments do."""
    return f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"


def _holder() -> str:
    """For people: the function's log stream, or the process on its machine."""
    return os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME") or f"process {os.getpid()} on {host_name().partition(' ')[0]}"


def _key(tenant_id: str, name: str) -> dict[str, Any]:
    return {"tenant_id": s(tenant_id), "table_name": s(LEASES + name)}
