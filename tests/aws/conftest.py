from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import aws_cloud
from avesa.aws import edge
from avesa.aws.schedules import ScheduleTarget
from avesa.integrations import load_service
from avesa.sandbox.vendor.server import Serving, strict_vendor
from avesa.shared.clock import system_clock
from avesa.shared.tenants import TenantService
from avesa_program import Avesa
from aws_cloud import Cloud
from aws_gate import OPERATOR_KEY
from aws_requests import role_arn
from aws_server import AwsServer, an_installation
from port_sides import DynamoSide, dynamo_side
from s3_server import S3Server
from schedule_group import Group
from stage_calls import HALO, TABLES

OF_A_FUNCTION = ("AVESA_ENV", "BUCKET_NAME", "TENANT_ROLE_ARN")
ITS_TABLES = ("TENANT_SERVICES_TABLE", "LAST_UPDATED_TABLE", "RUN_LOG_TABLE", "ALLOWANCES_TABLE")


@pytest.fixture
def side(aws: AwsServer) -> DynamoSide:
    return dynamo_side(an_installation(aws))


@pytest.fixture
def cloud(aws: AwsServer, s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """An installation, and the environment of one of its functions."""
    with aws_cloud.cloud(aws, s3) as made:
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AVESA_SCRATCH", str(tmp_path / "scratch"))
        monkeypatch.setattr(edge, "_KNOWN", {})
        yield made


@pytest.fixture
def vendor() -> Iterator[Serving]:
    with strict_vendor(HALO, clock=system_clock, counts={"tickets": 130}) as serving:
        yield serving


@pytest.fixture
def connect(cloud: Cloud, vendor: Serving) -> Callable[..., TenantService]:
    """Connect a tenant to the vendor, as a person would."""

    def connected(tenant: str = "acme", *, tables: tuple[str, ...] | None = TABLES, **settings: str) -> TenantService:
        held = vendor.vendor.credentials.values
        service = load_service(HALO)
        known = {s.name: held.get(s.name, "example") for s in service.settings if s.required or s.name in held}
        stored = TenantService(tenant, HALO, settings={**known, **settings, "base_url": vendor.url}, tables=tables)
        cloud.connect(stored, {name: held[name] for name in service.secrets})
        return stored

    return connected


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """All that the functions have printed."""
    return lambda: "".join(capsys.readouterr())


@pytest.fixture
def group(aws: AwsServer, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Group]:
    """The group of the installation's schedules, and the functions know it."""
    client = aws.client("scheduler")
    name = f"avesa-{cloud.installation.env}"
    client.create_schedule_group(Name=name)
    monkeypatch.setenv("SCHEDULE_GROUP", name)
    yield Group(client, ScheduleTarget(name, "arn:machine", role_arn("schedule"), "arn:queue"))
    client.close()


@pytest.fixture
def written(cloud: Cloud, aws: AwsServer) -> Callable[..., None]:
    """Writes the parameter, as the stacks do."""

    def write(**changes: str | None) -> None:
        told = {name: cloud.environment[name] for name in (*OF_A_FUNCTION, *ITS_TABLES)} | changes
        value = json.dumps({name: text for name, text in told.items() if text is not None})
        name = f"/avesa/{cloud.installation.env}/installation"
        aws.client("ssm").put_parameter(Name=name, Value=value, Type="String", Overwrite=True)

    return write


@pytest.fixture
def avesa(cloud: Cloud, written: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Avesa:
    """The program as an operator runs it: nothing in the environment but who asks."""
    written()
    for name in (*OF_A_FUNCTION, *ITS_TABLES):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", OPERATOR_KEY)
    monkeypatch.delenv("AVESA_HOME", raising=False)
    monkeypatch.delenv("AVESA_AWS", raising=False)
    monkeypatch.chdir(tmp_path)
    return Avesa(tmp_path / "home", ("--aws", cloud.installation.env))


@pytest.fixture
def connected(avesa: Avesa, vendor: Serving) -> Avesa:
    """acme is on board."""
    held = vendor.vendor.credentials.values
    service = load_service(HALO)
    sets = {s.name: held.get(s.name, "example") for s in service.settings if s.required or s.name in held}
    words = [word for name, value in {**sets, "base_url": vendor.url}.items() for word in ("--set", f"{name}={value}")]
    secrets = json.dumps({name: held[name] for name in service.secrets})
    avesa("tenant", "add", "acme")
    avesa("connect", "acme", HALO, *words, "--secrets-from", "-", stdin=secrets)
    return avesa
