"""Which connections the vendor counts together."""

from __future__ import annotations

from dataclasses import replace

from avesa.connector.account import account_key
from avesa.connector.connection import connection
from avesa.connector.service import Service
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
