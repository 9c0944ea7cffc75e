"""Redshift Spectrum: external tables over a manifest of the files that a Delta table consists of.

Spectrum does not read the Delta log. The manifest is `avesa warehouse manifest`'s, written anew after each sync. The
external tables lie in a schema of their own for each tenant, because an external schema cannot hold views.

https://docs.aws.amazon.com/redshift/latest/dg/c-spectrum-external-tables.html,
https://docs.delta.io/redshift-spectrum-integration
"""

from __future__ import annotations

from avesa.warehouse.ddl.dialect import Asked, Dialect, Folded, Name, double_quoted, doubled_text, own_schema
from avesa.warehouse.ddl.manifest import MANIFEST_FOLDER

_LONGEST = "varchar(65535)"


def _table_name(prefix: str, tenant: str, table: str) -> Name:
    """In front, because no tenant's name can make another schema begin so."""
    return f"spectrum_{own_schema(prefix, tenant)}", table


def _create_schema(asked: Asked, schema: str) -> str:
    name = double_quoted(schema)
    if not schema.startswith("spectrum_"):
        return f"CREATE SCHEMA IF NOT EXISTS {name}"
    role = "default" if asked.access is None else doubled_text(asked.access)
    return (
        f"CREATE EXTERNAL SCHEMA IF NOT EXISTS {name}\n"
        f"FROM DATA CATALOG DATABASE {doubled_text(schema)} IAM_ROLE {role} CREATE EXTERNAL DATABASE IF NOT EXISTS"
    )


def _create_table(asked: Asked, name: str, table: Folded) -> str:
    columns = ",\n    ".join(f"{double_quoted(column)} {_TYPES[type_]}" for column, type_ in table.columns)
    return (
        f"CREATE EXTERNAL TABLE {name} (\n    {columns}\n)\n"
        "ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'\n"
        "STORED AS\n"
        "INPUTFORMAT 'org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat'\n"
        "OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'\n"
        f"LOCATION {doubled_text(f'{asked.root}/{table.path}/{MANIFEST_FOLDER}/')}"
    )


_TYPES = {
    "string": _LONGEST,
    "decimal(18,4)": "decimal(18,4)",
    "long": "bigint",
    "boolean": "boolean",
    "timestamp": "timestamp",
    "date": "date",
}

REDSHIFT_SPECTRUM = Dialect(
    name="redshift-spectrum",
    title="Redshift Spectrum",
    types=_TYPES,
    quoted=double_quoted,
    text=doubled_text,
    create_schema=_create_schema,
    create_table=_create_table,
    # Views over external tables are bound when they are read.
    create_view=lambda name, select: f"CREATE OR REPLACE VIEW {name} AS\n{select}\nWITH NO SCHEMA BINDING",
    replace_table=lambda name: f"DROP TABLE IF EXISTS {name}",
    table_name=_table_name,
    reads_manifests=True,
    access_is="the ARN of the IAM role of the cluster, its default one if none is given",
)
