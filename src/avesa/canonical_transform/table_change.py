"""From new versions to a commit: which files must be written again, and what is merely appended.

Closed rows are appended; a closed file is written again only where a late row changed one of its versions. Of the
current rows only the files that hold a changed one are written again: each is streamed, without what was removed
and with what was added within its range of keys. New keys outside of these go to a small file, or to a new one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from avesa.canonical_transform.canonical_table import CanonicalTable, DataFile, NewFile, Snapshot
from avesa.canonical_transform.engine import count
from avesa.canonical_transform.raw_source import Source
from avesa.canonical_transform.scd2 import TableShape
from avesa.canonical_transform.sql_text import SQL_TYPES, identifier, literal, literals

ROWS_PER_FILE = 120_000
SMALL = ROWS_PER_FILE // 4
MOST_SMALL_FILES = 8

_SAMPLE = 10_000
_IDENTITY = "source_service, source_table, source_id, valid_from"


@dataclass(frozen=True)
class Change:
    """How many versions a fold added (new or changed) and took away (changed)."""

    added: int
    removed: int


def load_existing(
    con: duckdb.DuckDBPyConnection,
    table: CanonicalTable,
    shape: TableShape,
    files: Sequence[DataFile],
    name: str,
    source: Source,
    keys: str | None,
) -> None:
    """Create the temporary table `name`: the rows of those files that belong to the source, with their file.

    `keys` is a SELECT of source_id that limits them; None for all.
    """
    columns = ", ".join(identifier(column) for column, _ in shape.all)
    hit = _that_may_hold(con, files, source, keys)
    limit = f"AND source_id IN ({keys})" if keys else ""
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {name} AS
        SELECT {columns}, parse_filename(filename) AS file
        FROM {rows_of(table, hit, shape)}
        WHERE source_service = $service AND source_table = $table {limit}
    """,
        {"service": source.service, "table": source.table},
    )


def rows_of(table: CanonicalTable, files: Sequence[DataFile], shape: TableShape) -> str:
    """A relation of the rows of data files, with `filename`."""
    paths = list(table.local_paths(files))
    if paths:
        return f"read_parquet({literals(paths)}, filename = true)"
    columns = ", ".join(f"NULL::{SQL_TYPES[type_]} AS {identifier(name)}" for name, type_ in shape.all)
    return f"(SELECT {columns}, '' AS filename WHERE false)"


def _that_may_hold(
    con: duckdb.DuckDBPyConnection, files: Sequence[DataFile], source: Source, keys: str | None
) -> list[DataFile]:
    lowest, highest = "", "\U0010ffff"
    if keys:
        bounds = con.execute(f"SELECT min(source_id), max(source_id) FROM ({keys}) AS keys(source_id)").fetchone()
        if bounds is None or bounds[0] is None:
            return []
        lowest, highest = bounds
    return [
        file
        for file in files
        if file.may_hold((source.service, source.table, lowest), (source.service, source.table, highest))
    ]


def commit_change(
    con: duckdb.DuckDBPyConnection,
    table: CanonicalTable,
    base: Snapshot,
    shape: TableShape,
    source: Source,
    *,
    note: str,
) -> tuple[Change, Snapshot]:
    """Bring the table from `existing` (rows with their file) to `versions` for the records that these hold.

    Both hold rows of one source. Where they are the same nothing is written and nothing is committed.
    """
    columns = _columns(shape)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE added AS SELECT {columns} FROM {_missing('versions', 'existing', shape)}"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE removed AS SELECT {columns} FROM {_missing('existing', 'versions', shape)}"
    )
    change = Change(added=count(con, "added"), removed=count(con, "removed"))
    if not change.added and not change.removed:
        return change, base
    losses = _losses(con)
    writer = _Writer(con, table, shape, source, losses)
    for is_current in (True, False):
        writer.write([file for file in base.files if file.is_current == is_current], is_current=is_current)
    return change, table.commit(base, shape.all, writer.written, writer.replaced, note=note)


def replace_all(
    table: CanonicalTable,
    base: Snapshot,
    shape: TableShape,
    written: Sequence[NewFile],
    *,
    note: str,
) -> tuple[Change, Snapshot]:
    """Make the files written the whole table, in one commit."""
    after = table.commit(base, shape.all, written, [], note=note, replace=True)
    return Change(added=sum(f.rows for f in written), removed=sum(f.rows for f in base.files)), after


def write_versions(con: duckdb.DuckDBPyConnection, table: CanonicalTable) -> list[NewFile]:
    """Write all of `versions`, which hold rows of one source: current and closed rows apart."""
    return [
        *write_sorted(con, table, "versions WHERE is_current"),
        *write_sorted(con, table, "versions WHERE NOT is_current"),
    ]


def write_sorted(con: duckdb.DuckDBPyConnection, table: CanonicalTable, relation: str) -> list[NewFile]:
    """Write `TABLE [WHERE …]`, rows of one source, as files in the order of their keys; none for no rows."""
    rows = count(con, relation)
    parts = -(-rows // ROWS_PER_FILE)
    if parts <= 1:
        return [table.write(con, f"FROM {relation}", ordered=True)] if rows else []
    name, _, condition = relation.partition(" WHERE ")
    bounds = con.execute(
        f"""
        SELECT quantile_disc(source_id, {[number / parts for number in range(1, parts)]})
        FROM {name} WHERE ({condition or "true"}) AND hash(source_id) % {max(1, rows // _SAMPLE)} = 0
        """
    ).fetchone()
    assert bounds is not None
    cuts = sorted(set(bounds[0] or []))
    written = []
    for lowest, highest in zip([None, *cuts], [*cuts, None], strict=True):
        within = [condition or "true"]
        within += [f"source_id >= {literal(lowest)}"] if lowest is not None else []
        within += [f"source_id < {literal(highest)}"] if highest is not None else []
        file = table.write(con, f"FROM {name} WHERE {' AND '.join(within)}", ordered=True)
        if file.rows:
            written.append(file)
    return written


def _columns(shape: TableShape) -> str:
    return ", ".join(identifier(column) for column, _ in shape.all)


def _missing(ours: str, theirs: str, shape: TableShape) -> str:
    """The rows of one table that the other does not have, equal in every column, null to null."""
    names = [identifier(name) for name, _ in shape.all]
    left, right = (f"row({', '.join(f'{table}.{name}' for name in names)})" for table in (ours, theirs))
    return f"""{ours} WHERE NOT EXISTS (
        FROM {theirs}
        WHERE {theirs}.source_id = {ours}.source_id AND {theirs}.valid_from = {ours}.valid_from
          AND {left} IS NOT DISTINCT FROM {right}
    )"""


def _losses(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """The files that hold rows of `removed`, and how many."""
    found = con.execute(f"""
        SELECT file, count(*) FROM existing SEMI JOIN removed USING ({_IDENTITY}) GROUP BY ALL
    """).fetchall()
    return {str(file): int(number) for file, number in found}


class _Writer:
    """Writes the files of one change; `written` replace `replaced` once they are committed."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        table: CanonicalTable,
        shape: TableShape,
        source: Source,
        losses: dict[str, int],
    ) -> None:
        self._con, self._table, self._shape, self._source, self._losses = con, table, shape, source, losses
        self.written: list[NewFile] = []
        self.replaced: list[DataFile] = []

    def write(self, files: list[DataFile], *, is_current: bool) -> None:
        """Bring the files of one kind to what they must hold."""
        con = self._con
        con.execute(f"""
            CREATE OR REPLACE TEMP TABLE fresh AS
            SELECT *, NULL::VARCHAR AS target FROM added WHERE is_current = {is_current}
        """)
        con.execute(f"CREATE OR REPLACE TEMP TABLE stale AS FROM removed WHERE is_current = {is_current}")
        touched = [file for file in files if file.name in self._losses]
        if not touched and not count(con, "fresh"):
            return
        if is_current:
            touched = self._aim(files, touched)
        gathered = self._gathered(files, touched)
        for file in touched:
            if file not in gathered:
                self._stream(file)
        if gathered or count(con, "fresh WHERE target IS NULL"):
            names = literals(file.name for file in gathered)
            con.execute(f"""
                CREATE OR REPLACE TEMP TABLE gathered AS
                {self._kept(gathered)}
                UNION ALL
                SELECT {_columns(self._shape)} FROM fresh WHERE target IS NULL OR list_contains({names}, target)
            """)
            self._write_gathered()
        self.replaced += [*(file for file in touched if file not in gathered), *gathered]

    def _aim(self, files: list[DataFile], touched: list[DataFile]) -> list[DataFile]:
        """Give each fresh row the touched file in whose range it lies; the others a small file, if there is one."""
        for file in touched:
            lowest, highest = self._range(file)
            self._con.execute(
                "UPDATE fresh SET target = $file WHERE target IS NULL AND source_id BETWEEN $lowest AND $highest",
                {"file": file.name, "lowest": lowest, "highest": highest},
            )
        if not count(self._con, "fresh WHERE target IS NULL"):
            return touched
        small = min((file for file in files if file.rows < SMALL), key=lambda file: file.rows, default=None)
        if small is None:
            return touched
        self._con.execute("UPDATE fresh SET target = $file WHERE target IS NULL", {"file": small.name})
        return touched if small in touched else [*touched, small]

    def _range(self, file: DataFile) -> tuple[str, str]:
        """The ids of the source between the file's bounds."""
        mine = (self._source.service, self._source.table)
        lowest = file.lowest[2] if file.lowest[:2] == mine else ""
        highest = file.highest[2] if file.highest[:2] == mine else "\U0010ffff"
        return lowest, highest

    def _gathered(self, files: list[DataFile], touched: list[DataFile]) -> list[DataFile]:
        """Files to be written in order with each other: all small ones once there are many, and none else."""
        small = [file for file in files if file.rows < SMALL]
        return small if len(small) >= MOST_SMALL_FILES else []

    def _kept(self, files: Sequence[DataFile]) -> str:
        return f"""
            SELECT {_columns(self._shape)} FROM {rows_of(self._table, files, self._shape)}
            ANTI JOIN stale USING ({_IDENTITY})
        """

    def _stream(self, file: DataFile) -> None:
        """Write one file again: row groups keep their order, what was added comes last."""
        con, name = self._con, literal(file.name)
        rows = file.rows - self._losses.get(file.name, 0) + count(con, f"fresh WHERE target = {name}")
        if rows == 0:
            return
        query = f"{self._kept([file])} UNION ALL SELECT {_columns(self._shape)} FROM fresh WHERE target = {name}"
        if rows <= 2 * ROWS_PER_FILE:
            self.written.append(self._table.write(con, query, ordered=rows <= SMALL))
            return
        con.execute(f"CREATE OR REPLACE TEMP TABLE gathered AS {query}")
        self._write_gathered()

    def _write_gathered(self) -> None:
        """Write `gathered`, source by source, in order."""
        found = self._con.execute("SELECT DISTINCT source_service, source_table FROM gathered ORDER BY ALL").fetchall()
        if count(self._con, "gathered") <= ROWS_PER_FILE:
            if found:
                self.written.append(self._table.write(self._con, "FROM gathered", ordered=True))
            return
        for service, name in found:
            condition = f"source_service = {literal(service)} AND source_table = {literal(name)}"
            self.written += write_sorted(self._con, self._table, f"gathered WHERE {condition}")
