"""The vendors' own words that have no place among those that all vendors share: counted, never guessed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import duckdb

from avesa.canonical_transform.mapping import Mapping
from avesa.canonical_transform.sql_text import identifier, literal
from avesa.pipeline.ports import Ports
from avesa.pipeline.query import tenant_tables
from avesa.pipeline.transform import choose_canonical, tenant_mapping
from avesa.shared.errors import AvesaError, MappingError, Where


@dataclass(frozen=True)
class Unmapped:
    """One dict for each word: canonical_table, column, source_service, source_table, word, rows. `errors` are of the
    tables whose words cannot be told, since the tenant's own mapping of them is not valid.
    """

    words: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    errors: list[AvesaError] = field(default_factory=list[AvesaError])


def unmapped_words(ports: Ports, tenant: str, tables: Iterable[str] | None = None) -> Unmapped:
    """Each word of the current rows that is there while the column that should say what it means is null. The most
    frequent of a column come first. Raises UsageError for an unknown tenant or table.
    """
    chosen = choose_canonical(tables)
    ports.tenants.services(tenant)
    found = Unmapped()
    pairs: dict[str, list[tuple[str, str]]] = {}
    for table in chosen:
        try:
            pairs[table] = _pairs(tenant_mapping(ports, tenant, table))
        except MappingError as error:
            found.errors.append(error.located(Where(tenant, None, table)))
    with tenant_tables(ports, tenant, tables=[table for table, its in pairs.items() if its]) as con:
        for table, its in pairs.items():
            for word, meaning in _folded(con, table, its):
                rows = con.execute(f"""
                    SELECT {literal(table)} AS canonical_table, {literal(meaning)} AS "column",
                        source_service, source_table, {identifier(word)} AS word, count(*) AS rows
                    FROM {identifier(table)}
                    WHERE is_current AND {identifier(word)} IS NOT NULL AND {identifier(meaning)} IS NULL
                    GROUP BY ALL ORDER BY rows DESC, source_service, source_table, word
                """)
                names = [column[0] for column in rows.description or ()]
                found.words.extend(dict(zip(names, row, strict=True)) for row in rows.fetchall())
    return found


def _folded(con: duckdb.DuckDBPyConnection, table: str, pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those that the table has: a mapping may have got columns since its last fold."""
    if not pairs:
        return []
    columns = {name for name, *_ in con.execute(f"DESCRIBE {identifier(table)}").fetchall()}
    return [pair for pair in pairs if columns.issuperset(pair)]


def _pairs(mapping: Mapping) -> list[tuple[str, str]]:
    """The columns that hold a vendor's own word, each with the one of a closed list that says what it means."""
    names = {column.name for column in mapping.columns}
    found = []
    for column in mapping.columns:
        word = column.name.removesuffix("_category").removesuffix("_level")
        if column.values and word in names - {column.name}:
            found.append((word, column.name))
    return found
