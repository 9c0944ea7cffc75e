"""The data files of a canonical table, written: all of them anew, or those that a change touches.

Closed rows are appended; a closed file is written again only where a late row changed one of its versions. Of the
current rows only the files that hold a changed one are written again: each is streamed, without what was removed
and with what was added within its range of keys. New keys outside of these go to a small file, or to a new one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb

from avesa.canonical_transform.canonical_table import CanonicalTable
from avesa.canonical_transform.data_file import DataFile, NewFile
from avesa.canonical_transform.engine import count, one_row
from avesa.canonical_transform.raw_source import Source
from avesa.canonical_transform.scd2 import TableShape
from avesa.canonical_transform.sql_text import SQL_TYPES, identifier, literal, parquet

ROWS_PER_FILE = 122_880
"""Four row groups."""
SMALL = ROWS_PER_FILE // 4
MOST_SMALL_FILES = 8

CHANGE_SHARE = 8
"""Where more than a small file is written again, and of so many of its rows one at most has changed, what changed is
worth a file of its own."""

_SAMPLE = 10_000


def rows_of(table: CanonicalTable, files: Sequence[DataFile], shape: TableShape) -> str:
    """A relation of the rows of data files, with their places: `file` and `file_row`."""
    paths = list(table.local_paths(files))
    if paths:
        return f"""(
            SELECT *, parse_filename(filename) AS file, file_row_number AS file_row
            FROM {parquet(paths, "filename = true", "file_row_number = true")}
        )"""
    columns = "".join(f"NULL::{SQL_TYPES[type_]} AS {identifier(name)}, " for name, type_ in shape.all)
    return f"(SELECT {columns}NULL::VARCHAR AS file, NULL::BIGINT AS file_row WHERE false)"


def columns_of(shape: TableShape) -> str:
    return ", ".join(identifier(column) for column, _ in shape.all)


class FreshFiles:
    """The files of a table made anew, of one source, written as its versions come, in the order of their keys."""

    def __init__(self, con: duckdb.DuckDBPyConnection, table: CanonicalTable, shape: TableShape) -> None:
        self._con, self._table, self._shape = con, table, shape
        self._waiting = {"is_current": 0, "NOT is_current": 0}
        self.written: list[NewFile] = []
        columns = ", ".join(f"{identifier(name)} {SQL_TYPES[type_]}" for name, type_ in shape.all)
        con.execute(f"CREATE OR REPLACE TEMP TABLE waiting ({columns})")

    def take(self, relation: str) -> None:
        """Write versions, or let them wait for more where they would make a small file."""
        for kind, waiting in self._waiting.items():
            rows = count(self._con, f"{relation} WHERE {kind}")
            if waiting or 0 < rows < ROWS_PER_FILE * 3 // 4:
                self._con.execute(f"INSERT INTO waiting SELECT {columns_of(self._shape)} FROM {relation} WHERE {kind}")
                self._waiting[kind] += rows
                if self._waiting[kind] >= ROWS_PER_FILE:
                    self._write_waiting(kind)
            elif rows:
                self.written += write_ranges(self._con, self._table, relation, kind, rows)

    def finish(self) -> list[NewFile]:
        """Write what waits; all the files that were written."""
        for kind in self._waiting:
            self._write_waiting(kind)
        return self.written

    def _write_waiting(self, kind: str) -> None:
        self.written += write_ranges(self._con, self._table, "waiting", kind, self._waiting[kind])
        self._con.execute(f"CREATE OR REPLACE TEMP TABLE waiting AS FROM waiting WHERE NOT ({kind})")
        self._waiting[kind] = 0


def write_ranges(
    con: duckdb.DuckDBPyConnection, table: CanonicalTable, relation: str, condition: str, rows: int
) -> list[NewFile]:
    """Write the rows of one source that fulfil a condition as files for ranges of keys, in order; none for no rows."""
    written = []
    for within in _ranges(con, relation, condition, rows):
        file = table.write(con, f"FROM {relation} WHERE {condition} AND {within}", ordered=rows > SMALL)
        if file.rows:
            written.append(file)
    return written


def _ranges(con: duckdb.DuckDBPyConnection, relation: str, condition: str, rows: int) -> Iterator[str]:
    """Conditions on source_id that split rows into parts of about ROWS_PER_FILE."""
    if rows == 0:
        return
    parts = max(1, round(rows / ROWS_PER_FILE))
    cuts: list[str] = []
    if parts > 1:
        (bounds,) = one_row(
            con,
            f"""
            SELECT quantile_disc(source_id, {[number / parts for number in range(1, parts)]})
            FROM {relation} WHERE {condition} AND hash(source_id) % {max(1, rows // _SAMPLE)} = 0
            """,
        )
        cuts = sorted(set(bounds or []))
    for lowest, highest in zip([None, *cuts], [*cuts, None], strict=True):
        within = [f"source_id >= {literal(lowest)}"] if lowest is not None else []
        within += [f"source_id < {literal(highest)}"] if highest is not None else []
        yield " AND ".join(within) or "true"


class Rewriting:
    """Writes the files of one change; `written` replace `replaced` once they are committed."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, table: CanonicalTable, shape: TableShape, losses: dict[str, int]
    ) -> None:
        self._con, self._table, self._shape, self._losses = con, table, shape, losses
        self.written: list[NewFile] = []
        self.replaced: list[DataFile] = []

    def is_much_for(self, changed: int) -> bool:
        """Whether so many rows were written again that it hardly tells which of them changed."""
        again = sum(file.rows for file in self.replaced)
        return again > SMALL and changed * CHANGE_SHARE <= again

    def write_current(self, source: Source, files: list[DataFile], added: int) -> None:
        """An added row goes to the touched file in whose range it lies, else to a small file if there is one."""
        touched = [file for file in files if file.name in self._losses]
        small = min((file for file in files if file.rows < SMALL), key=lambda file: file.rows, default=None)
        if small is not None and added and (not touched or [small] == touched):
            self._write(files, [small], {small.name: (added, "is_current")}, (0, ""))
            return
        cases = "".join(f"WHEN {_is_within(file, source)} THEN {literal(file.name)} " for file in touched)
        other = literal(small.name) if small else "NULL"
        self._con.execute(f"""
            CREATE OR REPLACE TEMP TABLE aimed AS
            SELECT rowid AS row, {f"CASE {cases}ELSE {other} END" if cases else other} AS target
            FROM added WHERE is_current
        """)
        aimed: dict[str | None, tuple[int, str]] = {}
        for target, rows in self._con.execute("SELECT target, count(*) FROM aimed GROUP BY ALL").fetchall():
            is_target = f"target IS NOT DISTINCT FROM {'NULL' if target is None else literal(target)}"
            aimed[target] = (int(rows), f"rowid IN (SELECT row FROM aimed WHERE {is_target})")
        if small is not None and small.name in aimed and small not in touched:
            touched.append(small)
        unaimed = aimed.pop(None, (0, ""))
        self._write(files, touched, {name: gain for name, gain in aimed.items() if name is not None}, unaimed)

    def write_closed(self, files: list[DataFile], added: int) -> None:
        """What was added goes to a new file."""
        touched = [file for file in files if file.name in self._losses]
        self._write(files, touched, {}, (added, "NOT is_current"))

    def _write(
        self,
        files: list[DataFile],
        touched: list[DataFile],
        gains: dict[str, tuple[int, str]],
        unaimed: tuple[int, str],
    ) -> None:
        """Bring the files of one kind to what they must hold.

        `gains` are the rows that a file gets, and `unaimed` those that go to no file yet: how many, and the condition
        on `added` that finds them. All small files are written as one once there are many of them.
        """
        if not touched and not unaimed[0]:
            return
        small = [file for file in files if file.rows < SMALL]
        gathered = small if len(small) >= MOST_SMALL_FILES else []
        for file in touched:
            if file not in gathered:
                self._stream([file], gains.get(file.name, (0, "")))
        if gathered or unaimed[0]:
            self._stream(gathered, *(gains[file.name] for file in gathered if file.name in gains), unaimed)
        self.replaced += [*(file for file in touched if file not in gathered), *gathered]

    def _stream(self, files: Sequence[DataFile], *gains: tuple[int, str]) -> None:
        """Write files as one, or as several if they have become too large: row groups keep their order, what was added
        comes last.
        """
        rows = sum(file.rows - self._losses.get(file.name, 0) for file in files) + sum(rows for rows, _ in gains)
        columns = columns_of(self._shape)
        parts = [self._kept(files)] if files else []
        parts += [f"SELECT {columns} FROM added WHERE {condition}" for number, condition in gains if number]
        query = " UNION ALL ".join(parts)
        if 0 < rows <= 2 * ROWS_PER_FILE:
            self.written.append(self._table.write(self._con, query, ordered=False))
        elif rows:
            self._con.execute(f"CREATE OR REPLACE TEMP TABLE gathered AS {query}")
            self._write_gathered()

    def _kept(self, files: Sequence[DataFile]) -> str:
        lost = [file.name for file in files if file.name in self._losses]
        stays = ""
        if len(files) == 1 and lost:
            stays = f"WHERE file_row NOT IN (SELECT file_row FROM removed WHERE file = {literal(lost[0])})"
        elif lost:
            stays = "ANTI JOIN removed USING (file, file_row)"
        return f"SELECT {columns_of(self._shape)} FROM {rows_of(self._table, files, self._shape)} {stays}"

    def _write_gathered(self) -> None:
        """Write `gathered`, source by source."""
        found = self._con.execute("""
            SELECT source_service, source_table, count(*) FROM gathered GROUP BY ALL ORDER BY ALL
        """).fetchall()
        for service, name, rows in found:
            condition = f"source_service = {literal(service)} AND source_table = {literal(name)}"
            self.written += write_ranges(self._con, self._table, "gathered", condition, int(rows))


def _is_within(file: DataFile, source: Source) -> str:
    """A condition on source_id: that a key of the source lies between the file's bounds."""
    mine = (source.service, source.table)
    conditions = [f"source_id >= {literal(file.lowest[2])}"] if file.lowest[:2] == mine else []
    conditions += [f"source_id <= {literal(file.highest[2])}"] if file.highest[:2] == mine else []
    return " AND ".join(conditions) or "true"
