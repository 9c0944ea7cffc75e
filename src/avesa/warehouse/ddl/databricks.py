"""Databricks: external Delta tables in the current catalogue, over an external location that covers the root.

https://docs.databricks.com/aws/en/tables/external
"""

from __future__ import annotations

from avesa.warehouse.ddl.dialect import Asked, Columns, Dialect, Folded, back_quoted, escaped_text, in_force


def _create_table(asked: Asked, name: str, table: Folded) -> str:
    return f"CREATE TABLE IF NOT EXISTS {name}\nUSING DELTA LOCATION {escaped_text(f'{asked.root}/{table.path}')}"


_TYPES = {
    "string": "STRING",
    "decimal(18,4)": "DECIMAL(18,4)",
    "long": "BIGINT",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP",
    "date": "DATE",
}


def _create_as_of(name: str, columns: Columns, relation: str) -> str:
    returned = ", ".join(f"{back_quoted(column)} {_TYPES[type_]}" for column, type_ in columns)
    shown = ", ".join(back_quoted(column) for column, _ in columns)
    moment = f"{name.rpartition('.')[2]}.{back_quoted('moment')}"
    return (
        f"CREATE OR REPLACE FUNCTION {name}({back_quoted('moment')} TIMESTAMP)\nRETURNS TABLE ({returned})\n"
        f"RETURN SELECT {shown} FROM {relation} WHERE {in_force(moment, back_quoted)}"
    )


DATABRICKS = Dialect(
    name="databricks",
    title="Databricks",
    types=_TYPES,
    quoted=back_quoted,
    text=escaped_text,
    create_schema=lambda asked, schema: f"CREATE SCHEMA IF NOT EXISTS {back_quoted(schema)}",
    create_table=_create_table,
    create_as_of=_create_as_of,
)
