"""As much of GraphQL as a reader of lists needs: one query, its variables, and the fields that it selects.

No aliases, fragments by name, directives or subscriptions: a query that has them is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from avesa.sandbox.vendor.conditions import NotUnderstood

_TOKEN = re.compile(r'\s*(\.\.\.|[{}()\[\]:!$=,]|"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|\w+)')


@dataclass(frozen=True)
class Variable:
    name: str


@dataclass
class Selection:
    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    fields: list[Selection] = field(default_factory=list)

    def below(self, name: str) -> Selection | None:
        return next((inner for inner in self.fields if inner.name == name), None)

    def at(self, path: list[str]) -> Selection | None:
        """What is selected along the names, None unless all are."""
        found: Selection | None = self
        for name in path:
            found = found.below(name) if found else None
        return found


@dataclass
class Document:
    root: Selection
    declared: dict[str, str]
    """Types of the variables by name, such as `[ID!]` and `Int`."""

    def used(self) -> set[str]:
        return {v.name for selection in _all(self.root) for v in _variables(selection.arguments)}


def parse(text: str) -> Document:
    """Raises NotUnderstood with what is wrong."""
    reader = _Reader(text)
    declared: dict[str, str] = {}
    if reader.peek() != "{":
        reader.needs("query")
        if re.fullmatch(r"\w+", reader.peek()):
            reader.next()
        if reader.takes("("):
            while not reader.takes(")"):
                reader.needs("$")
                name = reader.next()
                reader.needs(":")
                declared[name] = reader.type()
                if reader.takes("="):
                    reader.value()
                reader.takes(",")
    document = Document(Selection("data", {}, reader.fields()), declared)
    if reader.peek():
        raise NotUnderstood(f"{reader.peek()} stands behind the query")
    used = document.used()
    if missing := sorted(used - set(declared)):
        raise NotUnderstood(f"variable ${missing[0]} is not declared")
    if unused := sorted(set(declared) - used):
        raise NotUnderstood(f"variable ${unused[0]} is never used")
    return document


def check_variables(document: Document, given: dict[str, Any]) -> None:
    """Raises NotUnderstood for a variable that is missing, unknown or of another type."""
    for name in given:
        if name not in document.declared:
            raise NotUnderstood(f"variable ${name} was given but not declared")
    for name, type_ in document.declared.items():
        if not _fits(given.get(name), type_):
            raise NotUnderstood(f"variable ${name} is not of type {type_}")


def _fits(value: Any, type_: str) -> bool:
    if type_.endswith("!"):
        return value is not None and _fits(value, type_[:-1])
    if value is None:
        return True
    if type_.startswith("["):
        return all(_fits(one, type_[1:-1]) for one in (value if isinstance(value, list) else [value]))
    kinds: dict[str, type | tuple[type, ...]] = {"Int": int, "ID": (str, int), "String": str, "Boolean": bool}
    flag = isinstance(value, bool) and type_ != "Boolean"
    return not flag and isinstance(value, kinds.get(type_, object))


def _all(selection: Selection) -> list[Selection]:
    return [selection, *(found for inner in selection.fields for found in _all(inner))]


def _variables(value: Any) -> list[Variable]:
    if isinstance(value, Variable):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [found for part in parts for found in _variables(part)]


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        at = 0
        while text[at:].strip():
            token = _TOKEN.match(text, at)
            if token is None:
                raise NotUnderstood(f"cannot be read from {text[at : at + 20]!r} on")
            self.tokens.append(token[1])
            at = token.end()
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def next(self) -> str:
        if not self.peek():
            raise NotUnderstood("the query ends in the middle")
        self.at += 1
        return self.tokens[self.at - 1]

    def takes(self, token: str) -> bool:
        if self.peek() != token:
            return False
        self.at += 1
        return True

    def needs(self, token: str) -> None:
        if not self.takes(token):
            raise NotUnderstood(f"expected {token} where {self.peek() or 'the end'} stands")

    def type(self) -> str:
        if self.takes("["):
            found = f"[{self.type()}]"
            self.needs("]")
        else:
            found = self.next()
        return found + ("!" if self.takes("!") else "")

    def fields(self) -> list[Selection]:
        self.needs("{")
        found: list[Selection] = []
        while not self.takes("}"):
            if self.takes("..."):
                self.needs("on")
                self.next()
                found += self.fields()
                continue
            selection = Selection(self.next())
            if not re.fullmatch(r"[A-Za-z_]\w*", selection.name) or self.peek() == ":":
                raise NotUnderstood(f"{selection.name} is no field, or is renamed")
            if self.takes("("):
                while not self.takes(")"):
                    name = self.next()
                    self.needs(":")
                    selection.arguments[name] = self.value()
                    self.takes(",")
            if self.peek() == "{":
                selection.fields = self.fields()
            found.append(selection)
        if not found:
            raise NotUnderstood("a selection is empty")
        return found

    def value(self) -> Any:
        if self.takes("$"):
            return Variable(self.next())
        if self.takes("["):
            many = []
            while not self.takes("]"):
                many.append(self.value())
                self.takes(",")
            return many
        if self.takes("{"):
            pairs = {}
            while not self.takes("}"):
                name = self.next()
                self.needs(":")
                pairs[name] = self.value()
                self.takes(",")
            return pairs
        text = self.next()
        if re.fullmatch(r"-?\d+", text):
            return int(text)
        return {"true": True, "false": False, "null": None}.get(text, text.strip('"'))
