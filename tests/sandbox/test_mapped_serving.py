"""All services from one address: each tenant has an account of its own at each, and a real client gets in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from avesa.cli.sandbox_connections import connection_values, served_services
from avesa.integrations import service_names
from avesa.pipeline.ingest import check_connection
from avesa.pipeline.ports import Ports
from avesa.sandbox.clock import SandboxClock
from avesa.sandbox.mapped.account import invented_credentials
from avesa.sandbox.server import HAND_WRITTEN, Sandbox
from avesa.sandbox.world import World
from avesa.shared.errors import AvesaError, UsageError
from avesa.shared.tenants import TenantService
from tiny_vendor import open_ports

START = datetime(2026, 3, 2, tzinfo=UTC)
TENANTS = ("acme", "glo bex")
OTHERS = [name for name in service_names() if name != HAND_WRITTEN]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    worlds = {name: World(seed=seed, start=START, days=2, companies=2) for seed, name in enumerate(TENANTS)}
    clock = SandboxClock(START + timedelta(hours=20))
    with Sandbox(worlds=worlds, services=service_names(), clock=clock) as running:
        yield running


def connected(ports: Ports, sandbox: Sandbox, service: str, tenant: str, secrets_of: str) -> TenantService:
    settings, _ = connection_values(sandbox, tenant, service)
    _, secrets = connection_values(sandbox, secrets_of, service)
    ports.tenants.add_tenant("acme")
    stored = TenantService("acme", service, settings=settings)
    ports.tenants.put(stored)
    ports.secrets.put("acme", service, secrets)
    return stored


@pytest.mark.parametrize("service", service_names())
def test_a_tenant_gets_into_its_account_at_every_service(sandbox: Sandbox, service: str, tmp_path: Path) -> None:
    ports = open_ports(tmp_path, sandbox.clock)
    check_connection(ports, connected(ports, sandbox, service, "glo bex", "glo bex"))
    if service != HAND_WRITTEN:
        assert sandbox.account(service, "glo bex").violations == []
        assert sandbox.account(service, "glo bex").served
        assert not sandbox.account(service, "acme").served


@pytest.mark.parametrize("service", ["duo", "hubspot", "jira", "stripe", "xero"])
def test_the_secrets_of_one_tenant_do_not_open_the_account_of_another(
    sandbox: Sandbox, service: str, tmp_path: Path
) -> None:
    ports = open_ports(tmp_path, sandbox.clock)
    with pytest.raises(AvesaError):
        check_connection(ports, connected(ports, sandbox, service, "glo bex", "acme"))


def test_secrets_differ_from_tenant_to_tenant_and_ids_do_not() -> None:
    values = {"client_id": "id", "client_secret": "secret", "refresh_token": "token", "host": "h"}
    one, other = (invented_credentials(values, "xero", tenant) for tenant in TENANTS)
    assert one.keys() == other.keys() == {"client_secret", "refresh_token"}
    assert not set(one.values()) & {*other.values(), *values.values()}


def test_the_players_resources_tell_the_credentials_of_each_service(sandbox: Sandbox) -> None:
    told = httpx2.get(f"{sandbox.url}/_sandbox/credentials/stripe").json()
    assert told == {tenant: sandbox.credentials("stripe", tenant) for tenant in TENANTS}
    assert httpx2.get(f"{sandbox.url}/_sandbox/credentials").json()["acme"] == sandbox.credentials(tenant="acme")
    assert httpx2.get(f"{sandbox.url}/_sandbox/credentials/nobody").status_code == 404


@pytest.mark.parametrize("path", ["/stripe/nobody/v1/customers", "/stripe", "/stripe/", "/%2F", "/nobody/acme"])
def test_an_address_of_nobody_is_not_found(sandbox: Sandbox, path: str) -> None:
    assert httpx2.get(f"{sandbox.url}{path}").status_code == 404


def test_a_request_without_credentials_is_refused_and_noted() -> None:
    world = World(seed=1, start=START, days=1, companies=1)
    with Sandbox(world, services=["stripe"], clock=SandboxClock(START)) as sandbox:
        assert httpx2.get(f"{sandbox.address('stripe')}/v1/customers").status_code == 401
        assert len(sandbox.account("stripe").violations) == 1
        # A service that was not asked for is not there, not even the usual one.
        assert httpx2.get(f"{sandbox.address()}/service/tickets").status_code == 404


def test_a_service_that_there_is_not_is_refused_before_anything_is_served() -> None:
    with pytest.raises(KeyError, match="no service nobody"):
        Sandbox(World(days=1), services=["nobody"])
    with pytest.raises(UsageError, match="no service 'nobody'"):
        served_services(["nobody"])
    assert served_services(["xero", "jira", "xero"]) == ("xero", "jira")
    assert set(served_services(None)) == set(service_names())
