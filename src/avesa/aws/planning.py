"""The function that begins a run: it writes which services of which tenants are due, one item for each.

A plan is written once. Called again with the same run, the function reads what it wrote, so that a call that is
repeated, or a run that is taken up again, does the same work. It runs with a role that reads names, settings and states
of all tenants, and their mappings; it reaches no secret and no data.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import msgspec

from avesa.aws.edge import Answer, Call, handler
from avesa.aws.events import PlanEvent, PlanItem
from avesa.aws.state import DynamoState
from avesa.integrations import load_service
from avesa.pipeline.due import choose_services, due_of, has_table
from avesa.pipeline.ingest import choose_tables
from avesa.shared.clock import system_clock
from avesa.shared.errors import AvesaError, Where
from avesa.shared.layout import checked_run_id, run_file, timestamp_name
from avesa.shared.objects import Objects
from avesa.shared.tenants import TenantService

PLAN = "plan.json"
PROBLEMS = "problems.json"
"""What could not be planned, as lines for people. Written before the plan."""
_AT_ONCE = 16


@handler(PlanEvent)
def plan(call: Call, event: PlanEvent) -> Answer:
    """`{"run_id", "bucket", "key", "items"}`. Raises UsageError for a tenant or service that is named and unknown."""
    if event.service:
        choose_tables(load_service(event.service), [event.table] if event.table else None)
    now = system_clock()
    run_id = checked_run_id(event.run_id) if event.run_id else timestamp_name(now)
    objects = call.own_bucket()
    key = run_file(run_id, PLAN)
    items, problems = _planned(DynamoState(call.own, call.installation), objects, event, run_id, now)
    objects.write_new(run_file(run_id, PROBLEMS), msgspec.json.encode(problems))
    # Of all calls for one run the first one's plan counts.
    objects.write_new(key, msgspec.json.encode(dealt(items, run_id)))
    planned = msgspec.json.decode(objects.read(key), type=list[PlanItem])
    return {"run_id": run_id, "bucket": call.installation.bucket, "key": key, "items": len(planned)}


def dealt(items: list[PlanItem], run_id: str) -> list[PlanItem]:
    """In an order that is another one for each run, and the same for the same run.

    The workflow takes them in this order. By name, the services of one tenant would fold at the same time and wait for
    each other, and the last of the alphabet would always be the last.
    """

    def place(item: PlanItem) -> bytes:
        return hashlib.sha256("\0".join((run_id, item.tenant, item.service)).encode()).digest()

    return sorted(items, key=place)


def _planned(
    state: DynamoState, objects: Objects, event: PlanEvent, run_id: str, now: datetime
) -> tuple[list[PlanItem], list[str]]:
    """What is wrong with one tenant is a line for the report and touches no other; what was named must be there."""
    tenants = [event.tenant] if event.tenant else state.tenants.tenants()

    def one(tenant: str) -> list[PlanItem | str]:
        try:
            connected = _connected(state, tenant, event)
        except AvesaError as error:
            if event.tenant:
                raise
            return [str(error.located(Where(tenant)))]
        found = [_item(state, objects, each, event, run_id, now) for each in connected]
        return [item for item in found if item is not None]

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = [item for items in pool.map(one, tenants) for item in items]
    return [i for i in found if isinstance(i, PlanItem)], [i for i in found if isinstance(i, str)]


def _connected(state: DynamoState, tenant: str, event: PlanEvent) -> list[TenantService]:
    if event.tenant:
        return choose_services(state.tenants, tenant, event.service, event.table)
    connected = [one for one in state.tenants.services(tenant) if one.enabled]
    return [one for one in connected if event.service is None or one.service == event.service]


def _item(
    state: DynamoState, objects: Objects, connected: TenantService, event: PlanEvent, run_id: str, now: datetime
) -> PlanItem | str | None:
    """None where nothing is due."""
    try:
        if event.table is not None and not has_table(connected, event.table):
            return None
        due = due_of(
            connected,
            watermarks=state.watermarks,
            objects=objects,
            now=now,
            table=event.table,
            full=bool(event.full),
        )
    except AvesaError as error:
        return str(error.located(Where(connected.tenant_id, connected.service)))
    if due is None:
        return None
    return PlanItem(run_id, due.tenant, due.service, list(due.tables), list(due.canonical), bool(event.full))
