"""The vendors' own words that have no place among those that all vendors share: counted, never guessed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from avesa.canonical_transform.mapping import Mapping
from avesa.canonical_transform.sql_text import identifier, literal
from avesa.pipeline.ports import Ports
from avesa.pipeline.query import tenant_tables
from avesa.pipeline.transform import choose_canonical, tenant_mapping


def unmapped_words(ports: Ports, tenant: str, tables: Iterable[str] | None = None) -> list[dict[str, Any]]:
    """One for each word of the current rows that is there while the column that should say what it means is null:
    canonical_table, column, source_service, source_table, word, rows. The most frequent of a column come first. Raises
    UsageError for an unknown tenant or table.
    """
    chosen = choose_canonical(tables)
    ports.tenants.services(tenant)
    found: list[dict[str, Any]] = []
    pairs = {table: _pairs(tenant_mapping(ports, tenant, table)) for table in chosen}
    with tenant_tables(ports, tenant, tables=[table for table in chosen if pairs[table]]) as con:
        for table in chosen:
            for word, meaning in pairs[table]:
                rows = con.execute(f"""
                    SELECT {literal(table)} AS canonical_table, {literal(meaning)} AS "column",
                        source_service, source_table, {identifier(word)} AS word, count(*) AS rows
                    FROM {identifier(table)}
                    WHERE is_current AND {identifier(word)} IS NOT NULL AND {identifier(meaning)} IS NULL
                    GROUP BY ALL ORDER BY rows DESC, source_service, source_table, word
                """)
                names = [column[0] for column in rows.description or ()]
                found += [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
    return found


def _pairs(mapping: Mapping) -> list[tuple[str, str]]:
    """The columns that hold a vendor's own word, each with the one of a closed list that says what it means."""
    names = {column.name for column in mapping.columns}
    found = []
    for column in mapping.columns:
        word = column.name.removesuffix("_category").removesuffix("_level")
        if column.values and word in names - {column.name}:
            found.append((word, column.name))
    return found
