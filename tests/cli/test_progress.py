"""What a person sees while a sync runs."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from rich.console import Console
from rich.progress import Progress, TextColumn

from avesa.cli.progress import Bars, WatchedRunLog, finished_line
from avesa.shared.run_log import RunEntry, Stage, Status
from avesa_program import PROGRAM, Avesa

BEGAN = datetime(2026, 3, 2, tzinfo=UTC)

on_a_terminal = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")


def entry(stage: Stage, table: str, status: Status = "ok", **figures: Any) -> RunEntry:
    end = BEGAN + timedelta(seconds=1.25)
    return RunEntry("run", "acme", stage, table, status, BEGAN, end, figures=figures)


@pytest.mark.parametrize(
    ("done", "line"),
    [
        (
            entry("ingest", "connectwise/tickets", kind="changes", rows=12, pages=1),
            "acme  connectwise/tickets  changes  12 rows  1 page  1.2 s",
        ),
        (
            entry("ingest", "connectwise/tickets", "stopped", kind="listing", rows=1, pages=2),
            "acme  connectwise/tickets  listing  1 row  2 pages  stopped  1.2 s",
        ),
        (entry("ingest", "connectwise/tickets", "failed"), "acme  connectwise/tickets  failed  1.2 s"),
        (
            entry("transform", "canonical/tickets", rows=3, added=1),
            "acme  canonical/tickets  folded  3 rows  1 version  1.2 s",
        ),
    ],
)
def test_a_finished_table_is_one_line(done: RunEntry, line: str) -> None:
    assert finished_line(done) == line


def test_a_table_has_a_bar_until_it_is_finished_and_a_line_afterwards() -> None:
    out = StringIO()
    console = Console(file=out, force_terminal=True, width=100, markup=False, highlight=False)
    with Progress(TextColumn("{task.description} {task.fields[what]}"), console=console) as progress:
        bars = Bars(progress)
        bars.page("acme", "connectwise", "tickets", 1, 1000)
        bars.page("acme", "connectwise", "tickets", 2, 1500)
        bars.page("acme", "connectwise", "boards", 1, 3)
        shown = [f"{task.description} {task.fields['what']}" for task in progress.tasks]
        assert shown == ["acme  connectwise/tickets 2 pages, 1,500 rows", "acme  connectwise/boards 1 page, 3 rows"]
        done = entry("ingest", "connectwise/tickets", kind="listing", rows=1500, pages=2)
        bars.finished(done)
        assert [task.description for task in progress.tasks] == ["acme  connectwise/boards"]
    assert finished_line(done) in out.getvalue()


def test_a_watched_run_log_still_writes_and_reads() -> None:
    written: list[RunEntry] = []

    class Log:
        write = staticmethod(written.append)

        def latest(self, tenant_id: str) -> list[RunEntry]:
            return written

        def entries(self, tenant_id: str, *, limit: int = 100) -> list[RunEntry]:
            return written[:limit]

        def forget(self, tenant_id: str, below: str = "") -> None:
            written[:] = [one for one in written if not one.table.startswith(below)]

    class Watcher:
        seen: list[RunEntry] = []  # noqa: RUF012

        def page(self, tenant: str, service: str, table: str, pages: int, rows: int) -> None: ...

        def finished(self, entry: RunEntry) -> None:
            self.seen.append(entry)

    one = entry("ingest", "connectwise/tickets")
    log = WatchedRunLog(Log(), Watcher())
    log.write(one)
    assert Watcher.seen == log.latest("acme") == log.entries("acme", limit=1) == [one]
    log.write(entry("transform", "canonical/users"))
    assert Watcher.seen == [one] and len(written) == 2, "a fold of nothing is written down and told to nobody"
    log.forget("acme", "canonical/")
    assert log.latest("acme") == [one]
    log.forget("acme")
    assert log.latest("acme") == []


def in_a_terminal(avesa: Avesa, *args: str, typed: bytes = b"") -> tuple[int, str]:
    """Run it in a pseudo terminal; its exit status and all that it showed."""
    ours, theirs = os.openpty()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TERM": "xterm", "COLUMNS": "110"}
    with subprocess.Popen(
        [*PROGRAM, "--home", str(avesa.home), *args], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    ) as process:
        os.close(theirs)
        os.write(ours, typed)
        shown = b""
        while chunk := _read(ours):
            shown += chunk
    os.close(ours)
    return process.returncode, shown.decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65_536)
    except OSError:  # the other side is closed
        return b""


@on_a_terminal
def test_on_a_terminal_there_are_bars_and_the_cursor_comes_back(connected: Avesa) -> None:
    code, shown = in_a_terminal(connected, "sync", "acme")
    assert code == 0
    assert "━" in shown and "acme: 20 of 20 tables" in shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")


@on_a_terminal
@pytest.mark.parametrize(("typed", "code", "left"), [(b"y\n", 0, []), (b"n\n", 1, ["acme"])])
def test_on_a_terminal_removing_a_tenant_asks(avesa: Avesa, typed: bytes, code: int, left: list[str]) -> None:
    avesa("tenant", "add", "acme")
    status, shown = in_a_terminal(avesa, "tenant", "remove", "acme", typed=typed)
    assert "Forget tenant acme" in shown
    assert status == code
    assert [one["tenant"] for one in avesa.json("tenant", "list")] == left


def test_a_warning_stands_below_the_line_of_its_table() -> None:
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    figures = {"kind": "listing", "rows": 2, "pages": 1, "warning": "odd \x1b[31m ids"}
    entry = RunEntry("r", "acme", "ingest", "tiny/notes", "ok", moment, moment, figures=figures)
    line, below = finished_line(entry).splitlines()
    assert line == "acme  tiny/notes  listing  2 rows  1 page  0.0 s"
    assert below.startswith("  odd ") and "\x1b" not in below
