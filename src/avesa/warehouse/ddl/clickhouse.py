"""ClickHouse: tables of the engine DeltaLake, which also reads tables that lie in a folder of the server.

A table's columns are those of the day on which it was made, so it is made anew each time; the files stay as they are.

https://clickhouse.com/docs/engines/table-engines/integrations/deltalake
"""

from __future__ import annotations

from avesa.warehouse.ddl.dialect import Asked, Columns, Dialect, Folded, back_escaped, escaped_text, in_force


def _create_table(asked: Asked, name: str, table: Folded) -> str:
    place = escaped_text(f"{asked.root}/{table.path}/")
    if not asked.is_bucket:
        return f"CREATE OR REPLACE TABLE {name}\nENGINE = DeltaLakeLocal({place})"
    role = "" if asked.access is None else f", extra_credentials(role_arn = {escaped_text(asked.access)})"
    return f"CREATE OR REPLACE TABLE {name}\nENGINE = DeltaLake({place}{role})"


def _create_as_of(name: str, columns: Columns, relation: str) -> str:
    """A view with a parameter: SELECT … FROM tickets_as_of(moment = '2026-03-05')."""
    moment = "{moment:DateTime64(6, 'UTC')}"
    return f"CREATE OR REPLACE VIEW {name} AS\nSELECT * FROM {relation} WHERE {in_force(moment, back_escaped)}"


CLICKHOUSE = Dialect(
    name="clickhouse",
    title="ClickHouse",
    types={
        "string": "Nullable(String)",
        "decimal(18,4)": "Nullable(Decimal(18, 4))",
        "long": "Nullable(Int64)",
        "boolean": "Nullable(Bool)",
        "timestamp": "Nullable(DateTime64(6, 'UTC'))",
        "date": "Nullable(Date32)",
    },
    quoted=back_escaped,
    text=escaped_text,
    create_schema=lambda asked, schema: f"CREATE DATABASE IF NOT EXISTS {back_escaped(schema)}",
    create_table=_create_table,
    create_as_of=_create_as_of,
    reads_folders=True,
    access_is="the ARN of a role that ClickHouse Cloud may assume; without, the server's own credentials count",
)
