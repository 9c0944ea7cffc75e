"""What a run tells people."""

from __future__ import annotations

import pytest

from avesa.canonical_transform.fold import FoldReport
from avesa.cli.output import console
from avesa.cli.report import TenantRun, write_runs
from avesa.pipeline.sync import SyncReport
from avesa.pipeline.transform import TransformOutcome


def told(capsys: pytest.CaptureFixture[str], **folds: FoldReport) -> list[str]:
    outcomes = tuple(TransformOutcome("acme", table, "ok", report) for table, report in folds.items())
    write_runs(console(), [TenantRun("acme", SyncReport("acme", "run", transforms=outcomes))])
    return capsys.readouterr().out.split("\n")[2:-1]


def test_tables_with_nothing_new_share_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    quiet, news, odd = FoldReport(), FoldReport(added=2), FoldReport(quarantined=1)
    assert told(capsys, companies=quiet, contacts=odd, tickets=news, users=quiet) == [
        "  contacts         nothing new, 1 row in quarantine",
        "  tickets          2 versions new or changed",
        "  nothing new in 2 tables",
    ]
    assert told(capsys, tickets=quiet) == ["  tickets          nothing new"]


def test_versions_that_went_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    gone, fewer = FoldReport(removed=3), FoldReport(added=1, removed=2)
    assert told(capsys, tickets=gone, users=fewer, tasks=FoldReport(added=1, removed=1)) == [
        "  tickets          3 versions gone",
        "  users            1 version new or changed, 1 version gone",
        "  tasks            1 version new or changed",
    ]
