"""The rows of a query as a Parquet file, with the types that they have in the tables."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Unpack

import duckdb

from avesa.canonical_transform.sql_text import parquet
from avesa.pipeline.ports import Ports
from avesa.pipeline.query import Shown, asked
from avesa.shared.errors import StorageError, UsageError, Where
from avesa.shared.storage_failure import storage_failure


def export(ports: Ports, tenant: str, sql: str, path: Path, **shown: Unpack[Shown]) -> int:
    """Write what one SELECT gives, and tell how many rows. The file is there whole or not at all; one of that name is
    written over. Rows go from the tables to the file, however many there are.

    Raises UsageError for anything that is not one SELECT of rows, StorageError for a file that cannot be written.
    """
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}.")
    unfinished = path.absolute().with_name(f"{path.name}.unfinished")
    with asked(ports, tenant, sql, writing=unfinished, **shown) as (con, _):
        try:
            _write(con.sql(sql), unfinished, Where(tenant))
            (count,) = con.execute(f"SELECT count(*) FROM {parquet([str(unfinished)])}").fetchone() or (0,)
            unfinished.replace(path)
        except OSError as failure:
            raise storage_failure("write", str(path), failure) from failure
        finally:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
    return int(count)


def _write(rows: duckdb.DuckDBPyRelation, unfinished: Path, where: Where) -> None:
    try:
        rows.write_parquet(str(unfinished), compression="zstd")
    except duckdb.IOException as error:
        if unfinished.name not in str(error):
            raise
        hint = "Check the disk and the rights of its folder."
        raise StorageError(f"cannot write {unfinished}.", where=where, hint=hint) from error
