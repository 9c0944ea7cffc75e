"""A mapping: how vendors' records become the rows of one canonical table. Ours, with a tenant's own laid over it.

Mappings are data alone. What they may say is a small closed vocabulary, so a tenant can supply one safely.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Set
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, replace
from functools import cache, cached_property
from types import MappingProxyType
from typing import Any, Literal

from avesa.canonical_transform.mapping_rules import ColumnType, Rule, Scalar, open_value, parse_rule
from avesa.canonical_transform.mapping_schema import (
    SCHEMA_FILE,
    mapping_fault,
    mappings_folder,
    read_document,
)
from avesa.shared.errors import MappingError

Source = tuple[str, str]
"""A service and one of its endpoints."""

UPDATED_AT = "updated_at"
"""Filled from the raw row. A mapping may declare and untrack it, and never gives it a rule."""

RESERVED_COLUMNS = frozenset(
    {
        *("tenant_id", "source_service", "source_table", "source_id", UPDATED_AT),
        *("valid_from", "valid_to", "is_current", "is_deleted", "recorded_at"),
        # Names of the raw row, which go along with the mapped columns until they are folded.
        *("record_id", "parent_id", "payload", "is_partial", "extracted_at", "run_id", "page", "problem"),
        *("file", "file_row_number", "listed_at", "uncastable", "since", "file_row", "is_listed"),
        # Names that engines give to what every table has.
        *("rowid", "filename"),
        *("ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"),
    }
)
RESERVED_BEGINNING = "avesa_"
"""So do the names begin of columns that go along with a canonical table's on its way into a warehouse."""

_MEANING = 4
"""Counts up when a release reads the same rule differently, so that the tables are rebuilt."""


@dataclass(frozen=True)
class Column:
    name: str
    type: ColumnType
    description: str
    values: tuple[Scalar, ...] = ()
    """The closed list that its values come from; empty where any value may stand."""


@dataclass(frozen=True)
class Mapping:
    """One canonical table: its columns in order, what is tracked, and the rules of each source.

    A declared column without a rule is null for that source. `updated_at`, where it is declared, stands among
    the columns and has no rule: the raw row fills it.
    """

    table: str
    description: str
    scd_type: Literal[1, 2]
    untracked: frozenset[str]
    columns: tuple[Column, ...]
    sources: ReadOnly[Source, ReadOnly[str, Rule]]

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    @cached_property
    def fingerprint(self) -> str:
        """Hex SHA-256 of all that affects the table's content; the order of keys and descriptions do not."""
        content = {
            "meaning": _MEANING,
            "table": self.table,
            "scd_type": self.scd_type,
            "untracked": sorted(self.untracked),
            "columns": sorted((column.name, column.type) for column in self.columns),
            "sources": [
                [*source, [[name, type(rules[name]).__name__, rules[name]] for name in sorted(rules)]]
                for source, rules in sorted(self.sources.items())
            ],
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=vars).encode()).hexdigest()


def mapping_names() -> list[str]:
    """The canonical tables that have a mapping, sorted."""
    return sorted(path.stem for path in mappings_folder().glob("*.json") if path.name != SCHEMA_FILE)


def load_mapping(table: str, overlay: bytes | None = None, overlay_name: str = "") -> Mapping:
    """The mapping of a canonical table, with a tenant's file laid over it.

    `overlay` is the content of the tenant's file and `overlay_name` what errors call it. It may add columns,
    sources and rules, replace rules, add to `untracked`, and keep columns empty. Raises MappingError with file, path
    and what was expected there.
    """
    ours = _ours(table)
    if overlay is None:
        return ours
    file = overlay_name or f"the tenant's {table}.json"
    return _laid_over(ours, read_document(overlay, file, overlay=True), file)


def own_sources(overlay: bytes, file: str) -> list[Source]:
    """The sources that a tenant's file itself names, in its order. Raises MappingError as `load_mapping` does."""
    named = read_document(overlay, file, overlay=True).get("sources", {})
    return [(service, endpoint) for service, endpoints in named.items() for endpoint in endpoints]


def canonical_tables_of(service: str, endpoint: str) -> list[str]:
    """The canonical tables that our mappings fill from an endpoint, sorted."""
    return [table for table in mapping_names() if (service, endpoint) in _ours(table).sources]


@cache
def _ours(table: str) -> Mapping:
    if table not in mapping_names():
        raise MappingError(f"There is no mapping named {table!r}; there are {', '.join(mapping_names())}.")
    return parse_mapping((mappings_folder() / f"{table}.json").read_bytes(), table, f"mappings/{table}.json")


def parse_mapping(data: bytes, table: str, file: str) -> Mapping:
    """A complete mapping from a file's content, for the table that the file's name says."""
    document = read_document(data, file)
    _check_table(document, table, file)
    if "empty" in document:
        mapping_fault(file, ("empty",), "expected in a tenant's own file alone")
    columns = tuple(_columns(document, file))
    scd2 = document["scd2"]
    return Mapping(
        table=table,
        description=document["description"],
        scd_type=scd2["type"],
        untracked=_untracked(document, {column.name for column in columns}, file),
        columns=columns,
        sources=MappingProxyType(_sources(document, columns, file)),
    )


def _laid_over(ours: Mapping, document: dict[str, Any], file: str) -> Mapping:
    _check_table(document, ours.table, file)
    if document.get("description", ours.description) != ours.description:
        mapping_fault(file, ("description",), "expected none or ours, since a tenant's file cannot change it")
    scd_type = document.get("scd2", {}).get("type", ours.scd_type)
    if scd_type != ours.scd_type:
        mapping_fault(file, ("scd2", "type"), f"expected none or {ours.scd_type}, the table's own")
    known = {column.name: column for column in ours.columns}
    added = []
    for column in _columns(document, file):
        if column.name not in known:
            added.append(column)
        elif column != (own := known[column.name]):
            changed = next(
                part for part in ("type", "description", "values") if getattr(column, part) != getattr(own, part)
            )
            wanted = getattr(own, changed)
            mapping_fault(
                file,
                ("columns", column.name, changed),
                f"expected {json.dumps(wanted, ensure_ascii=False)}, since a tenant's file cannot change our columns",
            )
    columns = (*ours.columns, *added)
    sources = {source: dict(rules) for source, rules in ours.sources.items()}
    for source, rules in _sources(document, columns, file).items():
        sources.setdefault(source, {}).update(rules)
    for name in _empty(document, {column.name for column in columns}, file):
        for rules in sources.values():
            rules.pop(name, None)
    return replace(
        ours,
        untracked=ours.untracked | _untracked(document, {column.name for column in columns}, file),
        columns=columns,
        sources=MappingProxyType({source: MappingProxyType(rules) for source, rules in sources.items()}),
    )


def _check_table(document: dict[str, Any], table: str, file: str) -> None:
    if document["table"] != table:
        mapping_fault(file, ("table",), f"expected {table}, the file's name, found {document['table']}")


def _columns(document: dict[str, Any], file: str) -> Iterator[Column]:
    for name, column in document.get("columns", {}).items():
        if name == UPDATED_AT and column["type"] != "timestamp":
            mapping_fault(file, ("columns", name, "type"), "expected timestamp, since the raw row fills it")
        if name != UPDATED_AT and (name in RESERVED_COLUMNS or name.startswith(RESERVED_BEGINNING)):
            mapping_fault(file, ("columns", name), "expected another name, since AVESA or an engine uses this one")
        yield Column(name, column["type"], column["description"], _closed_list(column, file, ("columns", name)))


def _closed_list(column: dict[str, Any], file: str, at: tuple[str, ...]) -> tuple[Scalar, ...]:
    values = column.get("values", [])
    if values and column["type"] not in ("text", "integer"):
        mapping_fault(file, (*at, "values"), f"expected no values, since the column is of type {column['type']}")
    wanted = str if column["type"] == "text" else int
    for place, value in enumerate(values):
        if not isinstance(value, wanted):
            mapping_fault(file, (*at, "values", place), f"expected a value of type {column['type']}, as the column is")
    return tuple(values)


def _untracked(document: dict[str, Any], known: Set[str], file: str) -> frozenset[str]:
    names = document.get("scd2", {}).get("untracked", [])
    for place, name in enumerate(names):
        if name not in known and name != UPDATED_AT:
            mapping_fault(file, ("scd2", "untracked", place), f"expected the name of a declared column, found {name}")
    return frozenset(names)


def _empty(document: dict[str, Any], known: Set[str], file: str) -> list[str]:
    names: list[str] = document.get("empty", [])
    for place, name in enumerate(names):
        if name not in known or name == UPDATED_AT:
            mapping_fault(file, ("empty", place), f"expected the name of a column that a rule fills, found {name}")
    return names


def _sources(document: dict[str, Any], columns: tuple[Column, ...], file: str) -> dict[Source, ReadOnly[str, Rule]]:
    declared = {column.name: column for column in columns}
    sources: dict[Source, ReadOnly[str, Rule]] = {}
    for service, endpoints in document.get("sources", {}).items():
        for endpoint, rules in endpoints.items():
            at = ("sources", service, endpoint)
            parsed = {}
            for name, rule in rules.items():
                if name in RESERVED_COLUMNS:
                    mapping_fault(file, (*at, name), "expected no rule, since AVESA itself fills this column")
                if name not in declared:
                    mapping_fault(file, (*at, name), "expected a column that is declared under columns")
                column = declared[name]
                parsed[name] = parse_rule(rule, column.type, file, (*at, name))
                odd = open_value(parsed[name], column.values) if column.values else None
                if odd is not None:
                    listed = ", ".join(map(str, column.values))
                    mapping_fault(file, (*at, name), f"expected one of {listed} for every value, found {odd}")
            sources[service, endpoint] = MappingProxyType(parsed)
    return sources
