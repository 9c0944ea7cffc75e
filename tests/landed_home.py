"""A home into which another program landed contacts of ConnectWise, for tests of what is made of raw files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from avesa.pipeline.home import open_home
from avesa.pipeline.ports import Ports
from avesa.pipeline.transform import TransformOutcome, transform_tenant
from avesa.pipeline.verify import Check, verify_tenant
from avesa.shared.tenants import TenantService
from raw_files import PullOf, Row, at, land

TENANT, SERVICE, TABLE = "acme", "connectwise", "contacts"


@dataclass(frozen=True)
class LandedHome:
    """`table` is the raw table and the canonical one: their names are the same."""

    folder: Path
    settings: tuple[tuple[str, str], ...] = ()

    @contextmanager
    def ports(self) -> Iterator[Ports]:
        with open_home(self.folder, clock=lambda: at(10_000)) as ports:
            if TENANT not in ports.tenants.tenants():
                ports.tenants.add_tenant(TENANT)
                ports.tenants.put(TenantService(TENANT, SERVICE, settings=dict(self.settings)))
            yield ports

    def land(self, *pulls: PullOf, table: str = TABLE) -> list[str]:
        with self.ports() as ports:
            return [land(ports.objects, TENANT, SERVICE, table, pull) for pull in pulls]

    def transform(self, *, rebuild: bool = False, table: str = TABLE) -> TransformOutcome:
        """Fold what has landed; it must come to a good end."""
        with self.ports() as ports:
            (outcome,) = transform_tenant(ports, TENANT, run_id="run", tables=[table], rebuild=rebuild)
        assert outcome.status == "ok", outcome.error
        return outcome

    def failed(self, table: str = TABLE) -> dict[str, Check]:
        """The checks that verification finds wrong, by what they compare."""
        with self.ports() as ports:
            return {check.what: check for check in verify_tenant(ports, TENANT, [table]) if not check.ok}

    def copy(self, folder: Path) -> LandedHome:
        return LandedHome(shutil.copytree(self.folder, folder), self.settings)

    @property
    def raw(self) -> Path:
        return self.folder / "data" / TENANT / "raw" / SERVICE / TABLE

    @property
    def canonical(self) -> Path:
        return self.folder / "data" / TENANT / "canonical" / TABLE


def contact(id_: str | None, updated: float | None, extracted: float, name: str = "Mia", **fields: Any) -> Row:
    """A contact as the vendor changed it in minute `updated` and showed it a second after minute `extracted`."""
    record = {"id": id_, "firstName": name, **fields}
    return Row(id_, record, None if updated is None else at(updated), at(extracted) + timedelta(seconds=1))


def changes(number: int, *rows: Row, **more: Any) -> PullOf:
    return PullOf(rows, at(number), name=f"pull-{number:05}", **more)


def listing(number: int, *rows: Row, **more: Any) -> PullOf:
    return changes(number, *rows, kind="listing", **more)


def ended(pull: PullOf) -> datetime:
    """When a pull had come to its end."""
    return max([pull.started_at, *(row.extracted_at for row in pull.rows)])


def rewrite(file: Path, query: str) -> None:
    """Replace a Parquet file by the result of a query over `{file}`."""
    with duckdb.connect() as con:
        con.execute(f"COPY ({query.format(file=file)}) TO '{file}.new' (FORMAT parquet)")
    Path(f"{file}.new").replace(file)
