"""A small canonical table to fold into, and its rows read back without our own code."""

from __future__ import annotations

import atexit
import json
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from avesa.canonical_transform.canonical_table import CanonicalTable, Snapshot
from avesa.canonical_transform.engine import engine, memory_limit, session
from avesa.canonical_transform.fold import FoldReport, fold
from avesa.canonical_transform.ledger import Ledger
from avesa.canonical_transform.mapping import Mapping, parse_mapping
from avesa.canonical_transform.raw_history import Bench
from avesa.shared.clock import Clock, system_clock
from avesa.shared.guard import Guard
from avesa.shared.objects import Objects, open_objects
from raw_files import PullOf, land
from scd2_oracle import Values, Version

TENANT, SERVICE, TABLE = "acme", "vendor", "things"


def things_mapping(
    *,
    scd_type: int = 2,
    columns: dict[str, str] | None = None,
    untracked: list[str] | None = None,
    services: tuple[str, ...] = (SERVICE,),
) -> Mapping:
    types = columns or {"name": "text", "hours": "decimal", "tags": "json", "views": "integer"}
    document = {
        "table": "tickets",
        "description": "Things of a test.",
        "scd2": {"type": scd_type, "untracked": ["views"] if untracked is None else untracked},
        "columns": {name: {"type": type_, "description": f"The {name}."} for name, type_ in types.items()},
        "sources": {service: {TABLE: {name: name for name in types}} for service in services},
    }
    return parse_mapping(json.dumps(document).encode(), "tickets", "mappings/tickets.json")


def values_of(mapping: Mapping) -> Values:
    """Tracked and untracked values of a record, for the oracle; what cannot be cast is null."""

    def values(fields: dict[str, Any]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        found = [(c.name in mapping.untracked, _plain(fields.get(c.name), c.type)) for c in mapping.columns]
        return tuple(v for untracked, v in found if not untracked), tuple(v for untracked, v in found if untracked)

    return values


def _plain(value: Any, type_: str) -> Any:
    """Equal for equal values, however they are spelled."""
    if value is None:
        return None
    if type_ == "decimal":
        try:
            return round(float(value), 4)
        except ValueError:
            return None
    return json.dumps(_without_spelling(value), sort_keys=True) if type_ == "json" else value


def _without_spelling(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_spelling(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_without_spelling(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


_THINGS = things_mapping()
thing_values = values_of(_THINGS)


@cache
def _database(limit: str) -> duckdb.DuckDBPyConnection:
    """One engine for the folds of a process, as a transform has one for all its tables; another for another limit."""
    open_until_the_end = ExitStack()
    atexit.register(open_until_the_end.close)
    folder = open_until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="folds-"))
    return open_until_the_end.enter_context(engine(Path(folder)))


@dataclass
class Folding:
    """One table of one tenant, folded again and again; the ledger is kept as the state would keep it."""

    root: Path
    mapping: Mapping = _THINGS
    ledger: Ledger = field(default_factory=Ledger)
    tenant: str = TENANT
    guard: Guard = field(default_factory=Guard)
    looks: timedelta = timedelta(0)
    clock: Clock = system_clock

    @property
    def objects(self) -> Objects:
        return open_objects(self.root / "data")

    def land(self, *pulls: PullOf, service: str = SERVICE) -> list[str]:
        return [land(self.objects, self.tenant, service, TABLE, pull) for pull in pulls]

    def fold(self, *, rebuild: bool = False) -> FoldReport:
        scratch = self.root / "scratch"
        scratch.mkdir(exist_ok=True)
        table = self.table()
        with session(_database(memory_limit())) as con:
            bench = Bench(con, self.objects, self.mapping, lambda source: self.guard, scratch)
            return fold(self.tenant, bench, table, self.ledger, self._save, rebuild=rebuild, looks=self.looks)

    def table(self) -> CanonicalTable:
        return CanonicalTable(self.objects, self.tenant, self.mapping.table, self.root / "scratch", self.clock)

    def snapshot(self) -> Snapshot:
        return self.table().snapshot()

    def _save(self, ledger: Ledger) -> None:
        self.ledger = ledger

    @property
    def table_path(self) -> Path:
        return self.root / "data" / self.tenant / "canonical" / self.mapping.table

    def rows(self) -> list[dict[str, Any]]:
        return pl.read_delta(str(self.table_path)).to_dicts()

    def versions(self, *, service: str | None = None) -> set[Version]:
        return versions_in([row for row in self.rows() if service in (None, row["source_service"])], self.mapping)


def versions_in(rows: list[dict[str, Any]], mapping: Mapping = _THINGS) -> set[Version]:
    """Canonical rows of `mapping` as the oracle tells them; each must be there once."""
    found = [_version(row, mapping) for row in rows]
    assert len(set(found)) == len(found), "a version appears twice"
    return set(found)


def _version(row: dict[str, Any], mapping: Mapping) -> Version:
    assert row["is_current"] == (row["valid_to"] is None)
    fields = {c.name: row[c.name] for c in mapping.columns}
    fields |= {c.name: json.loads(row[c.name]) for c in mapping.columns if c.type == "json" and row[c.name] is not None}
    values, untracked = values_of(mapping)(fields)
    return Version(
        id=row["source_id"],
        values=values,
        untracked=untracked,
        updated_at=_utc(row["updated_at"]),
        valid_from=_utc(row["valid_from"]),  # type: ignore[arg-type]
        valid_to=_utc(row["valid_to"]),
        is_deleted=row["is_deleted"],
        recorded_at=_utc(row["recorded_at"]),  # type: ignore[arg-type]
    )


def _utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC) if moment else None
