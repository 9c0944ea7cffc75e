"""Snowflake: Iceberg tables that are read from the Delta log (Delta Direct), through an external volume.

Names are quoted in capitals, which is how Snowflake understands names that nobody quotes.

https://docs.snowflake.com/en/sql-reference/sql/create-iceberg-table-delta
"""

from __future__ import annotations

from avesa.warehouse.ddl.dialect import Asked, Columns, Dialect, Folded, double_quoted, escaped_text, in_force

_TYPES = {
    "string": "VARCHAR",
    "decimal(18,4)": "NUMBER(18,4)",
    "long": "NUMBER(19,0)",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP_LTZ(6)",
    "date": "DATE",
}


def _quoted(name: str) -> str:
    return double_quoted(name.upper())


def _catalogue(asked: Asked) -> str:
    """The name of the catalogue integration."""
    return f"{asked.prefix}_delta".upper()


def _setup(asked: Asked) -> list[str]:
    return [
        f"CREATE CATALOG INTEGRATION IF NOT EXISTS {_quoted(_catalogue(asked))}\n"
        "CATALOG_SOURCE = OBJECT_STORE TABLE_FORMAT = DELTA ENABLED = TRUE"
    ]


def _create_table(asked: Asked, name: str, table: Folded) -> str:
    volume = asked.access if asked.access is not None else asked.prefix
    return (
        f"CREATE ICEBERG TABLE IF NOT EXISTS {name}\n"
        f"EXTERNAL_VOLUME = {escaped_text(volume)} CATALOG = {escaped_text(_catalogue(asked))}\n"
        f"BASE_LOCATION = {escaped_text(f'{table.path}/')} AUTO_REFRESH = TRUE"
    )


def _create_as_of(name: str, columns: Columns, relation: str) -> str:
    returned = ", ".join(f"{_quoted(column)} {_TYPES[type_]}" for column, type_ in columns)
    shown = ", ".join(_quoted(column) for column, _ in columns)
    return (
        f"CREATE OR REPLACE FUNCTION {name}(MOMENT TIMESTAMP_LTZ)\nRETURNS TABLE ({returned})\n"
        f"AS $$\nSELECT {shown} FROM {relation} WHERE {in_force('MOMENT', _quoted)}\n$$"
    )


SNOWFLAKE = Dialect(
    name="snowflake",
    title="Snowflake",
    types=_TYPES,
    quoted=_quoted,
    text=escaped_text,
    setup=_setup,
    create_schema=lambda asked, schema: f"CREATE SCHEMA IF NOT EXISTS {_quoted(schema)}",
    create_table=_create_table,
    create_as_of=_create_as_of,
    access_is="the external volume over the root, by default named like the prefix",
)
