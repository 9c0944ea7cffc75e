"""The script that turns an OpenAPI document into the contract that tests hold services to."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).parents[2] / "scripts" / "write_contract.py"
DOCUMENT: dict[str, Any] = {
    "x-service": {"title": "Example"},
    "paths": {
        "/things": {
            "get": {
                "description": "prose that is left behind",
                "parameters": [{"$ref": "#/components/parameters/size"}],
                "responses": {
                    "200": {
                        "content": {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/x/Thing"}}}}
                    }
                },
                "x-endpoint": {"name": "things", "records": "", "primary_key": ["id"], "canonical": "devices"},
            }
        }
    },
    "components": {
        "parameters": {
            "size": {"name": "size", "in": "query", "schema": {"type": "integer", "maximum": 9}, "description": "prose"}
        },
        "schemas": {
            "Thing": {
                "properties": {
                    "id": {"type": "integer", "format": "int32", "nullable": True},
                    "owner": {"$ref": "#/x/Person"},
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "links": {"type": "object", "additionalProperties": {"type": "string"}},
                    "size": {"type": "object", "properties": {"width": {"type": "number"}}},
                }
            }
        },
    },
}


def test_a_contract_holds_paths_parameters_and_types_without_prose(tmp_path: Path) -> None:
    source, target = tmp_path / "example.openapi.json", tmp_path / "example.json"
    source.write_text(json.dumps(DOCUMENT))
    subprocess.run([sys.executable, str(SCRIPT), str(source), str(target)], check=True)
    contract = json.loads(target.read_text())
    operation = contract["paths"]["/things"]["get"]
    assert operation["answer"] == "[Thing]"
    assert operation["parameters"] == [{"name": "size", "in": "query", "type": "integer", "maximum": 9}]
    assert operation["endpoints"][0]["name"] == "things"
    assert contract["schemas"]["Thing"] == {
        "id": "integer(int32)?",
        "owner": "Person",
        "tags": "[string]",
        "links": "{string}",
        "size": {"width": "number"},
    }
    assert "prose" not in target.read_text()


def written(tmp_path: Path, document: dict[str, Any]) -> Any:
    source, target = tmp_path / "example.openapi.json", tmp_path / "example.json"
    source.write_text(json.dumps(document))
    subprocess.run([sys.executable, str(SCRIPT), str(source), str(target)], check=True)
    return json.loads(target.read_text())


def test_only_schemas_that_an_operation_reaches_are_kept(tmp_path: Path) -> None:
    schemas = DOCUMENT["components"]["schemas"] | {
        "Person": {"properties": {"name": {"$ref": "#/x/Name"}}},
        "Name": {"properties": {"first": {"type": "string"}}},
        "Nobody": {"properties": {"id": {"type": "integer"}}},
    }
    contract = written(tmp_path, {**DOCUMENT, "components": {**DOCUMENT["components"], "schemas": schemas}})
    assert sorted(contract["schemas"]) == ["Name", "Person", "Thing"]


def test_addresses_have_their_defaults_and_a_path_may_lie_on_another_host(tmp_path: Path) -> None:
    servers = [{"url": "https://{site}/v1", "variables": {"site": {"default": "example.invalid", "description": "x"}}}]
    things = {**DOCUMENT["paths"]["/things"], "servers": [{"url": "https://other.invalid"}]}
    contract = written(tmp_path, {**DOCUMENT, "servers": servers, "paths": {"/things": things}})
    assert contract["servers"] == ["https://example.invalid/v1"]
    assert contract["paths"]["/things"]["get"]["servers"] == ["https://other.invalid"]


def test_a_body_has_its_type_what_it_needs_and_its_bounds(tmp_path: Path) -> None:
    shape = {
        "type": "object",
        "required": ["ids"],
        "properties": {
            "ids": {"type": "array", "items": {"type": "integer"}},
            "limit": {"type": "integer", "maximum": 9, "description": "prose"},
        },
    }
    operation = {
        **DOCUMENT["paths"]["/things"]["get"],
        "requestBody": {"content": {"application/json": {"schema": shape, "example": {"ids": [1]}}}},
        "x-http-path": "/all",
    }
    facts = written(tmp_path, {**DOCUMENT, "paths": {"/things#many": {"post": operation}}})["paths"]["/things#many"][
        "post"
    ]
    assert facts["body"] == {
        "type": {"ids": "[integer]", "limit": "integer"},
        "required": ["ids"],
        "bounds": {"limit": {"maximum": 9}},
    }
    assert facts["path"] == "/all"


def test_tables_of_one_path_have_each_their_own_query_and_shape(tmp_path: Path) -> None:
    tables = [
        {"name": name, "records": "rows", "primary_key": ["id"], "soql": query, "response_schema": "#/x/Thing"}
        for name, query in (("one", "SELECT Id FROM One"), ("two", None))
    ]
    operation = {**DOCUMENT["paths"]["/things"]["get"], "x-endpoint": tables}
    one, two = written(tmp_path, {**DOCUMENT, "paths": {"/q": {"get": operation}}})["paths"]["/q"]["get"]["endpoints"]
    assert (one["soql"], one["answer"]) == ("SELECT Id FROM One", "Thing")
    assert "soql" not in two and two["canonical"] is None


def test_a_single_reference_keeps_its_null(tmp_path: Path) -> None:
    schema = {"allOf": [{"$ref": "#/x/Person"}], "nullable": True}
    schemas = {"Thing": {"properties": {"owner": schema, "both": {"anyOf": [{"type": "string"}, {"type": "integer"}]}}}}
    contract = written(tmp_path, {**DOCUMENT, "components": {**DOCUMENT["components"], "schemas": schemas}})
    assert contract["schemas"]["Thing"] == {"owner": "Person?", "both": {"anyOf": ["string", "integer"]}}


def test_the_newer_way_to_allow_null_is_read_too(tmp_path: Path) -> None:
    properties = {
        "name": {"type": ["string", "null"]},
        "tags": {"type": ["array", "null"], "items": {"type": "string"}},
        "size": {"type": ["integer", "string"]},
    }
    schemas = {"Thing": {"properties": properties}}
    contract = written(tmp_path, {**DOCUMENT, "components": {**DOCUMENT["components"], "schemas": schemas}})
    assert contract["schemas"]["Thing"] == {
        "name": "string?",
        "tags": "[string]?",
        "size": {"anyOf": ["integer", "string"]},
    }


def test_the_values_that_a_field_can_have_are_kept_for_tables_with_a_canonical_one(tmp_path: Path) -> None:
    person = {"properties": {"role": {"enum": ["admin", None]}, "boss": {"$ref": "#/x/Person"}}}
    thing = {
        "properties": {"state": {"enum": ["on", "off"]}, "owners": {"type": "array", "items": {"$ref": "#/x/Person"}}}
    }
    country = {"enum": [f"country {number}" for number in range(200)]}
    schemas = {
        "Thing": {"allOf": [thing, {"properties": {"country": country, "size": {"enum": [1, 2]}}}]},
        "Person": person,
    }
    document = {**DOCUMENT, "components": {**DOCUMENT["components"], "schemas": schemas}}
    [facts] = written(tmp_path, document)["paths"]["/things"]["get"]["endpoints"]
    assert facts["values"] == {"state": ["on", "off"], "owners.role": ["admin"]}

    table = {**DOCUMENT["paths"]["/things"]["get"]["x-endpoint"], "canonical": None}
    operation = {**DOCUMENT["paths"]["/things"]["get"], "x-endpoint": table}
    [facts] = written(tmp_path, {**document, "paths": {"/things": {"get": operation}}})["paths"]["/things"]["get"][
        "endpoints"
    ]
    assert "values" not in facts


def test_wrong_usage_is_told(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, str(SCRIPT)], check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "usage" in done.stderr
