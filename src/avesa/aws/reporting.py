"""The function that ends a run: what was planned, set against what the run log says was done.

The run log is what counts, since each pull and fold writes its own line there. What is missing from it did not run to
an end, whatever the reason; what the workflow wrote about its children adds the reason where it knows one. Tables
that failed are counted here and not where they are pulled, since there nobody knows whether it is tried again.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from avesa.aws.edge import Answer, Call, handler
from avesa.aws.events import PlanItem, ReportEvent
from avesa.aws.map_results import MapResults, read_results
from avesa.aws.planning import PROBLEMS
from avesa.aws.state import DynamoState
from avesa.shared.layout import checked_run_id, run_file
from avesa.shared.objects import Objects
from avesa.shared.run_log import RunEntry, RunLog

REPORT = "report.json"
MOST_LINES = 50
_AT_ONCE = 16
_ENTRIES = 2000
"""So many of a tenant's newest entries are looked through for those of the run."""


@handler(ReportEvent)
def report(call: Call, event: ReportEvent) -> Answer:
    """`{"run_id", "bucket", "key", "items", "tables", "folds", "rows", "failures", "failed"}`: `tables` and `folds`
    count by status, `failed` has a line for each failure, at most 50 of them.
    """
    checked_run_id(event.run_id)
    objects = call.own_bucket()
    items = msgspec.json.decode(objects.read(event.key), type=list[PlanItem])
    done = _done(DynamoState(call.own, call.installation).run_log, items, event.run_id)
    results = read_results(objects, _results(event))
    tables, folds, rows, failed, lines = _compared(items, done, results)
    lines = [*_problems(objects, event.run_id), *lines, *results.broken]
    answer = {
        "run_id": event.run_id,
        "bucket": call.installation.bucket,
        "key": run_file(event.run_id, REPORT),
        "items": len(items),
        "tables": dict(sorted(tables.items())),
        "folds": dict(sorted(folds.items())),
        "rows": rows,
        "failures": len(lines),
        "failed": lines[:MOST_LINES],
    }
    objects.write(run_file(event.run_id, REPORT), msgspec.json.encode({**answer, "failed": lines}))
    for service, count in sorted(failed.items()):
        call.measure({"TablesFailed": count}, service=service)
    call.measure({"SyncHeartbeat": 1})
    return answer


_Done = dict[tuple[str, str, str], RunEntry]


def _done(log: RunLog, items: list[PlanItem], run_id: str) -> _Done:
    """The newest entry of the run for each tenant, stage and table."""
    tenants = sorted({item.tenant for item in items})
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = pool.map(lambda tenant: log.entries(tenant, limit=_ENTRIES), tenants)
        newest: _Done = {}
        for entries in found:
            for entry in entries:
                if entry.run_id == run_id:
                    newest.setdefault((entry.tenant_id, entry.stage, entry.table), entry)
    return newest


def _compared(
    items: list[PlanItem], done: _Done, results: MapResults
) -> tuple[Counter[str], Counter[str], int, Counter[str], list[str]]:
    """Tables and folds by status, rows, failed tables by service, and a line for each failure."""
    tables, folds, rows, failed, lines = Counter[str](), Counter[str](), 0, Counter[str](), list[str]()
    for item in items:
        for table in item.tables:
            name = f"{item.service}/{table}"
            entry = done.get((item.tenant, "ingest", name))
            reason = results.reasons.get((item.tenant, name), "did not come to an end")
            tables[entry.status if entry else "missing"] += 1
            rows += int(entry.figures.get("rows", 0)) if entry else 0
            wrong = _line(item.tenant, name, entry, reason)
            failed[item.service] += len(wrong)
            lines += wrong
    for tenant, table in sorted({(item.tenant, table) for item in items for table in item.canonical}):
        name = f"canonical/{table}"
        entry = done.get((tenant, "transform", name))
        # Without an entry nothing had landed for it, unless the workflow knows that it did not come to an end.
        why = results.reasons.get((tenant, name))
        if entry is not None or why is not None:
            folds[entry.status if entry else "missing"] += 1
            lines += _line(tenant, name, entry, why or "")
    return tables, folds, rows, +failed, lines


def _line(tenant: str, table: str, entry: RunEntry | None, reason: str) -> list[str]:
    if entry is None:
        return [f"tenant {tenant}, {table}: {reason}"]
    return [f"tenant {tenant}, {table}: {entry.error}"] if entry.status == "failed" else []


def _problems(objects: Objects, run_id: str) -> list[str]:
    return msgspec.json.decode(objects.read(run_file(run_id, PROBLEMS)), type=list[str])


def _results(event: ReportEvent) -> str | None:
    """The key of the workflow's results. They lie in the installation's bucket, whatever bucket is named."""
    results: Any = event.results
    return results if results is None or isinstance(results, str) else results.key
