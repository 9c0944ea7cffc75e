"""What it costs to put rows into quarantine; what is in it is told by tests/pipeline/test_quarantine.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from avesa.canonical_transform import fold as fold_module
from avesa.canonical_transform.quarantine import write_quarantine
from fold_table import Folding
from raw_files import PullOf, Row, at


class Watched:
    """A connection that keeps what was asked of it."""

    def __init__(self, con: Any) -> None:
        self._con = con
        self.asked: list[str] = []

    def execute(self, query: str) -> Any:
        self.asked.append(query)
        return self._con.execute(query)


def test_raw_files_are_read_once_for_all_receipts_with_rows_that_cannot_be_folded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folding = Folding(tmp_path)
    for minute in range(10, 18):
        folding.land(PullOf((Row(None, {"name": "?"}, None, at(minute), problem="no key"),), at(minute)))
    seen: list[Watched] = []

    def watched(con: Any, *rest: Any) -> list[str]:
        seen.append(Watched(con))
        return write_quarantine(seen[0], *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(fold_module, "write_quarantine", watched)
    assert folding.fold().quarantined == 8
    (one,) = seen
    assert sum("read_parquet" in query for query in one.asked) == 1
    assert sum("COPY" in query for query in one.asked) == 8
