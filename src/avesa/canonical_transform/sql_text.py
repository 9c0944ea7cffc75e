"""Names, texts and types as SQL. Whatever a name or text holds, it is only ever data."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from avesa.shared.clock import to_iso

SQL_TYPES = {
    "text": "VARCHAR",
    "decimal": "DECIMAL(18,4)",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMPTZ",
    "date": "DATE",
    "json": "VARCHAR",
}
"""DuckDB's type for each type of a mapping."""


def literal(text: str) -> str:
    """A text as an SQL literal; as an expression where it has a null character, at which a query would end."""
    quoted = ["'" + part.replace("'", "''") + "'" for part in text.split("\0")]
    return quoted[0] if len(quoted) == 1 else f"({' || chr(0) || '.join(quoted)})"


def literals(texts: Iterable[str]) -> str:
    """A list of texts as an SQL literal."""
    return "[" + ", ".join(map(literal, texts)) + "]"


def moment(instant: datetime | None) -> str:
    """An instant as an SQL literal of type TIMESTAMPTZ.

    Values go into the text of a query rather than beside it as parameters: for each of these DuckDB's Python package
    looks for libraries that need not be installed, which costs more than a small query.
    """
    return "NULL::TIMESTAMPTZ" if instant is None else f"TIMESTAMPTZ {literal(to_iso(instant))}"


def identifier(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
