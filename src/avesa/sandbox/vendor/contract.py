"""A vendor's contract: the facts out of its published document, and the rules written by hand beside them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import unquote, urlsplit

from avesa.shared.shipped import shipped

Json = dict[str, Any]
FOLDER = shipped("contracts", at="tests/contracts")


@dataclass(frozen=True)
class Table:
    """One raw table as published. `rules` are the service's, with those of this table over them."""

    facts: Json
    rules: Json
    path: str
    record: Any
    """The type of one record."""

    @property
    def name(self) -> str:
        return str(self.facts["name"])

    @property
    def records(self) -> str:
        """Where the records lie in an answer: where a reader takes them, if that is another place than is published."""
        return str(self.rules.get("reads", {}).get("records", self.facts["records"]))

    @property
    def key(self) -> list[str]:
        found: list[str] = self.rules.get("key") or self.facts["primary_key"]
        return found

    @property
    def cursor(self) -> str | None:
        found: str | None = self.facts["cursor_field"]
        return found

    @property
    def parent(self) -> Json | None:
        return self.facts["parent"] or self.facts.get("query_parent") or self.rules.get("parent")


@dataclass(frozen=True)
class Operation:
    """One method of one path, and the tables that it serves. `rules` are laid over those of its tables."""

    method: str
    template: str
    http_path: str
    facts: Json
    tables: tuple[Table, ...]
    rules: Json

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        parts = re.split(r"(\{[^}]+\})", self.http_path)
        named = [f"(?P<v{i}>[^/']+)" if part.startswith("{") else re.escape(part) for i, part in enumerate(parts)]
        return re.compile("".join(named))

    @cached_property
    def names(self) -> list[str]:
        return re.findall(r"\{([^}]+)\}", self.http_path)

    def values(self, path: str) -> dict[str, str] | None:
        """The values in a path, decoded; None if it is not a path of this operation."""
        found = self.pattern.fullmatch(path)
        return dict(zip(self.names, map(unquote, found.groups()), strict=True)) if found else None


class Contract:
    """All of one service. Raises KeyError for a table that it does not have."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.facts: Json = json.loads((FOLDER / f"{service}.json").read_text(encoding="utf-8"))
        self.rules: Json = json.loads((FOLDER / "rules" / f"{service}.json").read_text(encoding="utf-8"))
        # The rules may know fields that the document does not name.
        more: Json = self.rules.get("fields", {})
        self.schemas: Json = {
            name: {**type_, **more[name]} if name in more else type_ for name, type_ in self.facts["schemas"].items()
        }
        self.tables: dict[str, Table] = {}
        self.operations: list[Operation] = []
        self._read_operations()

    @property
    def mounts(self) -> list[str]:
        """The paths under which the operations lie, one for each host; longest first."""
        found = {urlsplit(server).path.rstrip("/") for server in self.facts["servers"]}
        return sorted(found, key=len, reverse=True)

    @property
    def own_tables(self) -> dict[str, Table]:
        """Those that a reader keeps: not the lists that only lead to another one, or go on with it."""
        return {name: table for name, table in self.tables.items() if "helps" not in table.rules}

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """The operation of a request, with the values in its path. A path without braces goes before one with."""
        found = [(o, values) for o in self.operations if o.method == method and (values := o.values(path)) is not None]
        return min(found, key=lambda pair: len(pair[0].names)) if found else None

    def known_path(self, path: str) -> bool:
        return any(operation.values(path) is not None for operation in self.operations)

    def resolve(self, type_: Any) -> Any:
        """A type with names of schemas replaced by the schemas, at the top alone."""
        if isinstance(type_, str) and type_.rstrip("?") in self.schemas:
            return self.resolve(self.schemas[type_.rstrip("?")])
        if isinstance(type_, dict) and set(type_) <= {"allOf"} and type_:
            merged: Json = {}
            for part in type_["allOf"]:
                inner = self.resolve(part)
                merged |= inner if isinstance(inner, dict) else {}
            return merged
        return type_

    def field(self, type_: Any, path: str, *, declared: bool = False) -> Any:
        """The type of a field at a dotted path, None if there is none. With `declared` it must be there by its name,
        not only be allowed as one of any others.
        """
        names = steps(path)
        for at, name in enumerate(names):
            type_ = self.resolve(type_)
            if isinstance(type_, dict) and (several := type_.get("anyOf") or type_.get("oneOf")):
                rest = ".".join(names[at:])
                found = (self.field(part, rest, declared=declared) for part in several)
                return next((one for one in found if one is not None), None)
            if isinstance(type_, str) and type_.startswith("["):
                type_ = self.resolve(type_.strip("?")[1:-1])
            if isinstance(type_, dict) and "[]" in type_:
                type_ = self.resolve(type_["[]"])
            if name == "*":
                continue
            if isinstance(type_, dict):
                type_ = type_.get(name, None if declared else type_.get("*"))
            elif type_ not in ("object", "any"):
                return None
            if type_ is None:
                return None
        return type_

    def _read_operations(self) -> None:
        for path, methods in self.facts["paths"].items():
            for method, facts in methods.items():
                tables = tuple(self._table(path, facts, endpoint) for endpoint in facts["endpoints"])
                for table in tables:
                    self.tables.setdefault(table.name, table)
                self._add(method, path, facts, tables, {})
        for helper in self.rules.get("helpers", []):
            self._read_helper(helper)

    def _read_helper(self, helper: Json) -> None:
        """Operations that serve another one's tables: a search, the page behind a page."""
        for operation in [o for o in self.operations if not o.tables]:
            if operation.method != helper["method"].upper() or not operation.template.endswith(helper["ends"]):
                continue
            owner = operation.template[: len(operation.template) - len(helper["ends"])] + helper["of"]
            tables = tuple(t for o in self.operations if o.template == owner for t in o.tables)
            self.operations.remove(operation)
            self._add(operation.method, operation.template, operation.facts, tables, helper.get("rules", {}))

    def _add(self, method: str, path: str, facts: Json, tables: tuple[Table, ...], rules: Json) -> None:
        self.operations.append(Operation(method.upper(), path, facts.get("path", path), facts, tables, rules))

    def _table(self, path: str, facts: Json, endpoint: Json) -> Table:
        own = self.rules.get("tables", {}).get(endpoint["name"], {})
        rules = {**{name: rule for name, rule in self.rules.items() if name != "tables"}, **own}
        answer = endpoint.get("answer", facts["answer"])
        record = self._record(answer, own.get("reads", {}).get("records", endpoint["records"]))
        if "fields" in own:
            record = {**record, **own["fields"]}
        return Table(endpoint, rules, path, record)

    def _record(self, answer: Any, records: str) -> Any:
        found = self.field(answer, records) if records else answer
        found = self.resolve(found)
        if isinstance(found, str) and found.startswith(("[", "{")):
            return found.rstrip("?")[1:-1]
        if isinstance(found, dict) and set(found) in ({"[]"}, {"{}"}):
            return next(iter(found.values()))
        return found if found is not None else {}


def steps(path: str) -> list[str]:
    """A dotted path in its parts; a name that begins with @ holds its dots."""
    if not path:
        return []
    return [path] if path.startswith("@") else path.split(".")


def get(value: Any, path: str) -> Any:
    """What lies at a dotted path, None where nothing does."""
    for step in steps(path):
        if isinstance(value, list) and step.isdecimal():
            value = value[int(step)] if int(step) < len(value) else None
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            return None
    return value


def put(value: Json, path: str, new: Any) -> None:
    """Set what lies at a dotted path; objects on the way are made."""
    *way, last = steps(path)
    for step in way:
        inner = value.get(step)
        if not isinstance(inner, dict):
            inner = value[step] = {}
        value = inner
    value[last] = new


def service_names() -> list[str]:
    return sorted(path.stem for path in (FOLDER / "rules").glob("*.json"))
