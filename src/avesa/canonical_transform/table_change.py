"""From new versions to a commit: which files must be written again, and what is merely appended.

Closed rows are appended; a closed file is written again only where a late row changed one of its versions. Of the
current rows only the files that hold a changed one are written again, together with files that have stayed small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from avesa.canonical_transform.canonical_table import CanonicalTable, DataFile, NewFile, Snapshot
from avesa.canonical_transform.engine import count
from avesa.canonical_transform.raw_source import Source
from avesa.canonical_transform.scd2 import TableShape
from avesa.canonical_transform.sql_text import SQL_TYPES, identifier, literals

ROWS_PER_FILE = 250_000
SMALL = ROWS_PER_FILE // 4
MOST_SMALL_CLOSED_FILES = 8


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
    con: duckdb.DuckDBPyConnection, table: CanonicalTable, base: Snapshot, shape: TableShape
) -> tuple[Change, Snapshot]:
    """Bring the table from `existing` (rows with their file) to `versions` for the records that these hold.

    Where both hold the same rows nothing is written and nothing is committed.
    """
    columns = ", ".join(identifier(column) for column, _ in shape.all)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE added AS
        SELECT {columns} FROM versions EXCEPT ALL SELECT {columns} FROM existing
    """)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE removed AS
        SELECT {columns} FROM existing EXCEPT ALL SELECT {columns} FROM versions
    """)
    change = Change(added=count(con, "added"), removed=count(con, "removed"))
    if not change.added and not change.removed:
        return change, base
    touched = _touched_files(con)
    written: list[NewFile] = []
    replaced: list[DataFile] = []
    for is_current in (True, False):
        files = [file for file in base.files if file.is_current == is_current]
        old = [file for file in files if file.name in touched]
        fresh = count(con, f"added WHERE is_current = {is_current}")
        if not old and not fresh:
            continue
        old += _small_files(files, old, is_current=is_current)
        replaced += old
        con.execute(f"""
            CREATE OR REPLACE TEMP TABLE next_rows AS
            SELECT {columns} FROM {rows_of(table, old, shape)}
            WHERE (source_service, source_table, source_id, valid_from) NOT IN (
                SELECT (source_service, source_table, source_id, valid_from) FROM removed
                WHERE is_current = {is_current}
            )
            UNION ALL SELECT {columns} FROM added WHERE is_current = {is_current}
        """)
        written += write_files(con, table, "next_rows")
    return change, table.commit(base, shape.all, written, replaced)


def replace_all(
    con: duckdb.DuckDBPyConnection, table: CanonicalTable, base: Snapshot, shape: TableShape
) -> tuple[Change, Snapshot]:
    """Make `versions` the whole table, in one commit."""
    written: list[NewFile] = []
    for is_current in (True, False):
        con.execute(f"CREATE OR REPLACE TEMP TABLE next_rows AS FROM versions WHERE is_current = {is_current}")
        written += write_files(con, table, "next_rows")
    before = sum(file.rows for file in base.files)
    after = table.commit(base, shape.all, written, [], replace=True)
    return Change(added=count(con, "versions"), removed=before), after


def write_files(con: duckdb.DuckDBPyConnection, table: CanonicalTable, relation: str) -> list[NewFile]:
    """Write a table's rows, ordered by key, as files of at most ROWS_PER_FILE rows; none for no rows."""
    rows = count(con, relation)
    parts = -(-rows // ROWS_PER_FILE)
    if parts <= 1:
        return [table.write(con, f"FROM {relation}")] if rows else []
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE parted AS
        SELECT *, ntile({parts}) OVER (ORDER BY source_service, source_table, source_id, valid_from) AS part
        FROM {relation}
    """)
    return [table.write(con, f"SELECT * EXCLUDE part FROM parted WHERE part = {part}") for part in range(1, parts + 1)]


def _touched_files(con: duckdb.DuckDBPyConnection) -> set[str]:
    found = con.execute("""
        SELECT DISTINCT file FROM existing
        WHERE (source_service, source_table, source_id, valid_from) IN (
            SELECT (source_service, source_table, source_id, valid_from) FROM removed
        )
    """).fetchall()
    return {str(file) for (file,) in found}


def _small_files(files: list[DataFile], old: list[DataFile], *, is_current: bool) -> list[DataFile]:
    """Files to take in although nothing in them changed, so that the number of small ones stays bounded."""
    small = [file for file in files if file.rows < SMALL and file not in old]
    if is_current or len(small) >= MOST_SMALL_CLOSED_FILES:
        return small
    return []
