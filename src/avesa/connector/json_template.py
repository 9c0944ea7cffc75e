"""The JSON body of a request, declared as plain data and kept as text, so that it can never change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

_NAME = re.compile(r"\{([\w-]+)\}")


@dataclass(frozen=True)
class Body:
    """A JSON text. Made by `json_body` or `graphql`."""

    text: str

    def filled(self, values: Mapping[str, str]) -> str:
        """The text with each text value that is nothing but `{name}` replaced, where `values` has that name.

        A name inside a longer text stays as it is: queries have braces of their own.
        """
        return msgspec.json.encode(_filled(msgspec.json.decode(self.text), values)).decode()


def json_body(value: Mapping[str, Any] | list[Any]) -> Body:
    """A body to declare: `json_body({"filter": [], "MaxRecords": 500})`."""
    return Body(msgspec.json.encode(value).decode())


def graphql(query: str, **variables: Any) -> Body:
    """A GraphQL query with its variables; paging sets others at `variables.…`."""
    return json_body({"query": query.strip(), "variables": variables})


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(inner, values) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, values) for inner in value]
    if isinstance(value, str) and (name := _NAME.fullmatch(value)):
        return values.get(name[1], value)
    return value


def fill_names(template: str, values: Mapping[str, str]) -> str:
    """`template` with each `{name}` that `values` has replaced by its value; other braces stay."""
    return _NAME.sub(lambda found: values.get(found[1], found[0]), template)


def names_in(template: str) -> set[str]:
    """The names of the `{name}`s in a template."""
    return set(_NAME.findall(template))
