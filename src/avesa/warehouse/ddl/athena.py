"""Athena: tables of the Glue catalogue whose columns come from the Delta log, read by engine version 3.

https://docs.aws.amazon.com/athena/latest/ug/delta-lake-tables.html
"""

from __future__ import annotations

from avesa.warehouse.ddl.dialect import Asked, Dialect, Folded, back_quoted, double_quoted, escaped_text, plain_text


def _create_table(asked: Asked, name: str, table: Folded) -> str:
    # A CREATE TABLE is Hive's SQL, which has other quotes than a SELECT.
    schema = ATHENA.table_name(asked.prefix, table.tenant, table.table)
    return (
        f"CREATE EXTERNAL TABLE IF NOT EXISTS {'.'.join(map(back_quoted, schema))}\n"
        f"LOCATION {escaped_text(f'{asked.root}/{table.path}/')}\nTBLPROPERTIES ('table_type' = 'DELTA')"
    )


def _seen(column: str, delta_type: str) -> str:
    """A view's columns are kept as Hive's types, which have no time with a zone. All times are in UTC."""
    return f"CAST({column} AS timestamp) AS {column}" if delta_type == "timestamp" else column


ATHENA = Dialect(
    name="athena",
    title="Athena",
    types={
        "string": "varchar",
        "decimal(18,4)": "decimal(18,4)",
        "long": "bigint",
        "boolean": "boolean",
        "timestamp": "timestamp",
        "date": "date",
    },
    quoted=double_quoted,
    text=plain_text,
    create_schema=lambda asked, schema: f"CREATE DATABASE IF NOT EXISTS {back_quoted(schema)}",
    create_table=_create_table,
    seen=_seen,
)
