"""The function `plan`: what is due, written once for a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from avesa.aws.events import PlanItem
from avesa.aws.planning import dealt
from avesa.connector.memory import Memory, encode_memory
from avesa.pipeline.due import due_of
from avesa.shared.clock import system_clock
from avesa.shared.errors import UsageError
from avesa.shared.tenants import TenantService
from avesa.shared.watermarks import TableState
from aws_cloud import Cloud, a_run_id
from aws_server import AwsServer
from stage_calls import HALO, TABLES, call, ingest, items_of


def test_the_same_run_has_the_same_plan(cloud: Cloud, connect: Callable[..., Any]) -> None:
    connect("acme")
    run = a_run_id()
    first = call("plan", {"run_id": run})
    before = items_of(cloud, first)
    connect("globex")
    assert call("plan", {"run_id": run}) == first
    assert items_of(cloud, first) == before
    assert call("plan", {})["items"] == 2


def test_one_tenant_that_cannot_be_planned_takes_no_other_with_it(cloud: Cloud, connect: Callable[..., Any]) -> None:
    connect("acme")
    connect("globex", every="often")
    run = a_run_id()
    planned = call("plan", {"run_id": run})
    assert [item["tenant"] for item in items_of(cloud, planned)] == ["acme"]
    report = call("report", {"run_id": run, "key": planned["key"]})
    assert any("globex" in line and "every" in line for line in report["failed"])


def test_a_mapping_that_only_its_tenants_key_opens_is_left_to_the_fold(
    cloud: Cloud, connect: Callable[..., Any]
) -> None:
    """A tenant with a key of its own: none of our roles uses it but in the tenant's session."""
    connect("acme", tables=("tickets",))
    own = {"table": "companies", "columns": {"nickname": {"type": "text", "description": "What we call it."}}}
    cloud.objects.write("acme/mappings/companies.json", json.dumps(own).encode())
    cloud.gate.silos.add("acme")
    run = a_run_id()
    planned = call("plan", {"run_id": run})
    (item,) = items_of(cloud, planned)
    assert {"tickets", "companies"} <= set(item["canonical"])
    ingest(run, "tickets")
    folded = [call("transform", {"run_id": run, "tenant": "acme", "table": one}) for one in item["canonical"]]
    assert {one["status"] for one in folded} == {"ok"}
    assert call("report", {"run_id": run, "key": planned["key"]})["failed"] == []


@pytest.mark.parametrize(
    "poison",
    [
        {},
        {"enabled": {"BOOL": True}},
        {"enabled": {"S": "yes"}, "settings": {"M": {}}},
        {"enabled": {"BOOL": True}, "settings": {"M": {"site": {"N": "1"}}}},
        {"enabled": {"BOOL": True}, "settings": {"L": []}},
        {"enabled": {"BOOL": True}, "settings": {"M": {}}, "tables": {"S": "tickets"}},
    ],
)
def test_an_item_that_somebody_changed_by_hand_holds_up_its_tenant_alone(
    cloud: Cloud, connect: Callable[..., Any], aws: AwsServer, poison: dict[str, Any]
) -> None:
    connect("acme")
    connect("globex")
    key = {"tenant_id": {"S": "globex"}, "service": {"S": HALO}}
    aws.client("dynamodb").put_item(TableName=cloud.installation.tenant_services, Item={**key, **poison})
    planned = call("plan", {"run_id": a_run_id()})
    assert [item["tenant"] for item in items_of(cloud, planned)] == ["acme"]
    (line,) = json.loads(cloud.objects.read(planned["key"].replace("plan.json", "problems.json")))
    assert line.startswith(f"tenant globex, {HALO}: ")
    assert "not as AVESA writes it" in line


def test_a_state_that_somebody_changed_by_hand_holds_up_its_service_alone(
    cloud: Cloud, connect: Callable[..., Any], aws: AwsServer
) -> None:
    connect("acme", every="1h")
    connect("globex", every="1h")
    key = {"tenant_id": {"S": "globex"}, "table_name": {"S": f"{HALO}/tickets"}}
    odd = {"version": {"N": "1"}, "details": {"B": b"no gzip"}}
    aws.client("dynamodb").put_item(TableName=cloud.installation.last_updated, Item={**key, **odd})
    planned = call("plan", {"run_id": a_run_id()})
    assert [item["tenant"] for item in items_of(cloud, planned)] == ["acme"]


def test_a_bug_that_one_service_meets_holds_up_that_service_alone(
    cloud: Cloud, connect: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, printed: Callable[[], str]
) -> None:
    connect("acme")
    connect("globex")

    def broken(connected: TenantService, **more: Any) -> Any:
        if connected.tenant_id == "globex":
            raise KeyError("s3cr3t of a setting")
        return due_of(connected, **more)

    monkeypatch.setattr("avesa.aws.planning.due_of", broken)
    planned = call("plan", {"run_id": a_run_id()})
    assert [item["tenant"] for item in items_of(cloud, planned)] == ["acme"]
    problems = cloud.objects.read(planned["key"].replace("plan.json", "problems.json")).decode()
    assert "this is a bug in avesa (KeyError)" in problems
    assert "s3cr3t" not in problems + printed()


def test_only_what_is_due_and_switched_on_is_planned(cloud: Cloud, connect: Callable[..., Any]) -> None:
    stored = connect("acme", every="1h")
    now = system_clock()
    memory = encode_memory(Memory(pulled_at=now - timedelta(minutes=5)))
    cloud.state.watermarks.put(TableState("acme", f"{HALO}/clients", now, None, memory))
    (item,) = items_of(cloud, call("plan", {}))
    assert item["tables"] == ["tickets"]
    (item,) = items_of(cloud, call("plan", {"full": True}))
    assert (sorted(item["tables"]), item["full"]) == (sorted(TABLES), True)
    (item,) = items_of(cloud, call("plan", {"tenant": "acme", "table": "clients"}))
    assert item["tables"] == ["clients"]
    cloud.state.tenants.put(replace(stored, enabled=False))
    assert call("plan", {})["items"] == 0
    with pytest.raises(UsageError):
        call("plan", {"tenant": "acme"})


@pytest.mark.parametrize(
    "event",
    [
        {"tenent": "acme"},
        {"tenant": "nobody"},
        {"service": "conectwise"},
        {"service": HALO, "table": "tikets"},
        {"run_id": "../x"},
        {"tenant": 1},
        {"full": "yes"},
        [],
        None,
    ],
)
def test_an_odd_call_of_the_plan_is_refused(cloud: Cloud, connect: Callable[..., Any], event: Any) -> None:
    connect("acme")
    with pytest.raises(UsageError):
        call("plan", event)


def test_a_plan_is_dealt_anew_for_each_run_and_the_same_way_for_the_same() -> None:
    items = [PlanItem("", f"tenant{t}", service, [], []) for t in range(20) for service in ("halopsa", "jira", "xero")]
    first, second = dealt(items, "one"), dealt(items, "two")
    assert first == dealt(items[::-1], "one")
    assert first != second
    assert sorted(map(str, first)) == sorted(map(str, second)) == sorted(map(str, items))
    neighbours = sum(a.tenant == b.tenant for a, b in pairwise(first))
    assert neighbours < 10
