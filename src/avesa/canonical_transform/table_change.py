"""From new versions to a commit.

A change stands in two temporary tables: `added`, versions that are new or changed, with all columns of the table, and
`removed`, the keys (source_id, valid_from) and the places (file, file_row, is_current) of those that were before them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from avesa.canonical_transform.canonical_table import CanonicalTable, Snapshot
from avesa.canonical_transform.change_file import write_change
from avesa.canonical_transform.data_file import DataFile, NewFile, after_all_of
from avesa.canonical_transform.engine import one_row
from avesa.canonical_transform.raw_source import Source
from avesa.canonical_transform.scd2 import TableShape
from avesa.canonical_transform.sql_text import identifier, literal
from avesa.canonical_transform.table_files import Rewriting, columns_of, rows_of

_PLACES = "source_id, valid_from, file, file_row, is_current"


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
    source: Source,
    *,
    only: str | None = None,
) -> None:
    """Create the temporary table `existing`: the rows of those files that belong to the source, with their places.

    `only` is the name of a table of source_id: other records are left out.
    """
    bounds: tuple[str, ...] = ()
    limit = ""
    if only:
        lowest, highest = one_row(con, f"SELECT min(source_id), max(source_id) FROM {only}")
        bounds, limit = (lowest or "", highest or ""), f"AND source_id IN (FROM {only})"
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE existing AS
        SELECT {columns_of(shape)}, file, file_row
        FROM {rows_of(table, that_may_hold(files, source, *bounds), shape)}
        WHERE source_service = {literal(source.service)} AND source_table = {literal(source.table)} {limit}
    """)


def that_may_hold(
    files: Sequence[DataFile], source: Source, lowest: str = "", highest: str | None = None
) -> list[DataFile]:
    """The files that, by their bounds, may have records of the source with ids from lowest to highest."""
    names = source.service, source.table
    until = after_all_of(*names) if highest is None else (*names, highest)
    return [file for file in files if file.may_hold((*names, lowest), until)]


def find_differences(con: duckdb.DuckDBPyConnection, shape: TableShape) -> None:
    """Create `added` and `removed`: what leads from `existing` to `versions`, rows of the same records."""
    columns = columns_of(shape)
    con.execute(f"CREATE OR REPLACE TEMP TABLE added AS SELECT {columns} FROM versions WHERE false")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE removed AS SELECT {_PLACES} FROM existing WHERE false
    """)
    add_differences(con, shape)


def add_differences(con: duckdb.DuckDBPyConnection, shape: TableShape) -> None:
    """As `find_differences`, put to what `added` and `removed` hold already."""
    columns = columns_of(shape)
    con.execute(f"INSERT INTO added SELECT {columns} FROM {_missing('versions', 'existing', shape)}")
    con.execute(f"INSERT INTO removed SELECT {_PLACES} FROM {_missing('existing', 'versions', shape)}")


def commit_change(
    con: duckdb.DuckDBPyConnection,
    table: CanonicalTable,
    base: Snapshot,
    shape: TableShape,
    source: Source,
    *,
    note: str,
) -> tuple[Change, Snapshot]:
    """Bring the table by `added` and `removed`, versions of one source, from `base` to the next version.

    Where both are empty nothing is written and nothing is committed.
    """
    current, closed = one_row(con, "SELECT count(*) FILTER (is_current), count(*) FILTER (NOT is_current) FROM added")
    losses = {
        str(file): int(number)
        for file, number in con.execute("SELECT file, count(*) FROM removed GROUP BY ALL").fetchall()
    }
    change = Change(added=current + closed, removed=sum(losses.values()))
    if not change.added and not change.removed:
        return change, base
    writer = Rewriting(con, table, shape, losses)
    writer.write_current(source, [file for file in base.files if file.is_current], current)
    writer.write_closed([file for file in base.files if not file.is_current], closed)
    changes = write_change(con, table, shape, source) if writer.is_much_for(change.added + change.removed) else None
    return change, table.commit(base, shape.all, writer.written, writer.replaced, note=note, changes=changes)


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


def _missing(ours: str, theirs: str, shape: TableShape) -> str:
    """The rows of one table that the other does not have, equal in every column, null to null."""
    names = [identifier(name) for name, _ in shape.all]
    left, right = (f"row({', '.join(f'{table}.{name}' for name in names)})" for table in (ours, theirs))
    return f"""{ours} WHERE NOT EXISTS (
        FROM {theirs}
        WHERE {theirs}.source_id = {ours}.source_id AND {theirs}.valid_from = {ours}.valid_from
          AND {left} IS NOT DISTINCT FROM {right}
    )"""
