"""What is taken of each vendor account's allowance: one item for an account, read and put again on condition of its
version until nobody came between.

An account's key is a digest, and its document holds numbers, so this table knows nothing of a tenant.
"""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError

from avesa.aws.attributes import Item, n, number_of, s, text_of
from avesa.aws.clients import DynamoDb, is_condition, told
from avesa.shared.allowance import Result, Step
from avesa.shared.errors import Unavailable

ATTEMPTS = 200
"""So often others may come between before that is taken for a fault."""
KEPT = timedelta(days=7)
"""No window of a vendor is longer than a day, so what nobody used for this long says nothing any more."""
_LONGEST_PAUSE = 0.05


class DynamoAllowances:
    """The port `Allowances`. `now` gives seconds since 1970, `pause` waits before another of `attempts`."""

    def __init__(
        self,
        client: DynamoDb,
        table: str,
        *,
        now: Callable[[], float] = time.time,
        pause: Callable[[float], None] = time.sleep,
        attempts: int = ATTEMPTS,
    ) -> None:
        self._client = client
        self._table = table
        self._now = now
        self._pause = pause
        self._attempts = attempts

    def change(self, account: str, step: Step[Result]) -> Result:
        with told("use the book of a vendor account"):
            for attempt in range(self._attempts):
                item = self._read(account)
                before = item["document"]["B"] if item else None
                document, result = step(before)
                if document == before or self._put(account, number_of(item, "version"), document):
                    return result
                # Few come between at once; those who do spread by chance.
                self._pause(random.uniform(0, min(_LONGEST_PAUSE, 0.002 * 2**attempt)))  # noqa: S311
        raise Unavailable("Too many workers use the vendor account at once.", hint="A later pull goes on from here.")

    def worker(self) -> str:
        return secrets.token_hex(8)

    def is_gone(self, worker: str) -> bool:
        """Nobody can tell whether a function still runs: a worker counts until it has not reported for a while."""
        return False

    def _read(self, account: str) -> Item:
        answer = self._client.get_item(TableName=self._table, Key={"account": s(account)}, ConsistentRead=True)
        found: Item = answer.get("Item", {})
        return found

    def _put(self, account: str, version: int, document: bytes) -> bool:
        """Whether it took the place of that version."""
        mark = secrets.token_hex(8)
        item = {
            "account": s(account),
            "version": n(version + 1),
            "written_as": s(mark),
            "expires_at": n(int(self._now() + KEPT.total_seconds())),
            "document": {"B": document},
        }
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(account)"}
        if version:
            condition = {
                "ConditionExpression": "version = :version",
                "ExpressionAttributeValues": {":version": n(version)},
            }
        try:
            self._client.put_item(TableName=self._table, Item=item, **condition)
            return True
        except ClientError as error:
            if not is_condition(error):
                raise
        # Sent twice because the first answer was lost: it counts, and must not be taken a second time.
        return text_of(self._read(account), "written_as") == mark
