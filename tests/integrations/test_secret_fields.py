"""No secret lands. A field whose name says that it may be one is masked, is not asked for, or is listed here with the
reason why it is none; so a field that a vendor adds cannot land unseen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from avesa.canonical_transform.mapping import load_mapping, mapping_names
from avesa.canonical_transform.mapping_rules import leaves
from avesa.connector.service import Endpoint
from avesa.integrations import load_service, service_names
from avesa.sandbox.vendor.contract import Contract
from strict_tenant import strict_tenant

SERVICES = service_names()
KEYS = "private|api|access|licen[sc]e|product|network|recovery|client|statement|service|session|url|auth|vault|host"
CODES = "activation|registration|enrollment|bypass|unlock|backup|recovery|access"
OPENS = "join|start|play|share|recording|transcription|receipt|invoice|attachment|content|cal|profile|pdf|download|feed"
SECRET = re.compile(
    r"token|secret|passw|passphrase|passcode|credential|bearer|cookie|webhook|community|bit ?locker|vault|presigned"
    r"|\b(pwd|psk|pre shared|jwt|t?otp|pre signed|signed url|ssn|security stamp)\b"
    rf"|\b({KEYS}|integration) key\b|\b({CODES}) (codes?|string|question)\b|\bapi\w*key\b"
    rf"|\b({OPENS}|session|public) (ur[il]|link|path)\b|\b(invoice|url) pdf\b|^pdf$|\bpermalink public\b|\burl private"
)
"""In the words of a name. The last line is of addresses that may open something to whoever has them."""
ABOUT = re.compile(
    r"\b(ids?|types?|status|state|count|date|days|age|length|depth|expiration|expires|lifetime|policies|timestamp|percent"
    r"|seconds|characters|at|level|names?|mode|version|created)$"
)
"""Ends of names that say something about a secret."""
FLAGS_AND_TIMES = re.compile(r"boolean|(string|integer)\((date|date-time)\)")

NOT_ASKED_FOR = "the vendor gives it only to those who ask for it"
BEHIND_A_LOGIN = "an address that wants a token or a login"
HARMLESS = {
    "addigy": {"facts.*": "whether a device has one, and why that cannot be told"},
    "chargebee": {
        "subscription.affiliate_token": "names who brought the customer",
        "event.webhook_failure_reason": "why a call of the vendor's failed",
    },
    "cloudflare": {
        "scim_config.authentication.token_url": BEHIND_A_LOGIN,
        "same_site_cookie_attribute": "how a cookie is set",
    },
    "duo": {
        "desktoptokens": "ids of tokens",
        "u2ftokens": "ids of tokens",
        "hardtoken": "the id of a token, and what is printed on it",
        "tokens.serial": "printed on it",
        "webauthncredentials.*": "its name and its id",
        "totp_step": "seconds between two codes",
        "integration_key": "names the application, as a client id does",
        "access_device.is_password_set": "a flag",
    },
    "dynamics365": {
        "*@OData.Community.Display.V1.FormattedValue": "how a value is shown; Community is Microsoft's word"
    },
    "hubspot": {"properties.hs_public_url_key": NOT_ASKED_FOR},
    "hudu": {"passwords_url": BEHIND_A_LOGIN, "content_link": "what somebody else's tile leads to"},
    "jamf": {
        "diskEncryption.fileVault2EligibilityMessage": "whether a disk can be encrypted",
        "productKey": "Apple's name of an update",
    },
    "meraki": {"pskGroup": "the name of a group"},
    "okta": {
        "*_links.*": BEHIND_A_LOGIN,
        "*profile.profileUrl": "a person's page, elsewhere",
        "authenticationContext.credentialProvider": "who checked the credentials",
        "accessTokenEncryptedResponseAlgorithm": "an algorithm",
        "credentials.signing.*": "which key, of those that everybody can read",
        "protocol.credentials.*": "objects that are looked through for their secrets",
        "protocol.endpoints.token": BEHIND_A_LOGIN,
        "tokenWindow": "how long one lives",
    },
    "pagerduty": {"method.truncated_token": "its last four characters"},
    "quickbooks": {"SyncToken": "counts the versions of a row", "InvoiceLink": NOT_ASKED_FOR},
    "salesforce": {"CommunityNickname": "a name"},
    "servicenow": {"password_needs_reset": "a flag"},
    "slack": {"url_private*": BEHIND_A_LOGIN, "title_blocks.share_url": "what somebody wrote into a message"},
    "stripe": {"rendering.pdf.page_size": "a size", "pending_webhooks": "a number"},
    "zendesk": {"photo.*": "the picture of a profile, which everybody can see"},
    "zoom": {"session_key": "an id that the maker of a session chose"},
}
UNPUBLISHED = {
    "chargebee": {"event.content.card"},
    "clickup": {"sharing.token"},
    "cloudflare": {"newValueJson", "oldValueJson"},
    "duo": {"code", "codes", "secret_key", "skey"},
    "dynamics365": {"adx_identity_passwordhash", "adx_identity_securitystamp", "adx_identity_newpassword"},
    "freshdesk": {"attachments.attachment_url"},
    "freshservice": {"attachments.attachment_url"},
    "github": {"**.temp_clone_token"},
    "itglue": {"attributes.otp-secret"},
    "jamf": {"accountSettings.adminPassword", "recoveryLockPassword"},
    "okta": {"**.password", "provider.configuration.secretKey", "provider.configuration.sharedSecret"},
    "servicenow": {"user_password"},
    "shopify": {"fulfillments.receipt", "refunds.transactions.receipt", "transactions.receipt"},
    "stripe": {"**.secret", "data.object.pdf", "data.previous_attributes.pdf"},
    "zoom": {"share_url", "password", "recording_play_passcode"},
}
"""What vendors send beyond their pages, as it is known."""


def words(name: str) -> str:
    """`bootstrapTokenAllowed` and `bootstrap_token-allowed` are both `bootstrap token allowed`."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return re.sub(r"[_\W]+", " ", apart).strip().lower()


Names = tuple[str, ...]


def fields(
    contract: Contract, type_: Any, path: Names = (), inside: frozenset[str] = frozenset()
) -> Iterator[tuple[Names, str]]:
    """The path and the type of every value that a record can hold; `*` is a name in a map. A schema that stands in
    itself is looked through once.
    """
    name = type_.rstrip("?") if isinstance(type_, str) else ""
    if name in inside:
        return
    inside |= {name} & set(contract.schemas)
    type_ = contract.resolve(type_)
    if isinstance(type_, str):
        plain = type_.rstrip("?")
        if plain[:1] in ("[", "{"):
            yield from fields(contract, plain[1:-1], (*path, *(("*",) if plain[0] == "{" else ())), inside)
        else:
            yield path, plain
    elif set(type_) <= {"*"}:
        yield path, "object"
    else:
        for name, inner in type_.items():
            for part in inner if name in ("anyOf", "oneOf") else () if name == "*" else (inner,):
                step = {"[]": (), "{}": ("*",), "anyOf": (), "oneOf": ()}.get(name, (name,))
                yield from fields(contract, part, (*path, *step), inside)


def of(service: str) -> Iterator[tuple[Endpoint, Names, str]]:
    contract = Contract(service)
    for endpoint in load_service(service).endpoints:
        for path, type_ in fields(contract, contract.tables[endpoint.name].record):
            yield endpoint, path, type_


def covers(declared: str, path: Names) -> bool:
    """Whether a path leads to a field that is masked, or into one."""
    anywhere, names = declared.startswith("**."), tuple(declared.removeprefix("**.").split("."))
    return any(path[at : at + len(names)] == names for at in range(len(path) if anywhere else 1))


def may_be_secret(path: Names, type_: str) -> bool:
    named = any(SECRET.search(words(name)) for name in path)
    return named and not ABOUT.search(words(path[-1])) and not FLAGS_AND_TIMES.fullmatch(type_)


@pytest.mark.parametrize("service", SERVICES)
def test_what_may_be_a_secret_is_masked_or_known_to_be_none(service: str) -> None:
    known, used, open_ = HARMLESS.get(service, {}), set(), set()
    for endpoint, path, type_ in of(service):
        if not path or not may_be_secret(path, type_) or any(covers(one, path) for one in endpoint.secret_fields):
            continue
        dotted = ".".join(path)
        fits = [one for one in known if fnmatchcase(dotted, one)]
        used.update(fits)
        if not fits:
            open_.add(f"{endpoint.name}: {dotted}")
        if any(known[one] == NOT_ASKED_FOR for one in fits):
            assert path[-1].lower() not in repr(endpoint).lower(), f"{endpoint.name} asks for {dotted}"
    assert sorted(open_) == []
    assert sorted(set(known) - used) == [], "nothing is named so any more"


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_masked_is_published_or_known_to_come_all_the_same(service: str) -> None:
    """A slip in a path would mask nothing, and nobody would see it."""
    published: dict[str, bool] = {}
    for endpoint, path, type_ in of(service):
        for declared in endpoint.secret_fields:
            name = declared if declared.startswith("**.") else f"{endpoint.name}: {declared}"
            deep = type_ in ("object", "any") and declared.startswith(".".join((*path, "")))
            published[name] = published.get(name, False) or covers(declared, path) or deep
    unpublished = {name.rpartition(": ")[2] for name, found in published.items() if not found}
    assert unpublished == UNPUBLISHED.get(service, set())


def test_no_column_is_made_of_what_is_masked() -> None:
    for table in mapping_names():
        for (service, name), rules in load_mapping(table).sources.items():
            if service in SERVICES:
                masked = load_service(service).endpoint(name).secret_fields
                for column, rule in rules.items():
                    for path in ((*leaf.path.steps, *leaf.path.within) for leaf in leaves(rule)):
                        assert not any(covers(one, path) for one in masked), f"{service}/{name}: {column}"


@pytest.mark.parametrize(
    ("service", "table", "least"),
    [
        ("gitlab", "groups", 5),
        ("okta", "devices", 2),
        ("pagerduty", "incidents", 6),
        ("stripe", "invoices", 3),
        ("syncro", "appointments", 2),
        ("xero", "payments", 5),
    ],
)
def test_no_secret_of_a_vendor_lands_however_deep_it_stands(
    tmp_path: Path, service: str, table: str, least: int
) -> None:
    with strict_tenant(tmp_path, service, page=0) as tenant:
        contract, masked = tenant.vendor.contract, tenant.service.endpoint(table).secret_fields
        record = contract.tables[table].record
        paths = [path for path, _ in fields(contract, record) if any(covers(one, path) for one in masked)]
        planted: dict[str, Any] = {}
        for path in paths:
            plant(planted, contract, record, path)
        tenant.vendor.change(table, 0, **planted)
        tenant.pull(table)
        landed = [row["payload"] for row in tenant.rows(table)]
        assert any('"***"' in payload for payload in landed) and len(paths) >= least
        assert [payload for payload in landed if "hush" in payload] == []


def plant(into: dict[str, Any], contract: Contract, type_: Any, path: Names) -> None:
    """Put a secret at a published path, in the objects and lists that lead to it."""
    name, rest = path[0], path[1:]
    inner = contract.field(type_, name, declared=True)
    while (found := contract.resolve(inner)) != inner:
        inner = found
    listed = (isinstance(inner, str) and inner.startswith("[")) or (isinstance(inner, dict) and "[]" in inner)
    value: Any = "hush"
    if rest:
        old = into.get(name)
        value = old[0] if isinstance(old, list) else old if isinstance(old, dict) else {}
        plant(value, contract, inner, rest)
    into[name] = [value] if listed else value
