"""Assertions, against signatures that are calculated here from the numbers of the key."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import traceback
from base64 import urlsafe_b64decode
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from avesa.connector.jwt_assertion import JwtAssertion
from avesa.connector.tokens import TokenFields
from avesa.shared.errors import ConfigurationError
from token_exchange import NOW, asked, credentials, renewed

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
TOKEN_URL = "https://oauth2.vendor.example/token"
GOOGLE = JwtAssertion(
    TOKEN_URL,
    claims=(("iss", "{client_email}"), ("sub", "{admin}"), ("scope", "read:a read:b"), ("aud", TOKEN_URL)),
    key_id="{private_key_id}",
    key_file="service_account",
)
FILE = json.dumps(
    {"type": "service_account", "client_email": "robot@x", "private_key_id": "k1", "private_key": PEM, "n": 1}
)


def rs256(content: bytes) -> bytes:
    """RFC 8017, sections 8.2.1 and 9.2: the padded digest to the power of the private exponent."""
    numbers = KEY.private_numbers()
    digest = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(content).digest()
    padded = b"\x00\x01" + b"\xff" * (256 - 3 - len(digest)) + b"\x00" + digest
    return pow(int.from_bytes(padded, "big"), numbers.d, numbers.public_numbers.n).to_bytes(256, "big")


def decoded(text: str) -> Any:
    return json.loads(unpadded(text))


def unpadded(text: str) -> bytes:
    assert "=" not in text
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_a_service_account_asserts_for_whom_it_acts() -> None:
    request = asked(GOOGLE, credentials(service_account=FILE, admin="ann@x"))
    form = parse_qs(request.body or "")
    assert request.url == TOKEN_URL
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    header, claims, signature = form["assertion"][0].split(".")
    assert decoded(header) == {"alg": "RS256", "typ": "JWT", "kid": "k1"}
    issued = int(NOW.timestamp()) - 30
    assert decoded(claims) == {
        "iss": "robot@x",
        "sub": "ann@x",
        "scope": "read:a read:b",
        "aud": TOKEN_URL,
        "iat": issued,
        "exp": issued + 3600,
    }
    assert unpadded(signature) == rs256(f"{header}.{claims}".encode())


def test_an_own_address_changes_where_the_assertion_goes_and_not_for_whom_it_is() -> None:
    request = asked(GOOGLE, credentials("http://127.0.0.1:1", service_account=FILE, admin="ann@x"))
    assert request.url == "http://127.0.0.1:1/token"
    assert decoded(parse_qs(request.body or "")["assertion"][0].split(".")[1])["aud"] == TOKEN_URL


def test_an_assertion_can_stand_for_the_clients_secret() -> None:
    okta = JwtAssertion(
        "https://{domain}/oauth2/v1/token",
        claims=(("iss", "{client_id}"), ("sub", "{client_id}"), ("aud", "https://{domain}/oauth2/v1/token")),
        fields=(
            ("grant_type", "client_credentials"),
            ("scope", "users.read"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", "{assertion}"),
        ),
    )
    known = credentials(domain="acme.okta.example", client_id="app", private_key=PEM.replace("\n", "\\n"))
    form = parse_qs(asked(okta, known).body or "")
    assert form["grant_type"] == ["client_credentials"]
    assert decoded(form["client_assertion"][0].split(".")[1])["sub"] == "app"
    assert okta.names == {"domain", "client_id", "private_key"} and okta.never_sent == {"private_key"}


def test_an_assertion_can_be_the_bearer_that_asks_for_a_token() -> None:
    github = JwtAssertion(
        "https://{host}/app/installations/{installation}/access_tokens",
        claims=(("iss", "{app}"),),
        fields=(),
        headers=(("Authorization", "Bearer {assertion}"), ("Accept", "application/vnd.github+json")),
        life=timedelta(minutes=9),
        answer=TokenFields("token", seconds=None, until="expires_at"),
    )
    known = credentials(host="api.github.example", installation="7", app="42", private_key=PEM)
    request = asked(github, known)
    assert request.body is None and [name for name, _ in request.headers].count("Accept") == 1
    claims = decoded(dict(request.headers)["Authorization"].removeprefix("Bearer ").split(".")[1])
    assert claims["exp"] - claims["iat"] == 540
    made = renewed(github, known, {"token": "t", "expires_at": "2026-11-25T13:00:00Z"}, 201)
    assert made.token.good_until == NOW + timedelta(minutes=59)


@pytest.mark.parametrize(
    "key",
    [
        "hidden-0815",
        PEM.replace("MII", "hidden-0815"),
        KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"hidden-0815")).decode(),
        ec.generate_private_key(ec.SECP256R1())
        .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        .decode(),
    ],
    ids=["no key", "a broken key", "a key with a password", "another kind of key"],
)
def test_a_key_that_cannot_sign_is_told_without_being_shown(key: str) -> None:
    scheme = JwtAssertion(TOKEN_URL, claims=(("iss", "me"),))
    with pytest.raises(ConfigurationError, match="not an RSA key in PEM") as caught:
        asked(scheme, credentials(private_key=key))
    shown = "".join(traceback.format_exception(caught.value))
    assert "hidden-0815" not in shown and "PRIVATE KEY" not in shown
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("file", "told"), [("{", "not the JSON"), ("[1]", "not the JSON"), ("{}", "no private_key_id")]
)
def test_a_key_file_that_is_none_is_told_without_its_content(file: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        asked(GOOGLE, credentials(service_account=file, admin="ann@x"))


def test_the_key_file_is_what_a_service_account_needs() -> None:
    assert GOOGLE.names == {"service_account"} == GOOGLE.never_sent


def test_services_that_do_not_sign_do_without_cryptography() -> None:
    code = "import sys, avesa.connector.jwt_assertion, avesa.connector.client; print('cryptography' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
