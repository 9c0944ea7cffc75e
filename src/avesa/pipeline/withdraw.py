"""Pulls from a time to come, which a clock that was wrong has made: taken back, so that the tables rest on the others.

Nothing is deleted. A withdrawal lies beside the pull's receipt, which then counts as if it had never been; what the
tables of that tenant remember of it is forgotten, so that the next pull lists them anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from avesa.connector.change_window import known
from avesa.connector.onward_clock import CLOCKS_DIFFER, moments_of, pulls_after
from avesa.pipeline.ports import Ports
from avesa.pipeline.tenant_mappings import landed_sources
from avesa.shared import layout
from avesa.shared.receipt import Withdrawal, encode_withdrawal
from avesa.shared.watermarks import TableState


@dataclass(frozen=True)
class EarlyPulls:
    """What one raw table has of a time to come: the names of its receipts, and the newest moment. There are none where
    its state alone tells of one.
    """

    tenant: str
    service: str
    table: str
    receipts: tuple[str, ...]
    newest: datetime


def early_pulls(ports: Ports, tenant: str) -> list[EarlyPulls]:
    """Of a known tenant, sorted by table: all that lies behind now by more than clocks differ.

    Raises UsageError for an unknown tenant.
    """
    limit = ports.clock() + CLOCKS_DIFFER
    states = {
        state.table_name: state
        for connected in ports.tenants.services(tenant)
        for state in ports.watermarks.all(tenant, f"{connected.service}/")
    }
    landed = {f"{service}/{table}" for service, table in landed_sources(ports.objects, tenant)}
    found = (_early(ports, tenant, name, states.get(name), limit) for name in sorted({*states, *landed}))
    return [one for one in found if one is not None]


def withdraw_pulls(ports: Ports, pulls: Iterable[EarlyPulls], *, withdrawn_by: str | None) -> None:
    """Take them back. Can be repeated; what was not done is still found. Raises Busy where a table is being pulled,
    StaleState where it was meanwhile.
    """
    for one in pulls:
        name = f"{one.service}/{one.table}"
        with ports.watermarks.lease(one.tenant, name):
            now = ports.clock()
            told = Withdrawal(reason="The clock was ahead.", withdrawn_at=now, withdrawn_by=withdrawn_by)
            for receipt in one.receipts:
                path = f"{layout.raw_prefix(one.tenant, one.service, one.table)}/{layout.withdrawal_of(receipt)}"
                ports.objects.write(path, encode_withdrawal(told))
            stored = ports.watermarks.get(one.tenant, name)
            ports.watermarks.put(TableState(one.tenant, name, version=stored.version))


def _early(ports: Ports, tenant: str, name: str, state: TableState | None, limit: datetime) -> EarlyPulls | None:
    service, _, table = name.partition("/")
    receipts = pulls_after(ports.objects, tenant, service, table, limit)
    remembered = moments_of(state) if state is not None else []
    moments = [moment for moment in known(*remembered, *map(layout.moment_of, receipts)) if moment > limit]
    return EarlyPulls(tenant, service, table, tuple(receipts), max(moments)) if moments else None
