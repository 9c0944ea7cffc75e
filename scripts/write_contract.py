"""Write the facts of an OpenAPI document that tests hold services to: paths, parameters, fields and their types.

    python scripts/write_contract.py connectwise.openapi.json tests/contracts/connectwise.json

A type is written shortly: `string`, `string(date-time)`, `[Type]` for a list, `{Type}` for a map, a schema's name,
an object for a schema without a name, and a trailing `?` where null is allowed. No prose is taken over.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

Json = dict[str, Any]
BOUNDS = ("minimum", "maximum", "default", "enum")
FACTS = ("name", "records", "primary_key", "cursor_field", "parent", "canonical")


def contract(document: Json) -> Json:
    """The compact facts of the document's GET and POST operations and of all schemas they reach."""
    paths: Json = {}
    for path, item in document["paths"].items():
        for method in ("get", "post"):
            operation = item.get(method)
            if operation is None:
                continue
            given = operation["x-endpoint"]
            endpoints = given if isinstance(given, list) else [given]
            parameters = [*item.get("parameters", []), *operation.get("parameters", [])]
            paths.setdefault(path, {})[method] = {
                "endpoints": [{fact: endpoint.get(fact) for fact in FACTS} for endpoint in endpoints],
                "parameters": [parameter(resolve(document, p)) for p in parameters],
                "answer": answer(operation),
            }
    schemas = document.get("components", {}).get("schemas", {})
    reached = {name: fields(schema) for name, schema in schemas.items()}
    return {"title": document["x-service"]["title"], "paths": paths, "schemas": reached}


def resolve(document: Json, node: Json) -> Json:
    """The node, or what its `$ref` points to inside the document."""
    found: Any = document
    if "$ref" not in node:
        return node
    for step in node["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)


def parameter(given: Json) -> Json:
    schema = given.get("schema", {})
    facts = {"name": given["name"], "in": given["in"], "type": type_of(schema)}
    if given.get("required"):
        facts["required"] = True
    return {**facts, **{bound: schema[bound] for bound in BOUNDS if bound in schema}}


def answer(operation: Json) -> Any:
    """The type of the first successful answer's JSON."""
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            for kind, content in response.get("content", {}).items():
                if "json" in kind:
                    return type_of(content.get("schema", {}))
    return None


def fields(schema: Json) -> Any:
    """The fields of an object schema by name; for any other schema its type."""
    if "properties" in schema:
        shown = {name: type_of(part) for name, part in schema["properties"].items()}
        if "additionalProperties" in schema:
            shown["*"] = type_of(schema["additionalProperties"] or {})
        return shown
    return type_of(schema)


def type_of(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return "any"
    if "$ref" in schema:
        return schema["$ref"].rsplit("/", 1)[-1]
    mark = "?" if schema.get("nullable") else ""
    for several in ("allOf", "oneOf", "anyOf"):
        if several in schema:
            return {several: [type_of(part) for part in schema[several]]}
    if schema.get("properties"):
        return fields(schema)
    if schema.get("type") == "array":
        inner, left, right = type_of(schema.get("items", {})), "[", "]"
    elif schema.get("additionalProperties"):
        inner, left, right = type_of(schema["additionalProperties"]), "{", "}"
    else:
        name, format_ = schema.get("type", "any"), schema.get("format")
        inner, left, right = f"{name}({format_})" if format_ else name, "", ""
    return f"{left}{inner}{right}{mark}" if isinstance(inner, str) else {left + right: inner}


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        sys.stderr.write("usage: write_contract.py OPENAPI_FILE OUT_FILE\n")
        return 2
    document = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    text = json.dumps(contract(document), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    Path(arguments[1]).write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
