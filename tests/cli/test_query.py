"""`avesa query`."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

import duckdb
import pytest

from avesa_program import Avesa

VALUES = """
    SELECT TIMESTAMPTZ '2026-03-02 14:05:09.5+00' AS at, DATE '2026-03-02' AS day, 1.50::DECIMAL(18,4) AS hours,
        true AS ok, NULL AS nothing, 'a,"b"' AS text, [1, 2] AS list, 7::BIGINT AS number
"""


def test_json_is_a_list_of_objects_with_iso_times_and_numbers(synced: Avesa) -> None:
    assert synced.json("query", "acme", VALUES) == [
        {
            "at": "2026-03-02T14:05:09.500000Z",
            "day": "2026-03-02",
            "hours": 1.5,
            "ok": True,
            "nothing": None,
            "text": 'a,"b"',
            "list": [1, 2],
            "number": 7,
        }
    ]
    assert synced.json("query", "acme", "SELECT 1 AS a WHERE false") == []


def test_csv_is_what_a_spreadsheet_reads(synced: Avesa) -> None:
    header, row = csv.reader(StringIO(synced("query", "acme", VALUES, "--csv").stdout))
    assert header == ["at", "day", "hours", "ok", "nothing", "text", "list", "number"]
    assert row == ["2026-03-02T14:05:09.500000Z", "2026-03-02", "1.5", "true", "", 'a,"b"', "[1,2]", "7"]


def test_columns_of_one_name_are_all_told_under_names_of_their_own(synced: Avesa) -> None:
    twice = "SELECT 1 AS a, 2 AS a, 3 AS a_1, 4 AS A"
    assert synced.json("query", "acme", twice) == [{"a": 1, "a_1": 2, "a_1_1": 3, "A_2": 4}]
    assert synced("query", "acme", twice, "--csv").stdout == "a,a_1,a_1_1,A_2\n1,2,3,4\n"
    assert synced("query", "acme", twice).stdout.split()[:4] == ["a", "a_1", "a_1_1", "A_2"]


def test_a_number_keeps_all_its_digits(synced: Avesa) -> None:
    digits = "12345678901234567890123456789012345678"
    for number in (digits, f"{digits[:-4]}.{digits[-4:]}"):
        asked = ("query", "acme", f"SELECT {number} AS n")
        assert synced(*asked, "--csv").stdout == f"n\n{number}\n"
        assert number in synced(*asked).stdout
        assert number in synced(*asked, "--json").stdout


def test_a_table_into_a_pipe_is_not_cut(synced: Avesa) -> None:
    columns = ", ".join(f"repeat('x', 40) AS column_{number}" for number in range(8))
    shown = synced("query", "acme", f"SELECT {columns}").stdout
    assert shown.count("x" * 40) == 8 and "column_7" in shown and "…" not in shown


def test_nothing_in_a_value_moves_the_cursor_or_is_taken_for_markup(synced: Avesa) -> None:
    shown = synced("query", "acme", "SELECT chr(27) || '[2J' AS a, '[red]plain[/red] :smile:' AS b").stdout
    assert "\x1b" not in shown
    assert "[red]plain[/red] :smile:" in shown


@pytest.mark.parametrize("sql", ["DESCRIBE tickets", "SHOW TABLES", "FROM companies LIMIT 1", "SUMMARIZE companies"])
def test_the_tables_can_be_looked_over(synced: Avesa, sql: str) -> None:
    assert synced.json("query", "acme", sql)


@pytest.mark.parametrize(
    "sql",
    [
        "PIVOT tickets ON status USING count(*)",
        "FROM (PIVOT tickets ON status, priority USING count(*)) LIMIT 1",
        "WITH p AS (PIVOT tickets ON status USING count(*)) SELECT * FROM p",
        "PIVOT tickets ON status IN ('New', 'Closed') USING count(*)",
    ],
)
def test_a_pivot_is_one_select(synced: Avesa, sql: str) -> None:
    assert len(synced.json("query", "acme", sql)[0]) > 1


@pytest.mark.parametrize(
    "sql",
    [
        "DROP VIEW tickets",
        "SELECT 1; SELECT 2",
        "PIVOT tickets ON status; SELECT 2",
        "SELECT 1; PIVOT tickets ON status",
        "CREATE TYPE mood AS ENUM ('sad'); SELECT 1",
        "CREATE TABLE made AS PIVOT tickets ON status",
        "SELECT error('no') FROM tickets",
        "SELEC 1",
        "",
        "SELECT * FROM read_text('/etc/hostname')",
        "COPY (SELECT 1) TO 'out.csv'",
        "ATTACH 'other.db'",
        "SET enable_external_access = true",
        "SELECT no_such_column FROM tickets",
    ],
)
def test_whatever_is_no_reading_of_the_tables_is_wrong_usage(synced: Avesa, sql: str) -> None:
    result = synced("query", "acme", sql, code=2)
    assert result.stderr.startswith("Error: tenant acme: ")
    assert result.stdout == ""


@pytest.mark.parametrize("option", ["--as-of", "--known-at"])
@pytest.mark.parametrize("time", ["0001-01-01T00:00+05:00", "9999-12-31T23:59:59-05:00", "yesterday"])
def test_a_time_that_no_table_knows_is_wrong_usage(synced: Avesa, option: str, time: str) -> None:
    told = synced("query", "acme", "SHOW TABLES", option, time, code=2).stderr
    assert f"Invalid value for '{option}': '{time}' is " in told


def test_csv_and_json_exclude_each_other(synced: Avesa) -> None:
    synced("query", "acme", "SELECT 1", "--csv", "--json", code=2)


def test_rows_go_into_a_parquet_file_with_their_types(synced: Avesa, tmp_path: Path) -> None:
    file = tmp_path / "it's [all].parquet"
    file.write_text("of before")
    asked = ("query", "acme", f"{VALUES}, (SELECT count(*) FROM tickets) AS tickets", "--parquet", str(file))
    assert synced.json(*asked) == {"file": str(file), "rows": 1}
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        found = con.read_parquet(str(tmp_path / "it*.parquet"))
        assert list(map(str, found.types))[:4] == ["TIMESTAMP WITH TIME ZONE", "DATE", "DECIMAL(18,4)", "BOOLEAN"]
        assert found.fetchall()[0][5:8] == ('a,"b"', [1, 2], 7)
    assert synced(*asked).stdout == f"1 row in {file}\n"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("FROM tikets", "The tables are"),
        ("SELECT error('no')", "the query failed"),
        ("COPY tickets TO 'x.csv'", "only one SELECT"),
        ("SELECT 1; SELECT 2", "only one SELECT"),
        ("SELECT * FROM read_csv('/etc/passwd')", "the query failed"),
    ],
)
def test_what_cannot_be_asked_leaves_no_file(synced: Avesa, tmp_path: Path, sql: str, told: str) -> None:
    file = tmp_path / "rows.parquet"
    assert told in synced("query", "acme", sql, "--parquet", str(file), code=2).stderr
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_told(synced: Avesa, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere" / "rows.parquet"
    assert "there is no folder" in synced("query", "acme", "SELECT 1", "--parquet", str(nowhere), code=2).stderr
    (tmp_path / "taken.parquet.unfinished").mkdir()
    taken = synced("query", "acme", "SELECT 1", "--parquet", str(tmp_path / "taken.parquet"), code=1)
    assert "cannot write" in taken.stderr
