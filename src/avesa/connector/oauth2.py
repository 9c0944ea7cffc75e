"""OAuth 2.0 (RFC 6749) without a browser: client credentials, and the refresh token that a person's consent left.

A vendor may exchange the refresh token with every use (RFC 6749, section 6). The new one is stored before the access
token that came with it is used, so no worker ever presents one that another has used up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from avesa.connector.credentials import Credentials
from avesa.connector.request import Params, Request
from avesa.connector.template import names_in
from avesa.connector.token_request import Encoding, token_request
from avesa.connector.tokens import (
    Flow,
    Renewal,
    Renewed,
    TokenFields,
    answered,
    at_path,
    with_token,
)

SendsClient = Literal["in body", "basic"]
"""Where the token endpoint wants client id and secret (RFC 6749, section 2.3.1 has both)."""


@dataclass(frozen=True)
class ClientCredentials:
    """The client proves itself and gets a token for itself (RFC 6749, section 4.4).

    `fields` are further fields of the token request, such as scope or audience; all values are templates. `grant` is
    for vendors that have a name of their own for it: `password`, `account_credentials`. `header` and `prefix` are
    how the token is sent.
    """

    url: str
    client_id: str = "{client_id}"
    client_secret: str = "{client_secret}"  # noqa: S105 — a template
    client: SendsClient = "in body"
    fields: Params = ()
    grant: str = "client_credentials"
    encoding: Encoding = "form"
    answer: TokenFields = field(default_factory=TokenFields)
    header: str = "Authorization"
    prefix: str = "Bearer "

    title = "oauth2 client credentials"
    rotating = ()

    @property
    def names(self) -> frozenset[str]:
        return names_in(self.url, self.client_id, self.client_secret, *(value for _, value in self.fields))

    def flow(self, request: Request, credentials: Credentials) -> Flow:
        return with_token(self, request, header=self.header, prefix=self.prefix)

    def renew(self, credentials: Credentials) -> Renewal:
        fields = (("grant_type", self.grant), *_client(self), *self.fields)
        basic = (self.client_id, self.client_secret) if self.client == "basic" else None
        response = yield token_request(self.url, fields, credentials, encoding=self.encoding, basic=basic)
        return Renewed(self.answer.read(response, credentials))


@dataclass(frozen=True)
class RefreshToken:
    """A refresh token stands for a person's consent and gets access tokens (RFC 6749, section 6).

    `refresh_token` is the name of the secret, which is exchanged in the store whenever the vendor sends a new one; an
    answer without a new one leaves the old one in force. The other fields are as in `ClientCredentials`.
    """

    url: str
    refresh_token: str = "refresh_token"  # noqa: S105 — the name of a secret
    client_id: str = "{client_id}"
    client_secret: str = "{client_secret}"  # noqa: S105 — a template
    client: SendsClient = "in body"
    fields: Params = ()
    encoding: Encoding = "form"
    answer: TokenFields = field(default_factory=TokenFields)
    header: str = "Authorization"
    prefix: str = "Bearer "

    title = "oauth2 refresh token"

    @property
    def names(self) -> frozenset[str]:
        templates = (self.url, self.client_id, self.client_secret, *(value for _, value in self.fields))
        return names_in(*templates) | {self.refresh_token}

    @property
    def rotating(self) -> tuple[str, ...]:
        return (self.refresh_token,)

    def flow(self, request: Request, credentials: Credentials) -> Flow:
        return with_token(self, request, header=self.header, prefix=self.prefix)

    def renew(self, credentials: Credentials) -> Renewal:
        fields = (
            ("grant_type", "refresh_token"),
            ("refresh_token", f"{{{self.refresh_token}}}"),
            *_client(self),
            *self.fields,
        )
        basic = (self.client_id, self.client_secret) if self.client == "basic" else None
        response = yield token_request(self.url, fields, credentials, encoding=self.encoding, basic=basic)
        token = self.answer.read(response, credentials)
        new = at_path(answered(response, credentials), "refresh_token")
        exchanged = isinstance(new, str) and new.isprintable() and new and new != credentials[self.refresh_token]
        return Renewed(token, {self.refresh_token: str(new)} if exchanged else {})


def _client(scheme: ClientCredentials | RefreshToken) -> Params:
    if scheme.client == "basic":
        return ()
    return (("client_id", scheme.client_id), ("client_secret", scheme.client_secret))
