"""What an engine is, for the statements: its types, how it quotes, and how it says table, view and function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from avesa.shared.errors import UsageError

Columns = tuple[tuple[str, str], ...]
"""(name, Delta type), in order."""


@dataclass(frozen=True)
class Asked:
    """What the statements shall be like."""

    prefix: str
    """What the names of all schemas begin with."""
    root: str
    """Where the data lie: `s3://bucket/prefix` or an absolute folder."""
    access: str | None = None
    """How the engine gets at the bucket, in its own words."""

    @property
    def is_bucket(self) -> bool:
        return self.root.startswith("s3://")

    @property
    def bucket(self) -> str:
        return self.root.removeprefix("s3://").partition("/")[0]


@dataclass(frozen=True)
class Folded:
    """A canonical table that a tenant has."""

    tenant: str
    table: str
    columns: Columns
    path: str
    """Of its folder, below the root."""


Name = tuple[str, str]
"""Schema, and table or view in it."""


def own_schema(prefix: str, tenant: str) -> str:
    return f"{prefix}_{tenant}"


def _own_name(prefix: str, tenant: str, table: str) -> Name:
    return own_schema(prefix, tenant), table


def _no_setup(asked: Asked) -> list[str]:
    return []


def _as_it_is(column: str, delta_type: str) -> str:
    return column


@dataclass(frozen=True)
class Dialect:
    """One engine. Whatever a name or path holds, `quoted` and `text` make it data."""

    name: str
    title: str
    types: Mapping[str, str]
    """The engine's type for each of Delta's types, as a cast takes it."""
    quoted: Callable[[str], str]
    """A name as an identifier."""
    text: Callable[[str], str]
    """A text as a literal."""
    create_schema: Callable[[Asked, str], str]
    create_table: Callable[[Asked, str, Folded], str]
    """The statement that makes the table, under the quoted name given, readable where it lies."""
    setup: Callable[[Asked], list[str]] = _no_setup
    """Statements that go before all others, once."""
    create_view: Callable[[str, str], str] = lambda name, select: f"CREATE OR REPLACE VIEW {name} AS\n{select}"
    create_as_of: Callable[[str, Columns, str], str] | None = None
    """Of a function's quoted name, the columns, and the quoted name of what it reads; None if it has no such thing."""
    as_of_each: bool = True
    """Whether each tenant has these functions too, or only all tenants together."""
    replace_table: Callable[[str], str] | None = None
    """The statement that goes before `create_table` where that cannot be said twice."""
    seen: Callable[[str, str], str] = _as_it_is
    """How a view shows a column: its quoted name and Delta type."""
    table_name: Callable[[str, str, str], Name] = _own_name
    """Where the table itself is: prefix, tenant, table."""
    view_name: Callable[[str, str, str], Name] = _own_name
    """Where people look for a table or view of one tenant: prefix, tenant, name."""
    reads_folders: bool = False
    """Whether it can read a folder of this machine."""
    reads_manifests: bool = False
    """Whether it finds a table's files by a manifest (see manifest.py) rather than by the log."""
    access_is: str = ""
    """What `--access` names; empty where there is none."""
    needs_access: bool = False

    def relation(self, name: Name) -> str:
        return ".".join(map(self.quoted, name))

    def null(self, delta_type: str) -> str:
        return f"CAST(NULL AS {self.types[delta_type]})"

    def check(self, asked: Asked) -> None:
        """Raises UsageError where the engine cannot read what is asked for."""
        if not asked.is_bucket and not self.reads_folders:
            raise UsageError(
                f"{self.title} cannot read a folder of this machine.",
                hint="The data have to lie in a bucket: --root s3://bucket/prefix. DuckDB and ClickHouse read folders.",
            )
        if asked.access is not None and not self.access_is:
            raise UsageError(f"{self.title} takes no --access.")
        if asked.access is None and self.needs_access:
            raise UsageError(f"{self.title} needs --access: {self.access_is}.")


def double_quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def back_quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def back_escaped(name: str) -> str:
    """In back quotes, where a backslash stands before what would end it."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def plain_text(text: str) -> str:
    """A literal in which a backslash means itself."""
    return "'" + text.replace("'", "''") + "'"


def escaped_text(text: str) -> str:
    """A literal in which a backslash escapes."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def doubled_text(text: str) -> str:
    """A literal in which a backslash escapes and a quote is doubled."""
    return plain_text(text.replace("\\", "\\\\"))


def in_force(moment: str, quoted: Callable[[str], str]) -> str:
    """The condition that a version was in force at a moment."""
    begins, ends = quoted("valid_from"), quoted("valid_to")
    return f"{begins} <= {moment} AND ({ends} > {moment} OR {ends} IS NULL)"
