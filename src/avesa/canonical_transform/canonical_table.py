"""A canonical table: Delta Lake over Parquet files that we write ourselves, committed in one atomic log entry.

Files hold either current or closed rows; the log's statistics tell which (all or none of `valid_to` is null). A
commit is made against the version that was read: if another writer was faster, it fails and the fold starts again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deltalake import DeltaTable, Field, Schema
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.schema import PrimitiveType
from deltalake.transaction import (
    AddAction,
    CommitProperties,
    PostCommitHookProperties,
    RemoveAction,
    create_table_with_add_actions,
)

from avesa.canonical_transform.data_file import DataFile, NewFile, in_order, listed_file, statistics_of, written_file
from avesa.canonical_transform.sql_text import literal
from avesa.shared import layout
from avesa.shared.clock import Clock
from avesa.shared.errors import AvesaError, StaleState, Where
from avesa.shared.objects import Objects
from avesa.shared.storage_failure import is_refusal, storage_failure

if TYPE_CHECKING:
    import duckdb

DELTA_TYPES = {
    "text": "string",
    "decimal": "decimal(18,4)",
    "integer": "long",
    "boolean": "boolean",
    "timestamp": "timestamp",
    "date": "date",
    "json": "string",
}
_CONFIGURATION: dict[str, str | None] = {
    "delta.checkpointInterval": "10",
    # Statistics count for all columns; the first 32, which is the default, would leave out `valid_to`.
    "delta.dataSkippingNumIndexedCols": "-1",
    "delta.logRetentionDuration": "interval 30 days",
    "delta.deletedFileRetentionDuration": "interval 7 days",
}
FILE_FORMAT = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE 30720"
"""Level 1 makes files as small as the usual 3, in three quarters of the time."""

_NOTE = "avesa.ledger"
CHANGE_NOTE = "avesa.changes"
"""What an entry of the log calls the change file of its commit, if there is one."""

CLEAR_EVERY = 20
"""Commits between two looks at the whole log and folder for what can go: entries, checkpoints and files."""
VACUUM_AFTER_HOURS = 7 * 24


@dataclass(frozen=True)
class Snapshot:
    """A table at one version; version -1 and no table_id where it does not exist yet."""

    version: int
    table_id: str | None
    columns: tuple[tuple[str, str], ...]
    """(name, Delta type), in order."""
    files: tuple[DataFile, ...]
    handle: DeltaTable | None = field(default=None, compare=False, repr=False)
    """The table as it was opened, if it was; a commit through it fails if the table has moved on."""


def delta_columns(columns: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, DELTA_TYPES[type_]) for name, type_ in columns)


class CanonicalTable:
    """One canonical table of one tenant, in the object store."""

    def __init__(self, objects: Objects, tenant: str, table: str, scratch: Path, clock: Clock) -> None:
        self.objects = objects
        self.prefix = layout.canonical_prefix(tenant, table)
        self.where = Where(tenant=tenant, table=table)
        self._scratch = scratch
        self.clock = clock
        self._is_hinted = False

    def snapshot(self, version: int | None = None) -> Snapshot:
        """The table now, or as it was at a version."""
        table = self._open(version)
        if table is None:
            return Snapshot(-1, None, (), ())
        columns = tuple((field["name"], str(field["type"])) for field in json.loads(table.schema().to_json())["fields"])
        actions = table.get_add_actions(flatten=True)
        rows: list[dict[str, Any]] = list(actions.to_struct_array().to_pylist()) if actions.num_rows else []
        return Snapshot(
            version=table.version(),
            table_id=str(table.metadata().id),
            columns=columns,
            files=in_order(map(listed_file, rows)),
            handle=table,
        )

    def local_paths(self, files: Sequence[DataFile]) -> dict[str, DataFile]:
        """The files by a local path that the engine can read."""
        return {str(self.local_path(file.name)): file for file in files}

    def local_path(self, name: str) -> Path:
        """A data file by its name, of this version or of another, by a local path that the engine can read.

        Raises ObjectMissing if it was deleted since.
        """
        return self.objects.fetch(f"{self.prefix}/{name}", self._scratch)

    def write(self, con: duckdb.DuckDBPyConnection, query: str, *, ordered: bool) -> NewFile:
        """Write the rows of a query, if wanted in the order of their keys, as a new data file.

        It is not visible until it is committed.
        """
        order = " ORDER BY source_service, source_table, source_id, valid_from" if ordered else ""
        name = self._new_name()
        size, rows, columns = self._store(con, f"FROM ({query}){order}", name)
        return NewFile(name, size, rows, statistics_of(rows, columns))

    def write_changes(self, con: duckdb.DuckDBPyConnection, query: str) -> str:
        """Write the rows of a query as a change file, to be named in the commit whose change they are; its name.

        It lies where Delta keeps such files, so that whoever vacuums the table deletes it after the same delay.
        """
        name = layout.change_file(self._new_name())
        self._store(con, query, name)
        return name

    def _new_name(self) -> str:
        return f"{layout.timestamp_name(self.clock())}{layout.PARQUET_SUFFIX}"

    def _store(
        self, con: duckdb.DuckDBPyConnection, query: str, name: str
    ) -> tuple[int, int, dict[str, dict[str, str]]]:
        """Write the rows of a query as a file of the table: its bytes, its rows, and what its columns hold."""
        local = self._scratch / Path(name).name
        try:
            result = con.execute(f"""
                COPY ({query}) TO {literal(str(local))} ({FILE_FORMAT}, RETURN_STATS)
            """).fetchone()
            assert result is not None
            size = self.objects.upload(f"{self.prefix}/{name}", local)
        finally:
            local.unlink(missing_ok=True)
        return size, int(result[1]), result[4]

    def commit(
        self,
        base: Snapshot,
        columns: Sequence[tuple[str, str]],
        added: Sequence[NewFile],
        removed: Sequence[DataFile],
        *,
        note: str,
        changes: str | None = None,
        replace: bool = False,
    ) -> Snapshot:
        """Make the added files visible and the removed ones invisible, at once, on top of `base`.

        `note` and the name of the change file, if there is one, are kept in the log entry. With `replace` the whole
        table, its columns too, becomes the added files. Raises StaleState if the table has moved on since `base`;
        then nothing changed and the files written for it are garbage that vacuum removes.
        """
        schema = Schema([Field(name, _primitive(type_)) for name, type_ in delta_columns(columns)])
        notes = {_NOTE: note} if changes is None else {_NOTE: note, CHANGE_NOTE: changes}
        properties = CommitProperties(max_commit_retries=0, custom_metadata=notes)
        clears = (base.version + 1) % CLEAR_EVERY == CLEAR_EVERY - 1
        after = PostCommitHookProperties(cleanup_expired_logs=clears)
        now = int(self.clock().timestamp() * 1000)
        adds = [AddAction(file.name, file.size, {}, now, True, file.statistics_json) for file in added]
        dead = base.files if replace else removed
        try:
            table = base.handle or (self._open(base.version) if base.version >= 0 else None)
            if replace and self._version() != base.version:
                raise self._stale()
            if table is None or (replace and base.columns != delta_columns(columns)):
                create_table_with_add_actions(
                    self.objects.table_uri(self.prefix),
                    schema,
                    adds,
                    mode="error" if table is None else "overwrite",
                    name=self.where.table,
                    configuration=_CONFIGURATION,
                    storage_options=self.objects.table_options,
                    commit_properties=properties,
                    post_commithook_properties=after,
                )
            else:
                removes = [RemoveAction(file.name, True, now, file.size, {}) for file in dead]
                table.create_write_transaction(
                    [*removes, *adds],
                    mode="append",
                    schema=schema,
                    commit_properties=properties,
                    post_commithook_properties=after,
                )
        except CommitFailedError as error:
            raise self._stale() from error
        except (DeltaError, OSError) as error:
            if "already exists" in str(error):
                raise self._stale() from error
            raise self._failed("commit to", error) from None
        self.objects.make_durable(f"{self.prefix}/_delta_log/{base.version + 1:020}.json")
        if clears:
            self._vacuum()
        if self._is_hinted:
            self._write_checkpoint()
        if table is None or replace:
            return self.snapshot(base.version + 1)
        files = in_order([*set(base.files).difference(dead), *map(written_file, added)])
        return Snapshot(base.version + 1, base.table_id, base.columns, files)

    def note(self) -> str | None:
        """What the last commit noted in the log; None if it was not ours."""
        table = self._open()
        last = table.history(1) if table else []
        return str(last[0][_NOTE]) if last and _NOTE in last[0] else None

    def _open(self, version: int | None = None) -> DeltaTable | None:
        uri, options = self.objects.table_uri(self.prefix), self.objects.table_options or None
        try:
            return DeltaTable(uri, version=version, storage_options=options)
        except TableNotFoundError:
            return None
        except (DeltaError, OSError) as error:
            if self.objects.is_local or not is_refusal(error) or not self._give_hint():
                raise self._failed("read", error) from None
        return self._open(version)

    def _give_hint(self) -> bool:
        """Put a hint of no checkpoint where there is none. False if there is one: then it was not that.

        Whoever may list a part of the bucket only is told 403, not 404, of what is missing, and a table without the
        hint cannot be opened then. Readers take one that says nothing for none.
        """
        self._is_hinted = self.objects.write_new(f"{self.prefix}/_delta_log/_last_checkpoint", b"{}")
        return self._is_hinted

    def _write_checkpoint(self) -> None:
        """A real one in the place of the hint that says nothing, so that other readers seldom meet that."""
        table = self._open()
        try:
            if table is not None:
                table.create_checkpoint()
        except (DeltaError, OSError) as error:
            raise self._failed("write a checkpoint of", error) from None
        self._is_hinted = False

    def _version(self) -> int:
        table = self._open()
        return -1 if table is None else table.version()

    def _failed(self, action: str, error: Exception) -> AvesaError:
        told = storage_failure(action, f"{self.prefix}/_delta_log", error)
        told.hint += " If the log is damaged, move the table's folder away: it is folded again from raw."
        return told.located(self.where)

    def _stale(self) -> StaleState:
        return StaleState("another writer committed to the table first.", where=self.where)

    def _vacuum(self) -> None:
        """Delete files that nothing has referred to for a week."""
        table = self._open()
        if table is not None:
            # A vacuum of deltalake's own would add entries to the log, which the ledger would not know.
            dead = table.vacuum(
                retention_hours=VACUUM_AFTER_HOURS, dry_run=True, enforce_retention_duration=True, full=True
            )
            self.objects.delete(f"{self.prefix}/{name}" for name in dead)


def _primitive(type_: str) -> PrimitiveType:
    return PrimitiveType(type_)
