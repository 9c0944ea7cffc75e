"""Where things lie in the object store. The one module that knows the paths; all of them are relative to the root.

{tenant}/raw/{service}/{table}/{timestamp}.parquet
{tenant}/raw/{service}/{table}/{timestamp}.receipt.json
{tenant}/raw/{service}/{table}/{timestamp}.decision.json
{tenant}/raw/{service}/{table}/{timestamp}.withdrawn.json
{tenant}/canonical/{canonical_table}/{timestamp}.parquet, _delta_log/ and _change_data/{timestamp}.parquet
{tenant}/quarantine/{canonical_table}/{timestamp}.{service}.{table}.parquet
{tenant}/mappings/{canonical_table}.json
_runs/{run_id}/{name}          of the whole installation; no tenant's name begins so
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime

from avesa.shared.errors import UsageError

RECEIPT_SUFFIX = ".receipt.json"
DECISION_SUFFIX = ".decision.json"
WITHDRAWAL_SUFFIX = ".withdrawn.json"
PARQUET_SUFFIX = ".parquet"

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_TIMESTAMP = re.compile(r"\d{8}T\d{12}Z")


def checked_name(name: str, what: str = "tenant") -> str:
    """`name` itself, if it is safe as one part of a path on every system. Raises UsageError otherwise."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is not a valid {what} name.",
            hint="Use 1 to 63 of a-z, 0-9, - and _, starting with a letter or digit.",
        )
    return name


def timestamp_name(moment: datetime) -> str:
    """A file's stem: UTC with microseconds and a random suffix that makes it unique per writer.

    `20261122T201530123456Z-9f86d081`: sortable, and safe in a file name on every system.
    """
    return f"{timestamp(moment)}-{secrets.token_hex(4)}"


def timestamp(moment: datetime) -> str:
    """What the names of files of that moment begin with."""
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%S%f}Z"


def moment_of(name: str) -> datetime | None:
    """The moment that the name of a file begins with; None where it tells none."""
    found = _TIMESTAMP.match(name)
    try:
        return datetime.strptime(found[0], "%Y%m%dT%H%M%S%fZ").replace(tzinfo=UTC) if found else None
    except ValueError:
        return None


def standing_receipts(files: Iterable[str]) -> list[str]:
    """The receipts among the files of a raw table that were not withdrawn, by their names or paths, sorted."""
    there = set(files)
    return sorted(file for file in there if file.endswith(RECEIPT_SUFFIX) and withdrawal_of(file) not in there)


def withdrawal_of(receipt: str) -> str:
    """The name or path of the file that withdraws a receipt."""
    return receipt.removesuffix(RECEIPT_SUFFIX) + WITHDRAWAL_SUFFIX


def stem_of(name: str) -> str:
    """The part of a raw file's name that a pull's file, receipt and decision may share; it sorts before them all."""
    return name.partition(".")[0]


def raw_prefix(tenant: str, service: str, table: str) -> str:
    return f"{checked_name(tenant)}/raw/{checked_name(service, 'service')}/{checked_name(table, 'table')}"


def raw_file(tenant: str, service: str, table: str, stem: str) -> str:
    return f"{raw_prefix(tenant, service, table)}/{stem}{PARQUET_SUFFIX}"


def receipt_file(tenant: str, service: str, table: str, stem: str) -> str:
    return f"{raw_prefix(tenant, service, table)}/{stem}{RECEIPT_SUFFIX}"


def tenant_raw_prefix(tenant: str) -> str:
    return f"{checked_name(tenant)}/raw"


def canonical_prefix(tenant: str, table: str) -> str:
    return f"{checked_name(tenant)}/canonical/{checked_name(table, 'table')}"


def change_file(name: str) -> str:
    """A change file of a canonical table, by its path below the table."""
    return f"_change_data/{name}"


def tenant_canonical_prefix(tenant: str) -> str:
    return f"{checked_name(tenant)}/canonical"


def quarantine_file(tenant: str, canonical_table: str, stem: str, service: str, table: str) -> str:
    return f"{quarantine_prefix(tenant, canonical_table)}/{stem}{quarantine_suffix(service, table)}"


def quarantine_suffix(service: str, table: str) -> str:
    """How the names of all files end that hold rows of one raw table, whatever the stems of its receipts."""
    return f".{checked_name(service, 'service')}.{checked_name(table, 'table')}{PARQUET_SUFFIX}"


def quarantine_prefix(tenant: str, table: str) -> str:
    return f"{checked_name(tenant)}/quarantine/{checked_name(table, 'table')}"


def tenant_mapping(tenant: str, table: str) -> str:
    return f"{tenant_mappings_prefix(tenant)}/{checked_name(table, 'table')}.json"


def tenant_mappings_prefix(tenant: str) -> str:
    return f"{checked_name(tenant)}/mappings"


def checked_run_id(run_id: str) -> str:
    """`run_id` itself, if it is safe as one part of a path. Raises UsageError otherwise."""
    if not _RUN_ID.fullmatch(run_id) or ".." in run_id:
        raise UsageError(
            f"{run_id!r} is not a valid name of a run.", hint="Use 1 to 128 letters, digits, points, - and _."
        )
    return run_id


def run_file(run_id: str, name: str) -> str:
    return f"_runs/{checked_run_id(run_id)}/{name}"
