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


def test_wrong_usage_is_told(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, str(SCRIPT)], check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "usage" in done.stderr
