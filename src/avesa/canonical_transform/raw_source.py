"""One raw table as the fold sees it: its receipts, and the rows of the files that they vouch for.

A file without a receipt belongs to a pull that is not finished (or was lost half-way) and is never read. Neither is
what a receipt names that was withdrawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from avesa.canonical_transform.engine import first_line, one_row, tells_of_a_file
from avesa.canonical_transform.raw_columns import wrong_columns
from avesa.canonical_transform.sql_text import literal, moment, parquet
from avesa.shared import layout
from avesa.shared.errors import ConfigurationError, StorageError, Where
from avesa.shared.objects import Objects
from avesa.shared.receipt import ListingDecision, Receipt, decode_decision, decode_receipt


@dataclass(frozen=True)
class Source:
    """A raw table of one tenant."""

    tenant: str
    service: str
    table: str

    @property
    def name(self) -> str:
        return f"{self.service}/{self.table}"

    @property
    def prefix(self) -> str:
        return layout.raw_prefix(self.tenant, self.service, self.table)

    @property
    def where(self) -> Where:
        return Where(self.tenant, self.service, self.table)


@dataclass(frozen=True)
class Pull:
    """A receipt with the name of its file, and what a person has decided about it, if it is a listing."""

    name: str
    receipt: Receipt
    decision: ListingDecision | None = None

    @property
    def deletes_by_absence(self) -> bool:
        return self.receipt.kind == "listing" and self.receipt.complete

    @property
    def order(self) -> tuple[object, ...]:
        return (self.receipt.started_at, self.name)


@dataclass(frozen=True)
class RawListing:
    """Names (no folder) of a source's receipts that stand and of the decisions, sorted, and the size of each file.

    All of them, or those that come behind the name `after`.
    """

    receipts: list[str]
    decisions: list[str]
    sizes: dict[str, int]
    after: str = ""

    def bytes_of(self, pulls: Iterable[Pull]) -> int:
        return sum(self.sizes.get(file, 0) for pull in pulls for file in pull.receipt.files)


def list_raw(objects: Objects, source: Source, *, after: str = "") -> RawListing:
    sizes = {info.path.rpartition("/")[2]: info.size for info in objects.list(source.prefix, after=after)}
    return RawListing(
        receipts=layout.standing_receipts(sizes),
        decisions=[name for name in sizes if name.endswith(layout.DECISION_SUFFIX)],
        sizes=sizes,
        after=after,
    )


def read_pulls(objects: Objects, source: Source, raw: RawListing, names: Iterable[str] | None = None) -> list[Pull]:
    """The pulls behind some receipts (all for None), in order of time.

    Raises ConfigurationError for what is no receipt or no decision.
    """
    pulls = []
    for name in raw.receipts if names is None else names:
        path = f"{source.prefix}/{name}"
        try:
            receipt = decode_receipt(objects.read(path))
        except ValueError as error:
            raise ConfigurationError(
                f"{path} is not a receipt: {error}.",
                where=source.where,
                hint="Mend or remove the file, then run `avesa transform` again.",
            ) from error
        _check_owner(path, receipt, source)
        decision = decision_name(name)
        pulls.append(Pull(name, receipt, _decided(objects, source, decision) if decision in raw.decisions else None))
    return sorted(pulls, key=lambda pull: pull.order)


def decision_name(receipt: str) -> str:
    """The name of the file with the decision about a receipt."""
    return receipt.removesuffix(layout.RECEIPT_SUFFIX) + layout.DECISION_SUFFIX


def _decided(objects: Objects, source: Source, name: str) -> ListingDecision:
    path = f"{source.prefix}/{name}"
    try:
        return decode_decision(objects.read(path))
    except ValueError as error:
        raise ConfigurationError(
            f"{path} is not a decision: {error}.", where=source.where, hint="Mend or remove the file."
        ) from error


def _check_owner(path: str, receipt: Receipt, source: Source) -> None:
    """A receipt that lies under another tenant's or table's prefix must never be folded there."""
    if (receipt.tenant_id, receipt.service, receipt.table) != (source.tenant, source.service, source.table):
        raise ConfigurationError(
            f"{path} is a receipt of tenant {receipt.tenant_id}, {receipt.service}/{receipt.table}.",
            where=source.where,
            hint="Move it, and the files that it names, to where they belong.",
        )


@dataclass(frozen=True)
class RawRows:
    """What is behind some pulls. `oldest` and `newest` are of pulling, `newest_deletion` is of one that was flagged."""

    relation: str
    """SQL of all rows: the raw columns, file, file_row_number, listed_at (see `pulls`), and reason."""
    rows: int
    partial: int
    unfit: int
    lowest_id: str | None
    highest_id: str | None
    oldest: datetime | None
    newest: datetime | None
    newest_deletion: datetime | None


def load_rows(
    con: duckdb.DuckDBPyConnection,
    objects: Objects,
    source: Source,
    pulls: list[Pull],
    scratch: Path,
    *,
    only: str | None = None,
) -> RawRows:
    """All but the payloads, which are read when they are mapped.

    Creates the temporary tables `pulls`, `rows` (of those that can be folded: all but payload, parent_id, run_id and
    problem), `unfit` (the same of the others, with their reason) and, if there are any, `listed` (record_id, listing).
    `only` is the name of a table of source_id: other records are left out.
    """
    _load_pulls(con, pulls)
    wanted = f"record_id IN (SELECT source_id FROM {only})" if only else "true"
    # A pull that died between its receipt and its watermark is told of by two receipts with the same files.
    names = sorted({file for pull in pulls for file in pull.receipt.files})
    files = [_fetched(objects, source, file, scratch) for file in names]
    relation = _relation(files, wanted)
    with told_of_raw(source), _told_of_columns(con, source, files):
        con.execute(f"CREATE OR REPLACE TEMP TABLE rows AS SELECT {_SLIM} FROM {relation}")
        found = RawRows(
            relation,
            *one_row(
                con,
                """
                SELECT count(*), count(*) FILTER (is_partial), count(*) FILTER (reason IS NOT NULL),
                    min(record_id), max(record_id),
                    min(extracted_at) FILTER (reason IS NULL), max(extracted_at) FILTER (reason IS NULL),
                    max(coalesce(updated_at, extracted_at)) FILTER (reason IS NULL AND is_deleted)
                FROM rows
                """,
            ),
        )
        if any(pull.deletes_by_absence for pull in pulls):
            con.execute("""
                CREATE OR REPLACE TEMP TABLE listed AS
                SELECT record_id, pulls.listing FROM rows JOIN pulls USING (file) WHERE pulls.listing IS NOT NULL
            """)
        if found.unfit:
            con.execute("CREATE OR REPLACE TEMP TABLE unfit AS FROM rows WHERE reason IS NOT NULL")
            con.execute("DELETE FROM rows WHERE reason IS NOT NULL")
    return found


_SLIM = """
    record_id, updated_at, is_deleted, is_partial, extracted_at, page, file, file_row_number, listed_at, reason
"""

_FIRST, _LAST = "TIMESTAMPTZ '0001-01-01 00:00:00+00'", "TIMESTAMPTZ '9999-12-31 23:59:59.999999+00'"
"""What all readers of the tables can show."""

_REASON = f"""
    CASE
        WHEN problem IS NOT NULL THEN problem
        WHEN record_id IS NULL THEN 'the record has no key'
        WHEN extracted_at IS NULL THEN 'the row does not say when it was extracted'
        WHEN payload IS NULL AND NOT is_deleted THEN 'the row has no payload'
        WHEN coalesce(updated_at, extracted_at) NOT BETWEEN {_FIRST} AND {_LAST}
            OR extracted_at NOT BETWEEN {_FIRST} AND {_LAST}
        THEN 'a time of the row is outside of the years 1 to 9999'
    END
"""
"""Why a row cannot be folded, or null."""


def _believed(updated_at: str, extracted_at: str) -> str:
    """An instant at which a record cannot have been changed yet when it was seen is none.

    Believed, it would be the newest of the record for ever, and no later change or absence would count. Clocks and time
    zones differ by less than a day.
    """
    seen = f"least({extracted_at}, {_LAST} - INTERVAL 1 DAY)"
    return (
        f"CASE WHEN {updated_at} > {seen} + INTERVAL 1 DAY AND {updated_at} <= {_LAST} THEN NULL ELSE {updated_at} END"
    )


def _relation(files: Sequence[Path], wanted: str) -> str:
    relation = f"({_EMPTY_ROWS})"
    if files:
        relation = parquet(files, "filename = true", "file_row_number = true", "union_by_name = true")
    return f"""(
        WITH raw AS (
            SELECT
                record_id::VARCHAR AS record_id,
                parent_id::VARCHAR AS parent_id,
                payload::VARCHAR AS payload,
                {_believed("updated_at::TIMESTAMPTZ", "extracted_at::TIMESTAMPTZ")} AS updated_at,
                coalesce(is_deleted::BOOLEAN, false) AS is_deleted,
                coalesce(is_partial::BOOLEAN, false) AS is_partial,
                extracted_at::TIMESTAMPTZ AS extracted_at,
                run_id::VARCHAR AS run_id,
                coalesce(page::INTEGER, 0) AS page,
                problem::VARCHAR AS problem,
                parse_filename(filename) AS file,
                file_row_number
            FROM {relation}
        )
        SELECT raw.*, named.listed_at, {_REASON} AS reason
        FROM raw JOIN (SELECT file, min(listed_at) AS listed_at FROM pulls GROUP BY file) AS named USING (file)
        WHERE {wanted}
    )"""


@contextmanager
def told_of_raw(source: Source, *, and_table: bool = False) -> Iterator[None]:
    """What the engine says against a raw file, or one of the table too, told as such."""
    try:
        yield
    except duckdb.Error as error:
        if not (isinstance(error, duckdb.BinderException | duckdb.ConversionException) or tells_of_a_file(error)):
            raise
        raise StorageError(
            f"a raw file{' or one of the table' if and_table else ''} cannot be read: {first_line(error)}",
            where=source.where,
            hint="Restore the raw file, or remove it together with its receipt."
            + (" If it is the table's file, rebuild the table." if and_table else ""),
        ) from error


@contextmanager
def _told_of_columns(con: duckdb.DuckDBPyConnection, source: Source, files: Sequence[Path]) -> Iterator[None]:
    try:
        yield
    except duckdb.BinderException as error:
        for file in files:
            if wrong := wrong_columns(con, file):
                raise StorageError(
                    f"in the raw file {source.prefix}/{file.name} {wrong}.",
                    where=source.where,
                    hint="docs/architecture.md names the columns of a raw file. Write it anew, or remove it together "
                    "with its receipt.",
                ) from error
        raise


def _load_pulls(con: duckdb.DuckDBPyConnection, pulls: list[Pull]) -> None:
    """`pulls`: file, listed_at (the listing's start, null for a change pull), and listing (its number among the
    complete listings in order of time, else null).
    """
    numbers = {pull.name: number for number, pull in enumerate(pull for pull in pulls if pull.deletes_by_absence)}
    told = [
        f"({literal(file)}, {moment(pull.receipt.started_at if pull.receipt.kind == 'listing' else None)}, "
        f"{numbers.get(pull.name, 'NULL::INTEGER')})"
        for pull in pulls
        for file in pull.receipt.files
    ]
    known = f"(VALUES {', '.join(told) or '(NULL::VARCHAR, NULL::TIMESTAMPTZ, NULL::INTEGER)'})"
    con.execute(f"CREATE OR REPLACE TEMP TABLE pulls AS FROM {known} AS pulls(file, listed_at, listing)")


def _fetched(objects: Objects, source: Source, file: str, scratch: Path) -> Path:
    path = f"{source.prefix}/{file}"
    if not objects.exists(path):
        raise StorageError(
            f"the raw file {path} is missing, though a receipt names it.",
            where=source.where,
            hint="Restore the file, or remove the receipt and pull again with `avesa ingest --full`.",
        )
    return objects.fetch(path, scratch)


_EMPTY_ROWS = """
    SELECT NULL AS record_id, NULL AS parent_id, NULL AS payload, NULL AS updated_at, NULL AS is_deleted,
        NULL AS is_partial, NULL AS extracted_at, NULL AS run_id, NULL AS page, NULL AS problem,
        '' AS filename, 0 AS file_row_number
    WHERE false
"""
