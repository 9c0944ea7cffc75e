"""A call reaches one tenant, and nothing of it is left for the next one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from avesa.aws import edge
from avesa.canonical_transform.mapping_sql import source_query
from avesa.shared.errors import ConfigurationError, StorageError, UsageError
from aws_cloud import Cloud, a_run_id
from aws_gate import Who
from stage_calls import call, ingest


def test_a_tenant_that_does_not_exist_is_refused_without_a_look_at_others(cloud: Cloud) -> None:
    cloud.state.tenants.add_tenant("globex")
    with pytest.raises(UsageError) as caught:
        ingest(a_run_id(), "tickets", "nobody")
    assert "globex" not in str(caught.value)


def test_without_the_tenant_role_no_stage_works(
    cloud: Cloud, connect: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    connect("acme")
    monkeypatch.delenv("TENANT_ROLE_ARN")
    with pytest.raises(ConfigurationError, match="TENANT_ROLE_ARN"):
        ingest(a_run_id(), "tickets")
    with pytest.raises(ConfigurationError, match="TENANT_ROLE_ARN"):
        call("transform", {"run_id": a_run_id(), "tenant": "acme", "table": "tickets"})


@pytest.mark.parametrize("name", ["ingestion", "transform", "report"])
@pytest.mark.parametrize(
    "event",
    [{}, {"run_id": 1}, "x", None, {"run_id": "../x", "tenant": "acme", "table": "t", "service": "s", "key": "k"}],
)
def test_an_odd_call_is_refused_in_words(cloud: Cloud, name: str, event: Any) -> None:
    with pytest.raises(UsageError):
        call(name, event)


def test_nothing_of_a_call_is_left_on_the_disk_not_even_of_one_that_was_ended_by_force(
    cloud: Cloud, connect: Callable[..., Any], tmp_path: Path
) -> None:
    connect("acme")
    connect("globex")
    scratch = tmp_path / "scratch"
    left = scratch / "run-of-globex" / "globex"
    left.mkdir(parents=True)
    (left / "rows.parquet").write_bytes(b"globex")
    run = a_run_id()
    ingest(run, "tickets")
    call("transform", {"run_id": run, "tenant": "acme", "table": "tickets"})
    assert not scratch.exists()


def test_no_tenant_s_ports_are_kept_between_calls(cloud: Cloud, connect: Callable[..., Any]) -> None:
    """The second call of one environment becomes its own tenant, with a session of its own."""
    connect("acme")
    connect("globex")
    run = a_run_id()
    ingest(run, "tickets", "acme")
    ingest(run, "tickets", "globex")
    assert sorted(tenant for _, tenant in cloud.gate.sessions.values()) == ["acme", "globex"]
    assert cloud.gate.refused == []


def test_a_session_that_is_over_is_an_error_to_try_again(
    cloud: Cloud, connect: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    connect("acme")
    real = type(cloud.gate).who

    def forgotten(self: Any, key: str, token: str | None) -> Who:
        who = real(self, key, token)
        if who.tenant is not None:
            raise KeyError(key)
        return who

    monkeypatch.setattr(type(cloud.gate), "who", forgotten)
    with pytest.raises(StorageError) as caught:
        ingest(a_run_id(), "tickets")
    assert caught.value.retry


def test_what_is_kept_between_calls_has_the_function_s_own_credentials_and_knows_no_tenant_s_mapping(
    cloud: Cloud, connect: Callable[..., Any]
) -> None:
    connect("acme")
    own = {"table": "tickets", "columns": {"root_cause": {"type": "text", "description": "What it was in the end."}}}
    cloud.objects.write("acme/mappings/tickets.json", json.dumps(own).encode())
    run = a_run_id()
    ingest(run, "tickets")
    assert call("transform", {"run_id": run, "tenant": "acme", "table": "tickets"})["status"] == "ok"
    (kept,) = edge._KNOWN.values()
    client: Any = kept.own
    assert client._request_signer._credentials.access_key == cloud.environment["AWS_ACCESS_KEY_ID"]
    assert source_query.cache_info().currsize == 0
    ingest(run, "clients", "acme")
    assert {cloud.installation.region: kept} == edge._KNOWN
