"""Everything that is served has the paths, fields and types of the vendor's document."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from avesa.sandbox.connectwise.endpoints import ENDPOINTS, Book, Endpoint
from avesa.sandbox.connectwise.vendor import PARAMETERS
from avesa.sandbox.world import World

CONTRACT = json.loads((Path(__file__).parents[1] / "contracts" / "connectwise.json").read_text(encoding="utf-8"))
TYPES: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "boolean": (bool,),
    "object": (dict,),
}


def named(endpoint: Endpoint) -> Any:
    return next(o["get"] for p, o in CONTRACT["paths"].items() if p == endpoint.path)


@pytest.fixture(scope="module")
def book(worlds: dict[str, World]) -> Book:
    return Book(worlds["acme"])


def test_all_20_lists_of_the_document_are_served_under_their_names() -> None:
    listed = {(o["get"]["endpoints"][0]["name"], path) for path, o in CONTRACT["paths"].items()}
    assert {(endpoint.name, endpoint.path) for endpoint in ENDPOINTS} == listed
    assert len(ENDPOINTS) == 20


def test_the_parents_are_those_of_the_document() -> None:
    for endpoint in ENDPOINTS:
        parent = named(endpoint)["endpoints"][0]["parent"]
        assert endpoint.parent == (parent["endpoint"] if parent else None)


def test_the_declared_query_parameters_are_those_of_the_document() -> None:
    for endpoint in ENDPOINTS:
        declared = {p["name"] for p in named(endpoint)["parameters"] if p["in"] == "query"}
        assert declared == PARAMETERS


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_every_version_of_every_record_has_only_fields_of_the_schema_and_their_types(
    endpoint: Endpoint, book: Book
) -> None:
    schema = named(endpoint)["answer"].strip("[]")
    versions = book.table(endpoint.name).versions
    assert versions
    for version in versions:
        if version.record is not None:
            assert version.record["_info"]["lastUpdated"] == version.at.strftime("%Y-%m-%dT%H:%M:%SZ")
            check(version.record, schema, endpoint.name)
            assert json.loads(version.body) == version.record


def test_null_and_absent_fields_occur(book: Book) -> None:
    records = [v.record for v in book.table("companies").versions if v.record]
    assert any("annualRevenue" not in record for record in records)
    assert any(record.get("annualRevenue", 0) is None for record in records)


def check(value: Any, type_: str, where: str) -> None:
    """Hold a value to a type of the contract."""
    nullable = type_.endswith("?")
    type_ = type_.rstrip("?")
    if value is None:
        assert nullable, f"{where} is null"
    elif type_ in CONTRACT["schemas"]:
        fields = CONTRACT["schemas"][type_]
        for name, inner in value.items():
            assert name in fields or "*" in fields, f"{where}.{name} is not a field of {type_}"
            check(inner, fields.get(name, fields.get("*")), f"{where}.{name}")
    elif type_.startswith("["):
        assert isinstance(value, list), where
        for inner in value:
            check(inner, type_[1:-1], where)
    elif type_.startswith("{"):
        for name, inner in value.items():
            check(inner, type_[1:-1], f"{where}.{name}")
    elif type_ != "any":
        name, _, form = type_.rstrip(")").partition("(")
        assert isinstance(value, TYPES[name]), f"{where} is not {type_}"
        assert name == "boolean" or not isinstance(value, bool), f"{where} is a flag, not {type_}"
        if form == "date-time":
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value), where
