"""Write the facts of an OpenAPI document that tests hold services to: paths, parameters, fields and their types.

    python scripts/write_contract.py connectwise.openapi.json tests/contracts/connectwise.json

A type is written shortly: `string`, `string(date-time)`, `[Type]` for a list, `{Type}` for a map, a schema's name,
an object for a schema without a name, and a trailing `?` where null is allowed. A body is `{"type", "required",
"bounds"}`. Of tables with a canonical one, `values` are those that a field can have, by its dotted path. Only schemas
that an operation reaches are kept. No prose is taken over: how a vendor pages, filters and
refuses is written by hand beside it (tests/contracts/README.md).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]
BOUNDS = ("minimum", "maximum", "default", "enum")
FACTS = ("name", "records", "primary_key", "cursor_field", "parent", "canonical")
MORE_FACTS = (
    "entity",
    "format",
    "ids_body_key",
    "ids_from",
    "properties",
    "query",
    "query_parent",
    "response_headers",
    "single",
    "sobject",
    "soql",
    "two_step",
)
"""Facts that few tables have; they are left out where a table has none."""


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
            facts = {
                "endpoints": [{**table(one), **published_values(document, operation, one)} for one in endpoints],
                "parameters": [parameter(resolve(document, p)) for p in parameters],
                "answer": answer(document, operation),
            }
            if operation.get("requestBody"):
                facts["body"] = body(document, operation["requestBody"])
            if "servers" in item:
                facts["servers"] = [address(server) for server in item["servers"]]
            if "x-http-path" in operation:
                facts["path"] = operation["x-http-path"]
            paths.setdefault(path, {})[method] = facts
    schemas = {name: fields(schema) for name, schema in document.get("components", {}).get("schemas", {}).items()}
    return {
        "title": document["x-service"]["title"],
        "servers": [address(server) for server in document.get("servers", [])],
        "paths": paths,
        "schemas": {name: schemas[name] for name in reached(paths, schemas)},
    }


def table(endpoint: Json) -> Json:
    """What is published of one table; `answer` where one path serves several, each in a shape of its own."""
    facts = {fact: endpoint.get(fact) for fact in FACTS}
    facts["records"] = facts["records"] or ""
    facts |= {fact: endpoint[fact] for fact in MORE_FACTS if endpoint.get(fact)}
    if "response_schema" in endpoint:
        shape = endpoint["response_schema"]
        facts["answer"] = type_of({"$ref": shape} if isinstance(shape, str) else shape)
    return facts


MOST_VALUES = 60
"""A longer list is one of countries, currencies or time zones."""
DEEPEST = 3


def published_values(document: Json, operation: Json, endpoint: Json) -> Json:
    """The values that the fields of a record can have, where the document lists them."""
    if not endpoint.get("canonical"):
        return {}
    shape = endpoint.get("response_schema") or answer_schema(document, operation) or {}
    way = [name for name in (endpoint.get("records") or "").split(".") if name not in ("", "*")]
    listed: Json = {}
    for path, values in listed_values(document, {"$ref": shape} if isinstance(shape, str) else shape, len(way)):
        if path[: len(way)] == way and len(values) <= MOST_VALUES:
            of_field = listed.setdefault(".".join(path[len(way) :]), [])
            of_field += [value for value in values if value not in of_field]
    return {"values": listed} if listed else {}


def listed_values(
    document: Json, schema: Any, start: int, path: list[str] | None = None, inside: tuple[str, ...] = ()
) -> Iterator[tuple[list[str], list[str]]]:
    """The paths of fields with a list of texts that they can be, down to `DEEPEST` names within the record that begins
    behind `start` names. Lists on the way are no step of their own.
    """
    path = path or []
    if isinstance(schema, dict) and "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        inside, schema = (*inside, name), None if name in inside else document["components"]["schemas"].get(name)
    if not isinstance(schema, dict) or len(path) > start + DEEPEST:
        return
    texts = [value for value in schema.get("enum", ()) if isinstance(value, str)]
    if texts:
        yield path, texts
    for part in (*schema.get("allOf", ()), *schema.get("oneOf", ()), *schema.get("anyOf", ()), schema.get("items")):
        yield from listed_values(document, part, start, path, inside)
    for name, part in schema.get("properties", {}).items():
        yield from listed_values(document, part, start, [*path, name], inside)


def address(server: Json) -> str:
    """The address with the defaults of its variables filled in."""
    url: str = server["url"]
    for name, variable in server.get("variables", {}).items():
        url = url.replace(f"{{{name}}}", variable.get("default", ""))
    return url


def resolve(document: Json, node: Json) -> Json:
    """The node, or what its `$ref` points to inside the document."""
    while "$ref" in node:
        found: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        node = found
    return dict(node)


def parameter(given: Json) -> Json:
    schema = given.get("schema", {})
    facts = {"name": given["name"], "in": given["in"], "type": type_of(schema)}
    if given.get("required"):
        facts["required"] = True
    return {**facts, **bounds(schema)}


def bounds(schema: Any) -> Json:
    return {bound: schema[bound] for bound in BOUNDS if isinstance(schema, dict) and bound in schema}


def body(document: Json, given: Json) -> Json:
    """A request's JSON body: its type, the fields that must be there, and the bounds of single fields."""
    schema = json_schema(resolve(document, given)) or {}
    whole = resolve(document, schema) if isinstance(schema, dict) else {}
    limits = {name: bounds(part) for name, part in whole.get("properties", {}).items()}
    required = whole.get("required")
    return {
        "type": type_of(schema),
        "required": sorted(required) if isinstance(required, list) else [],
        "bounds": {name: found for name, found in limits.items() if found},
    }


def answer(document: Json, operation: Json) -> Any:
    """The type of the first successful answer's JSON."""
    schema = answer_schema(document, operation)
    return None if schema is None else type_of(schema)


def answer_schema(document: Json, operation: Json) -> Any:
    for status, response in operation.get("responses", {}).items():
        if status.startswith("2") and (schema := json_schema(resolve(document, response))) is not None:
            return schema
    return None


def json_schema(message: Json) -> Any:
    """The schema of a message's JSON, None where it has none."""
    return next((part.get("schema", {}) for kind, part in message.get("content", {}).items() if "json" in kind), None)


def fields(schema: Any) -> Any:
    """The fields of an object schema by name; for any other schema its type."""
    if isinstance(schema, dict) and "properties" in schema:
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
    given = schema.get("type", "any")
    kinds = [kind for kind in (given if isinstance(given, list) else [given]) if kind != "null"]
    mark = "?" if schema.get("nullable") or (isinstance(given, list) and "null" in given) else ""
    if len(kinds) > 1:
        return {"anyOf": [type_of({**schema, "type": kind, "nullable": bool(mark)}) for kind in kinds]}
    for several in ("allOf", "oneOf", "anyOf"):
        if several in schema:
            parts = [type_of(part) for part in schema[several]]
            if several == "allOf" and schema.get("properties"):
                parts.append(fields({"properties": schema["properties"]}))
            alone = parts[0] if len(parts) == 1 else None
            return f"{alone}{mark}" if isinstance(alone, str) else {several: parts}
    if schema.get("properties"):
        return fields(schema)
    if kinds == ["array"]:
        inner, left, right = type_of(schema.get("items", {})), "[", "]"
    elif schema.get("additionalProperties"):
        inner, left, right = type_of(schema["additionalProperties"]), "{", "}"
    else:
        name, format_ = kinds[0] if kinds else "any", schema.get("format")
        named = format_ and " " not in format_  # some documents have a sentence there
        inner, left, right = f"{name}({format_})" if named else name, "", ""
    return f"{left}{inner}{right}{mark}" if isinstance(inner, str) else {left + right: inner}


def reached(paths: Json, schemas: Json) -> list[str]:
    """The names of all schemas that the operations speak of, directly or through another one."""
    found: set[str] = set()
    waiting = [
        part
        for operations in paths.values()
        for operation in operations.values()
        for part in (
            operation["answer"],
            operation.get("body", {}).get("type"),
            *(endpoint.get("answer") for endpoint in operation["endpoints"]),
        )
    ]
    while waiting:
        for name in names(waiting.pop()):
            if name in schemas and name not in found:
                found.add(name)
                waiting.append(schemas[name])
    return sorted(found)


def names(type_: Any) -> Iterator[str]:
    """Every name in a type, those of schemas and others."""
    if isinstance(type_, str):
        yield type_.strip("[]{}?")
    elif isinstance(type_, list):
        for part in type_:
            yield from names(part)
    elif isinstance(type_, dict):
        for part in type_.values():
            yield from names(part)


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
