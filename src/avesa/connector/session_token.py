"""Log in, use the session's token, log in again when it is refused: for vendors with a login of their own making."""

from __future__ import annotations

from dataclasses import dataclass, field

from avesa.connector.credentials import Credentials
from avesa.connector.request import Params, Request
from avesa.connector.template import names_in
from avesa.connector.token_request import Encoding, token_request
from avesa.connector.tokens import Flow, Renewal, Renewed, TokenFields, with_token


@dataclass(frozen=True)
class SessionToken:
    """`fields`, `headers` and `basic` (user and password) are what the login is made with; all are templates.

    `answer` says where the token lies in what the login answers and how long it lives, `header` and `prefix` how it
    is sent. Without a life it is used until the vendor answers 401.
    """

    url: str
    fields: Params = ()
    headers: Params = ()
    basic: tuple[str, str] | None = None
    encoding: Encoding = "form"
    answer: TokenFields = field(default_factory=TokenFields)
    header: str = "Authorization"
    prefix: str = "Bearer "

    title = "session token"
    rotating = ()

    @property
    def names(self) -> frozenset[str]:
        values = (value for _, value in (*self.fields, *self.headers))
        return names_in(self.url, *values, *(self.basic or ()))

    def flow(self, request: Request, credentials: Credentials) -> Flow:
        return with_token(self, request, header=self.header, prefix=self.prefix)

    def renew(self, credentials: Credentials) -> Renewal:
        response = yield token_request(
            self.url, self.fields, credentials, encoding=self.encoding, headers=self.headers, basic=self.basic
        )
        return Renewed(self.answer.read(response, credentials))
