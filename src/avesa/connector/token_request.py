"""The request for a token, in the ways in which vendors want its fields: form, JSON, parts, address."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Literal
from urllib.parse import quote, urlencode

import msgspec

from avesa.connector.credentials import Credentials
from avesa.connector.request import Params, Request
from avesa.connector.template import fill

Encoding = Literal["form", "json", "multipart", "query"]

_BOUNDARY = "avesa-5c2f0e8d9b7a41c3"


def token_request(
    url: str,
    fields: Params,
    credentials: Credentials,
    *,
    encoding: Encoding = "form",
    headers: Params = (),
    basic: tuple[str, str] | None = None,
    extra: Mapping[str, str] | None = None,
) -> Request:
    """A POST to `url` with `fields`; all values are templates over the credentials and `extra`.

    `basic` are user and password of an HTTP Basic header. It is no request to store: it holds secrets.
    """
    known = {**credentials, **(extra or {})}
    filled = tuple((name, fill(value, known)) for name, value in fields)
    put_on = [(name, fill(value, known)) for name, value in headers]
    if basic is not None:
        put_on.append(("Authorization", basic_header(*(fill(part, known) for part in basic))))
    body, content_type = _encoded(filled, encoding)
    if content_type:
        put_on.append(("Content-Type", content_type))
    params = filled if encoding == "query" else ()
    accepts = (("Accept", "application/json"),)
    return Request("POST", credentials.url(url), params, accepts, body).with_headers(*put_on)


def basic_header(user: str, password: str) -> str:
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def _encoded(fields: Params, encoding: Encoding) -> tuple[str | None, str | None]:
    """The body and its content type; neither where there is nothing to send in it."""
    if encoding == "json":
        return msgspec.json.encode(dict(fields)).decode(), "application/json"
    if not fields or encoding == "query":
        return None, None
    if encoding == "multipart":
        return _multipart(fields), f"multipart/form-data; boundary={_BOUNDARY}"
    return urlencode(fields), "application/x-www-form-urlencoded"


def _multipart(fields: Params) -> str:
    """RFC 7578. A value with the boundary in it cannot be sent, and none has it by chance."""
    if any(f"--{_BOUNDARY}" in value for _, value in fields):
        raise ValueError("a value holds the boundary of the parts")
    parts = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{quote(name)}"\r\n\r\n{value}\r\n'
        for name, value in fields
    )
    return f"{''.join(parts)}--{_BOUNDARY}--\r\n"
