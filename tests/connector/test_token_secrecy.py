"""No token and no secret is shown: in no log, no message, no file but the store."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from avesa.connector.client import Client
from avesa.connector.outcome import PullOptions
from avesa.connector.stored_secrets import TOKEN_NAME, StoredSecrets
from avesa.pipeline.ingest import ingest_table
from avesa.shared.errors import (
    ServiceFailed,
    TableFailed,
)
from avesa.shared.secret_file import FileSecrets
from avesa.shared.tenants import TenantService
from tiny_vendor import open_ports
from token_users import get
from token_vendor import (
    SECRETS,
    SERVICE,
    Answer,
    TokenVendor,
    link,
)

# What is shown


def test_no_secret_or_token_is_written_anywhere_but_in_the_store(
    vendor: TokenVendor, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    vendor.things = [{"id": number} for number in range(1, 9)]
    home = tmp_path / "home"
    ports = open_ports(home)
    ports.tenants.add_tenant("acme")
    tenant_service = TenantService("acme", "tokens", settings={"base_url": vendor.url})
    ports.tenants.put(tenant_service)
    ports.secrets.put("acme", "tokens", SECRETS)
    stop = iter([False] * 6)
    shown = list[object]()

    def ingest(stop: Callable[[], bool] = lambda: False) -> None:
        shown.append(
            ingest_table(
                ports,
                tenant_service,
                "things",
                run_id="run",
                service=SERVICE,
                stop=stop,
                options=PullOptions(save_every=0),
            )
        )

    ingest(lambda: next(stop, True))
    [state] = ports.watermarks.all("acme")
    assert state.checkpoint is not None and "pageId" in state.checkpoint
    vendor.ended.update(vendor.given)
    ingest()
    vendor.ended.update(vendor.given)
    vendor.revoked = True
    with pytest.raises(ServiceFailed) as caught:
        ingest()
    with Client(link(vendor.url, stored=StoredSecrets(ports.secrets, ports.watermarks, "acme", "tokens"))) as client:
        shown += [client, client.connection, client.connection.auth, client.connection.credentials_at(ports.clock())]
        shown += [client.connection.stored, client._token, ports.secrets.get("acme", "tokens")]
    told = "".join(traceback.format_exception(caught.value)) + repr(shown) + caplog.text
    files = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file() and path.name != "secrets.json")
    assert b"things" in files and "access-" in (home / "secrets" / "secrets.json").read_text()
    for value in (*SECRETS.values(), *vendor.given, "refresh-1", "refresh-2"):
        assert value not in told
        assert value.encode() not in files


def test_a_key_in_a_parameter_stands_in_no_log(vendor: TokenVendor, caplog: pytest.LogCaptureFixture) -> None:
    from avesa.connector.auth import QueryKey

    caplog.set_level(logging.DEBUG)
    vendor.bend = lambda *_: Answer(200, [])
    with Client(link(vendor.url, auth=QueryKey("api_key", "{client_secret}"))) as client:
        response = get(client, vendor)
    assert vendor.asked[0].query["api_key"] == SECRETS["client_secret"]
    assert SECRETS["client_secret"] not in caplog.text + repr(response) + response.url


def test_no_message_repeats_a_token_that_the_vendor_repeats(vendor: TokenVendor) -> None:
    vendor.bend = lambda asked, answer: (
        Answer(400, {"code": "Bad", "message": f"no {asked.token}"}) if asked.path == "/things" else answer
    )
    with Client(link(vendor.url)) as client, pytest.raises(TableFailed, match=r"no \*\*\*"):
        get(client, vendor)


def test_secrets_are_stored_where_their_owner_alone_can_read_them(vendor: TokenVendor, stored: StoredSecrets) -> None:
    with Client(link(vendor.url, stored=stored)) as client:
        get(client, vendor)
    assert isinstance(stored.secrets, FileSecrets)
    assert stored.read()[TOKEN_NAME]
