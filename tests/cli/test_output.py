"""How values look."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from rich.console import Console

from avesa.cli import output
from avesa.cli.output import console, counted, moment, plain, shown, write_rows, write_table


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (Decimal("1.5000"), "1.5"),
        (Decimal("100.0000"), "100"),
        (Decimal("0.0000"), "0"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1234567890123456789012345678901234.5670"), "1234567890123456789012345678901234.567"),
        (datetime(2026, 3, 2, 14, 5, 9, tzinfo=UTC), "2026-03-02T14:05:09Z"),
        (datetime(2026, 3, 2, 14, 5, 9, tzinfo=timezone(timedelta(hours=2))), "2026-03-02T12:05:09Z"),
        (datetime.fromisoformat("2026-03-02T14:05:00"), "2026-03-02T14:05:00"),
        ([1, Decimal("2.5"), None], "[1,2.5,null]"),
        ({"a": UUID(int=1)}, '{"a":"00000000-0000-0000-0000-000000000001"}'),
        ("text", "text"),
    ],
)
def test_a_value_as_text(value: object, text: str) -> None:
    assert plain(value) == text


def test_a_shown_text_has_no_control_characters_and_fits() -> None:
    assert shown("a\x1b[31mb\x9bc") == "a\N{REPLACEMENT CHARACTER}[31mb\N{REPLACEMENT CHARACTER}c"
    assert shown("one\ntwo  three", width=9) == "one two …"
    assert shown("one", width=9) == "one"


def test_nothing_that_is_printed_can_make_the_terminal_do_things(capsys: pytest.CaptureFixture[str]) -> None:
    console().print("a\x1b]0;PWNED\x07", "b\x9b2J\n\tc")
    write_table(["d\x1b[31m"], [["e\x1b[31m"]])
    told = capsys.readouterr().out
    assert told.startswith("a\ufffd]0;PWNED\ufffd b\ufffd2J\n") and "d\ufffd[31m" in told
    assert not set(told) & {"\x1b", "\x07", "\x9b"}


def test_a_moment_is_in_utc_to_the_second() -> None:
    assert moment(datetime(2026, 3, 2, 14, 5, 9, 999_999, tzinfo=UTC)) == "2026-03-02 14:05:09"
    assert moment(None) == ""


def test_numbers_are_counted_in_words() -> None:
    assert (counted(1, "row"), counted(1200, "row"), counted(2, "entry", "entries")) == (
        "1 row",
        "1,200 rows",
        "2 entries",
    )


@pytest.mark.parametrize("width", [30, 60, 200])
def test_rows_that_a_terminal_is_too_narrow_for_are_told_record_by_record(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(output, "console", lambda: Console(width=width, force_terminal=True, soft_wrap=True))
    columns = ("source_id", "summary", "status", "note")
    write_rows(columns, [("1", "Printer\nis \x1b[2Jon fire again", "New", None), ("2", "Mail", "Closed", "x" * 40)])
    told = [line.replace("\x1b[1m", "").replace("\x1b[0m", "").rstrip() for line in capsys.readouterr().out.split("\n")]
    if width == 30:
        assert told == [
            "record 1",
            "  source_id   1",
            "  summary     Printer",
            "              is \ufffd[2Jon fire again",
            "  status      New",
            "  note",
            "record 2",
            "  source_id   2",
            "  summary     Mail",
            "  status      Closed",
            f"  note        {'x' * 40}",
            "",
        ]
    else:
        assert told[0].split() == list(columns) and "Printer" in told[2]


def test_rows_in_a_file_are_a_table_however_wide(capsys: pytest.CaptureFixture[str]) -> None:
    write_rows([f"column_{number}" for number in range(40)], [["a value of some length"] * 40])
    assert len(capsys.readouterr().out.splitlines()) == 3


@pytest.mark.parametrize(("width", "whole"), [(40, True), (20, False)])
def test_names_stay_whole_in_a_terminal_that_is_not_far_too_narrow(
    width: int, whole: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(output, "console", lambda: Console(width=width, force_terminal=True, soft_wrap=True))
    write_table(("table", "changes a day", "calls a day"), [("ticket_notes", 24, 120)], whole=["table"])
    told = capsys.readouterr().out
    assert ("ticket_notes" in told) is whole and "24" in told and "120" in told
    assert max(len(line) for line in re.sub(r"\x1b\[[0-9;]*m", "", told).splitlines()) <= width
