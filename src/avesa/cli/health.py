"""What a person should look at, from the status of tenants: for `avesa status --check`, as a monitor calls it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from avesa.cli.output import moment


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. `table` is a raw table as `service/table`, or a canonical one; `tenant` is None where
    there is none at all.
    """

    tenant: str | None
    table: str | None
    problem: str


def findings(status: Mapping[str, Any], *, now: datetime, late: timedelta | None) -> Iterator[Finding]:
    """Of one tenant's status. A raw table is late where its last complete pull began longer ago than `late`, beyond
    the interval that it has of its own. A service that is paused, or was disconnected, is nobody's concern; a tenant
    that never had one is.
    """
    tenant = status["tenant"]
    if not status["services"] and not status["disconnected"]:
        yield Finding(
            tenant, None, f"no service is connected, so nothing is pulled. Run: avesa connect {tenant} SERVICE"
        )
    for service in status["services"]:
        if not service["enabled"]:
            continue
        if service["problem"]:
            yield Finding(tenant, service["service"], service["problem"])
        for table in service["tables"]:
            name = f"{service['service']}/{table['table']}"
            if table["error"] and not service["problem"]:
                yield Finding(tenant, name, table["error"])
            elif late is not None and not table["error"]:
                yield from _late(tenant, name, table, now, late)
    for table in status["canonical"]:
        if table["error"]:
            yield Finding(tenant, table["table"], table["error"])
        if table["held"]:
            yield Finding(tenant, table["table"], f"deletions wait. See: avesa deletes list {tenant}")
    told = {table["table"] for table in status["canonical"] if table["error"]}
    for found in status["mappings"]:
        if found["level"] == "warning" or (found["level"] == "error" and found["table"] not in told):
            yield Finding(tenant, found["table"], found["message"])


def _late(tenant: str, name: str, table: Mapping[str, Any], now: datetime, late: timedelta) -> Iterator[Finding]:
    pulled = table["pulled_at"]
    if pulled is None:
        yield Finding(tenant, name, "never pulled to its end")
    elif now - pulled > late + timedelta(seconds=table["every_seconds"]):
        yield Finding(tenant, name, f"last pulled to its end at {moment(pulled)} UTC")
