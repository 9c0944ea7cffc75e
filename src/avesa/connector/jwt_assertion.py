"""A signed assertion instead of a password: a JSON Web Token (RFC 7519) under RS256 (RFC 7518, section 3.3), which the
vendor gives a token for (RFC 7523). Google's service accounts, Okta's service apps and GitHub's apps work so.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec

from avesa.connector.credentials import Credentials
from avesa.connector.request import Params, Request
from avesa.connector.template import fill, names_in
from avesa.connector.token_request import token_request
from avesa.connector.tokens import CONNECT_AGAIN, Flow, Renewal, Renewed, TokenFields, with_token
from avesa.shared.errors import ConfigurationError

SKEW = timedelta(seconds=30)
"""An assertion is dated back by this much, since vendors refuse one from the future."""

BEARER_FIELDS: Params = (
    ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
    ("assertion", "{assertion}"),
)


@dataclass(frozen=True)
class JwtAssertion:
    """`claims` are the claims beside `iat` and `exp`; a claim `aud` says the vendor's own address even where the tenant
    has another one. All values are templates, `fields` and `headers` also over `{assertion}`.

    `key_file` names a secret that holds a JSON object, such as the file of a Google service account; the texts in it
    are names for the templates. `key` is the private key in PEM; line breaks may be written as `\\n`.
    """

    url: str
    claims: Params
    key: str = "{private_key}"
    key_id: str | None = None
    key_file: str | None = None
    fields: Params = BEARER_FIELDS
    headers: Params = ()
    life: timedelta = timedelta(hours=1)
    answer: TokenFields = field(default_factory=TokenFields)
    header: str = "Authorization"
    prefix: str = "Bearer "

    title = "jwt assertion"
    rotating = ()

    @property
    def names(self) -> frozenset[str]:
        if self.key_file is not None:
            # What else is named may come from the file.
            return frozenset({self.key_file})
        values = (value for _, value in (*self.claims, *self.fields, *self.headers))
        return names_in(self.url, self.key, self.key_id or "", *values) - {"assertion"}

    @property
    def never_sent(self) -> frozenset[str]:
        """Secrets that only sign, so that they may have line breaks."""
        return frozenset({self.key_file}) if self.key_file is not None else names_in(self.key)

    def flow(self, request: Request, credentials: Credentials) -> Flow:
        return with_token(self, request, header=self.header, prefix=self.prefix)

    def renew(self, credentials: Credentials) -> Renewal:
        known = {**credentials, **self._from_file(credentials)}
        assertion = self.assertion(known, int((credentials.now - SKEW).timestamp()))
        extra = {**known, "assertion": assertion}
        response = yield token_request(self.url, self.fields, credentials, headers=self.headers, extra=extra)
        return Renewed(self.answer.read(response, credentials))

    def assertion(self, known: Mapping[str, str], issued_at: int) -> str:
        """The signed token; `issued_at` is in seconds since 1970. Raises ConfigurationError for a key that is none."""
        try:
            header = {"alg": "RS256", "typ": "JWT"}
            if self.key_id is not None:
                header["kid"] = fill(self.key_id, known)
            claims: dict[str, str | int] = {name: fill(value, known) for name, value in self.claims}
            key = fill(self.key, known)
        except KeyError as missing:
            raise ConfigurationError(f"The key file has no {missing.args[0]}.", hint=CONNECT_AGAIN) from None
        claims |= {"iat": issued_at, "exp": issued_at + int(self.life.total_seconds())}
        content = b".".join(_base64url(msgspec.json.encode(part)) for part in (header, claims))
        return (content + b"." + _base64url(rs256(content, key))).decode()

    def _from_file(self, credentials: Credentials) -> Mapping[str, str]:
        if self.key_file is None:
            return {}
        try:
            found = msgspec.json.decode(credentials[self.key_file], type=dict[str, object])
        except msgspec.MsgspecError:
            found = None
        if found is None:
            raise ConfigurationError(f"The secret {self.key_file} is not the JSON of a key file.", hint=CONNECT_AGAIN)
        return {name: value for name, value in found.items() if isinstance(value, str)}


def rs256(content: bytes, key: str) -> bytes:
    """The signature of `content`: RSASSA-PKCS1-v1_5 with SHA-256. Raises ConfigurationError for a key that is none."""
    # Only services that sign in this way pay for the import.
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        private_key = load_pem_private_key(key.replace("\\n", "\n").encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        private_key = None
    # Outside of the handler: nothing of the key may be printed along with the error.
    if not isinstance(private_key, RSAPrivateKey):
        raise ConfigurationError("The private key is not an RSA key in PEM without a password.", hint=CONNECT_AGAIN)
    return private_key.sign(content, PKCS1v15(), SHA256())


def _base64url(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")
