"""Which table a request means: by its path, by the entity in its query, or by what it selects in GraphQL."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

from avesa.sandbox.vendor.conditions import NotUnderstood, Query
from avesa.sandbox.vendor.contract import Contract, Json, Operation, Table
from avesa.sandbox.vendor.graphql import Document, Selection, Variable, check_variables, parse
from avesa.sandbox.vendor.listing import read_query
from avesa.sandbox.vendor.messages import Asked, Refused
from avesa.sandbox.vendor.pages import Pager


@dataclass
class Call:
    """One request on its way. `query` is read where the table depends on it; `selection` is GraphQL's."""

    asked: Asked
    operation: Operation
    values: dict[str, str]
    table: Table
    rules: Json
    query: Query = field(default_factory=Query)
    selection: Selection | None = None


def call_of(contract: Contract, pager: Pager, asked: Asked, operation: Operation, values: dict[str, str]) -> Call:
    """Raises Refused for a table that the vendor does not have."""
    if not operation.tables:
        raise Refused(404, f"{operation.method} {operation.template} is not served here")
    if contract.rules.get("graphql"):
        return _graphql_call(contract, asked, values)
    table, query = operation.tables[0], Query()
    if len(operation.tables) > 1:
        rules = {**table.rules, **operation.rules}
        kept = pager.resumed(rules["paging"], asked, values)
        if kept is not None:
            table = contract.tables[kept["table"]]
        else:
            query = read_query(rules, asked)
            entities = {one.facts.get("sobject", one.facts.get("entity")): one for one in operation.tables}
            if query.entity not in entities:
                raise Refused(400, f"there is no entity {query.entity}", code="INVALID_TYPE")
            table = entities[query.entity]
    rules = _with_declared_sizes({**table.rules, **operation.rules}, operation)
    return Call(asked, operation, values, table, rules, query)


def _with_declared_sizes(rules: Json, operation: Operation) -> Json:
    """The page size's default and bounds out of the operation's parameter, where the rules give none."""
    declared = {p["name"]: p for p in operation.facts["parameters"]}
    names = (("default", "default"), ("min", "minimum"), ("max", "maximum"))
    whole = []
    for rule in rules["paging"] if isinstance(rules["paging"], list) else [rules["paging"]]:
        size = rule.get("size", {})
        facts = declared.get(size.get("name"), {})
        whole.append({**rule, "size": {**{new: facts[old] for new, old in names if old in facts}, **size}})
    return {**rules, "paging": whole if isinstance(rules["paging"], list) else whole[0]}


def _graphql_call(contract: Contract, asked: Asked, values: dict[str, str]) -> Call:
    body = asked.json if isinstance(asked.json, dict) else {}
    variables = body.get("variables") or {}
    try:
        document = parse(str(body.get("query", "")))
        check_variables(document, variables)
    except NotUnderstood as problem:
        raise Refused(400, f"query: {problem}") from None
    table, selections = _selected_table(contract, document)
    for inner in selections[-1].fields:
        if contract.field(table.record, inner.name) is None and not table.facts.get("single"):
            raise Refused(400, f"query: {inner.name} is no field of {table.name}")
    arguments = {name: value for one in selections for name, value in one.arguments.items()}
    resolved = {name: _resolved(value, variables) for name, value in arguments.items()}
    both = table.rules.get("needs_both", [])
    if sum(resolved.get(name) is not None for name in both) == 1:
        raise Refused(400, f"query: {' and '.join(both)} go together")
    # From here on the arguments of the list stand where variables did, whether they were variables or not.
    asked = replace(asked, body=json.dumps({**body, "variables": resolved}).encode())
    own = next(operation for operation in contract.operations if table in operation.tables)
    return Call(asked, own, values, table, table.rules, Query(), selections[-1])


def _selected_table(contract: Contract, document: Document) -> tuple[Table, list[Selection]]:
    """The table whose list lies deepest in the query, and the selections on the way to it."""
    used = {name for inner in document.root.fields for name in inner.arguments}
    best: tuple[Table, list[str]] | None = None
    for table in contract.tables.values():
        path = [step for step in table.records.split(".")[1:] if step != "*"]
        by_ids = table.rules.get("asked_by")
        if document.root.at(path) is None or (by_ids and by_ids["name"] not in used):
            continue
        if best is None or len(path) > len(best[1]):
            best = table, path
    if best is None:
        raise Refused(400, "query: it selects no list of this vendor")
    table, path = best
    found = [document.root.at(path[:end]) for end in range(1, len(path) + 1)]
    return table, [selection for selection in found if selection is not None]


def _resolved(value: Any, variables: Json) -> Any:
    if isinstance(value, Variable):
        return variables.get(value.name)
    if isinstance(value, dict):
        return {name: _resolved(inner, variables) for name, inner in value.items()}
    return [_resolved(inner, variables) for inner in value] if isinstance(value, list) else value
