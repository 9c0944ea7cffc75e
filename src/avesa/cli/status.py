"""`avesa status`: how far every table of every tenant is, and what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import click

from avesa.canonical_transform.ledger import decode_ledger
from avesa.canonical_transform.mapping import mapping_names
from avesa.cli.command import Command, home_option, json_option, no_tenant, sentence
from avesa.cli.duration import DURATION
from avesa.cli.health import Finding, findings
from avesa.cli.opening import opened
from avesa.cli.output import console, counted, moment, shown, write_json, write_table
from avesa.connector.checkpoint import decode_checkpoint
from avesa.connector.memory import decode_memory
from avesa.connector.pull_settings import every_of
from avesa.connector.service import Endpoint
from avesa.integrations import load_service
from avesa.pipeline.left_behind import all_left_behind
from avesa.pipeline.mapping_findings import mapping_findings
from avesa.pipeline.ports import Ports
from avesa.pipeline.snapshots import snapshots
from avesa.shared.errors import ConfigurationError, UsageError
from avesa.shared.layout import quarantine_prefix
from avesa.shared.run_log import RunEntry
from avesa.shared.tenants import TenantService
from avesa.shared.watermarks import TableState


@click.command(
    cls=Command,
    epilog="""
Examples:
  avesa status
  avesa status acme
  avesa status acme --json
  avesa status --check                      only what is wrong, and exit status 1 if anything is
  avesa status --check --late 2h            or was not pulled to its end for two hours

Wrong is what --check names: credentials that are refused, a table that failed or is late, a fold that failed, deletions
that wait, a mapping that is not valid or without effect; that there is no tenant, or no service connected to one. What
is paused or was disconnected is left out. A table with an interval of its own is late that much later. Rows in
quarantine are none of it: they are counted, and hold nothing up.
""",
)
@click.argument("tenant", required=False)
@click.option("--check", is_flag=True, help="Show only what is wrong; exit status 1 if anything is.")
@click.option("--late", type=DURATION, metavar="TIME", help="With --check: so old a pull is late, such as 90m or 2d.")
@home_option
@json_option
@click.pass_context
def status(ctx: click.Context, tenant: str | None, check: bool, late: timedelta | None, as_json: bool) -> None:
    """Show how far every table is, and what is wrong."""
    if late is not None and not check:
        raise UsageError("--late goes with --check.")
    found = []
    wrong: list[Finding] = []
    with opened(only_reads=True) as deployment:
        names = [tenant] if tenant else deployment.tenants.tenants()
        wrong += [] if names else [Finding(None, None, str(no_tenant()))]
        for name in names:
            with deployment.of(name) as ports:
                found.append(tenant_status(ports, name))
                wrong += findings(found[-1], now=ports.clock(), late=late)
    if check:
        _show_findings(wrong, as_json=as_json)
        ctx.exit(1 if wrong else 0)
    if as_json:
        write_json(found)
        return
    if not found:
        console().print(sentence(no_tenant()))
    for one in found:
        _show(one)


def tenant_status(ports: Ports, tenant: str) -> dict[str, Any]:
    """As `status --json` prints it. Raises UsageError for an unknown tenant."""
    services = ports.tenants.services(tenant)
    states = {state.table_name: state for state in ports.watermarks.all(tenant)}
    latest = {(entry.stage, entry.table): entry for entry in ports.run_log.latest(tenant)}
    return {
        "tenant": tenant,
        "synced": bool(latest),
        "services": [_service_status(one, states, latest) for one in services],
        "disconnected": [
            {"service": service, "at": left.at}
            for service, left in all_left_behind(states.values()).items()
            if service not in {one.service for one in services}
        ],
        "canonical": _canonical_status(ports, tenant, states, latest),
        "mappings": [vars(one) for one in mapping_findings(ports, tenant)],
    }


def _service_status(
    connected: TenantService, states: dict[str, TableState], latest: dict[tuple[Any, str], RunEntry]
) -> dict[str, Any]:
    tables: list[dict[str, Any]] = []
    problem = connected.problem
    hint = problem and f"Mend it: avesa connect {connected.tenant_id} {connected.service} --secrets-from FILE"
    try:
        endpoints = load_service(connected.service).endpoints
    except (UsageError, ConfigurationError) as error:
        endpoints, problem, hint = (), error.message, error.hint
    for endpoint in endpoints:
        if connected.tables is not None and endpoint.name not in connected.tables:
            continue
        name = f"{connected.service}/{endpoint.name}"
        entry, state = latest.get(("ingest", name)), states.get(name)
        unfinished = decode_checkpoint(state.checkpoint) if state else None
        tables.append(
            {
                "table": endpoint.name,
                "status": entry.status if entry else None,
                "kind": entry.figures.get("kind") if entry else None,
                "rows": entry.figures.get("rows") if entry else None,
                "finished_at": entry.finished_at if entry else None,
                "pulled_at": decode_memory(state.details).pulled_at if state else None,
                "every_seconds": _every_seconds(connected, endpoint),
                "watermark": state.watermark if state else None,
                "unfinished": unfinished
                and {
                    "kind": unfinished.kind,
                    "started_at": unfinished.started_at,
                    "pages": unfinished.figures.pages,
                    "rows": unfinished.figures.rows,
                },
                "error": entry.error if entry else None,
                "warning": entry.figures.get("warning") if entry else None,
            }
        )
    return {
        "service": connected.service,
        "enabled": connected.enabled,
        "problem": problem,
        "hint": hint or None,
        "tables": tables,
    }


def _every_seconds(connected: TenantService, endpoint: Endpoint) -> float:
    """0 where it is pulled with each sync, or where that cannot be told."""
    try:
        return every_of(connected.settings, endpoint).total_seconds()
    except UsageError:
        return 0


def _canonical_status(
    ports: Ports, tenant: str, states: dict[str, TableState], latest: dict[tuple[Any, str], RunEntry]
) -> list[dict[str, Any]]:
    live = snapshots(ports, tenant)
    entries = ports.run_log.entries(tenant, limit=100_000)
    found = []
    for table in mapping_names():
        name = f"canonical/{table}"
        entry, state = latest.get(("transform", name)), states.get(name)
        if table not in live and entry is None:
            continue
        ours = [one for one in entries if one.table == name]
        folded_at = next((one.finished_at for one in ours if one.status == "ok"), None)
        files = live[table].files if table in live else ()
        ledger = decode_ledger(state.details if state else None)
        found.append(
            {
                "table": table,
                "status": entry.status if entry else None,
                "current": sum(file.rows for file in files if file.is_current),
                "closed": sum(file.rows for file in files if not file.is_current),
                "quarantined": _quarantined(ports, tenant, table),
                "uncastable": _uncastable(ours),
                "held": [source.held for source in ledger.sources.values() if source.held],
                "folded_at": folded_at,
                "error": entry.error if entry else None,
            }
        )
    return found


def _quarantined(ports: Ports, tenant: str, table: str) -> int:
    """Raw rows that could not be folded, each counted once."""
    files = [info.path for info in ports.objects.list(quarantine_prefix(tenant, table))]
    if not files:
        return 0
    from avesa.pipeline.quarantined import count_quarantined  # noqa: PLC0415 — the engine, which is seldom needed

    return count_quarantined(ports, files)


def _uncastable(entries: list[RunEntry]) -> int:
    """Values that became null since the table was last built anew, as far as the run log (newest first) tells."""
    total = 0
    for entry in entries:
        total += sum(int(found["count"]) for found in entry.figures.get("uncastable", {}).values())
        if entry.figures.get("rebuilt"):
            break
    return total


def _show_findings(wrong: list[Finding], *, as_json: bool) -> None:
    if as_json:
        write_json({"ok": not wrong, "problems": [vars(one) for one in wrong]})
    elif wrong:
        write_table(("tenant", "table", "problem"), [(one.tenant, one.table, one.problem) for one in wrong])
    else:
        console().print("Nothing is wrong.")


def _show(found: dict[str, Any]) -> None:
    out = console()
    out.print(found["tenant"], style="bold")
    if not (found["services"] or found["disconnected"]):
        out.print(f"  not connected to any service. Run: avesa connect {found['tenant']} SERVICE --secrets-from FILE")
    elif any(service["enabled"] for service in found["services"]) and not found["synced"]:
        out.print(f"  never synced. Run: avesa sync {found['tenant']}")
    for service in found["services"]:
        paused = "" if service["enabled"] else " is paused"
        problem = f": {shown(service['problem'])}" if service["problem"] else ""
        if problem or paused or not found["synced"]:
            out.print(f"  {service['service']}{paused}{problem}")
        if problem:
            out.print(f"  {shown(service['hint'])}")
        if service["tables"] and found["synced"]:
            columns = (service["service"], "last pull", "rows", "at (UTC)", "watermark (UTC)")
            _write_noted(columns, [_raw_row(one) for one in service["tables"]], right=["rows"])
    for one in found["disconnected"]:
        out.print(f"  {one['service']} was disconnected at {moment(one['at'])} UTC and is not pulled any more")
    if found["disconnected"] or not (found["services"] and found["synced"]):
        out.print()
    if found["canonical"]:
        numbers = ("current", "closed", "quarantined", "uncastable")
        rows = [
            (
                one["table"],
                *(one[name] for name in numbers),
                _to_the_minute(one["folded_at"]),
                one["error"] or ("deletions held: a listing lacks too many records" if one["held"] else ""),
            )
            for one in found["canonical"]
        ]
        _write_noted(("canonical", *numbers, "folded at (UTC)"), rows, right=numbers)
    for one in found["mappings"]:
        out.print(f"  {one['level']}: {shown(one['message'])} {shown(one['hint'])}".rstrip())


def _write_noted(columns: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[str]) -> None:
    """The last of each row is a note, which stands below: a table without it fits into a terminal of 80 characters."""
    write_table(columns, [row[:-1] for row in rows], right=right, whole=columns[:1])
    out = console()
    for row in rows:
        if row[-1]:
            out.print(f"  {row[0]}: {shown(row[-1])}")
    out.print()


def _to_the_minute(value: datetime | None) -> str:
    return moment(value)[: len("2026-03-02 14:05")]


def _raw_row(table: dict[str, Any]) -> tuple[object, ...]:
    unfinished = table["unfinished"]
    note = table["error"] or table["warning"] or ""
    if unfinished and not note:
        note = f"unfinished {unfinished['kind']}: {counted(unfinished['pages'], 'page')} so far"
    result = table["status"] or "never"
    if table["status"] == "ok":
        result = table["kind"] or "ok"
    return (
        table["table"],
        result,
        table["rows"],
        _to_the_minute(table["finished_at"]),
        _to_the_minute(table["watermark"]),
        note,
    )
