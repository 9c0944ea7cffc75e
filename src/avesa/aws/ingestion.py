"""The function that pulls one table of one tenant: as far as its time lasts, and on from there with the next call."""

from __future__ import annotations

from typing import Any

from avesa.aws.edge import MOST_OF_AN_ERROR, Answer, Call, handler
from avesa.aws.events import IngestEvent
from avesa.connector.client import Tally
from avesa.pipeline.ingest import ingest_table
from avesa.pipeline.ports import Ports
from avesa.shared.errors import AllowanceSpent, AvesaError
from avesa.shared.layout import checked_run_id
from avesa.shared.run_log import RunEntry
from avesa.shared.tenants import TenantService


@handler(IngestEvent)
def ingestion(call: Call, event: IngestEvent) -> Answer:
    """`{"done", "status", "table", "rows", "error"?}`; `done` is false while there is more to pull.

    What fails the table is an answer. What may go well if it is tried again soon is raised: Busy, Unavailable,
    StaleState, StorageError.
    """
    checked_run_id(event.run_id)
    with call.ports(event.tenant) as ports:
        connected = _connected(ports, event)
        if connected is None:
            return _answer(event, "not_due")
        before = _before(ports, event, refused=connected.problem is not None)
        if before is not None:
            return before
        spent = Tally()
        try:
            done = ingest_table(
                ports, connected, event.table, run_id=event.run_id, full=bool(event.full), stop=call.stop, spent=spent
            )
        except AllowanceSpent as error:
            # Trying again at once would find the same: the next sync goes on from the checkpoint.
            return _answer(event, "stopped", error=str(error))
        except AvesaError as error:
            if error.retry:
                raise
            return _answer(event, "failed", error=str(error))
        finally:
            call.measure({"Calls": spent.calls, "Throttled": spent.throttled}, service=event.service)
    if done.status == "ok":
        call.measure({"TablesDone": 1, "RowsLanded": done.rows}, service=event.service)
    return _answer(event, done.status, rows=done.rows, done=done.status == "ok")


def _connected(ports: Ports, event: IngestEvent) -> TenantService | None:
    """None where the service was taken away or switched off since the plan was made."""
    found = [one for one in ports.tenants.services(event.tenant) if one.service == event.service]
    return found[0] if found and found[0].enabled else None


def _before(ports: Ports, event: IngestEvent, *, refused: bool) -> Answer | None:
    """What this run came to already: the answer to a call that was lost, or a refusal that holds for all tables.

    A vendor that refuses the credentials is not asked again for each table: too many wrong logins lock an account.
    """
    ours = [one for one in ports.run_log.latest(event.tenant) if one.run_id == event.run_id and one.stage == "ingest"]
    for entry in ours:
        if entry.table == f"{event.service}/{event.table}" and entry.status == "ok":
            return _answer(event, "ok", rows=int(entry.figures.get("rows", 0)))
    if refused and (entries := [one for one in ours if _refuses(one, event.service)]):
        return _answer(event, "failed", error=f"The vendor refused the connection in this run: {entries[0].error}")
    return None


def _refuses(entry: RunEntry, service: str) -> bool:
    return entry.table.startswith(f"{service}/") and bool(entry.figures.get("refused"))


def _answer(
    event: IngestEvent, status: str, *, rows: int = 0, done: bool = True, error: str | None = None
) -> dict[str, Any]:
    answer = {"done": done, "status": status, "table": event.table, "rows": rows}
    return answer if error is None else {**answer, "error": error[:MOST_OF_AN_ERROR]}
