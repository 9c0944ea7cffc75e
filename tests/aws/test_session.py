from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from avesa.aws.clients import Aws, Credentials
from avesa.aws.installation import Installation, installation_of
from avesa.aws.session import bucket, tenant_credentials, tenant_ports
from avesa.pipeline.ports import Ports
from avesa.shared.errors import AvesaError, ConfigurationError, StorageError
from avesa.shared.tenants import TenantService
from avesa.shared.watermarks import TableState
from aws_cloud import Cloud

ROLE = "arn:aws:iam::1:role/tenant"
HERE = Installation("test", "us-east-1", "b", "t", "l", "r", "a", tenant_role=ROLE)


class Sts:
    """Gives whole credentials unless told otherwise, and remembers what it was asked."""

    def __init__(self, **given: Any) -> None:
        self.given = {"AccessKeyId": "AK", "SecretAccessKey": "s3cr3t", "SessionToken": "t0k3n", **given}
        self.asked: list[dict[str, Any]] = []

    def assume_role(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request)
        return {"Credentials": self.given}

    def close(self) -> None:
        """Nothing is open."""


def test_the_tenant_is_the_one_tag_and_stays_with_every_role_from_there() -> None:
    sts = Sts()
    credentials = tenant_credentials(sts, HERE, "acme")
    (asked,) = sts.asked
    assert asked["RoleArn"] == ROLE
    assert asked["Tags"] == [{"Key": "tenant_id", "Value": "acme"}]
    assert asked["TransitiveTagKeys"] == ["tenant_id"]
    assert (credentials.access_key_id, credentials.session_token) == ("AK", "t0k3n")
    assert "s3cr3t" not in repr(credentials)
    assert "t0k3n" not in repr(credentials)


@pytest.mark.parametrize("tenant", ["", "../globex", "*", "acme/../globex", "a" * 64])
def test_without_a_proper_tenant_nothing_opens(tenant: str) -> None:
    sts = Sts()
    with pytest.raises(ConfigurationError):
        tenant_credentials(sts, HERE, tenant)
    assert sts.asked == []


@pytest.mark.parametrize("role", [None, ""])
def test_without_the_role_nothing_opens(role: str | None) -> None:
    sts = Sts()
    with pytest.raises(ConfigurationError, match="TENANT_ROLE_ARN"):
        tenant_credentials(sts, replace(HERE, tenant_role=role), "acme")
    assert sts.asked == []


@pytest.mark.parametrize("part", ["AccessKeyId", "SecretAccessKey", "SessionToken"])
@pytest.mark.parametrize("value", [None, ""])
def test_credentials_that_are_not_whole_open_nothing(part: str, value: str | None) -> None:
    """What is missing would be filled in from the function's own role, which is in the environment."""
    with pytest.raises(ConfigurationError, match="no whole credentials"):
        tenant_credentials(Sts(**{part: value}), HERE, "acme")


def test_the_environment_must_name_everything() -> None:
    with pytest.raises(ConfigurationError) as caught:
        installation_of({"AVESA_ENV": "test", "AWS_REGION": "eu-west-1"})
    for name in ("BUCKET_NAME", "TENANT_SERVICES_TABLE", "LAST_UPDATED_TABLE", "RUN_LOG_TABLE", "ALLOWANCES_TABLE"):
        assert name in str(caught.value)
    assert "AVESA_ENV" not in str(caught.value)


@pytest.mark.parametrize("endpoint", ["http://10.0.0.1:9000", "http://s3.example"])
def test_plain_http_to_another_machine_is_refused(endpoint: str) -> None:
    with pytest.raises(ConfigurationError, match="plain http"):
        bucket(replace(HERE, s3_endpoint=endpoint), Credentials("a", "b", "c"))


@pytest.fixture
def opened(cloud: Cloud, tmp_path: Path) -> Callable[[str], Any]:
    made = installation_of()
    aws = Aws(made.region)
    for tenant in ("acme", "globex"):
        cloud.connect(TenantService(tenant, "connectwise"), {"private_key": f"of {tenant}"})
        cloud.objects.write(f"{tenant}/raw/connectwise/tickets/x.parquet", tenant.encode())
        cloud.state.watermarks.put(TableState(tenant, "connectwise/tickets"))
    return lambda tenant: tenant_ports(aws, made, tenant, shared=aws.dynamodb(), scratch=tmp_path / "scratch")


def test_a_tenant_s_ports_reach_all_that_is_the_tenant_s(opened: Callable[[str], Any], cloud: Cloud) -> None:
    with opened("acme") as ports:
        assert ports.objects.read("acme/raw/connectwise/tickets/x.parquet") == b"acme"
        assert [one.service for one in ports.tenants.services("acme")] == ["connectwise"]
        ports.tenants.mark("acme", "connectwise", "refused")
        assert ports.watermarks.put(ports.watermarks.get("acme", "connectwise/tickets")).version == 2
        with ports.watermarks.lease("acme", "connectwise"):
            pass
        assert ports.secrets.get("acme", "connectwise") == {"private_key": "of acme"}
        assert ports.secrets.replace("acme", "connectwise", {"private_key": "of acme"}, {"private_key": "new"})
        assert ports.run_log.latest("acme") == []
        assert ports.allowances.change("account", lambda text: (b"x", text)) is None
    assert cloud.gate.refused == []


@pytest.mark.parametrize(
    "reach",
    [
        lambda ports: ports.objects.read("globex/raw/connectwise/tickets/x.parquet"),
        lambda ports: ports.objects.write("globex/raw/connectwise/tickets/y.parquet", b""),
        lambda ports: ports.objects.delete(["globex/raw/connectwise/tickets/x.parquet"]),
        lambda ports: ports.objects.list("globex/raw"),
        lambda ports: ports.objects.list(""),
        lambda ports: ports.tenants.mark("globex", "connectwise", "x"),
        lambda ports: ports.tenants.tenants(),
        lambda ports: ports.tenants.services("globex"),
        lambda ports: ports.watermarks.get("globex", "connectwise/tickets"),
        lambda ports: ports.watermarks.all("globex"),
        lambda ports: ports.watermarks.put(TableState("globex", "connectwise/tickets", version=1)),
        lambda ports: ports.watermarks.lease("globex", "connectwise").__enter__(),
        lambda ports: ports.secrets.get("globex", "connectwise"),
        lambda ports: ports.secrets.put("globex", "connectwise", {"private_key": "x"}),
        lambda ports: ports.run_log.latest("globex"),
    ],
)
def test_a_tenant_s_ports_reach_nothing_of_another(
    opened: Callable[[str], Any], cloud: Cloud, reach: Callable[[Ports], Any]
) -> None:
    with opened("acme") as ports, pytest.raises(StorageError):
        reach(ports)
    assert cloud.gate.refused
    assert cloud.objects.read("globex/raw/connectwise/tickets/x.parquet") == b"globex"
    assert cloud.secrets.get("globex", "connectwise") == {"private_key": "of globex"}
    assert cloud.state.watermarks.get("globex", "connectwise/tickets").version == 1


def test_an_object_that_is_not_there_is_known_to_be_missing_though_s3_only_says_forbidden(
    opened: Callable[[str], Any],
) -> None:
    with opened("acme") as ports:
        assert not ports.objects.exists("acme/mappings/tickets.json")
        assert ports.objects.exists("acme/raw/connectwise/tickets/x.parquet")


def test_nothing_of_the_scratch_folder_is_left(opened: Callable[[str], Any], tmp_path: Path) -> None:
    def work() -> None:
        with opened("acme") as ports:
            (ports.scratch / "left").write_text("something of acme's")
            raise AvesaError("boom")

    with pytest.raises(AvesaError, match="boom"):
        work()
    assert list((tmp_path / "scratch").iterdir()) == []


KEY = "arn:aws:kms:us-east-1:1:key/of-acme"


def test_a_tenant_with_a_key_of_its_own_writes_with_it_and_no_other_does(cloud: Cloud, tmp_path: Path) -> None:
    made = installation_of({**cloud.environment, "SILO_KEYS": json.dumps({"acme": KEY})})
    aws = Aws(made.region)
    told = {}
    for tenant in ("acme", "globex"):
        with tenant_ports(aws, made, tenant, shared=aws.dynamodb(), scratch=tmp_path / "scratch") as ports:
            told[tenant] = ports.objects.table_options.get("AWS_SSE_KMS_KEY_ID")
    assert told == {"acme": KEY, "globex": None}


@pytest.mark.parametrize("text", ["acme", "[]", '{"acme": 1}', '{"acme": ""}'])
def test_keys_that_cannot_be_read_are_not_passed_over(cloud: Cloud, text: str) -> None:
    with pytest.raises(ConfigurationError, match="SILO_KEYS"):
        installation_of({**cloud.environment, "SILO_KEYS": text})
