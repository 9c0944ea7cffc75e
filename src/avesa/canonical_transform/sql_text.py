"""Names, texts and types as SQL. Whatever a name or text holds, it is only ever data."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

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

_PATTERN = re.compile(r"[*?\[]")


def literal(text: str) -> str:
    """A text as an SQL literal; as an expression where it has a null character, at which a query would end."""
    quoted = ["'" + part.replace("'", "''") + "'" for part in text.split("\0")]
    return quoted[0] if len(quoted) == 1 else f"({' || chr(0) || '.join(quoted)})"


def literals(texts: Iterable[str]) -> str:
    """A list of texts as an SQL literal."""
    return "[" + ", ".join(map(literal, texts)) + "]"


def paths(files: Iterable[str | Path]) -> str:
    """A list of files as an SQL literal, as what reads files takes it."""
    return literals(map(pattern, files))


def pattern(file: str | Path) -> str:
    """The pattern that fits this file alone: no sign in its name stands for others."""
    return _PATTERN.sub(r"[\g<0>]", str(file))


def parquet(files: Iterable[str | Path], *options: str) -> str:
    """A relation of the rows of just these files; no folder's name gives it a column, such as `year=2026` would."""
    return f"read_parquet({', '.join([paths(files), 'hive_partitioning = false', *options])})"


def moment(instant: datetime | None) -> str:
    """An instant as an SQL literal of type TIMESTAMPTZ.

    Values go into the text of a query rather than beside it as parameters: for each of these DuckDB's Python package
    looks for libraries that need not be installed, which costs more than a small query.
    """
    return "NULL::TIMESTAMPTZ" if instant is None else f"TIMESTAMPTZ {literal(to_iso(instant))}"


def identifier(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
