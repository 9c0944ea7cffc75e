"""The Glue catalogue, in which Athena and other engines on AWS look a canonical table up.

Each tenant has a database there, `avesa_{env}_{tenant}`, and its tables are registered in the tenant's own session,
whose rights end with that database. A table is registered with its first commit and again when its columns change,
since views and Lake Formation go by the columns of the catalogue. It is written there as Athena's own CREATE EXTERNAL
TABLE with 'table_type' = 'DELTA' writes it; files and rows are always read by the Delta log.

What was registered is remembered in the state, so that a fold that changes no column costs one read. It is looked at
again after a week, in case somebody has dropped the table.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from avesa.aws.clients import Aws, Glue, error_code, told
from avesa.aws.installation import Installation
from avesa.aws.session import tenant_credentials
from avesa.canonical_transform.canonical_table import delta_columns
from avesa.canonical_transform.scd2 import shape_of
from avesa.pipeline.ports import Ports
from avesa.pipeline.snapshots import canonical_table
from avesa.pipeline.transform import tenant_mapping
from avesa.shared import layout
from avesa.shared.clock import from_iso, to_iso

Columns = tuple[tuple[str, str], ...]
"""(name, Delta type), in order."""

GLUE_TYPES = {
    "string": "string",
    "decimal(18,4)": "decimal(18,4)",
    "long": "bigint",
    "boolean": "boolean",
    "timestamp": "timestamp",
    "date": "date",
}
LOOKED_AT = timedelta(days=7)
"""So long the catalogue is believed to be as we left it."""
_OURS = {
    "EXTERNAL": "TRUE",
    "table_type": "delta",
    "spark.sql.sources.provider": "delta",
    "spark.sql.partitionProvider": "catalog",
}


def keep_registered(aws: Aws, installation: Installation, ports: Ports, tenant: str, table: str) -> bool:
    """See to it that the catalogue has the table as it is now; True if the catalogue was asked.

    Raises AvesaError where that is refused or fails; it can be repeated at any time.
    """
    state = ports.watermarks.get(tenant, f"catalogue/{table}")
    now = ports.clock()
    if _is_remembered(state.details, delta_columns(shape_of(tenant_mapping(ports, tenant, table)).all), now):
        return False
    columns = canonical_table(ports, tenant, table, ports.scratch).snapshot().columns
    if not columns:
        return False  # nothing was committed yet
    location = f"{ports.objects.root}/{layout.canonical_prefix(tenant, table)}/"
    with tenant_catalogue(aws, installation, tenant) as glue:
        register(glue, database_name(installation.env, tenant), table_input(table, columns, location))
    ports.watermarks.put(replace(state, details=_remembered(columns, now)))
    return True


@contextmanager
def tenant_catalogue(aws: Aws, installation: Installation, tenant: str) -> Iterator[Glue]:
    """The catalogue, with credentials that reach this tenant's database alone."""
    with ExitStack() as on_exit:
        sts = aws.sts()
        on_exit.callback(sts.close)
        glue = aws.glue(tenant_credentials(sts, installation, tenant))
        on_exit.callback(glue.close)
        yield glue


def database_name(env: str, tenant: str) -> str:
    """The tenant's name stands in it as it is, so that a policy can compare it with the session's tag."""
    return f"avesa_{env}_{tenant}"


def table_input(table: str, columns: Columns, location: str) -> dict[str, Any]:
    """A table of the catalogue as Glue takes it."""
    return {
        "Name": table,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": _OURS,
        "PartitionKeys": [],
        "StorageDescriptor": {
            "Columns": [{"Name": name, "Type": GLUE_TYPES[type_]} for name, type_ in columns],
            "Location": location,
            "InputFormat": "org.apache.hadoop.mapred.SequenceFileInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat",
            "Compressed": False,
            "SerdeInfo": {
                "SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
                # Athena finds the log by this one, and by the location.
                "Parameters": {"serialization.format": "1", "path": location},
            },
        },
    }


def register(glue: Glue, database: str, wanted: Mapping[str, Any]) -> None:
    """Make the database and the table, or bring the table up to date. What others noted at the table stays."""
    with told(f"register {database}.{wanted['Name']} in the Glue catalogue"):
        found = _found(glue, database, str(wanted["Name"]))
        if found is None:
            described = {"Name": database, "Description": "The canonical tables of one tenant of AVESA."}
            _unless_there(lambda: glue.create_database(DatabaseInput=described))
            _unless_there(lambda: glue.create_table(DatabaseName=database, TableInput=wanted))
        elif not _is_as_wanted(found, wanted):
            kept = {name: found[name] for name in ("Description", "Owner") if found.get(name)}
            noted = {**found.get("Parameters", {}), **wanted["Parameters"]}
            changed = {**kept, **wanted, "Parameters": noted}
            glue.update_table(DatabaseName=database, TableInput=changed, SkipArchive=True)


def _found(glue: Glue, database: str, table: str) -> Mapping[str, Any] | None:
    try:
        answer = glue.get_table(DatabaseName=database, Name=table)
    except ClientError as error:
        if error_code(error) != "EntityNotFoundException":
            raise
        return None
    found: Mapping[str, Any] = answer["Table"]
    return found


def _unless_there(create: Any) -> None:
    """Another fold of the tenant may have been sooner."""
    try:
        create()
    except ClientError as error:
        if error_code(error) != "AlreadyExistsException":
            raise


def _is_as_wanted(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    there, ours = found.get("StorageDescriptor", {}), wanted["StorageDescriptor"]
    columns = [(column["Name"], column.get("Type")) for column in there.get("Columns", [])]
    return (
        columns == [(column["Name"], column["Type"]) for column in ours["Columns"]]
        and there.get("Location") == ours["Location"]
        and there.get("SerdeInfo", {}).get("Parameters", {}).get("path") == ours["Location"]
        and found.get("Parameters", {}).items() >= wanted["Parameters"].items()
    )


def _remembered(columns: Columns, at: datetime) -> str:
    return json.dumps({"columns": _digest(columns), "at": to_iso(at)})


def _is_remembered(details: str | None, columns: Columns, now: datetime) -> bool:
    if details is None:
        return False
    known = json.loads(details)
    return bool(known["columns"] == _digest(columns) and now - from_iso(known["at"]) < LOOKED_AT)


def _digest(columns: Columns) -> str:
    return hashlib.sha256(json.dumps(columns).encode()).hexdigest()
