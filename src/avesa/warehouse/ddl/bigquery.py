"""BigQuery: external tables over Delta through a connection, which for S3 is one of BigQuery Omni.

Names of data sets and functions have no hyphen, and a tenant's may. So all lies in one data set, with the tenant behind
the table, and functions are made over all tenants alone.

https://cloud.google.com/bigquery/docs/create-delta-lake-table
"""

from __future__ import annotations

from avesa.warehouse.ddl.dialect import Asked, Columns, Dialect, Folded, Name, back_escaped, escaped_text, in_force


def _name(prefix: str, tenant: str, table: str) -> Name:
    return prefix, f"{table}__{tenant}"


def _create_schema(asked: Asked, schema: str) -> str:
    """Where the connection is, the data set has to be: [PROJECT.]REGION.CONNECTION."""
    region = (asked.access or "").rpartition(".")[0].rpartition(".")[2]
    where = f" OPTIONS (location = {escaped_text(region)})" if region else ""
    return f"CREATE SCHEMA IF NOT EXISTS {back_escaped(schema)}{where}"


def _create_table(asked: Asked, name: str, table: Folded) -> str:
    return (
        f"CREATE OR REPLACE EXTERNAL TABLE {name}\nWITH CONNECTION {back_escaped(asked.access or '')}\n"
        f"OPTIONS (format = 'DELTA_LAKE', uris = [{escaped_text(f'{asked.root}/{table.path}')}])"
    )


def _create_as_of(name: str, columns: Columns, relation: str) -> str:
    return (
        f"CREATE OR REPLACE TABLE FUNCTION {name}(moment TIMESTAMP) AS\n"
        f"SELECT * FROM {relation} WHERE {in_force('moment', back_escaped)}"
    )


BIGQUERY = Dialect(
    name="bigquery",
    title="BigQuery",
    types={
        "string": "STRING",
        "decimal(18,4)": "NUMERIC",
        "long": "INT64",
        "boolean": "BOOL",
        "timestamp": "TIMESTAMP",
        "date": "DATE",
    },
    quoted=back_escaped,
    text=escaped_text,
    create_schema=_create_schema,
    create_table=_create_table,
    create_as_of=_create_as_of,
    as_of_each=False,
    table_name=_name,
    view_name=_name,
    access_is="the connection, as aws-us-east-1.NAME",
    needs_access=True,
)
