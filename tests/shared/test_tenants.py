from __future__ import annotations

from dataclasses import replace

import pytest

from avesa.shared.errors import UsageError
from avesa.shared.tenants import TenantService, TenantServices
from port_sides import State


@pytest.fixture
def tenants(state: State) -> TenantServices:
    return state.tenants


def test_a_tenant_is_new_once(tenants: TenantServices) -> None:
    assert tenants.add_tenant("globex")
    assert tenants.add_tenant("acme")
    assert not tenants.add_tenant("acme")
    assert tenants.tenants() == ["acme", "globex"]
    assert tenants.services("acme") == []


@pytest.mark.parametrize("name", ["", "../acme", "Acme", "a b", "a" * 64])
def test_a_name_that_is_no_safe_path_is_refused(tenants: TenantServices, name: str) -> None:
    with pytest.raises(UsageError):
        tenants.add_tenant(name)


def test_a_service_comes_back_as_it_was_put(tenants: TenantServices) -> None:
    tenants.add_tenant("acme")
    services = [
        TenantService("acme", "autotask"),
        TenantService(
            "acme",
            "connectwise",
            enabled=False,
            settings={"site": "x", "company_id": "ünï"},
            tables=("tickets", "companies"),
            schedule="rate(1 hour)",
            problem="refused",
        ),
        TenantService("acme", "none", tables=()),
    ]
    for service in reversed(services):
        tenants.put(service)
    assert tenants.services("acme") == services


def test_putting_again_replaces(tenants: TenantServices) -> None:
    tenants.add_tenant("acme")
    tenants.put(TenantService("acme", "connectwise", settings={"a": "1"}, problem="refused"))
    tenants.put(TenantService("acme", "connectwise", settings={"b": "2"}))
    assert tenants.services("acme") == [TenantService("acme", "connectwise", settings={"b": "2"})]


def test_a_problem_is_marked_and_taken_back_for_one_tenant_alone(tenants: TenantServices) -> None:
    for tenant in ("acme", "globex"):
        tenants.add_tenant(tenant)
        tenants.put(TenantService(tenant, "connectwise", settings={"a": "1"}))
    before = tenants.services("acme")[0]
    tenants.mark("acme", "connectwise", "401")
    assert tenants.services("acme") == [replace(before, problem="401")]
    assert tenants.services("globex")[0].problem is None
    tenants.mark("acme", "connectwise", None)
    assert tenants.services("acme") == [before]


def test_removing_a_tenant_takes_its_services_and_no_other_s(tenants: TenantServices) -> None:
    for tenant in ("acme", "globex"):
        tenants.add_tenant(tenant)
        tenants.put(TenantService(tenant, "connectwise"))
    tenants.remove_tenant("acme")
    assert tenants.tenants() == ["globex"]
    tenants.add_tenant("acme")
    assert tenants.services("acme") == []
    assert len(tenants.services("globex")) == 1


def test_a_service_can_be_removed_alone_and_again(tenants: TenantServices) -> None:
    for tenant in ("acme", "globex"):
        tenants.add_tenant(tenant)
        for service in ("halo", "halopsa"):
            tenants.put(TenantService(tenant, service))
    for _ in range(2):
        tenants.remove("acme", "halo")
    assert [one.service for one in tenants.services("acme")] == ["halopsa"]
    tenants.remove("acme", "halopsa")
    assert tenants.services("acme") == [] and tenants.tenants() == ["acme", "globex"]
    assert len(tenants.services("globex")) == 2


def test_an_unknown_tenant_is_refused_with_the_known_ones_named(tenants: TenantServices) -> None:
    with pytest.raises(UsageError, match="There is none yet"):
        tenants.services("acne")
    for number in range(30):
        tenants.add_tenant(f"tenant{number:02}")
    for use in (
        lambda: tenants.services("acne"),
        lambda: tenants.put(TenantService("acne", "connectwise")),
        lambda: tenants.remove_tenant("acne"),
        lambda: tenants.remove("acne", "connectwise"),
        lambda: tenants.mark("acne", "connectwise", None),
    ):
        with pytest.raises(UsageError, match=r"'acne'.*tenant00, tenant01.* and 10 more"):
            use()


def test_a_service_that_is_not_connected_cannot_be_marked(tenants: TenantServices) -> None:
    tenants.add_tenant("acme")
    with pytest.raises(UsageError, match="not connected"):
        tenants.mark("acme", "connectwise", "401")
