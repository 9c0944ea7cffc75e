"""What is asked and what is answered, as plain values. Protocol logic works on these and does no I/O.

A `Request` holds no secret, since it may be stored as a checkpoint: auth is applied when it is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import quote

import msgspec

Params = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Request:
    """One HTTP request. `params` and `headers` keep their order; a value is text, never encoded yet."""

    method: str
    url: str
    params: Params = ()
    headers: Params = ()
    body: str | None = None

    def with_params(self, *pairs: tuple[str, str]) -> Request:
        """The same request with these parameters set, replacing those of the same name."""
        return replace(self, params=_set(self.params, pairs))

    def with_headers(self, *pairs: tuple[str, str]) -> Request:
        """The same request with these headers set, replacing those of the same name."""
        return replace(self, headers=_set(self.headers, pairs))

    def param(self, name: str) -> str | None:
        return next((value for key, value in self.params if key == name), None)

    def to_json(self) -> str:
        return msgspec.json.encode(self).decode()

    @staticmethod
    def from_json(text: str) -> Request:
        """Raises msgspec.ValidationError or msgspec.DecodeError for anything but the JSON of a request."""
        return msgspec.json.decode(text, type=Request)

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.url} params={[name for name, _ in self.params]}>"


@dataclass(frozen=True)
class Response:
    """One HTTP answer. Header names are lower case; `body` is decompressed.

    `sent_at` and `received_at` are by our own clock and frame the last attempt.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    url: str
    sent_at: datetime | None = None
    received_at: datetime | None = None

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.url}, {len(self.body)} bytes>"


def fill(template: str, values: Mapping[str, str], *, quoted: bool = False) -> str:
    """`template` with each `{name}` replaced by its value, percent-encoded for a path where `quoted`.

    Raises KeyError for a name that has no value.
    """
    if quoted:
        values = {name: quote(value, safe="") for name, value in values.items()}
    return template.format_map(values)


def _set(pairs: Params, new: Params) -> Params:
    """Case-insensitive on names, which is right for headers and harmless for parameters."""
    names = {name.lower() for name, _ in new}
    return tuple(pair for pair in pairs if pair[0].lower() not in names) + new
