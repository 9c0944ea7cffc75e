from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import aws_cloud
from avesa.aws import edge
from avesa.integrations import load_service
from avesa.sandbox.vendor.server import Serving, strict_vendor
from avesa.shared.clock import system_clock
from avesa.shared.tenants import TenantService
from aws_cloud import Cloud
from aws_server import AwsServer, an_installation
from port_sides import DynamoSide, dynamo_side
from s3_server import S3Server
from stage_calls import HALO, TABLES


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
