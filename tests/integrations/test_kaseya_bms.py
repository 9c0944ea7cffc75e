"""What is special about Kaseya BMS: a login in parts of a form, failures inside a 200, times without a zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from avesa.integrations.kaseya_bms import SERVICE
from avesa.pipeline.ingest import check_connection
from avesa.sandbox.vendor.messages import Answer, Asked
from avesa.shared.errors import ServiceFailed, TableFailed
from strict_tenant import Tenant, check, strict_tenant

HOUR = timedelta(hours=1)
WITHOUT_TOTAL = ("hardware_assets", "software_assets", "invoices")


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    with strict_tenant(tmp_path, "kaseya_bms") as tenant:
        yield tenant


def test_a_login_that_is_refused_inside_a_200_refuses_the_connection_and_tells_no_secret(tenant: Tenant) -> None:
    tenant.connect(lambda value: f"{value}-not")
    with pytest.raises(ServiceFailed, match="Invalid username or password") as refused:
        check_connection(tenant.ports, tenant.stored, service=tenant.service)
    assert "bms-secret" not in str(refused.value)


def test_a_session_that_has_ended_is_begun_anew(tenant: Tenant) -> None:
    tenant.pull("queues")
    tenant.vendor.credentials.expire_tokens()
    assert tenant.pull("queues", full=True).status == "ok"


def test_a_failure_inside_a_200_fails_its_table(tenant: Tenant) -> None:
    answer = tenant.vendor.answer

    def failing(asked: Asked) -> Answer:
        found = answer(asked)
        if asked.path == "/v2/crm/accounts/summary":
            found.raw = b'{"Success":false,"Error":{"Code":500,"Message":"Value cannot be null"},"Result":[]}'
        return found

    tenant.vendor.answer = failing  # type: ignore[method-assign]
    with pytest.raises(TableFailed, match="Value cannot be null"):
        tenant.pull("accounts")
    assert tenant.pull("queues").status == "ok"


def test_tickets_are_searched_for_with_the_completed_ones(tenant: Tenant) -> None:
    bodies: list[str] = []
    answer = tenant.vendor.answer

    def listening(asked: Asked) -> Answer:
        if asked.path.endswith("/tickets/search"):
            bodies.append(asked.body.decode())
        return answer(asked)

    tenant.vendor.answer = listening  # type: ignore[method-assign]
    tenant.pull("tickets")
    assert bodies[0] == '{"Sort":"Id asc","Filter":{"ExcludeCompleted":0},"PageSize":3,"PageNumber":1}'
    tenant.clock.now += HOUR
    tenant.vendor.change("tickets", 2)
    assert tenant.pull("tickets").kind == "changes"
    # A day is asked for again, since nobody says in which zone times are.
    assert '"LastActivityUpdateFrom":"2026-02-26T12:49:00Z"' in bodies[-1]
    check(tenant, "tickets")


@pytest.mark.parametrize("table", WITHOUT_TOTAL)
def test_a_list_without_a_total_goes_on_until_a_page_is_empty(tenant: Tenant, table: str) -> None:
    tenant.pull(table)
    pages = [query["PageNumber"] for query in tenant.asked(table) if "Filter.IsActive" not in query]
    assert pages == ["1", "2", "3", "4"]
    check(tenant, table)


@pytest.mark.parametrize("table", ["accounts", "contacts", "employees", "hardware_assets"])
def test_those_that_are_not_active_are_asked_for_and_stay_what_they_are(tenant: Tenant, table: str) -> None:
    tenant.vendor.change(table, 1, IsActive=False)
    tenant.pull(table)
    assert {query.get("Filter.IsActive") for query in tenant.asked(table)} == {None, "false"}
    assert not any(row["is_deleted"] for row in tenant.rows(table))
    check(tenant, table)


def test_times_are_read_in_the_zone_that_the_tenant_names(tenant: Tenant) -> None:
    tenant.vendor.change("accounts", 0, ModifiedOn="x")
    tenant.pull("accounts")
    found = {row["record"]["ModifiedOn"]: row["updated_at"] for row in tenant.rows("accounts")}
    assert found["2026-03-01T07:00:00.000"] == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_each_endpoint_has_a_limit_of_its_own() -> None:
    [rate] = SERVICE.limits.rates
    assert (rate.most, rate.per, rate.each) == (1500, HOUR, True)
