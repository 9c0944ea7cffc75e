"""What a vendor's document may hold, and how it is told where one is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from avesa.cli.new_service import read_document
from avesa.cli.openapi_document import composed
from avesa.cli.service_facts import EndpointFacts, ServiceFacts
from avesa.shared.errors import UsageError
from invented_vendor import invented_document

Change = Callable[[dict[str, Any]], object]
CUSTOMER = "#/components/schemas/Customer"
FACTS = {"name": "customers", "records": "data", "primary_key": ["id"], "parent": None}


def read(folder: Path, document: object) -> ServiceFacts:
    file = folder / "gatehouse.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return read_document("gatehouse", file)


def refused(folder: Path, document: object) -> str:
    with pytest.raises(UsageError) as caught:
        read(folder, document)
    assert str(folder / "gatehouse.json") in caught.value.message
    return str(caught.value).replace(str(folder / "gatehouse.json"), "FILE")


def customers(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"]["/customers"]["get"]
    return found


def page(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = customers(document)["responses"]["200"]["content"]["application/json"]
    return found


def schemas(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"]
    return found


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda d: schemas(d).update(Customer={"$ref": CUSTOMER}),
            f"GET /customers: {CUSTOMER} leads back to itself",
        ),
        (
            lambda d: schemas(d).update(
                Customer={"allOf": [{"$ref": "#/components/schemas/B"}]}, B={"allOf": [{"$ref": CUSTOMER}]}
            ),
            f"GET /customers: {CUSTOMER} leads back to itself",
        ),
        (lambda d: d.pop("components"), f"GET /customers: {CUSTOMER} leads to nothing"),
        (
            lambda d: page(d).update(schema={"$ref": "pages.json#/Page"}),
            "GET /customers: pages.json#/Page leads out of the document; put everything into one file first",
        ),
        (
            lambda d: customers(d)["parameters"][1]["schema"].update(maximum="many"),
            "/customers get.parameters[1].schema.maximum: expected `float | null`, got `str`",
        ),
        (lambda d: customers(d).update(responses=None), "/customers get.responses: expected `object`, got `null`"),
        (lambda d: d["paths"].update({"/a": None}), "/a: expected `object`, got `null`"),
        (lambda d: schemas(d).update(Site=None), "schema Site: expected `bool | object`, got `null`"),
        (lambda d: schemas(d)["Site"].update(items=[1]), "schema Site items: expected `bool | object`, got `array`"),
        (lambda d: d.update(paths=[]), "paths: expected `object`, got `array`"),
        (
            lambda d: customers(d).update({"x-endpoint": {"name": "customers"}}),
            "/customers get.x-endpoint: object missing required field `primary_key`",
        ),
        (
            lambda d: customers(d).update({"x-endpoint": {**FACTS, "primary_key": "id"}}),
            "/customers get.x-endpoint.primary_key: expected `array`, got `str`",
        ),
        (
            lambda d: customers(d).update({"x-endpoint": {**FACTS, "parent": {"endpoint": "sites"}}}),
            "/customers get.x-endpoint.parent: a parent needs `path_param` or `query_param`",
        ),
        (
            lambda d: customers(d)["parameters"].append({"$ref": CUSTOMER}),
            "GET /customers: a parameter that is told elsewhere: a parameter needs `name` and `in`",
        ),
        (
            lambda d: d.update(r={"content": 5}) or customers(d)["responses"].update({"200": {"$ref": "#/r"}}),
            "GET /customers: a message that is told elsewhere content: expected `object`, got `int`",
        ),
        (
            lambda d: d["paths"]["/customers"].update(servers=[{"url": "/v2"}]),
            "GET /customers: its servers begin with '/v2', and an address begins with https://",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, change: Change, says: str) -> None:
    document = invented_document()
    change(document)
    assert f"FILE cannot be read as an OpenAPI document: {says}." in refused(tmp_path, document)


def test_a_document_of_the_older_kind_is_told_how_it_becomes_a_newer_one(tmp_path: Path) -> None:
    said = refused(tmp_path, {"swagger": "2.0", "paths": {}})
    assert "FILE is Swagger 2.0, and not OpenAPI 3. Convert it first" in said


@pytest.mark.parametrize(
    "document",
    [
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        '{"components": {"schemas": {"A": ' + '{"items":' * 900 + "{}" + "}" * 903,
    ],
)
def test_what_is_nested_too_deeply_is_told_so(tmp_path: Path, document: str) -> None:
    said = refused(tmp_path, document)
    assert "nested too deeply" in said or "no operation that answers" in said


def test_a_long_chain_of_parts_is_told_to_be_too_deep(tmp_path: Path) -> None:
    document = invented_document()
    chain = {f"P{n}": {"allOf": [{"$ref": f"#/components/schemas/P{n + 1}"}]} for n in range(3000)}
    schemas(document).update(chain, P3000={"type": "object"}, Customer={"$ref": "#/components/schemas/P0"})
    assert "nested too deeply" in refused(tmp_path, document)


def test_it_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufeff" + json.dumps(invented_document())) == read(tmp_path, invented_document())


def test_what_is_no_utf_8_is_told_so(tmp_path: Path) -> None:
    file = tmp_path / "gatehouse.json"
    file.write_bytes(json.dumps(invented_document()).encode("utf-16"))
    with pytest.raises(UsageError, match="is not UTF-8"):
        read_document("gatehouse", file)


def test_an_escape_that_is_half_a_character_is_told_so(tmp_path: Path) -> None:
    document = invented_document()
    document["info"]["title"] = "Gate\ud800house"
    assert "is not UTF-8" in refused(tmp_path, document)


def lists(folder: Path, document: dict[str, Any]) -> tuple[EndpointFacts, ...]:
    return read(folder, document).endpoints


def test_a_record_that_is_made_of_parts_is_one(tmp_path: Path) -> None:
    document, plain = invented_document(), invented_document()
    whole = schemas(document)["Customer"]["properties"]
    some = {name: whole.pop(name) for name in ("id", "name")}
    schemas(document).update(
        Thing={"type": "object", "properties": some},
        Kept={"properties": whole},
        Customer={"allOf": [{"$ref": "#/components/schemas/Thing"}, {"$ref": "#/components/schemas/Kept"}]},
    )
    assert lists(tmp_path, document) == lists(tmp_path, plain)


def test_an_answer_that_is_made_of_parts_is_one(tmp_path: Path) -> None:
    document = invented_document()
    own = page(document)["schema"]
    records = own["properties"].pop("data")
    page(document)["schema"] = {"allOf": [own, {"type": "object"}], "properties": {"data": records}}
    assert lists(tmp_path, document) == lists(tmp_path, invented_document())


def test_of_alternatives_the_first_that_is_something_counts(tmp_path: Path) -> None:
    document = invented_document()
    items = page(document)["schema"]["properties"]["data"]
    items["items"] = {"oneOf": [{"type": "null"}, items["items"]]}
    assert lists(tmp_path, document) == lists(tmp_path, invented_document())


def test_a_record_that_holds_others_of_its_kind_ends_somewhere(tmp_path: Path) -> None:
    document = invented_document()
    schemas(document)["Customer"]["properties"]["owner"] = {"$ref": CUSTOMER}
    customer, _ = lists(tmp_path, document)
    assert customer.sample["owner"]["name"] == "name 2" and "owner" not in customer.sample["owner"]


def test_what_a_vendor_adds_to_a_document_is_passed_over(tmp_path: Path) -> None:
    document = invented_document()
    document["paths"]["x-made-by"] = "a generator"
    schemas(document)["Any"] = True
    customers(document)["parameters"][1]["schema"]["maximum"] = "200"
    customers(document)["parameters"].append({"name": "q", "in": "query", "schema": True})
    assert read(tmp_path, document).paging == read(tmp_path, invented_document()).paging


def test_a_reference_may_be_written_as_addresses_are() -> None:
    document = {"paths": {"/a{b}": {"get": {"parameters": [{"name": "found"}]}}}}
    assert composed(document, {"$ref": "#/paths/~1a%7Bb%7D/get/parameters/0"}) == {"name": "found"}


@pytest.mark.parametrize("most", [float("inf"), 0, -5, 10**30, None])
def test_a_largest_page_that_is_none_is_not_taken(tmp_path: Path, most: object) -> None:
    document = invented_document()
    for item in document["paths"].values():
        for parameter in item["get"].get("parameters", [])[1:]:
            parameter["schema"]["maximum"] = most
    assert read(tmp_path, document).paging.most == 100
