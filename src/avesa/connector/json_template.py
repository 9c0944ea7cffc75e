"""The JSON body of a request, declared as plain data and kept as text, so that it can never change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from avesa.connector.template import NAME, SPREAD


@dataclass(frozen=True)
class Body:
    """A JSON text. Made by `json_body` or `graphql`."""

    text: str

    def filled(self, values: Mapping[str, str]) -> str:
        """The text with each text value that is nothing but `{name}` replaced, where `values` has that name. In a list
        `{*name}` stands for as many texts as the value has between its commas.

        A name inside a longer text stays as it is: queries have braces of their own.
        """
        return msgspec.json.encode(_filled(msgspec.json.decode(self.text), values)).decode()


def json_body(value: Mapping[str, Any] | list[Any]) -> Body:
    """A body to declare: `json_body({"filter": [], "MaxRecords": 500})`."""
    return Body(msgspec.json.encode(value).decode())


def graphql(query: str, **variables: Any) -> Body:
    """A GraphQL query with its variables; paging sets others at `variables.…`."""
    return json_body({"query": query.strip(), "variables": variables})


def _spread(value: Any, values: Mapping[str, str]) -> list[Any]:
    if isinstance(value, str) and (name := SPREAD.fullmatch(value)) and name[1] in values:
        return [part for text in values[name[1]].split(",") if (part := text.strip())]
    return [_filled(value, values)]


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(inner, values) for name, inner in value.items()}
    if isinstance(value, list):
        return [filled for inner in value for filled in _spread(inner, values)]
    if isinstance(value, str) and (name := NAME.fullmatch(value)):
        return values.get(name[1], value)
    return value
