"""What a person sees while a sync runs: bars on a terminal, one plain line for each finished table elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from avesa.cli.output import console, counted, shown
from avesa.shared.run_log import RunEntry, RunLog


class Watcher(Protocol):
    """Told from several threads at once."""

    def page(self, tenant: str, service: str, table: str, pages: int, rows: int) -> None: ...

    def finished(self, entry: RunEntry) -> None: ...


class Silence:
    """For programs that read JSON."""

    def page(self, tenant: str, service: str, table: str, pages: int, rows: int) -> None:
        """Nobody watches."""

    def finished(self, entry: RunEntry) -> None:
        """Nobody watches."""


class Lines:
    """A line for each finished table."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._lock = threading.Lock()

    def page(self, tenant: str, service: str, table: str, pages: int, rows: int) -> None:
        """Only the end of a table makes a line."""

    def finished(self, entry: RunEntry) -> None:
        with self._lock:
            self._out.print(finished_line(entry))


class Bars:
    """A bar for each table under way; above them a line for each that is finished."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[tuple[str, str], TaskID] = {}
        self._lock = threading.Lock()

    def page(self, tenant: str, service: str, table: str, pages: int, rows: int) -> None:
        what = f"{counted(pages, 'page')}, {counted(rows, 'row')}"
        name = f"{service}/{table}"
        with self._lock:
            if (tenant, name) not in self._tasks:
                self._tasks[tenant, name] = self._progress.add_task(f"{tenant}  {name}", total=None, what=what)
            self._progress.update(self._tasks[tenant, name], what=what)

    def finished(self, entry: RunEntry) -> None:
        with self._lock:
            task = self._tasks.pop((entry.tenant_id, entry.table), None)
            if task is not None:
                self._progress.remove_task(task)
        self._progress.console.print(finished_line(entry))


@dataclass(frozen=True)
class WatchedRunLog:
    """A run log that tells a watcher of each entry, since an entry is written whenever a table is done. A fold that
    found nothing to do is told to nobody: the summary counts those.
    """

    log: RunLog
    watcher: Watcher
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    """How long each table took, by its name in the log; kept as tables are done."""

    def write(self, entry: RunEntry) -> None:
        self.log.write(entry)
        self.seconds[entry.table] = taken(entry)
        if entry.stage != "transform" or entry.status != "ok" or entry.figures.get("rows"):
            self.watcher.finished(entry)

    def latest(self, tenant_id: str) -> list[RunEntry]:
        return self.log.latest(tenant_id)

    def entries(self, tenant_id: str, *, limit: int = 100) -> list[RunEntry]:
        return self.log.entries(tenant_id, limit=limit)

    def forget(self, tenant_id: str, below: str = "") -> None:
        self.log.forget(tenant_id, below)


@contextmanager
def watching(*, silent: bool) -> Iterator[Watcher]:
    """The watcher that fits where stdout goes."""
    out = console()
    if silent:
        yield Silence()
    elif not out.is_terminal:
        yield Lines(out)
    else:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(20))
        with Progress(
            *columns, TextColumn("{task.fields[what]}"), TimeElapsedColumn(), console=out, transient=True
        ) as progress:
            yield Bars(progress)


def taken(entry: RunEntry) -> float:
    """Seconds; nothing where a clock was set back meanwhile."""
    return max((entry.finished_at - entry.started_at).total_seconds(), 0)


def finished_line(entry: RunEntry) -> str:
    """`acme  connectwise/tickets  changes  12 rows  1 page  0.2 s`, and below it a warning."""
    seconds = f"{taken(entry):.1f} s"
    figures = entry.figures
    if entry.status == "failed":
        parts = ["failed"]
    elif entry.stage == "transform":
        parts = [
            "rebuilt" if figures.get("rebuilt") and figures.get("removed") else "folded",
            counted(figures.get("rows", 0), "row"),
            counted(figures.get("added", 0), "version"),
        ]
    else:
        parts = [
            str(figures.get("kind") or ""),
            counted(figures.get("rows", 0), "row"),
            counted(figures.get("pages", 0), "page"),
        ]
        parts += ["stopped"] if entry.status == "stopped" else []
    line = "  ".join([entry.tenant_id, entry.table, *parts, seconds])
    return f"{line}\n  {shown(warning)}" if (warning := figures.get("warning")) else line
