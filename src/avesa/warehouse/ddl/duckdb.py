"""DuckDB: views over `delta_scan`, of the extension delta, which also reads tables that lie in a local folder.

https://duckdb.org/docs/stable/core_extensions/delta
"""

from __future__ import annotations

from avesa.warehouse.ddl.dialect import Asked, Columns, Dialect, Folded, double_quoted, in_force, plain_text


def _setup(asked: Asked) -> list[str]:
    statements = ["INSTALL delta", "LOAD delta"]
    if asked.is_bucket:
        # The keys are those that the engine finds by itself, as every client of AWS does.
        scope = plain_text(f"s3://{asked.bucket}")
        statements.append(
            f"CREATE SECRET IF NOT EXISTS {double_quoted(asked.prefix)} "
            f"(TYPE s3, PROVIDER credential_chain, SCOPE {scope})"
        )
    return statements


def _create_table(asked: Asked, name: str, table: Folded) -> str:
    return f"CREATE OR REPLACE VIEW {name} AS\nSELECT * FROM delta_scan({plain_text(f'{asked.root}/{table.path}')})"


def _create_as_of(name: str, columns: Columns, relation: str) -> str:
    return (
        f"CREATE OR REPLACE MACRO {name}(moment) AS TABLE\n"
        f"SELECT * FROM {relation} WHERE {in_force('moment::TIMESTAMPTZ', double_quoted)}"
    )


DUCKDB = Dialect(
    name="duckdb",
    title="DuckDB",
    types={
        "string": "VARCHAR",
        "decimal(18,4)": "DECIMAL(18,4)",
        "long": "BIGINT",
        "boolean": "BOOLEAN",
        "timestamp": "TIMESTAMPTZ",
        "date": "DATE",
    },
    quoted=double_quoted,
    text=plain_text,
    setup=_setup,
    create_schema=lambda asked, schema: f"CREATE SCHEMA IF NOT EXISTS {double_quoted(schema)}",
    create_table=_create_table,
    create_as_of=_create_as_of,
    reads_folders=True,
)
