"""The function that folds what a tenant has landed into one canonical table."""

from __future__ import annotations

import time

from avesa.aws.catalogue import keep_registered
from avesa.aws.edge import MOST_OF_AN_ERROR, Answer, Call, handler
from avesa.aws.events import TransformEvent
from avesa.canonical_transform.mapping_sql import source_query
from avesa.pipeline.ports import Ports
from avesa.pipeline.transform import LOOKS, transform_tenant
from avesa.shared.errors import AvesaError
from avesa.shared.layout import checked_run_id


@handler(TransformEvent)
def transform(call: Call, event: TransformEvent) -> Answer:
    """`{"status", "table", "rows", "added", "quarantined", "error"?, "unregistered"?}`. An error that may pass is
    raised, as Busy is. `unregistered` is why the Glue catalogue does not have the table; nothing has failed by that.
    """
    checked_run_id(event.run_id)
    began = time.monotonic()
    try:
        with call.ports(event.tenant) as ports:
            outcomes = transform_tenant(ports, event.tenant, run_id=event.run_id, tables=[event.table], looks=LOOKS)
            folded = [outcome for outcome in outcomes if outcome.error is None]
            unregistered = _unregistered(call, ports, event) if folded else None
    finally:
        # What it remembers of a mapping may be of the tenant's own.
        source_query.cache_clear()
    if not outcomes:
        # Nothing has landed that this table is made of.
        return {"status": "ok", "table": event.table, "rows": 0, "added": 0, "quarantined": 0}
    (outcome,) = outcomes
    if outcome.error is not None and outcome.error.retry:
        raise outcome.error
    report = outcome.report
    answer = {
        "status": outcome.status,
        "table": event.table,
        "rows": report.rows,
        "added": report.added,
        "quarantined": report.quarantined,
    }
    if outcome.error is not None:
        return {**answer, "error": str(outcome.error)[:MOST_OF_AN_ERROR]}
    call.measure(
        {
            "VersionsOpened": report.added,
            "RowsQuarantined": report.quarantined,
            "FoldSeconds": time.monotonic() - began,
        },
        table=event.table,
    )
    return answer if unregistered is None else {**answer, "unregistered": unregistered}


def _unregistered(call: Call, ports: Ports, event: TransformEvent) -> str | None:
    """Why the catalogue does not have the table, None where it has. The next fold of the table tries again."""
    try:
        keep_registered(call.aws, call.installation, ports, event.tenant, event.table)
    except AvesaError as error:
        call.log.warning("the table is not registered", reason=str(error))
        return str(error)
    return None
