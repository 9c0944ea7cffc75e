"""The file of a DuckDB warehouse: begun so that a disk that is full leaves no half of one, opened, failures told."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

import duckdb

from avesa.canonical_transform.engine import first_line, memory_limit
from avesa.canonical_transform.sql_text import literal
from avesa.shared.errors import Busy, ConfigurationError, StorageError
from avesa.shared.storage_failure import storage_failure


def open_file(name: str, *, begin: bool) -> duckdb.DuckDBPyConnection:
    """The file; where there is none it is made, or with `begin` false refused.

    Raises Busy if another program has it open, StorageError if it cannot be made, ConfigurationError if it is none.
    """
    # What is absolute is a file to DuckDB, whatever it looks like.
    path = Path(os.path.abspath(name))  # noqa: PTH100 — `resolve` would follow links
    if not _is_there(path):
        if not begin:
            raise ConfigurationError(f"there is no file {path}.", hint="See how the address is written.")
        _begin(path)
    try:
        con = duckdb.connect(str(path))
    except duckdb.IOException as error:
        if "Could not set lock" in str(error):
            raise Busy(
                f"another program has {path} open.", hint="Close it there: one program at a time can write to it."
            ) from error
        raise ConfigurationError(
            f"{path} cannot be opened as a DuckDB file: {first_line(error)}",
            hint="Make room if the disk is full. If it is no warehouse, name another file.",
        ) from error
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET preserve_insertion_order = false")
    con.execute(f"SET memory_limit = {literal(memory_limit())}")
    return con


def could_not_take(error: duckdb.Error) -> StorageError:
    return StorageError(
        f"the warehouse could not take it: {first_line(error)}",
        hint="Nothing is half done there. Check free space and memory (AVESA_MEMORY_LIMIT), then do it again.",
    )


def _is_there(path: Path) -> bool:
    try:
        if path.parent.is_dir():
            return path.exists()
    except OSError as error:
        failure = storage_failure("open", str(path), error)
    else:
        raise ConfigurationError(f"there is no folder {path.parent} for the warehouse.", hint="Make it first.")
    raise failure


def _begin(path: Path) -> None:
    """An empty warehouse, made beside and then given its name: DuckDB makes one in several writes, and takes one that
    it could not finish for a damaged file.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=".avesa-", dir=path.parent) as folder:
            beside = os.path.join(folder, path.name)  # noqa: PTH118 — for DuckDB it is a text
            duckdb.connect(beside).close()
            # Unless somebody else was faster. Where a file can have no second name, DuckDB makes it in its place.
            with suppress(OSError):
                os.link(beside, path)
    except OSError as error:
        failure = storage_failure("make", str(path), error)
    except duckdb.Error as error:
        reason = first_line(error).rpartition(": ")[2]  # before that it names the file beside
        failure = StorageError(
            f"cannot make {path}: {reason}.", hint="Make room and load again; nothing was left there."
        )
    else:
        return
    raise failure
