"""Requests signed with a shared key: HMAC over date, method, host, path and parameters, as Duo Security has it.

Duo Admin API, authentication. The signed text has one thing a line: the Date header; the method in capitals; the host
in lower case; the path; the parameters, sorted, encoded as in RFC 3986 and joined by `&`. Version 5 adds the SHA-512 of
the body and that of the X-Duo- headers, in hexadecimal. The signature is the password of HTTP Basic, the integration
key its user.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import quote

from avesa.connector.credentials import Credentials
from avesa.connector.request import Params, Request, Response
from avesa.connector.template import fill, names_in
from avesa.connector.token_request import basic_header
from avesa.connector.tokens import Flow

STALE = timedelta(minutes=1)
"""A refused signature that was older than this when its request was sent is made anew: it may have waited its turn."""

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class DuoSignature:
    """`host` is the vendor's host, which is signed whatever address the request goes to. Parameters are those of the
    address; a form in the body is not signed as parameters, which version 2 would want for a POST. `params` are put
    on each request and signed with it, such as the account of a child (`account_id`); their values are templates.
    """

    host: str = "{api_host}"
    key_id: str = "{ikey}"
    key: str = "{skey}"
    version: Literal[2, 5] = 5
    params: Params = ()

    title = "signed requests"

    @property
    def names(self) -> frozenset[str]:
        return names_in(self.host, self.key_id, self.key, *(value for _, value in self.params))

    def flow(self, request: Request, credentials: Credentials) -> Flow:
        answer = yield self.signed(request, credentials, credentials.now)
        if not isinstance(answer, Response) or answer.status != 401 or answer.sent_at is None:
            return
        if answer.sent_at - credentials.now > STALE:
            yield self.signed(request, credentials, answer.received_at or answer.sent_at)

    def signed(self, request: Request, credentials: Credentials, at: datetime) -> Request:
        date = rfc2822(at)
        request = request.with_params(*((name, fill(value, credentials)) for name, value in self.params))
        host = fill(self.host, credentials)
        text = canonical(request, host, credentials.address.vendor_path(request.url), date, self.version)
        digest = hashlib.sha512 if self.version == 5 else hashlib.sha1
        signature = hmac.new(fill(self.key, credentials).encode(), text.encode(), digest).hexdigest()
        key_id = fill(self.key_id, credentials)
        return request.with_headers(("Date", date), ("Authorization", basic_header(key_id, signature)))


def canonical(request: Request, host: str, path: str, date: str, version: Literal[2, 5]) -> str:
    """The text that is signed."""
    lines = [date, request.method.upper(), host.lower(), path, canonical_params(request.params)]
    if version == 5:
        lines += [_sha512((request.body or "").encode()), _sha512(_own_headers(request.headers))]
    return "\n".join(lines)


def canonical_params(params: Params) -> str:
    encoded = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in params)
    return "&".join(f"{name}={value}" for name, value in encoded)


def rfc2822(moment: datetime) -> str:
    """`Tue, 21 Aug 2012 17:29:18 -0000`, in English whatever the language of the machine."""
    at = moment.astimezone(UTC)
    day, month = _DAYS[at.weekday()], _MONTHS[at.month - 1]
    return f"{day}, {at.day:02} {month} {at.year:04} {at:%H:%M:%S} -0000"


def _own_headers(headers: Params) -> bytes:
    own = sorted((name.lower(), value) for name, value in headers if name.lower().startswith("x-duo-"))
    return "\0".join(part for pair in own for part in pair).encode()


def _sha512(data: bytes) -> str:
    return hashlib.sha512(data).hexdigest()
