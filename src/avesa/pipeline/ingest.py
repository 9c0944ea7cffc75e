"""From a vendor to raw files: one table, or all tables of one tenant's service at once."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from avesa.connector.client import Client, Tally
from avesa.connector.connection import Connection, connection
from avesa.connector.endpoint_request import bare_request
from avesa.connector.limits import Stopped
from avesa.connector.memory import decode_memory
from avesa.connector.outcome import Place, Progress, PullOptions, PullOutcome
from avesa.connector.pull import pull
from avesa.connector.pull_settings import every_of
from avesa.connector.reading import reading_of
from avesa.connector.records import read_page
from avesa.connector.schedule import is_due
from avesa.connector.service import Endpoint, Service
from avesa.connector.stored_secrets import StoredSecrets
from avesa.integrations import load_service
from avesa.pipeline.ports import Ports
from avesa.shared.allocator import keep_freed_memory
from avesa.shared.errors import (
    AllowanceSpent,
    AvesaError,
    Busy,
    ServiceFailed,
    StorageError,
    UsageError,
    Where,
    internal_error,
)
from avesa.shared.run_log import RunEntry
from avesa.shared.tenants import TenantService
from avesa.shared.watermarks import TableState

TABLES_AT_ONCE = 4

Stop = Callable[[], bool]


@dataclass(frozen=True)
class IngestOutcome:
    """What the pull of one table came to. `error` and no figures where it failed; no figures either where it is
    not due yet, by the interval that is set for it.
    """

    tenant: str
    service: str
    table: str
    status: Literal["ok", "stopped", "failed", "not_due"]
    kind: Literal["changes", "listing"] | None = None
    rows: int = 0
    pages: int = 0
    skipped: int = 0
    calls: int = 0
    retries: int = 0
    bytes: int = 0
    files: tuple[str, ...] = ()
    watermark: datetime | None = None
    resumed: bool = False
    error: AvesaError | None = None
    warning: str | None = None


@dataclass(frozen=True)
class ServiceOutcome:
    """All tables of one tenant's service, in the order of the declaration. `problem` is why the vendor refuses
    the connection as a whole, None while it is good.
    """

    tenant: str
    service: str
    tables: tuple[IngestOutcome, ...] = field(default=())
    problem: ServiceFailed | None = None

    @property
    def ok(self) -> bool:
        return all(table.status in ("ok", "not_due") for table in self.tables) and self.problem is None


def connect(ports: Ports, tenant_service: TenantService, service: Service | None = None) -> Connection:
    """The tenant's address and credentials for a service. Raises ConfigurationError for what is missing."""
    declared = service or load_service(tenant_service.service)
    where = Where(tenant_service.tenant_id, declared.name)
    stored = StoredSecrets(ports.secrets, ports.watermarks, tenant_service.tenant_id, declared.name)
    return connection(declared, tenant_service.settings, stored.read(), where=where, stored=stored)


def choose_tables(service: Service, names: Iterable[str] | None) -> tuple[Endpoint, ...]:
    """The endpoints named, in the order of the declaration; all for None. Raises UsageError for an unknown one."""
    if names is None:
        return service.endpoints
    wanted = set(names)
    known = [endpoint.name for endpoint in service.endpoints]
    for name in sorted(wanted.difference(known)):
        close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        raise UsageError(
            f"{service.title} has no table {name!r}.",
            hint=f"Did you mean {' or '.join(close)}?" if close else f"It has {', '.join(known)}.",
        )
    return tuple(endpoint for endpoint in service.endpoints if endpoint.name in wanted)


def ingest_table(
    ports: Ports,
    tenant_service: TenantService,
    endpoint: str,
    *,
    run_id: str,
    full: bool = False,
    allow_empty: bool = False,
    stop: Stop = lambda: False,
    progress: Progress | None = None,
    service: Service | None = None,
    client: Client | None = None,
    options: PullOptions | None = None,
    spent: Tally | None = None,
) -> IngestOutcome:
    """Pull one table and write down how it went; "stopped" means that the next call goes on from there.

    `client` is shared by the tables that are pulled together, else one is made, and `spent` counts what it asks, also
    where the pull fails. Raises Busy if the table is being
    pulled already, ServiceFailed (the tenant's service is then marked), TableFailed, Unavailable, StorageError,
    ConfigurationError, each with its `where`.
    """
    keep_freed_memory()
    declared = service or load_service(tenant_service.service)
    table = choose_tables(declared, [endpoint])[0]
    tenant = tenant_service.tenant_id
    where = Where(tenant, declared.name, table.name)
    started_at = ports.clock()
    place = Place(ports.objects, ports.watermarks, ports.scratch, ports.clock, tenant, run_id)

    def logged(status: Literal["ok", "stopped", "failed"], error: str | None, figures: dict[str, Any]) -> None:
        name = f"{declared.name}/{table.name}"
        entry = RunEntry(
            run_id, tenant, "ingest", name, status, started_at, ports.clock(), error=error, figures=figures
        )
        ports.run_log.write(entry)

    def failed(error: AvesaError) -> None:
        """Write it down; where that fails too, the error itself is what counts."""
        refused = isinstance(error, ServiceFailed)
        with suppress(AvesaError):
            logged(_ended(error), error.message, {"retry": error.retry, "refused": refused})
        if refused:
            with suppress(AvesaError):
                ports.tenants.mark(tenant, declared.name, error.message)

    try:
        with ExitStack() as on_exit:
            on_exit.enter_context(ports.watermarks.lease(tenant, f"{declared.name}/{table.name}"))
            if client is None:
                link = connect(ports, tenant_service, declared)
                own = Client(link, stop=stop, clock=ports.clock, allowances=ports.allowances, spent=spent)
                client = on_exit.enter_context(own)
            done = pull(
                place,
                client,
                table,
                full=full,
                allow_empty=allow_empty,
                stop=stop,
                progress=progress,
                options=options,
            )
    except Busy as error:
        raise error.located(where) from None
    except OSError as error:
        blocked = StorageError(f"Cannot use {ports.scratch}: {error.strerror}.", where=where)
        failed(blocked)
        raise blocked from None
    except AvesaError as error:
        error.located(where)
        failed(error)
        raise
    except BaseException as error:
        bug = internal_error(error).located(where)
        failed(bug)
        raise bug from error
    try:
        logged(done.status, None, _figures(done))
        if tenant_service.problem is not None and done.calls:
            ports.tenants.mark(tenant, declared.name, None)
    except AvesaError as error:
        error.located(where)
        raise
    return IngestOutcome(
        tenant,
        declared.name,
        table.name,
        done.status,
        done.kind,
        done.rows,
        done.pages,
        done.skipped,
        done.calls,
        done.retries,
        done.bytes,
        done.files,
        done.watermark,
        done.resumed,
        warning=done.warning,
    )


def ingest_service(
    ports: Ports,
    tenant_service: TenantService,
    *,
    run_id: str,
    tables: Iterable[str] | None = None,
    full: bool = False,
    allow_empty: bool = False,
    stop: Stop = lambda: False,
    progress: Progress | None = None,
    service: Service | None = None,
    options: PullOptions | None = None,
) -> ServiceOutcome:
    """Pull a tenant's tables of one service, several at once, each child after its parent.

    A table that fails does not stop the others; a refused connection stops them all, and they go on from there
    next time. A table that is not due is left out, unless it is named or all is to be listed anew. Raises Busy if
    the service is being pulled already, ConfigurationError and UsageError.
    """
    declared = service or load_service(tenant_service.service)
    where = Where(tenant_service.tenant_id, declared.name)
    try:
        chosen = choose_tables(declared, tenant_service.tables if tables is None else tables)
    except UsageError as error:
        raise error.located(where) from None
    refused: list[ServiceFailed] = []

    def stopped() -> bool:
        return bool(refused) or stop()

    def one(endpoint: Endpoint) -> IngestOutcome:
        blank = IngestOutcome(tenant_service.tenant_id, declared.name, endpoint.name, "stopped")
        if stopped():
            return blank
        try:
            if tables is None and not full and not _is_due(ports, tenant_service, declared, endpoint):
                return replace(blank, status="not_due")
            return ingest_table(
                ports,
                tenant_service,
                endpoint.name,
                run_id=run_id,
                full=full,
                allow_empty=allow_empty,
                stop=stopped,
                progress=progress,
                service=declared,
                client=client,
                options=options,
            )
        except AvesaError as error:
            error.located(Where(tenant_service.tenant_id, declared.name, endpoint.name))
            if isinstance(error, ServiceFailed):
                refused.append(error)
            return _failed(blank, error)

    try:
        with (
            ports.watermarks.lease(tenant_service.tenant_id, declared.name),
            Client(
                connect(ports, tenant_service, declared), stop=stopped, clock=ports.clock, allowances=ports.allowances
            ) as client,
        ):
            outcomes = _parents_first(chosen, one)
    except Busy as error:
        raise error.located(where) from None
    return ServiceOutcome(
        tenant_service.tenant_id,
        declared.name,
        tuple(outcomes[endpoint.name] for endpoint in chosen),
        refused[0] if refused else None,
    )


def check_connection(
    ports: Ports, tenant_service: TenantService, *, service: Service | None = None, stop: Stop = lambda: False
) -> None:
    """One cheap request with the tenant's credentials. Returns if they are good, and takes a mark away.

    Raises ServiceFailed if the vendor refuses them (and marks the tenant's service), TableFailed where they lack a
    right or the address is wrong, Unavailable, ConfigurationError.
    """
    declared = service or load_service(tenant_service.service)
    endpoint = declared.endpoint(declared.check) if declared.check else declared.endpoints[0]
    link = connect(ports, tenant_service, declared)
    request = declared.paging_of(endpoint, listing=True).probe(bare_request(link, endpoint, None))
    with Client(link, stop=stop, clock=ports.clock, allowances=ports.allowances) as client:
        try:
            response = client.get(request, Tally())
            # A wrong address can answer 200 with a web page.
            if request.has_records and response.status != 204:
                read_page(response.body, reading_of(declared, endpoint, link.credentials), page=1, parent_id=None)
        except Stopped:
            return
        except AvesaError as error:
            if isinstance(error, ServiceFailed):
                with suppress(AvesaError):  # what the vendor said counts, also where it cannot be written down
                    ports.tenants.mark(tenant_service.tenant_id, declared.name, error.message)
            raise error.located(link.where) from None
    if tenant_service.problem is not None:
        ports.tenants.mark(tenant_service.tenant_id, declared.name, None)


def _parents_first(chosen: tuple[Endpoint, ...], one: Callable[[Endpoint], IngestOutcome]) -> dict[str, IngestOutcome]:
    """Each table once its parent (if it is among them) is done, whatever became of that."""
    names = {endpoint.name for endpoint in chosen}
    waiting = list(chosen)
    outcomes: dict[str, IngestOutcome] = {}
    running: set[Future[IngestOutcome]] = set()
    with ThreadPoolExecutor(TABLES_AT_ONCE, thread_name_prefix="avesa-table") as pool:
        while waiting or running:
            ready = [
                e
                for e in waiting
                if e.parent is None or e.parent.endpoint not in names or e.parent.endpoint in outcomes
            ]
            waiting = [e for e in waiting if e not in ready]
            running |= {pool.submit(one, endpoint) for endpoint in ready}
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                outcome = future.result()
                outcomes[outcome.table] = outcome
    return outcomes


def is_table_due(state: TableState, settings: Mapping[str, str], endpoint: Endpoint, now: datetime) -> bool:
    """Whether a sync should pull the table now, by the interval that is set for it."""
    every = every_of(settings, endpoint)
    return is_due(decode_memory(state.details), every, now, unfinished=state.checkpoint is not None)


def _is_due(ports: Ports, tenant_service: TenantService, service: Service, endpoint: Endpoint) -> bool:
    state = ports.watermarks.get(tenant_service.tenant_id, f"{service.name}/{endpoint.name}")
    return is_table_due(state, tenant_service.settings, endpoint, ports.clock())


def _failed(blank: IngestOutcome, error: AvesaError) -> IngestOutcome:
    return IngestOutcome(blank.tenant, blank.service, blank.table, _ended(error), error=error)


def _ended(error: AvesaError) -> Literal["stopped", "failed"]:
    """A pull that used up what the vendor allows is no failure: it goes on when there is more."""
    return "stopped" if isinstance(error, AllowanceSpent) else "failed"


def _figures(done: PullOutcome) -> dict[str, Any]:
    return {
        "kind": done.kind,
        "rows": done.rows,
        "pages": done.pages,
        "skipped": done.skipped,
        "calls": done.calls,
        "retries": done.retries,
        "bytes": done.bytes,
        "files": len(done.files),
        "resumed": done.resumed,
        "vendor_total": done.vendor_total,
        "warning": done.warning,
    }
