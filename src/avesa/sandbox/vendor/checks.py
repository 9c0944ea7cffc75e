"""Whether a request is one that the vendor's page allows: parameters, headers, body, with their types and bounds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from avesa.sandbox.vendor.contract import Contract, Json, Operation
from avesa.sandbox.vendor.messages import Asked
from avesa.sandbox.vendor.pages import chosen, stands_alone
from avesa.sandbox.vendor.shapes import misfit, text_fits

_TEXTS = {"integer": r"-?\d+", "number": r"-?\d+(\.\d+)?", "boolean": r"true|false"}


def problems(
    contract: Contract, operation: Operation, rules: Json, asked: Asked, values: Mapping[str, str]
) -> list[str]:
    """One sentence for each thing that does not fit; empty where all does. Headers of the service come elsewhere."""
    return [
        *_in_path(operation, rules, values),
        *_in_query(operation, rules, asked),
        *_in_headers(operation, asked),
        *_in_body(contract, operation, asked),
    ]


def header_problems(rules: Json, credentials: Mapping[str, str], asked: Asked) -> Iterator[str]:
    """What every request of the service must carry beside its credentials."""
    for name, template in rules.get("headers", {}).items():
        expected = template.format_map(credentials)
        sent = asked.headers.get(name.lower(), "")
        if name == "Content-Type" and asked.method == "GET":
            continue
        if sent != expected and not (name in ("Accept", "Content-Type") and expected in sent):
            yield f"header {name} must be {expected}, not {sent or 'absent'}"


def _in_path(operation: Operation, rules: Json, values: Mapping[str, str]) -> Iterator[str]:
    declared = {p["name"]: p for p in operation.facts["parameters"] if p["in"] == "path"}
    for name, value in values.items():
        pattern = rules.get("path", {}).get(name)
        if pattern and not re.fullmatch(pattern, value):
            yield f"{name} in the path is {value}"
        if name in declared:
            yield from _value(f"{name} in the path", value, declared[name])


def _in_query(operation: Operation, rules: Json, asked: Asked) -> Iterator[str]:
    declared = {p["name"]: p for p in operation.facts["parameters"] if p["in"] == "query"}
    names = [name for name, _ in asked.query]
    # What stands in a language of its own is no plain moment, whatever the document calls it.
    read = {change["name"] for change in rules.get("changes") or [] if change["kind"] == "expression"}
    for name, value in asked.query:
        if name not in declared:
            yield f"{name} is no query parameter of {operation.method} {operation.template}"
            continue
        kind = str(declared[name]["type"])
        if names.count(name) > 1 and not kind.startswith("["):
            yield f"{name} is sent more than once"
        if name in read and kind.startswith("string("):
            continue
        sorts = name == (rules.get("order") or {}).get("name")
        yield from _value(name, _without_direction(value, declared[name]) if sorts else value, declared[name])
    paging = chosen(rules["paging"], asked)
    is_alone = stands_alone(paging, asked)
    for name, facts in declared.items():
        if facts.get("required") and name not in names and not is_alone:
            yield f"the query parameter {name} is required"
    forbidden = paging.get("forbids", [])
    yield from (f"{name} does not go with this paging" for name in forbidden if name in names)
    if (needed := rules.get("needs_one")) and not is_alone and not set(needed) & set(names):
        yield f"one of {', '.join(needed)} is required"


def _without_direction(value: str, facts: Json) -> str:
    """Where a page lists the fields to sort by, each may be followed by its direction."""
    return (
        value if value in facts.get("enum", [value]) else re.sub(r"[.|: ](asc|desc)$", "", value, flags=re.IGNORECASE)
    )


def _in_headers(operation: Operation, asked: Asked) -> Iterator[str]:
    for facts in operation.facts["parameters"]:
        if facts["in"] == "header":
            sent = asked.headers.get(facts["name"].lower())
            if sent is not None:
                yield from _value(f"header {facts['name']}", sent, facts)
            elif facts.get("required"):
                yield f"the header {facts['name']} is required"


def _in_body(contract: Contract, operation: Operation, asked: Asked) -> Iterator[str]:
    facts = operation.facts.get("body")
    if facts is None:
        if asked.body not in (b"", b"{}"):  # an empty object says nothing
            yield f"{operation.method} {operation.template} takes no body"
        return
    if "application/json" not in asked.headers.get("content-type", ""):
        yield "the body must be sent as application/json"
    body = asked.json
    if not isinstance(body, dict):
        yield "the body is no JSON object"
        return
    if wrong := misfit(contract, body, facts["type"], "the body"):
        yield wrong
    yield from (f"{name} is required in the body" for name in facts["required"] if name not in body)
    for name, bounds in facts["bounds"].items():
        if name in body:
            yield from _bounds(f"{name} in the body", body[name], bounds)


def _value(where: str, value: str, facts: Json) -> Iterator[str]:
    kind, _, form = str(facts["type"]).rstrip(")?").partition("(")
    if kind in _TEXTS and not re.fullmatch(_TEXTS[kind], value):
        yield f"{where} is {value!r}, which is no {kind}"
        return
    if kind == "string" and not text_fits(value, form):
        yield f"{where} is {value!r}, which is no {form}"
    number: Any = float(value) if kind in ("integer", "number") else value
    yield from _bounds(where, number, facts)


def _bounds(where: str, value: Any, facts: Json) -> Iterator[str]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        if value < facts.get("minimum", value):
            yield f"{where} is below {facts['minimum']}"
        if value > facts.get("maximum", value):
            yield f"{where} is above {facts['maximum']}"
    if "enum" in facts and value not in facts["enum"]:
        yield f"{where} is {value!r}, not one of {', '.join(map(str, facts['enum'][:5]))}"
