"""The statements that DuckDB and PostgreSQL understand alike: schema, tables, columns, views, and one step of a load.

`place` is the schema as SQL, in quotes, behind the catalog where that has to be named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from avesa.canonical_transform.change_file import GONE, KEY
from avesa.canonical_transform.sql_text import identifier, literal, moment
from avesa.warehouse.ddl.dialect import in_force
from avesa.warehouse.port import LOADS, Load


def named(place: str, table: str) -> str:
    return f"{place}.{identifier(table)}"


def current_name(table: str) -> str:
    return f"{table}_current"


def as_of_name(table: str) -> str:
    return f"{table}_as_of"


def create_loads(place: str, types: Mapping[str, str]) -> str:
    text, integer, time = types["string"], types["long"], types["timestamp"]
    return f"""CREATE TABLE IF NOT EXISTS {named(place, LOADS)} (
        tenant_id {text} NOT NULL, table_name {text} NOT NULL, table_id {text} NOT NULL, version {integer} NOT NULL,
        log_entry {text} NOT NULL, "rows" {integer} NOT NULL, loaded_at {time} NOT NULL,
        PRIMARY KEY (tenant_id, table_name)
    )"""


def select_held(place: str, tenant: str, table: str) -> str:
    return f"""SELECT table_id, version, log_entry, "rows" FROM {named(place, LOADS)}
        WHERE tenant_id = {literal(tenant)} AND table_name = {literal(table)}"""


def put_held(place: str, load: Load) -> str:
    then = load.then
    return f"""INSERT INTO {named(place, LOADS)}
        (tenant_id, table_name, table_id, version, log_entry, "rows", loaded_at)
        VALUES ({literal(load.tenant)}, {literal(load.table)}, {literal(then.table_id)}, {then.version},
                {literal(then.log_entry)}, {then.rows}, {moment(load.at)})
        ON CONFLICT (tenant_id, table_name) DO UPDATE SET table_id = excluded.table_id, version = excluded.version,
            log_entry = excluded.log_entry, "rows" = excluded."rows", loaded_at = excluded.loaded_at"""


def forget_held(place: str, table: str) -> str:
    """Of all tenants: a table that had to be made holds none of their rows, whatever was loaded into it before."""
    return f"DELETE FROM {named(place, LOADS)} WHERE table_name = {literal(table)}"


def create_table(place: str, load: Load, types: Mapping[str, str], *, key: bool) -> str:
    """With the key as the primary key, or as columns that are never null."""
    columns = [f"{identifier(name)} {types[type_]}{' NOT NULL' if name in KEY else ''}" for name, type_ in load.columns]
    if key:
        columns.append(f"PRIMARY KEY ({', '.join(KEY)})")
    return f"CREATE TABLE {named(place, load.table)} ({', '.join(columns)})"


def create_view(place: str, table: str, source: str, options: str = "") -> str:
    """The rows that are open now, beside the table whose rows they are."""
    return f"""CREATE OR REPLACE VIEW {named(place, current_name(table))} {options} AS
        SELECT * FROM {source} WHERE is_current"""


def as_of(source: str, moment: str) -> str:
    """The rows that were in force at a moment."""
    return f"SELECT * FROM {source} WHERE {in_force(moment, identifier)}"


def add_column(place: str, table: str, name: str, type_: str) -> str:
    return f"ALTER TABLE {named(place, table)} ADD COLUMN {identifier(name)} {type_}"


def delete_tenant(place: str, table: str, tenant: str) -> str:
    return f"DELETE FROM {named(place, table)} WHERE tenant_id = {literal(tenant)}"


def delete_held(place: str, table: str, tenant: str) -> str:
    return f"{delete_tenant(place, LOADS, tenant)} AND table_name = {literal(table)}"


def select_tables(place: str, tenant: str) -> str:
    return f"SELECT table_name FROM {named(place, LOADS)} WHERE tenant_id = {literal(tenant)} ORDER BY table_name"


def delete_staged(place: str, load: Load, staged: str) -> str:
    """What is gone, and what is there in another version of itself."""
    same = " AND ".join(f"t.{name} = s.{name}" for name in KEY)
    return f"""DELETE FROM {named(place, load.table)} AS t USING {staged} AS s
        WHERE t.tenant_id = {literal(load.tenant)} AND {same}"""


def insert_staged(place: str, load: Load, staged: str) -> str:
    names = listed(load.names)
    return f"""INSERT INTO {named(place, load.table)} ({names})
        SELECT {names} FROM {staged} WHERE NOT {identifier(GONE)}"""


def listed(names: Sequence[str]) -> str:
    return ", ".join(map(identifier, names))
