"""The data of a run, made once: for every delivery a typed Parquet file, and the same rows as a raw file for AVESA.

A delivery is a set of (row number, generation). Generation g of a row is valid from day g on. The rows of generation
`current` are the table; older ones are its history; the next one comes with the batches.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from avesa.shared import layout
from avesa.shared.receipt import Receipt, encode_receipt
from benchmarks import columns
from benchmarks.names import SERVICE, TABLE

FIRST_ID = 1_000_001
"""Ids keep their number of digits, so that the order of their texts is the order of their numbers."""
DAY_ZERO = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Delivery:
    """Rows as one pull brings them. `rows` is a SELECT that gives `i` and `g`; `day` is when it comes."""

    name: str
    rows: str
    day: int


@dataclass(frozen=True)
class Sizes:
    """`rows` current rows, of which a batch brings one per cent: half changed, a tenth new, the rest unchanged."""

    rows: int
    seed: int = 7

    @property
    def updates(self) -> int:
        return self.rows // 200

    @property
    def inserts(self) -> int:
        return self.rows // 1000

    @property
    def unchanged(self) -> int:
        return self.rows // 250


def generation(sizes: Sizes, g: int) -> Delivery:
    """All rows, as they were on day g."""
    return Delivery(f"generation-{g}-{sizes.rows}", f"SELECT i, {g} AS g FROM range({sizes.rows}) AS r(i)", g)


def batch(sizes: Sizes, current: int, *, newest: float = 1.0) -> Delivery:
    """Changed, new and unchanged rows, drawn among the newest share of the ids."""
    low = round(sizes.rows * (1 - newest))
    return Delivery(
        f"batch-{current}-{newest}-{sizes.rows}",
        f"""
        SELECT i, CASE WHEN drawn <= {sizes.updates} THEN {current + 1} ELSE {current} END AS g
        FROM (
            SELECT i, row_number() OVER (ORDER BY hash(i, {sizes.seed})) AS drawn
            FROM range({low}, {sizes.rows}) AS r(i)
        )
        WHERE drawn <= {sizes.updates + sizes.unchanged}
        UNION ALL
        SELECT i, {current + 1} AS g FROM range({sizes.rows}, {sizes.rows + sizes.inserts}) AS r(i)
        """,
        current + 1,
    )


def nothing_new(sizes: Sizes, current: int) -> Delivery:
    """One per cent of the rows, delivered again as they are."""
    return Delivery(
        f"nothing-{current}-{sizes.rows}",
        f"""
        SELECT i, {current} AS g FROM range({sizes.rows}) AS r(i)
        ORDER BY hash(i, {sizes.seed}) LIMIT {sizes.rows // 100}
        """,
        current + 1,
    )


def few(rows: int, changed: int, g: int) -> Delivery:
    """Some rows of a small table, changed."""
    return Delivery(
        f"few-{rows}-{changed}-{g}",
        f"SELECT i, {g} AS g FROM range({rows}) AS r(i) ORDER BY hash(i, {g}) LIMIT {changed}",
        g,
    )


def typed_file(folder: Path, delivery: Delivery) -> Path:
    return folder / f"{delivery.name}.typed.parquet"


def raw_file(folder: Path, delivery: Delivery) -> Path:
    return folder / f"{delivery.name}.raw.parquet"


def make(folder: Path, deliveries: Iterable[Delivery], *, typed: bool = True) -> None:
    """Write the files of deliveries that are not there yet.

    Typed: `id`, the 25 columns, `updated_at`, and `row_hash`, which saves the peers that want one from computing it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute("SET preserve_insertion_order = false")
        for delivery in deliveries:
            if typed and not typed_file(folder, delivery).exists():
                _copy(con, _typed(delivery), typed_file(folder, delivery))
            if not raw_file(folder, delivery).exists():
                _copy(con, _raw(delivery), raw_file(folder, delivery))


def _copy(con: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    unfinished = path.with_suffix(".unfinished")
    con.execute(f"COPY ({query}) TO '{unfinished}' (FORMAT parquet, COMPRESSION zstd)")
    unfinished.rename(path)


def _typed(delivery: Delivery) -> str:
    names = ", ".join(columns.TYPES)
    return f"""
        SELECT *, md5(concat_ws('|', {names})) AS row_hash FROM (
            SELECT ({FIRST_ID} + i)::VARCHAR AS id, {", ".join(columns.values())}, {_updated_at()} AS updated_at
            FROM ({delivery.rows})
        )
        """


def _raw(delivery: Delivery) -> str:
    fields = ", ".join(
        f"{name} := strftime({name}, '%Y-%m-%dT%H:%M:%SZ')" if type_ == "timestamp" else f"{name} := {name}"
        for name, type_ in columns.TYPES.items()
    )
    return f"""
        SELECT ({FIRST_ID} + i)::VARCHAR AS record_id, NULL::VARCHAR AS parent_id,
            to_json(struct_pack({fields}))::VARCHAR AS payload, {_updated_at()} AS updated_at,
            false AS is_deleted, false AS is_partial,
            TIMESTAMPTZ '{(DAY_ZERO + timedelta(days=delivery.day, minutes=20)).isoformat()}' AS extracted_at,
            'bench' AS run_id, 1::INTEGER AS page, NULL::VARCHAR AS problem
        FROM (SELECT i, g, {", ".join(columns.values())} FROM ({delivery.rows}))
        """


def _updated_at() -> str:
    return f"TIMESTAMPTZ '{DAY_ZERO.isoformat()}' + to_days(g::INTEGER) + to_seconds((hash(i, g) % 600)::BIGINT)"


def land(home: Path, tenant: str, raw: Path, day: int) -> None:
    """Put a raw file and its receipt where AVESA looks for them, without copying the file."""
    data = home / "data"
    started_at = DAY_ZERO + timedelta(days=day, minutes=15)
    stem = f"day-{day:06}"
    place = data / layout.raw_file(tenant, SERVICE, TABLE, stem)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.hardlink_to(raw)
    with duckdb.connect() as con:
        ((rows,),) = con.execute("SELECT count(*) FROM read_parquet(?)", [str(raw)]).fetchall()
    receipt = Receipt(
        tenant_id=tenant,
        service=SERVICE,
        table=TABLE,
        run_id="bench",
        kind="changes",
        complete=True,
        started_at=started_at,
        finished_at=started_at + timedelta(minutes=10),
        files=(place.name,),
        pages=1,
        rows=rows,
        distinct_ids=rows,
        bytes=raw.stat().st_size,
        calls=1,
        retries=0,
        ids_sha256="",
    )
    (data / layout.receipt_file(tenant, SERVICE, TABLE, stem)).write_bytes(encode_receipt(receipt))
