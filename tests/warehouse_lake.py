"""A canonical table that is folded as pulls arrive, and loaded from; its rows are read by another engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from avesa.canonical_transform.engine import engine
from avesa.warehouse.load import LoadOutcome, load_table
from avesa.warehouse.port import Warehouse
from fold_table import Folding
from raw_files import PullOf
from warehouse_sides import Row, Side, to_the_letter

TABLE = "tickets"


@dataclass
class Lake:
    folding: Folding

    def fold(self, *pulls: PullOf, rebuild: bool = False) -> int:
        """Land and fold; the version that the table is at then."""
        self.folding.land(*pulls)
        self.folding.fold(rebuild=rebuild)
        return self.version

    @property
    def version(self) -> int:
        return self.folding.snapshot().version

    @property
    def log(self) -> Path:
        return self.folding.table_path / "_delta_log"

    def entry(self, version: int) -> Path:
        return self.log / f"{version:020}.json"

    def rows(self, version: int | None = None) -> list[Row]:
        return pl.read_delta(str(self.folding.table_path), version=version).to_dicts()

    def load(self, warehouse: Warehouse, *, version: int | None = None, anew: bool = False) -> LoadOutcome:
        scratch = self.folding.root / "scratch"
        scratch.mkdir(exist_ok=True)
        with engine(scratch) as con:
            found = load_table(
                con, self.folding.table(), warehouse, self.folding.tenant, TABLE, version=version, anew=anew
            )
        assert found is not None
        return found

    def is_in(self, side: Side, *, version: int | None = None, schema: str = "avesa", gone: Sequence[str] = ()) -> None:
        """Row for row, each once, and the rows of no other; `gone` are columns that are there alone, and null."""
        there = [row for row in side.rows(TABLE, schema) if row["tenant_id"] == self.folding.tenant]
        assert to_the_letter(there, but=gone) == to_the_letter(self.rows(version))
        assert {row[name] for row in there for name in gone} <= {None}
        current = [row for row in side.rows(f"{TABLE}_current", schema) if row["tenant_id"] == self.folding.tenant]
        assert to_the_letter(current) == to_the_letter([row for row in there if row["is_current"]])
        begun = sorted(row["valid_from"] for row in there)
        if begun:
            moment = begun[len(begun) // 2]
            then = [row for row in side.as_of(TABLE, moment, schema) if row["tenant_id"] == self.folding.tenant]
            assert to_the_letter(then) == to_the_letter([row for row in there if was_in_force(row, moment)])


def was_in_force(row: Row, moment: datetime) -> bool:
    return bool(row["valid_from"] <= moment and (row["valid_to"] is None or row["valid_to"] > moment))


def lake_in(folder: Path, **more: object) -> Lake:
    return Lake(Folding(folder, **more))  # type: ignore[arg-type]
