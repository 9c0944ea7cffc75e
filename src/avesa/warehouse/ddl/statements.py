"""The statements for some tenants' tables: the tables, the views over each tenant's, and those over all of them.

The tables hold every version. `<table>_current` shows the open ones, one for each record that is there;
`<table>_as_of(moment)`, where the engine has such a thing, the ones that were in force then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from avesa.warehouse.ddl.dialect import Asked, Columns, Dialect, Folded, Name


@dataclass(frozen=True)
class Statement:
    """One thing to run. `tenant` is None for what belongs to all."""

    what: str
    """setup, schema, table, view or function."""
    name: str
    sql: str
    tenant: str | None = None


@dataclass(frozen=True)
class LeftOut:
    """A table that was never folded, so that there is nothing to read."""

    tenant: str
    table: str


Part = Statement | LeftOut


def statements(
    dialect: Dialect,
    asked: Asked,
    found: Mapping[str, Mapping[str, Folded]],
    tables: Mapping[str, Columns],
    *,
    together: bool,
) -> list[Part]:
    """In the order in which to run them.

    `found` are the tables that each tenant has, by tenant and table; `tables` are all that there are, with the columns
    that one has that nobody has folded yet. With `together` there are views over all tenants too, of every table: an
    empty one where nobody has it, so that what is built on them does not depend on who is connected to what.
    Raises UsageError where the engine cannot read what is asked for.
    """
    dialect.check(asked)
    parts: list[Part] = [Statement("setup", "", sql) for sql in dialect.setup(asked)]
    schemas: set[str] = set()
    for tenant, own in found.items():
        parts += _schemas(dialect, asked, schemas, tenant)
        for table in tables:
            parts += _of_tenant(dialect, asked, own[table]) if table in own else [LeftOut(tenant, table)]
    if together:
        if asked.prefix not in schemas:
            parts.append(_schema(dialect, asked, asked.prefix, None))
        for table, columns in tables.items():
            folded = [own[table] for own in found.values() if table in own]
            parts += _of_all(dialect, asked, table, columns, folded)
    return parts


def _schema(dialect: Dialect, asked: Asked, schema: str, tenant: str | None) -> Statement:
    return Statement("schema", dialect.quoted(schema), dialect.create_schema(asked, schema), tenant)


def _schemas(dialect: Dialect, asked: Asked, made: set[str], tenant: str) -> Iterator[Statement]:
    for name in (dialect.table_name, dialect.view_name):
        schema, _ = name(asked.prefix, tenant, "")
        if schema not in made:
            made.add(schema)
            yield _schema(dialect, asked, schema, tenant if schema != asked.prefix else None)


def _of_tenant(dialect: Dialect, asked: Asked, table: Folded) -> Iterator[Statement]:
    at = dialect.table_name(asked.prefix, table.tenant, table.table)
    shown = dialect.view_name(asked.prefix, table.tenant, table.table)
    name = dialect.relation(at)
    if dialect.replace_table is not None:
        yield Statement("table", name, dialect.replace_table(name), table.tenant)
    yield Statement("table", name, dialect.create_table(asked, name, table), table.tenant)
    if shown != at:
        select = f"SELECT {_shown(dialect, table.columns)}\nFROM {name}"
        yield _view(dialect, shown, select, table.tenant)
    current = dialect.view_name(asked.prefix, table.tenant, f"{table.table}_current")
    as_of = dialect.view_name(asked.prefix, table.tenant, f"{table.table}_as_of")
    yield from _over(dialect, table.columns, shown, current, as_of, table.tenant)


def _of_all(
    dialect: Dialect, asked: Asked, table: str, columns: Columns, folded: Sequence[Folded]
) -> Iterator[Statement]:
    columns = together_columns([own.columns for own in folded]) or columns
    selects = [_aligned(dialect, columns, own, asked.prefix) for own in folded]
    inner = "\nUNION ALL\n".join(selects) or _empty(dialect, columns)
    name = (asked.prefix, table)
    yield _view(dialect, name, inner, None)
    yield from _over(dialect, columns, name, (asked.prefix, f"{table}_current"), (asked.prefix, f"{table}_as_of"), None)


def _over(
    dialect: Dialect, columns: Columns, relation: Name, current: Name, as_of: Name, tenant: str | None
) -> Iterator[Statement]:
    """What is made of a table that holds every version."""
    source = dialect.relation(relation)
    is_current = dialect.quoted("is_current")
    yield _view(dialect, current, f"SELECT {_shown(dialect, columns)}\nFROM {source}\nWHERE {is_current}", tenant)
    if dialect.create_as_of is not None and (tenant is None or dialect.as_of_each):
        name = dialect.relation(as_of)
        yield Statement("function", name, dialect.create_as_of(name, columns, source), tenant)


def _view(dialect: Dialect, name: Name, select: str, tenant: str | None) -> Statement:
    quoted = dialect.relation(name)
    return Statement("view", quoted, dialect.create_view(quoted, select), tenant)


def together_columns(of_each: Sequence[Columns]) -> Columns:
    """All columns that anybody has, with the tenant in front.

    A tenant's own come behind those of everybody, in their order. One that tenants typed differently becomes text.
    """
    types: dict[str, set[str]] = {}
    for columns in of_each:
        for name, type_ in columns:
            types.setdefault(name, set()).add(type_)
    first = {name: place for place, (name, _) in enumerate(of_each[0])} if of_each else {}
    everybody = [name for name in first if all(name in dict(columns) for columns in of_each)]
    rest = sorted(name for name in types if name not in everybody)
    return tuple((name, types[name].copy().pop() if len(types[name]) == 1 else "string") for name in everybody + rest)


def _aligned(dialect: Dialect, columns: Columns, table: Folded, prefix: str) -> str:
    own = dict(table.columns)
    shown = ", ".join(_as(dialect, name, type_, own.get(name)) for name, type_ in columns)
    return f"SELECT {shown}\nFROM {dialect.relation(dialect.table_name(prefix, table.tenant, table.table))}"


def _as(dialect: Dialect, name: str, wanted: str, own: str | None) -> str:
    column = dialect.quoted(name)
    if own is None:
        return f"{dialect.null(wanted)} AS {column}"
    if own != wanted:
        return f"CAST({column} AS {dialect.types[wanted]}) AS {column}"
    return dialect.seen(column, own)


def _empty(dialect: Dialect, columns: Columns) -> str:
    nulls = ", ".join(f"{dialect.null(type_)} AS {dialect.quoted(name)}" for name, type_ in columns)
    # Not every engine takes a WHERE without a FROM.
    return f"SELECT * FROM (SELECT {nulls}) AS {dialect.quoted('never_folded')}\nWHERE 1 = 0"


def _shown(dialect: Dialect, columns: Columns) -> str:
    return ", ".join(dialect.seen(dialect.quoted(name), type_) for name, type_ in columns)
