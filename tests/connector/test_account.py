"""Which connections the vendor counts together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from avesa.connector.account import account_key, moved_settings
from avesa.connector.auth import At, Basic, Bearer, OneOf
from avesa.connector.connection import connection
from avesa.connector.service import Endpoint, Service, Setting
from avesa.shared.errors import Where
from tiny_vendor import SERVICE


def key(service: Service = SERVICE, tenant: str = "acme", secret: str = "s3cr3t", **settings: str) -> str:
    made = connection(
        service, {"company_id": "co", **settings}, {"private_key": secret}, where=Where(tenant, service.name)
    )
    return account_key(made)


def test_two_tenants_with_the_same_integration_user_share_an_account() -> None:
    assert key(tenant="acme") == key(tenant="globex")
    assert key() == key(limit_share="0.5", deletes_share="0.5")


def test_another_secret_company_address_or_service_is_another_account() -> None:
    keys = [
        key(),
        key(secret="other"),
        key(company_id="other"),
        key(site="eu.example"),
        key(replace(SERVICE, name="b")),
    ]
    assert len(set(keys)) == 5


def test_a_service_says_what_identifies_the_account_that_the_vendor_counts() -> None:
    by_company = replace(SERVICE, account=("company_id",))
    assert key(by_company) == key(by_company, secret="another user of the same company")
    assert key(by_company) != key(by_company, company_id="other")
    by_address = replace(SERVICE, account=None)
    assert key(by_address) == key(by_address, company_id="other", secret="other")


def test_a_key_tells_nothing_of_secrets_and_settings() -> None:
    made = key(secret="hunter2", company_id="contoso")
    assert made.startswith("tiny/") and "hunter2" not in made and "contoso" not in made


LED = replace(
    SERVICE,
    settings=(
        *SERVICE.settings,
        *(Setting(name, default="") for name in ("cloud", "org", "region", "unit", "pace", "realm")),
        Setting("version", default="1", is_account=False),
        Setting("child", default="", is_account=True),
    ),
    secrets=("private_key", "token"),
    auth=OneOf((Basic("{company_id}", "{private_key}"), At("https://{cloud}.tiny.example", Bearer("{token}")))),
    headers=(("X-Unit", "{unit}"), ("X-Version", "{version}")),
    endpoints=(
        *SERVICE.endpoints,
        Endpoint(
            "users", "/orgs/{org}/users", base_url="https://{region}.tiny.example", params=(("child", "{child}"),)
        ),
    ),
    account=("private_key", "realm"),
)


@pytest.mark.parametrize("name", ["site", "company_id", "cloud", "org", "region", "unit", "realm", "child", "base_url"])
def test_what_is_part_of_an_address_of_a_header_or_of_the_auth_leads_to_an_account(name: str) -> None:
    before = {"company_id": "co"}
    assert moved_settings(LED, before, {**before, name: "other"}) == (name,)


@pytest.mark.parametrize("name", ["version", "pace", "limit_share", "every.tickets"])
def test_a_version_a_pace_and_what_is_never_sent_lead_to_none(name: str) -> None:
    assert moved_settings(LED, {}, {name: "2"}) == ()


def test_a_setting_that_is_given_as_it_was_or_as_its_default_is_the_same() -> None:
    before = {"company_id": "co"}
    assert moved_settings(LED, before, {"company_id": " co", "site": "tiny.example"}) == ()
