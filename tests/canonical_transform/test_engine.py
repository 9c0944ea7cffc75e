"""The engine keeps to its memory, spills to the scratch folder, and says so when that is not enough."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from avesa.canonical_transform.engine import count, engine, use_threads
from avesa.shared.errors import ConfigurationError, StorageError


def test_what_does_not_fit_into_memory_is_told_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVESA_MEMORY_LIMIT", "20MB")
    with pytest.raises(StorageError, match=r"more memory than the 20MB.*AVESA_MEMORY_LIMIT"), engine(tmp_path) as con:
        con.execute("SELECT list(repeat('x', 1000) || i) FROM range(1_000_000) r(i)").fetchall()


def test_a_table_larger_than_the_memory_is_spilled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVESA_MEMORY_LIMIT", "100MB")
    with engine(tmp_path) as con:
        con.execute(
            "CREATE TEMP TABLE t AS SELECT i, uuid()::VARCHAR || uuid()::VARCHAR AS u FROM range(3_000_000) r(i)"
        )
        assert count(con, "t") == 3_000_000
    assert list(tmp_path.iterdir()) == []


def test_times_are_utc_whatever_the_machine_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    with engine(tmp_path) as con:
        assert con.execute("SELECT '2026-03-05'::TIMESTAMPTZ::VARCHAR").fetchone() == ("2026-03-05 00:00:00+00",)


def test_little_data_takes_one_thread(tmp_path: Path) -> None:
    with engine(tmp_path) as con:
        use_threads(con, raw_bytes=1000, rows=10)
        assert con.execute("SELECT current_setting('threads')").fetchone() == (1,)


def test_a_limit_that_is_none_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVESA_MEMORY_LIMIT", "plenty")
    with pytest.raises(ConfigurationError, match="AVESA_MEMORY_LIMIT"), engine(tmp_path):
        pass


INTERRUPTED = """
import os, signal, sys, threading
from contextlib import nullcontext
from pathlib import Path
from avesa.canonical_transform.engine import engine, session

def ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)

for inner in (nullcontext, session):
    try:
        with engine(Path(sys.argv[1])) as outer, inner(outer) as con:
            threading.Timer(0.3, ctrl_c).start()
            con.execute("SELECT count(*) FROM range(1_000_000_000_000) t(i) WHERE hash(i) = 3").fetchall()
    except KeyboardInterrupt:
        print("interrupted")
"""


def test_ctrl_c_in_the_middle_of_a_query_ends_it_as_ctrl_c(tmp_path: Path) -> None:
    child = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (child.stdout.split(), child.stderr) == (["interrupted"] * 2, "")
