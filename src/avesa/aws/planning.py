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
from avesa.aws.schedules import running_schedules, schedule_name
from avesa.aws.state import DynamoState
from avesa.integrations import load_service
from avesa.pipeline.due import choose_services, due_of, has_table
from avesa.pipeline.ingest import choose_tables
from avesa.shared.clock import system_clock
from avesa.shared.errors import AvesaError, UsageError, Where
from avesa.shared.layout import checked_run_id, run_file, timestamp_name
from avesa.shared.objects import Objects
from avesa.shared.tenants import TenantService

PLAN = "plan.json"
PROBLEMS = "problems.json"
"""What could not be planned, as lines for people. Written before the plan."""
_AT_ONCE = 16


@handler(PlanEvent)
def plan(call: Call, event: PlanEvent) -> Answer:
    """`{"run_id", "bucket", "key", "items"}`. Raises UsageError for a tenant or service that a person names and that is
    unknown.
    """
    if event.service:
        choose_tables(load_service(event.service), [event.table] if event.table else None)
    now = system_clock()
    run_id = checked_run_id(event.run_id) if event.run_id else timestamp_name(now)
    objects = call.own_bucket()
    key = run_file(run_id, PLAN)
    items, problems = _planned(call, objects, event, run_id, now)
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
    call: Call, objects: Objects, event: PlanEvent, run_id: str, now: datetime
) -> tuple[list[PlanItem], list[str]]:
    """What is wrong with one tenant is a line for the report and touches no other; what was named must be there."""
    state = DynamoState(call.own, call.installation)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        connected, problems = _connected(call, state, event, pool)
        found = list(pool.map(lambda one: _item(call, state, objects, one, event, run_id, now), connected))
    return [i for i in found if isinstance(i, PlanItem)], [*problems, *(i for i in found if isinstance(i, str))]


def _connected(
    call: Call, state: DynamoState, event: PlanEvent, pool: ThreadPoolExecutor
) -> tuple[list[TenantService], list[str]]:
    """The services of tenants that the run is about, and what is wrong with the others."""
    if event.tenant and event.scheduled:
        return _of_its_schedule(call, state, event.tenant, event.service), []
    if event.tenant:
        return choose_services(state.tenants, event.tenant, event.service, event.table), []

    def of(tenant: str) -> list[TenantService] | str:
        try:
            return [one for one in state.tenants.services(tenant) if one.enabled]
        except AvesaError as error:
            return str(error.located(Where(tenant)))

    found = list(pool.map(of, state.tenants.tenants()))
    connected = [one for services in found if not isinstance(services, str) for one in services]
    asked = [one for one in connected if event.service is None or one.service == event.service]
    problems = [problem for problem in found if isinstance(problem, str)]
    if not event.scheduled:
        return asked, problems
    together, lost = _together(call, asked)
    return together, [*problems, *lost]


def _of_its_schedule(call: Call, state: DynamoState, tenant: str, service: str | None) -> list[TenantService]:
    """The service whose own schedule began this run; none where it was taken away since, which hurts nobody: it is
    synced with all, or not at all.
    """
    try:
        found = [one for one in state.tenants.services(tenant) if one.service == service]
    except UsageError:
        found = []
    if not found or found[0].schedule is None:
        call.log.warning("a schedule that is not in force any more began this run")
        return []
    return [one for one in found if one.enabled]


def _together(call: Call, connected: list[TenantService]) -> tuple[list[TenantService], list[str]]:
    """Those that no schedule of their own syncs, and a line for each whose schedule is not there: it is not left out,
    for else nothing would ever sync it.
    """
    if all(one.schedule is None for one in connected):
        return connected, []
    running, why = frozenset[str](), "is not there any more"
    try:
        running = _running(call)
    except AvesaError as error:
        why = f"cannot be looked up ({error.message})"
    together = [
        one for one in connected if one.schedule is None or schedule_name(one.tenant_id, one.service) not in running
    ]
    lost = [
        f"{Where(one.tenant_id, one.service)}: its schedule {one.schedule} {why}, so it is synced with all. "
        f"Set it again: avesa --aws {call.installation.env} schedule {one.tenant_id} {one.service} '{one.schedule}'"
        for one in together
        if one.schedule is not None
    ]
    return together, lost


def _running(call: Call) -> frozenset[str]:
    group = call.installation.schedule_group
    if group is None:
        return frozenset()
    client = call.aws.scheduler()
    try:
        return running_schedules(client, group)
    finally:
        client.close()


def _item(
    call: Call,
    state: DynamoState,
    objects: Objects,
    connected: TenantService,
    event: PlanEvent,
    run_id: str,
    now: datetime,
) -> PlanItem | str | None:
    """None where nothing is due. A line for what is wrong, be it a bug: it must not hold back everybody else."""
    where = Where(connected.tenant_id, connected.service)
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
        return str(error.located(where))
    except Exception as error:  # noqa: BLE001 — told as a bug
        return str(call.bug(error).located(where))
    if due is None:
        return None
    return PlanItem(run_id, due.tenant, due.service, list(due.tables), list(due.canonical), bool(event.full))
