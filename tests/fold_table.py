"""A small canonical table to fold into, and its rows read back without our own code."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from avesa.canonical_transform.canonical_table import CanonicalTable, Snapshot
from avesa.canonical_transform.engine import engine
from avesa.canonical_transform.fold import FoldReport, fold
from avesa.canonical_transform.ledger import Ledger
from avesa.canonical_transform.mapping import Mapping, parse_mapping
from avesa.canonical_transform.raw_history import Bench
from avesa.shared.clock import system_clock
from avesa.shared.guard import Guard
from avesa.shared.objects import Objects, open_objects
from raw_files import PullOf, land
from scd2_oracle import Version

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


def thing_values(fields: dict[str, Any]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Tracked and untracked values of a thing, for the oracle."""
    hours = fields.get("hours")
    tags = fields.get("tags")
    return (
        (
            fields.get("name"),
            None if hours is None else round(float(hours), 4),
            None if tags is None else json.dumps(tags, sort_keys=True),
        ),
        (fields.get("views"),),
    )


@dataclass
class Folding:
    """One table of one tenant, folded again and again; the ledger is kept as the state would keep it."""

    root: Path
    mapping: Mapping = field(default_factory=things_mapping)
    ledger: Ledger = field(default_factory=Ledger)
    tenant: str = TENANT

    @property
    def objects(self) -> Objects:
        return open_objects(self.root / "data")

    def land(self, *pulls: PullOf, service: str = SERVICE) -> list[str]:
        return [land(self.objects, self.tenant, service, TABLE, pull) for pull in pulls]

    def fold(self, *, rebuild: bool = False) -> FoldReport:
        scratch = self.root / "scratch"
        scratch.mkdir(exist_ok=True)
        table = self.table()
        with engine(scratch) as con:
            bench = Bench(con, self.objects, self.mapping, lambda source: Guard(), scratch)
            return fold(self.tenant, bench, table, self.ledger, self._save, rebuild=rebuild)

    def table(self) -> CanonicalTable:
        return CanonicalTable(self.objects, self.tenant, self.mapping.table, self.root / "scratch", system_clock)

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
        return versions_in([row for row in self.rows() if service in (None, row["source_service"])])


def versions_in(rows: list[dict[str, Any]]) -> set[Version]:
    """Canonical rows of `things_mapping` as the oracle tells them; each must be there once."""
    found = [_version(row) for row in rows]
    assert len(set(found)) == len(found), "a version appears twice"
    return set(found)


def _version(row: dict[str, Any]) -> Version:
    assert row["is_current"] == (row["valid_to"] is None)
    tags = row.get("tags")
    hours = row.get("hours")
    return Version(
        id=row["source_id"],
        values=(
            row["name"],
            None if hours is None else float(hours),
            None if tags is None else json.dumps(json.loads(tags), sort_keys=True),
        ),
        untracked=(row.get("views"),),
        updated_at=_utc(row["updated_at"]),
        valid_from=_utc(row["valid_from"]),  # type: ignore[arg-type]
        valid_to=_utc(row["valid_to"]),
        is_deleted=row["is_deleted"],
        recorded_at=_utc(row["recorded_at"]),  # type: ignore[arg-type]
    )


def _utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC) if moment else None
