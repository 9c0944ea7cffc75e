"""What the tutorial does by hand with raw files comes out as it says there."""

from __future__ import annotations

import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from avesa_program import Avesa
from landed_home import LandedHome
from raw_files import PullOf, Row

TUTORIAL = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text(encoding="utf-8")
BY_HAND = TUTORIAL[TUTORIAL.index("## A row that comes late") : TUTORIAL.index("## Every day")]


def ticket(status: str, changed: str) -> Row:
    moment = datetime.fromisoformat(changed).replace(tzinfo=UTC)
    record = {"id": 10422, "summary": "VPN drops every few minutes", "status": {"name": status}}
    return Row("10422", record, moment, moment + timedelta(hours=1))


def test_the_row_that_comes_late_is_put_where_it_belongs_and_all_is_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    home = LandedHome(tmp_path / ".avesa")
    for row in (
        ticket("Assigned", "2026-10-23T15:15:54"),
        ticket("Waiting on Client", "2026-10-24T08:48:49"),
        ticket("Resolved", "2026-10-25T15:35:28"),
        ticket("Closed", "2026-10-26T11:05:33"),
    ):
        home.land(PullOf((row,), row.extracted_at), table="tickets")
    avesa = Avesa(home.folder)
    avesa("transform", "acme")
    (program,) = re.findall(r"^```python\n(.*?)^```$", BY_HAND, re.MULTILINE | re.DOTALL)
    exec(program, {})
    told = {}
    before = "2026-10-27T00:00:00Z"
    for line in re.findall(r"^\$ avesa ((?:.*\\\n)*.*)$", BY_HAND.replace("$BEFORE", before), re.MULTILINE):
        command, *words = shlex.split(line.replace("\\\n", " "))
        told[command] = avesa(command, *words).stdout
    assert list(told) == ["transform", "history", "query", "rebuild", "verify"]
    assert "2 versions new or changed" in told["transform"]
    assert (
        "2026-10-25 09:00:00 to 2026-10-25 15:35:28, changed\n      status: Waiting on Client → On Hold\n"
        in (told["history"])
    )
    assert "On Hold" not in told["query"] and "4 rows" in told["query"]
    assert "identical to the table before" in told["rebuild"]
    *lines, last = told["verify"].splitlines()
    assert [line.split()[0] for line in lines] == ["ok"] * 5 and last == "1 table is what the raw files say."
