"""The function that ends a run: what was planned, set against what the run log says was done.

The run log is what counts, since each pull and fold writes its own line there. What is missing from it did not run to
an end, whatever the reason; what the workflow wrote about its children adds the reason where it knows one. Tables
that failed are counted here and not where they are pulled, since there nobody knows whether it is tried again.

What another worker had in work all the time is busy: it was not done, and nothing failed.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec

from avesa.aws.dynamodb_run_log import DynamoRunLog
from avesa.aws.edge import Answer, Call, handler
from avesa.aws.events import PlanItem, ReportEvent
from avesa.aws.map_results import Ended, MapResults, read_results
from avesa.aws.planning import PROBLEMS
from avesa.aws.state import DynamoState
from avesa.shared.errors import ConfigurationError, Where
from avesa.shared.layout import checked_run_id, run_file
from avesa.shared.objects import Objects
from avesa.shared.run_log import RunEntry

REPORT = "report.json"
MOST_LINES = 50
MOST_CHARACTERS = 1000
"""Of each line that is handed on: a state of the workflow holds 256 KB."""
_AT_ONCE = 16
_ALL_RIGHT = ("ok", "stopped", "not_due", "busy")
"""What the workflow may know of a table without a line in the run log, and nothing went wrong: another worker had it in
work, its service was switched off after the plan was made, or its line is not kept any more."""
_SKEW = timedelta(minutes=5)
"""So far may the clocks of two workers differ."""


@handler(ReportEvent)
def report(call: Call, event: ReportEvent) -> Answer:
    """`{"run_id", "bucket", "key", "items", "tables", "folds", "rows", "failures", "failed"}`: `tables` and `folds`
    count by status (ok, stopped, not_due, busy, failed, missing), `failed` has a line for each failure, at most 50.
    """
    checked_run_id(event.run_id)
    objects = call.own_bucket()
    items = msgspec.json.decode(objects.read(event.key), type=list[PlanItem])
    done, unread = _done(DynamoState(call.own, call.installation).run_log, items, event)
    results = read_results(objects, _results(event))
    found = _compared(items, done, results)
    lines = [*_problems(objects, event.run_id), *unread, *found.lines, *results.broken]
    answer = {
        "run_id": event.run_id,
        "bucket": call.installation.bucket,
        "key": run_file(event.run_id, REPORT),
        "items": len(items),
        "tables": dict(sorted(found.tables.items())),
        "folds": dict(sorted(found.folds.items())),
        "rows": found.rows,
        "failures": len(lines),
        "failed": [line[:MOST_CHARACTERS] for line in lines[:MOST_LINES]],
    }
    objects.write(run_file(event.run_id, REPORT), msgspec.json.encode({**answer, "failed": lines}))
    for service in sorted({*found.failed, *found.busy}):
        # The nought is for the alarm that sets these against each other: a number that was never written has no value.
        call.measure(
            {"TablesFailed": found.failed[service], "TablesBusy": found.busy[service], "TablesDone": 0},
            service=service,
        )
    call.measure({"SyncHeartbeat": 1})
    return answer


_Done = dict[tuple[str, str, str], RunEntry]


def _done(log: DynamoRunLog, items: list[PlanItem], event: ReportEvent) -> tuple[_Done, list[str]]:
    """The newest entry of the run for each tenant, stage and table, and a line for each tenant whose entries cannot be
    read.
    """

    since = None if event.began is None else event.began - _SKEW

    def of(tenant: str) -> list[RunEntry] | str:
        try:
            return log.written_since(tenant, since)
        except ConfigurationError as error:
            return str(error.located(Where(tenant)))

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(of, sorted({item.tenant for item in items})))
    newest: _Done = {}
    for entries in found:
        for entry in entries if not isinstance(entries, str) else ():
            if entry.run_id == event.run_id:
                newest.setdefault((entry.tenant_id, entry.stage, entry.table), entry)
    return newest, [entries for entries in found if isinstance(entries, str)]


@dataclass
class _Compared:
    """Tables and folds by status, tables that failed or were busy by service, and a line for each failure."""

    tables: Counter[str] = field(default_factory=Counter[str])
    folds: Counter[str] = field(default_factory=Counter[str])
    failed: Counter[str] = field(default_factory=Counter[str])
    busy: Counter[str] = field(default_factory=Counter[str])
    lines: list[str] = field(default_factory=list[str])
    rows: int = 0


def _compared(items: list[PlanItem], done: _Done, results: MapResults) -> _Compared:
    found = _Compared()
    for item in items:
        for table in item.tables:
            name = f"{item.service}/{table}"
            entry = done.get((item.tenant, "ingest", name))
            ended = results.ended.get((item.tenant, name))
            status, wrong = _outcome(entry, ended)
            found.tables[status] += 1
            found.rows += int(entry.figures.get("rows", 0)) if entry else ended.rows if ended else 0
            if status == "busy":
                found.busy[item.service] += 1
            if wrong is not None:
                found.failed[item.service] += 1
                found.lines.append(f"tenant {item.tenant}, {name}: {wrong}")
    for tenant, table in sorted({(item.tenant, table) for item in items for table in item.canonical}):
        name = f"canonical/{table}"
        entry, ended = done.get((tenant, "transform", name)), results.ended.get((tenant, name))
        # Without an entry nothing had landed for it, unless the workflow knows that it did not come to an end.
        if entry is not None or (ended is not None and ended.status != "ok"):
            status, wrong = _outcome(entry, ended)
            found.folds[status] += 1
            if wrong is not None:
                found.lines.append(f"tenant {tenant}, {name}: {wrong}")
    return found


def _outcome(entry: RunEntry | None, ended: Ended | None) -> tuple[str, str | None]:
    """The status, and what went wrong if anything did. What the run log says goes before what the workflow knows."""
    if entry is not None:
        return entry.status, (entry.error or "") if entry.status == "failed" else None
    if ended is not None and ended.status in _ALL_RIGHT:
        return ended.status, None
    return "missing", (ended.error if ended is not None else None) or "did not come to an end"


def _problems(objects: Objects, run_id: str) -> list[str]:
    return msgspec.json.decode(objects.read(run_file(run_id, PROBLEMS)), type=list[str])


def _results(event: ReportEvent) -> str | None:
    """The key of the workflow's results. They lie in the installation's bucket, whatever bucket is named."""
    results: Any = event.results
    return results if results is None or isinstance(results, str) else results.key
