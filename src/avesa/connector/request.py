"""What is asked and what is answered, as plain values. Protocol logic works on these and does no I/O.

A `Request` holds no secret, since it may be stored as a checkpoint: auth is applied when it is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

import msgspec

from avesa.connector.json_paths import ABSENT, Path, set_value, split_path, value_at

Params = tuple[tuple[str, str], ...]

Into = Literal["query", "body", "header"]
"""Where a value goes in a request: a parameter, a dotted path of the JSON body, a header."""


@dataclass(frozen=True)
class Request:
    """One HTTP request. `params` and `headers` keep their order; a value is text, never encoded yet.

    What follows `body` is never sent. `wait` is how many seconds to wait before it is. `memo` is what a pager has to
    remember from one page to the next. `has_records` is false where the answer only leads to records (the state of
    an export job, a list of ids).
    """

    method: str
    url: str
    params: Params = ()
    headers: Params = ()
    body: str | None = None
    wait: float = 0.0
    memo: Params = ()
    has_records: bool = True

    def with_params(self, *pairs: tuple[str, str]) -> Request:
        """The same request with these parameters set, replacing those of the same name."""
        return replace(self, params=_set(self.params, pairs))

    def with_headers(self, *pairs: tuple[str, str]) -> Request:
        """The same request with these headers set, replacing those of the same name."""
        return replace(self, headers=_set(self.headers, pairs))

    def param(self, name: str) -> str | None:
        return next((value for key, value in self.params if key == name), None)

    def with_value(self, into: Into, name: Path, value: Any) -> Request:
        """The same request with one value set. In a body it keeps its JSON type, elsewhere it becomes text."""
        if into == "body":
            body = msgspec.json.decode(self.body) if self.body else {}
            return replace(self, body=msgspec.json.encode(set_value(body, split_path(name), value)).decode())
        pair = (".".join(split_path(name)), as_text(value))
        return self.with_params(pair) if into == "query" else self.with_headers(pair)

    def value(self, into: Into, name: Path) -> Any:
        """The value set there, or None."""
        if into == "body":
            found = value_at(self.body, name) if self.body else ABSENT
            return None if found is ABSENT else found
        wanted = ".".join(split_path(name)).lower()
        pairs = self.params if into == "query" else self.headers
        return next((value for key, value in pairs if key.lower() == wanted), None)

    def with_memo(self, **values: str | None) -> Request:
        """The same request that also remembers these; None forgets."""
        kept = tuple(pair for pair in self.memo if pair[0] not in values)
        return replace(self, memo=kept + tuple((name, text) for name, text in values.items() if text is not None))

    def recall(self, name: str) -> str | None:
        return next((value for key, value in self.memo if key == name), None)

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

    `sent_at` and `received_at` are by our own clock and frame the last attempt. `refuses` says whether it refuses
    the credentials, whatever its status, where the service declares what its body means; None where it does not.
    `proof` is what the request was proved with, as it was encoded, which no message may show.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    url: str
    sent_at: datetime | None = None
    received_at: datetime | None = None
    refuses: bool | None = None
    proof: str | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.url}, {len(self.body)} bytes>"


def as_text(value: Any) -> str:
    """A JSON value as a parameter or header carries it: texts as they are, all else as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _set(pairs: Params, new: Params) -> Params:
    """Case-insensitive on names, which is right for headers and harmless for parameters."""
    names = {name.lower() for name, _ in new}
    return tuple(pair for pair in pairs if pair[0].lower() not in names) + new
