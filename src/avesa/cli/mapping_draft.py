"""A first draft of a new service's mappings: the fields of its records whose names are those of columns."""

from __future__ import annotations

import json
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from avesa.canonical_transform.mapping import RESERVED_COLUMNS
from avesa.cli.openapi_document import Json
from avesa.cli.openapi_lists import snake
from avesa.cli.service_facts import EndpointFacts, ServiceFacts
from avesa.shared.errors import UsageError

_TAKES: dict[str, tuple[type, ...]] = {
    "text": (str, int, float),
    "integer": (int, str),
    "decimal": (int, float, str),
    "boolean": (bool,),
    "timestamp": (str,),
    "date": (str,),
}
"""What a value in the vendor's document may be for a column's type: a flag is none but a flag. Lists and objects are
for a reader to take apart.
"""


def draft_mappings(facts: ServiceFacts, root: Path) -> dict[str, str]:
    """The mapping files of a checkout by their paths, as they are with the service's lists among their sources. Lists
    of which no field has the name of a column are left out.

    Raises UsageError where one names a table that there is not, or has the service already.
    """
    drafts: dict[str, dict[str, dict[str, str]]] = {}
    documents: dict[str, Json] = {}
    for endpoint in facts.endpoints:
        table = endpoint.canonical
        if table is None:
            continue
        if table not in documents:
            documents[table] = _document(root, table)
        if rules := dict(_rules(endpoint, documents[table]["columns"])):
            drafts.setdefault(table, {})[endpoint.name] = rules
    formatted = runpy.run_path(str(root / "scripts" / "format_mappings.py"))["formatted"]
    found = {}
    for table, sources in drafts.items():
        document = documents[table]
        if facts.name in document["sources"]:
            raise UsageError(f"{_path(table)} has {facts.name} already.", hint="Nothing was written.")
        found[_path(table)] = formatted({**document, "sources": {**document["sources"], facts.name: sources}})
    return found


def _path(table: str) -> str:
    return f"mappings/{table}.json"


def _document(root: Path, table: str) -> Json:
    try:
        document: Json = json.loads((root / _path(table)).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"there is no canonical table {table}.", hint="Nothing was written.") from None
    return document


def _rules(endpoint: EndpointFacts, columns: Json) -> Iterator[tuple[str, str]]:
    """Column and path, in the columns' order. A flag may be named with or without `is_`; columns with a closed list
    need a map, which nobody can draft.
    """
    # A name with anything else in it would have to be written piece by piece.
    names = {snake(field): field for field in endpoint.sample if field.isidentifier()}
    for name, column in columns.items():
        field = names.get(name, names.get(name.removeprefix("is_")))
        if name in RESERVED_COLUMNS or "values" in column or field is None:
            continue
        if _fits(endpoint.sample[field], column["type"]):
            yield name, field


def _fits(value: Any, type_: str) -> bool:
    return isinstance(value, _TAKES.get(type_, ())) and isinstance(value, bool) == (type_ == "boolean")
