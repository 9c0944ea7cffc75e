"""The engine keeps to its memory, spills to the scratch folder, and says so when that is not enough."""

from __future__ import annotations

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
