"""The engines that statements are made for."""

from __future__ import annotations

from avesa.warehouse.ddl.athena import ATHENA
from avesa.warehouse.ddl.bigquery import BIGQUERY
from avesa.warehouse.ddl.clickhouse import CLICKHOUSE
from avesa.warehouse.ddl.databricks import DATABRICKS
from avesa.warehouse.ddl.dialect import Dialect
from avesa.warehouse.ddl.duckdb import DUCKDB
from avesa.warehouse.ddl.redshift_spectrum import REDSHIFT_SPECTRUM
from avesa.warehouse.ddl.snowflake import SNOWFLAKE

ENGINES: dict[str, Dialect] = {
    dialect.name: dialect
    for dialect in (DUCKDB, ATHENA, REDSHIFT_SPECTRUM, SNOWFLAKE, DATABRICKS, CLICKHOUSE, BIGQUERY)
}
