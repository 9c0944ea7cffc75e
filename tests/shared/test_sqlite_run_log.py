from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from avesa.shared.run_log import RunEntry
from avesa.shared.sqlite_run_log import KEPT
from avesa.shared.sqlite_state import SqliteState

START = datetime(2026, 1, 1, tzinfo=UTC)
ENTRY = RunEntry("r", "acme", "ingest", "connectwise/tickets", "ok", START, START)


def test_the_log_is_bounded_for_each_table_apart(tmp_path: Path) -> None:
    with SqliteState(tmp_path / "state.sqlite") as state:
        log = state.run_log
        log.write(replace(ENTRY, table="connectwise/companies"))
        for number in range(KEPT + 5):
            log.write(replace(ENTRY, run_id=f"r{number}"))
        kept = [entry.run_id for entry in log.entries("acme", limit=10_000) if entry.table == ENTRY.table]
        assert kept == [f"r{number}" for number in reversed(range(5, KEPT + 5))]
        assert len(log.latest("acme")) == 2
