"""Every mapping, held to what its vendor publishes; a new service or column needs no test of its own for this.

What the rules read exists in the contract and is of a kind that the column can take, every list that belongs to a
canonical table feeds it, and records of whatever shape go through.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from avesa.canonical_transform.mapping import Column, load_mapping, mapping_names
from avesa.canonical_transform.mapping_rules import Each, FromPath, JsonPath, Rule, Where, leaves
from avesa.connector.reading import reading_of
from avesa.connector.records import read_page
from avesa.integrations import load_service, service_names
from avesa.sandbox.vendor.contract import Contract
from avesa.sandbox.vendor.shapes import Inventor
from mapped_rows import mapped_rows

SERVICES = service_names()
MAPPED = [(service, endpoint, table) for table in mapping_names() for service, endpoint in load_mapping(table).sources]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SCALARS = ("string", "integer", "number", "boolean", "any")
SURPRISES = (None, "", " ", "x", "0", -1, 2**63, 1e300, True, [], {}, [None], [{"id": 1}], {"name": {"deep": 1}}, "\0")


def each(contract: Contract, type_: Any) -> Iterator[Any]:
    """A type in its alternatives, without names of schemas and marks of null."""
    type_ = contract.resolve(type_)
    if isinstance(type_, dict) and (several := type_.get("oneOf") or type_.get("anyOf")):
        for part in several:
            yield from each(contract, part)
    else:
        yield type_.rstrip("?") if isinstance(type_, str) else type_


def element(type_: Any) -> Any:
    """The type of a list's elements, `any` where anything may stand, else None."""
    if isinstance(type_, dict):
        return type_.get("[]")
    return type_[1:-1] if type_.startswith("[") else "any" if type_ == "any" else None


def step(type_: Any, name: str) -> Any:
    """The type behind one name, or place in a list; None where the vendor publishes no such field."""
    if name.isdecimal() and (inner := element(type_)) is not None:
        return inner
    if isinstance(type_, str):
        if type_.startswith("{"):
            return type_[1:-1]
        return "any" if type_ in ("object", "any") else None
    # "*" allows other fields beside those that are named. Which they are is nothing that a mapping of ours can know.
    return type_.get(name) or type_.get("{}") or (type_.get("*") if set(type_) == {"*"} else None)


def reached(contract: Contract, types: list[Any], steps: tuple[str, ...]) -> list[Any]:
    """All types that a path may lead to; none where it leads nowhere."""
    found = [one for type_ in types for one in each(contract, type_)]
    for name in steps:
        inner = [behind for type_ in found if (behind := step(type_, name)) is not None]
        found = [one for type_ in inner for one in each(contract, type_)]
    return found


def ends(contract: Contract, record: Any, path: JsonPath) -> list[Any]:
    """What stands at the end of a mapping's path, its selector's fields checked on the way."""
    found = reached(contract, [record], path.steps)
    if path.selector is None:
        return found
    elements = [inner for type_ in found if (inner := element(type_)) is not None]
    for field, _ in path.selector.fields if isinstance(path.selector, Where) else ():
        assert reached(contract, elements, field), f"elements have no field {'.'.join(field)}"
    inside = reached(contract, elements, path.within)
    return (
        [f"[{type_}]" if isinstance(type_, str) else {"[]": type_} for type_ in inside] if found_each(path) else inside
    )


def found_each(path: JsonPath) -> bool:
    return path.selector is not None and not isinstance(path.selector, Where)


def kind_of(type_: Any) -> str:
    """`string`, `integer`, …, or `list` and `object`."""
    if isinstance(type_, dict):
        return "list" if "[]" in type_ else "object"
    return {"[": "list", "{": "object"}.get(type_[:1], type_.partition("(")[0])


def unfit(rule: FromPath, column: Column, types: list[Any]) -> str | None:
    """Why none of the types could ever become the column's, None where one could."""
    if not types:
        return "the vendor publishes no such field"
    kinds = {kind_of(type_) for type_ in types}
    if column.type == "json" or isinstance(rule.path.selector, Each):
        return None
    if not kinds & set(SCALARS):
        return f"a whole {'/'.join(sorted(kinds))} is no {column.type}"
    if rule.values or "any" in kinds:
        return None
    epoch = (rule.format or "").startswith("epoch")
    if column.type in ("timestamp", "date"):
        if not kinds & {"string", "integer", "number"}:
            return "no time"
        if epoch and "string(date-time)" in types:
            return "a text with a date, not a number of seconds"
        if not epoch and "string" not in kinds:
            return "a number needs a format"
    if column.type in ("integer", "decimal") and kinds == {"boolean"}:
        return "a flag is no number"
    return None


def rules_of(table: str, service: str, endpoint: str) -> Iterator[tuple[Column, Rule]]:
    mapping = load_mapping(table)
    columns = {column.name: column for column in mapping.columns}
    for name, rule in mapping.sources[service, endpoint].items():
        yield columns[name], rule


@pytest.mark.parametrize(("service", "endpoint", "table"), MAPPED, ids=[f"{s}-{e}-{t}" for s, e, t in MAPPED])
def test_what_a_mapping_reads_is_published_and_of_a_kind_that_fits(service: str, endpoint: str, table: str) -> None:
    contract = Contract(service)
    record = contract.tables[endpoint].record
    wrong = []
    for column, rule in rules_of(table, service, endpoint):
        for leaf in leaves(rule):
            if fault := unfit(leaf, column, ends(contract, record, leaf.path)):
                wrong.append(f"{column.name}: {shown(leaf.path)}: {fault}")
            for path, _ in (*leaf.when, *leaf.unless):
                if not ends(contract, record, path):
                    wrong.append(f"{column.name}: when {shown(path)}: the vendor publishes no such field")
    assert wrong == []


def shown(path: JsonPath) -> str:
    return ".".join((*path.steps, *(() if path.selector is None else ("[…]",)), *path.within))


@pytest.mark.parametrize("service", SERVICES)
def test_every_list_that_belongs_to_a_canonical_table_feeds_it(service: str) -> None:
    published = {
        (name, canonical)
        for name, table in Contract(service).own_tables.items()
        if (canonical := table.facts["canonical"])
    }
    declared = {(e.name, e.canonical) for e in load_service(service).endpoints if e.canonical}
    assert declared == published
    assert {(endpoint, table) for name, endpoint, table in MAPPED if name == service} == published


def test_every_mapped_service_is_declared_and_has_a_contract() -> None:
    mapped = {service for table in mapping_names() for service, _ in load_mapping(table).sources}
    assert sorted(mapped - set(SERVICES)) == []


@pytest.mark.parametrize(("service", "endpoint", "table"), MAPPED, ids=[f"{s}-{e}-{t}" for s, e, t in MAPPED])
def test_records_of_whatever_shape_become_rows_with_their_ids(service: str, endpoint: str, table: str) -> None:
    contract = Contract(service)
    records = list(invented(contract, endpoint, 40))
    ids = read_ids(service, endpoint, records)
    rows = mapped_rows(table, service, endpoint, dict(zip(ids, records, strict=True)))
    assert [row["record_id"] for row in rows] == ids
    columns = load_mapping(table).columns
    for column in columns:
        values = {row[column.name] for row in rows if column.name in row}
        if column.values:
            assert values <= {*column.values, None}, column.name
        if column.type == "json":
            assert all(json.loads(value) is not None for value in values if value is not None), column.name


def read_ids(service: str, endpoint: str, records: list[Any]) -> list[str]:
    """What the connector makes the records' ids of."""
    declared = load_service(service)
    reading = replace(
        reading_of(declared, declared.endpoint(endpoint), declared.defaults()),
        records=(),
        other_records=(),
        records_as="list",
    )
    read = read_page(json.dumps(records).encode(), reading, page=1, parent_id="p")
    found = [record.record_id for record in read if record.record_id is not None]
    assert len(set(found)) == len(records), "every record has an id of its own"
    return found


def invented(contract: Contract, endpoint: str, count: int) -> Iterator[Any]:
    """Records as the contract describes them, with nulls and absent fields; every other one with surprises."""
    table = contract.tables[endpoint]
    declared = load_service(contract.service).endpoint(endpoint).key
    key = tuple(spelling for part in declared for spelling in part.split("|"))
    keep = {name for path in (*table.key, *key) for name in path.split(".")}
    for number in range(count):
        chance = random.Random(f"{contract.service}/{endpoint}/{number}")
        record = Inventor(contract, f"mappings/{endpoint}/{number}", NOON).record(table.record, keep)
        if number % 2 and isinstance(record, dict):
            surprise(record, keep, chance)
        yield numbered(record, key, number)


def numbered(record: Any, key: tuple[str, ...], number: int) -> Any:
    """The record with a key of its own, in whatever it is made of."""
    for path in key:
        *way, last = path.split(".")
        inside = record
        for name in way:
            if not isinstance(inside.get(name), dict):
                inside[name] = {}
            inside = inside[name]
        if isinstance(inside, list):
            inside[:1] = [1000 + number]
        else:
            inside[last] = 1000 + number
    return record


def surprise(value: Any, keep: set[str], chance: random.Random) -> None:
    """Put what nobody expects into a record, here and there."""
    for name, inner in list(value.items()) if isinstance(value, dict) else list(enumerate(value)):
        if name in keep:
            continue
        if chance.random() < 0.25:
            value[name] = chance.choice(SURPRISES)
        elif isinstance(inner, dict | list):
            surprise(inner, keep, chance)
