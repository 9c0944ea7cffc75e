"""The OpenAPI document of a vendor that does not exist, as plain as most are. Run, it prints it."""

from __future__ import annotations

import json
import sys
from typing import Any


def _listed(record: str) -> dict[str, Any]:
    page = {
        "type": "object",
        "properties": {
            "data": {"type": "array", "items": {"$ref": f"#/components/schemas/{record}"}},
            "total": {"type": "integer"},
        },
    }
    return {
        "parameters": [
            {"name": "page", "in": "query", "schema": {"type": "integer", "minimum": 1}},
            {"name": "per_page", "in": "query", "schema": {"type": "integer", "maximum": 200}},
        ],
        "responses": {"200": {"description": "A page.", "content": {"application/json": {"schema": page}}}},
    }


def _fields(**types: str) -> dict[str, Any]:
    moment = {"type": "string", "format": "date-time"}
    return {
        "type": "object",
        "properties": {name: moment if type_ == "moment" else {"type": type_} for name, type_ in types.items()},
    }


def invented_document() -> dict[str, Any]:
    """Gatehouse: customers with their sites, keys in a header, pages by number."""
    return {
        "openapi": "3.0.3",
        "info": {"title": "Gatehouse", "version": "1"},
        "servers": [{"url": "https://{region}.gatehouse.example/v1", "variables": {"region": {"default": "eu"}}}],
        "paths": {
            "/customers": {"get": _listed("Customer")},
            "/customers/{customerId}/sites": {
                "parameters": [{"name": "customerId", "in": "path", "required": True, "schema": {"type": "string"}}],
                "get": _listed("Site"),
            },
            "/customers/{customerId}": {
                "get": {
                    "responses": {
                        "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Customer"}}}}
                    }
                }
            },
            "/ping": {"get": {"responses": {"204": {"description": "Nothing."}}}},
        },
        "components": {
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Gate-Key"}},
            "schemas": {
                "Customer": _fields(id="string", name="string", phone="string", active="boolean", updatedAt="moment"),
                "Site": _fields(id="string", label="string", floors="integer"),
            },
        },
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(invented_document(), indent=2) + "\n")
