"""What services of the sandbox are held against: the world behind their records, and the requests that they allow."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from avesa.cli.demo_checks import SHOWN_FAULTS, Check
from avesa.connector.record import ONLY
from avesa.connector.service import Endpoint
from avesa.integrations import load_service
from avesa.pipeline.ports import Ports
from avesa.pipeline.query import query
from avesa.sandbox.mapped.rows import Truth, WorldRows
from avesa.sandbox.mapped.writing import alike
from avesa.sandbox.vendor.vendor import StrictVendor


@dataclass(frozen=True)
class Compared:
    """One raw table against the world: its canonical table, the world's records, the columns that its shape can hold,
    how many values were compared, and the columns that the vendor would tell if it were asked.
    """

    service: str
    table: str
    canonical: str
    records: int
    columns: int
    values: int
    unasked: tuple[str, ...]
    faults: tuple[str, ...]


def compare(ports: Ports, tenant: str, service: str, account: StrictVendor) -> Iterator[Compared]:
    """The current canonical rows of a service against what its vendor has of the world now."""
    rows = account.rows
    assert isinstance(rows, WorldRows)
    truths: dict[str, list[Truth]] = {table: [] for table in rows.world_tables}
    for truth in rows.truth(account.shapes):
        truths[truth.table].append(truth)
    declared = {endpoint.name: endpoint for endpoint in load_service(service).endpoints}
    for table, canonical in rows.world_tables.items():
        if table in declared:
            yield _compare_table(ports, tenant, service, declared[table], canonical, truths[table])


def check_world(compared: Iterable[Compared]) -> Check:
    """Every record of the world is a current row with the world's values, and there is no other."""
    all_ = list(compared)
    faults = [fault for one in all_ for fault in one.faults]
    values = sum(one.values for one in all_)
    return Check("current rows equal the sandbox's world", values, "comparisons", tuple(faults[:SHOWN_FAULTS]))


def check_allowed(accounts: Mapping[str, StrictVendor]) -> Check:
    """No request broke a rule of its vendor."""
    faults = [f"{service}: {note}" for service, account in accounts.items() for note in account.violations]
    asked = sum(len(account.served) for account in accounts.values())
    return Check("no request broke a vendor's rule", asked, "requests", tuple(dict.fromkeys(faults))[:SHOWN_FAULTS])


def _compare_table(
    ports: Ports, tenant: str, service: str, endpoint: Endpoint, canonical: str, truths: list[Truth]
) -> Compared:
    names = sorted({name for truth in truths for name, _, _ in truth.columns})
    quoted = "".join(f', "{name}"' for name in names)
    sql = f"""
        SELECT source_id{quoted} FROM {canonical}
        WHERE source_service = '{service}' AND source_table = '{endpoint.name}' AND is_current
    """
    known = {row["source_id"]: row for row in query(ports, tenant, sql, tables=[canonical]).dicts()}
    where, values, faults = f"{service}/{endpoint.name}", 0, []
    differing: Counter[str] = Counter()
    for truth in truths:
        row = known.pop(_source_id(endpoint, truth), None)
        values += 1
        if truth.is_flagged:
            # What the vendor calls inactive is gone for some services, and goes on for others.
            if row is not None and endpoint.deleted is not None:
                faults.append(f"{where}: {canonical} still has {row['source_id']}, which was deleted")
            continue
        if row is None:
            faults.append(f"{where}: {canonical} lacks {'/'.join(truth.key)}")
            continue
        for name, type_, wanted in truth.columns:
            values += 1
            if not alike(_value(row[name], type_), wanted, type_):
                differing[name] += 1
                if differing[name] == 1:
                    faults.append(f"{where}: {canonical}.{name} of {row['source_id']} is {row[name]!r}, not {wanted!r}")
    faults += [f"{where}: {canonical} has {id_}, which is not in the world" for id_ in sorted(known)]
    unasked = tuple(sorted({name for truth in truths for name in truth.unasked} - set(names)))
    records = sum(not truth.is_flagged for truth in truths)
    return Compared(service, endpoint.name, canonical, records, len(names), values, unasked, tuple(faults))


def _source_id(endpoint: Endpoint, truth: Truth) -> str:
    """The record's id in raw, as the raw files' format has it."""
    if not truth.key:
        return ONLY
    parts = [truth.parent, *truth.key] if endpoint.unique_under_parent else list(truth.key)
    return str(parts[0]) if len(parts) == 1 else json.dumps(parts, separators=(",", ":"), ensure_ascii=False)


def _value(value: Any, type_: str) -> Any:
    return json.loads(value) if type_ == "json" and value is not None else value
