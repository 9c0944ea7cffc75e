"""The transform registers a tenant's tables in the Glue catalogue, in the tenant's session, and never fails by that."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from deltalake import DeltaTable

from avesa.aws import catalogue, handlers
from avesa.aws.clients import Aws
from avesa.aws.installation import installation_of
from avesa.shared import layout
from avesa.shared.errors import StorageError
from avesa.shared.tenants import TenantService
from avesa.warehouse.ddl.dialect import Asked, Folded
from avesa.warehouse.ddl.engines import ENGINES
from avesa.warehouse.ddl.tables import all_tables
from aws_cloud import Cloud
from aws_server import AwsServer
from landed_home import changes, contact
from raw_files import land
from s3_server import BUCKET

TENANT, TABLE = "acme", "contacts"


@dataclass
class Context:
    aws_request_id: str = "request"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


@dataclass
class Catalogued:
    """An installation with a tenant whose contacts land, and its catalogue as whoever has all rights sees it."""

    cloud: Cloud
    glue: Any

    @property
    def database(self) -> str:
        return f"avesa_{self.cloud.installation.env}_{TENANT}"

    def fold(self, number: int, tenant: str = TENANT, **fields: Any) -> dict[str, Any]:
        """Land a change and fold it."""
        land(self.cloud.objects, tenant, "connectwise", TABLE, changes(number, contact("1", number, number, **fields)))
        answer: dict[str, Any] = handlers.transform({"run_id": "run", "tenant": tenant, "table": TABLE}, Context())
        assert answer["status"] == "ok", answer
        return answer

    def table(self) -> dict[str, Any]:
        found: dict[str, Any] = self.glue.get_table(DatabaseName=self.database, Name=TABLE)["Table"]
        return found

    def names(self) -> list[str]:
        return [column["Name"] for column in self.table()["StorageDescriptor"]["Columns"]]

    def add_column(self, name: str) -> None:
        own = {
            "table": TABLE,
            "columns": {name: {"type": "integer", "description": "Its own."}},
            "sources": {"connectwise": {TABLE: {name: "badge"}}},
        }
        self.cloud.objects.write(layout.tenant_mapping(TENANT, TABLE), json.dumps(own).encode())


@pytest.fixture
def catalogued(cloud: Cloud, aws: AwsServer) -> Catalogued:
    for tenant in (TENANT, "globex"):
        cloud.connect(TenantService(tenant, "connectwise"), {"private_key": "x"})
    return Catalogued(cloud, aws.client("glue"))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tables of which the catalogue was asked."""
    seen: list[str] = []
    register = catalogue.register

    def noted(glue: Any, database: str, wanted: Any) -> None:
        seen.append(f"{database}.{wanted['Name']}")
        register(glue, database, wanted)

    monkeypatch.setattr(catalogue, "register", noted)
    return seen


def test_a_new_table_is_in_the_catalogue_as_delta_with_its_columns_and_place(catalogued: Catalogued) -> None:
    assert "unregistered" not in catalogued.fold(10)
    found = catalogued.table()
    place = f"s3://{BUCKET}/{TENANT}/canonical/{TABLE}/"
    assert found["TableType"] == "EXTERNAL_TABLE"
    assert found["Parameters"]["table_type"] == "delta"
    assert found["Parameters"]["spark.sql.sources.provider"] == "delta"
    stored = found["StorageDescriptor"]
    assert stored["Location"] == stored["SerdeInfo"]["Parameters"]["path"] == place
    types = {column["Name"]: column["Type"] for column in stored["Columns"]}
    told = ("tenant_id", "is_current", "valid_from")
    assert [types[name] for name in told] == ["string", "boolean", "timestamp"]
    objects = catalogued.cloud.objects
    table = DeltaTable(objects.table_uri(f"{TENANT}/canonical/{TABLE}"), storage_options=objects.table_options)
    assert catalogued.names() == [field.name for field in table.schema().fields]
    assert catalogued.cloud.gate.refused == []


def test_a_fold_that_changes_no_column_does_not_ask_the_catalogue(catalogued: Catalogued, asked: list[str]) -> None:
    catalogued.fold(10)
    catalogued.fold(20, name="Bea")
    catalogued.fold(20, name="Bea")
    assert asked == [f"{catalogued.database}.{TABLE}"]


def test_a_column_that_a_mapping_adds_is_added_and_what_others_noted_stays(
    catalogued: Catalogued, asked: list[str]
) -> None:
    catalogued.fold(10)
    before = catalogued.table()
    kept = {name: before[name] for name in ("Name", "StorageDescriptor", "TableType", "PartitionKeys")}
    noted = {**kept, "Description": "People", "Parameters": {**before["Parameters"], "owner": "sales"}}
    catalogued.glue.update_table(DatabaseName=catalogued.database, TableInput=noted)
    catalogued.add_column("badge")
    catalogued.fold(20, badge=7)
    assert "badge" in catalogued.names()
    assert (catalogued.table()["Description"], catalogued.table()["Parameters"]["owner"]) == ("People", "sales")
    assert len(asked) == 2


def test_a_table_that_somebody_dropped_comes_back_when_the_catalogue_is_looked_at_again(
    catalogued: Catalogued, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogued.fold(10)
    catalogued.glue.delete_table(DatabaseName=catalogued.database, Name=TABLE)
    catalogued.fold(20, name="Bea")
    with pytest.raises(catalogued.glue.exceptions.EntityNotFoundException):
        catalogued.table()
    monkeypatch.setattr(catalogue, "LOOKED_AT", catalogue.LOOKED_AT * 0)
    catalogued.fold(30, name="Ida")
    assert catalogued.table()["Name"] == TABLE


def test_another_fold_that_was_sooner_is_no_failure(catalogued: Catalogued) -> None:
    """Both have seen that there is nothing, and both make it."""
    catalogued.fold(10)
    wanted = catalogue.table_input(TABLE, (("tenant_id", "string"),), "s3://b/x/")

    class Late:
        def __getattr__(self, name: str) -> Callable[..., Any]:
            return getattr(catalogued.glue, name)  # type: ignore[no-any-return]

        def get_table(self, **request: Any) -> Any:
            return catalogued.glue.get_table(**{**request, "Name": "not there yet"})

    catalogue.register(Late(), catalogued.database, wanted)
    assert len(catalogued.names()) > 1


def test_a_catalogue_that_refuses_fails_no_fold_and_is_tried_again(
    catalogued: Catalogued, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gate = catalogued.cloud.gate
    with monkeypatch.context() as no_rights:
        no_rights.setattr(gate, "env", "other")  # and with it the rights to any secret, which no fold needs
        answer = catalogued.fold(10)
    assert "has no right" in answer["unregistered"] and catalogued.database in answer["unregistered"]
    assert gate.refused == [f"{TENANT}: GetTable"]
    assert "unregistered" not in catalogued.fold(20, name="Bea")
    assert catalogued.table()["Name"] == TABLE


def test_a_tenants_session_reaches_no_other_tenants_database(catalogued: Catalogued) -> None:
    made = installation_of()
    aws = Aws(made.region)
    wanted = catalogue.table_input(TABLE, (("tenant_id", "string"),), "s3://b/x/")
    with catalogue.tenant_catalogue(aws, made, "globex") as glue, pytest.raises(StorageError, match="has no right"):
        catalogue.register(glue, catalogued.database, wanted)
    assert catalogued.cloud.gate.refused == ["globex: GetTable"]


def test_the_statements_for_athena_name_the_table_that_is_registered(catalogued: Catalogued) -> None:
    asked = Asked(f"avesa_{catalogued.cloud.installation.env}", catalogued.cloud.objects.root)
    schema, name = ENGINES["athena"].table_name(asked.prefix, TENANT, TABLE)
    catalogued.fold(10)
    found = catalogued.glue.get_table(DatabaseName=schema, Name=name)["Table"]
    folded = Folded(TENANT, TABLE, (), layout.canonical_prefix(TENANT, TABLE))
    made = ENGINES["athena"].create_table(asked, "", folded)
    assert f"LOCATION '{found['StorageDescriptor']['Location']}'" in made


def test_every_type_of_a_canonical_table_has_one_of_the_catalogue() -> None:
    assert {type_ for columns in all_tables().values() for _, type_ in columns} <= catalogue.GLUE_TYPES.keys()
