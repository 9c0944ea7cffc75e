"""What is special to secrets in Secrets Manager; what both sides do alike is in tests/shared."""

from __future__ import annotations

import json
import traceback
from dataclasses import replace
from typing import Any

import pytest

from avesa.aws.secrets_manager import SecretsManagerSecrets
from avesa.shared.errors import ConfigurationError, StorageError
from aws_server import AwsServer
from bent_client import BentClient
from port_sides import DynamoSide

SECRET = "s3cr3t-v4lue"


@pytest.fixture
def manager(aws: AwsServer) -> Any:
    return aws.client("secretsmanager")


@pytest.fixture
def client(manager: Any) -> BentClient:
    return BentClient(manager)


@pytest.fixture
def secrets(side: DynamoSide, client: BentClient) -> SecretsManagerSecrets:
    return SecretsManagerSecrets(client, side.installation)  # type: ignore[arg-type]


@pytest.fixture
def name(side: DynamoSide) -> str:
    return f"avesa/{side.installation.env}/acme/xero"


def test_a_secret_lies_under_its_installation_tenant_and_service(
    secrets: SecretsManagerSecrets, manager: Any, name: str
) -> None:
    secrets.put("acme", "xero", {"token": "1", "client_id": "c"})
    assert json.loads(manager.get_secret_value(SecretId=name)["SecretString"]) == {"token": "1", "client_id": "c"}


def test_a_person_who_changes_the_secret_meanwhile_goes_first(
    secrets: SecretsManagerSecrets, client: BentClient, manager: Any, name: str
) -> None:
    """The new version is written already when the person's comes; the label does not move over it."""
    secrets.put("acme", "xero", {"token": "1"})
    by_hand = json.dumps({"token": "by hand"})
    client.before("update_secret_version_stage", lambda: manager.put_secret_value(SecretId=name, SecretString=by_hand))
    assert not secrets.replace("acme", "xero", {"token": "1"}, {"token": "2"})
    assert secrets.get("acme", "xero") == {"token": "by hand"}


def test_a_change_of_other_names_meanwhile_is_kept(
    secrets: SecretsManagerSecrets, client: BentClient, manager: Any, name: str
) -> None:
    secrets.put("acme", "xero", {"token": "1"})
    added = json.dumps({"token": "1", "client_id": "added"})
    client.before("update_secret_version_stage", lambda: manager.put_secret_value(SecretId=name, SecretString=added))
    assert secrets.replace("acme", "xero", {"token": "1"}, {"token": "2"})
    assert secrets.get("acme", "xero") == {"token": "2", "client_id": "added"}


def test_a_secret_that_is_made_meanwhile_goes_first(
    secrets: SecretsManagerSecrets, client: BentClient, manager: Any, name: str
) -> None:
    client.before("create_secret", lambda: manager.create_secret(Name=name, SecretString='{"token": "theirs"}'))
    assert not secrets.replace("acme", "xero", {"token": None}, {"token": "ours"})
    assert secrets.get("acme", "xero") == {"token": "theirs"}


def test_a_writer_that_dies_before_the_label_moves_leaves_the_old_values_in_force(
    secrets: SecretsManagerSecrets, client: BentClient
) -> None:
    secrets.put("acme", "xero", {"token": "1"})
    for _ in range(3):
        client.refuse("update_secret_version_stage", "InternalServiceError")
        with pytest.raises(StorageError):
            secrets.replace("acme", "xero", {"token": "1"}, {"token": "lost"})
        assert secrets.get("acme", "xero") == {"token": "1"}
    assert secrets.replace("acme", "xero", {"token": "1"}, {})
    assert secrets.replace("acme", "xero", {"token": "1"}, {"token": "2"})
    assert secrets.get("acme", "xero") == {"token": "2"}


def test_a_replacement_whose_answer_was_lost_has_succeeded(secrets: SecretsManagerSecrets, client: BentClient) -> None:
    secrets.put("acme", "xero", {"token": "1"})
    for call in ("put_secret_value", "update_secret_version_stage"):
        client.lose_the_answer_to(call)
    assert secrets.replace("acme", "xero", {"token": "1"}, {"token": "2"})
    assert secrets.get("acme", "xero") == {"token": "2"}


def test_a_replacement_of_nothing_writes_no_version(
    secrets: SecretsManagerSecrets, client: BentClient, manager: Any, name: str
) -> None:
    """A secret keeps a hundred versions a day at most, and a renewal looks whether it can write before it asks."""
    secrets.put("acme", "xero", {"token": "1"})
    before = manager.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)["Versions"]
    client.calls.clear()
    assert secrets.replace("acme", "xero", {"token": "1"}, {})
    assert "put_secret_value" not in client.calls
    assert len(manager.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)["Versions"]) == len(before)


def test_a_store_that_may_not_be_written_is_found_out_by_replacing_nothing(
    secrets: SecretsManagerSecrets, client: BentClient
) -> None:
    secrets.put("acme", "xero", {"token": "1"})
    client.refuse("update_secret_version_stage", "AccessDeniedException")
    with pytest.raises(StorageError, match="no right"):
        secrets.replace("acme", "xero", {"token": "1"}, {})


@pytest.mark.parametrize("content", [f'{{"key": "{SECRET}"', f'["{SECRET}"]', f'{{"{SECRET}": 1}}', " "])
def test_a_secret_of_another_form_is_told_without_its_content(
    secrets: SecretsManagerSecrets, manager: Any, name: str, content: str
) -> None:
    manager.create_secret(Name=name, SecretString=content)
    with pytest.raises(ConfigurationError, match=name) as caught:
        secrets.get("acme", "xero")
    assert SECRET not in "".join(traceback.format_exception(caught.value)) + repr(caught.value)


def test_a_secret_of_bytes_is_told(secrets: SecretsManagerSecrets, manager: Any, name: str) -> None:
    manager.create_secret(Name=name, SecretBinary=b"\x00")
    with pytest.raises(ConfigurationError, match=name):
        secrets.get("acme", "xero")


def test_nothing_that_goes_wrong_shows_a_value(secrets: SecretsManagerSecrets, client: BentClient) -> None:
    secrets.put("acme", "xero", {"token": SECRET})
    for call in ("get_secret_value", "put_secret_value", "update_secret_version_stage"):
        client.refuse(call, "InternalServiceError")
        with pytest.raises(StorageError) as caught:
            secrets.replace("acme", "xero", {"token": SECRET}, {"token": SECRET + "2"})
        assert SECRET not in "".join(traceback.format_exception(caught.value)) + repr(caught.value)


def test_a_secret_of_a_tenant_with_a_key_of_its_own_is_made_with_it(side: DynamoSide, client: BentClient) -> None:
    asked = list[dict[str, Any]]()
    client.bends["create_secret"] = [
        lambda call, request: (asked.append(request), call(**request))[1],
        lambda call, request: (asked.append(request), call(**request))[1],
    ]
    made = replace(side.installation, silo_keys={"acme": "arn:aws:kms:us-east-1:1:key/of-acme"})
    secrets = SecretsManagerSecrets(client, made)  # type: ignore[arg-type]
    for tenant in ("acme", "globex"):
        assert secrets.replace(tenant, "xero", {}, {"token": "1"})
    assert [one.get("KmsKeyId") for one in asked] == ["arn:aws:kms:us-east-1:1:key/of-acme", None]
