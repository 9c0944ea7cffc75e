"""The settings of an environment are checked as a whole, and a fault is named with its place. Runs without the CDK."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from infrastructure.environment import (
    BadConfiguration,
    Environment,
    FunctionSize,
    load_environment,
    parse_environment,
    services,
)

KNOWN = ("connectwise", "slack")
LEAST: dict[str, Any] = {
    "schedule": "rate(1 hour)",
    "log_retention_days": 30,
    "map_concurrency": 10,
    "ingestion": {"memory_mb": 512},
    "transform": {"memory_mb": 2048},
}


def parsed(**more: Any) -> Environment:
    return parse_environment("test", {**LEAST, **more}, KNOWN)


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_the_environments_that_are_shipped_are_valid(name: str) -> None:
    environment = load_environment(name)
    assert environment.prefix == f"avesa-{name}"
    assert environment.deletion_protection is (name == "prod")


def test_services_are_the_packages_of_the_integrations() -> None:
    assert {"connectwise", "google_workspace", "xero"} <= set(services())
    assert all("_" not in name[:1] for name in services())


def test_all_that_can_be_said_is_taken() -> None:
    environment = parsed(
        account="123456789012",
        region="eu-central-1",
        architecture="x86_64",
        deletion_protection=True,
        reserved_concurrency={"slack": 5},
        silo_tenants=["vault", "acme"],
        alarm_email="operations@example.com",
        ingestion={"memory_mb": 1024, "timeout_seconds": 300, "ephemeral_mb": 1024},
        throttled_share_alarm=1,
    )
    assert environment.ingestion == FunctionSize(1024, 300, 1024)
    assert environment.silo_tenants == ("acme", "vault")
    assert environment.reserved_concurrency == {"slack": 5}


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"shedule": "rate(1 hour)"}, "shedule: there is no such setting"),
        ({"schedule": "hourly"}, 'schedule: rate(1 hour) or cron(0 * * * ? *) is expected, not "hourly"'),
        ({"log_retention_days": 31}, "log_retention_days: one of 1, 3, 5"),
        ({"log_retention_days": True}, "log_retention_days: one of 1, 3, 5"),
        ({"map_concurrency": 0}, "map_concurrency: a whole number of 1 to 10,000 is expected, not 0"),
        ({"map_concurrency": True}, "map_concurrency: a whole number"),
        ({"map_concurrency": "10"}, 'map_concurrency: a whole number of 1 to 10,000 is expected, not "10"'),
        ({"ingestion": {}}, "ingestion.memory_mb: it is missing"),
        ({"ingestion": 512}, "ingestion: an object is expected, not 512"),
        ({"ingestion": {"memory_mb": 64}}, "ingestion.memory_mb: a whole number of 128 to 10,240"),
        (
            {"transform": {"memory_mb": 512, "timeout_seconds": 901}},
            "transform.timeout_seconds: a whole number of 300 to 900",
        ),
        ({"transform": {"memory_mb": 512, "disk": 1}}, "transform.disk: there is no such setting"),
        ({"architecture": "arm"}, 'architecture: one of "arm64", "x86_64" is expected, not "arm"'),
        ({"deletion_protection": 1}, "deletion_protection: one of true, false is expected, not 1"),
        (
            {"reserved_concurrency": {"conectwise": 5}},
            'a service: one of connectwise, slack is expected, not "conectwise"',
        ),
        ({"reserved_concurrency": {"slack": 0}}, "reserved_concurrency.slack: a whole number of 1 to 1,000"),
        ({"reserved_concurrency": [5]}, "reserved_concurrency: an object of services and numbers"),
        ({"silo_tenants": {}}, "silo_tenants: a list is expected, not {}"),
        ({"silo_tenants": ["Acme"]}, 'silo_tenants[0]: the name of a tenant is expected, not "Acme"'),
        ({"silo_tenants": [f"tenant-{n}" for n in range(26)]}, "silo_tenants: there are more than 25"),
        ({"alarm_email": "operations"}, "alarm_email: an address"),
        ({"account": 123456789012}, "account: an account of 12 digits"),
        ({"region": "frankfurt"}, "region: a region"),
        ({"throttled_share_alarm": 0}, "throttled_share_alarm: a share above 0, up to 1"),
        ({"maximum_calls": 28}, "maximum_calls: 28 calls for each of 100 tables may leave 25,200 events"),
    ],
)
def test_a_fault_is_named_with_its_file_and_place(more: dict[str, Any], says: str) -> None:
    with pytest.raises(BadConfiguration) as caught:
        parsed(**more)
    assert str(caught.value).startswith("test.json: ")
    assert says in str(caught.value)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(BadConfiguration) as caught:
        parse_environment("test", {"map_concurrency": 0, "more": 1}, KNOWN)
    lines = str(caught.value).splitlines()
    assert len(lines) == 6
    assert "test.json: ingestion: it is missing." in lines


@pytest.mark.parametrize("document", [[], None, "x", 5])
def test_a_document_that_is_no_object_is_said_so(document: Any) -> None:
    with pytest.raises(BadConfiguration, match="the file: an object is expected"):
        parse_environment("test", document, KNOWN)


@pytest.mark.parametrize("name", ["Prod", "a-b", "", "1prod", "averyverylongname"])
def test_a_name_is_short_and_plain_since_it_is_part_of_others(name: str) -> None:
    with pytest.raises(BadConfiguration, match="the name has to be"):
        parse_environment(name, LEAST, KNOWN)


def test_an_environment_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(BadConfiguration, match=r"no environment 'production'.*Known are dev, prod, staging\."):
        load_environment("production")


@pytest.mark.parametrize("content", [b"{", b"\xff", b""])
def test_a_file_that_is_not_json_is_said_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.json").write_bytes(content)
    with pytest.raises(BadConfiguration, match=r"broken\.json: it is not JSON"):
        load_environment("broken", config=tmp_path)


def test_a_file_is_read_with_its_name_as_the_environments(tmp_path: Path) -> None:
    (tmp_path / "eu.json").write_text(json.dumps(LEAST), encoding="utf-8")
    assert load_environment("eu", config=tmp_path).name == "eu"
