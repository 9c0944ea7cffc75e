"""A request as the vendor sees it, and an answer before it is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from avesa.sandbox.vendor.contract import get


@dataclass(frozen=True)
class Asked:
    """`path` is the one below the mount, `target` path and query as they came; header names are lower case.
    `base` is the address under which the paths lie.
    """

    method: str
    path: str
    target: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes
    base: str

    @cached_property
    def json(self) -> Any:
        """The JSON of the body, None where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @cached_property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def given(self, where: str, name: str, values: Mapping[str, str] | None = None) -> Any:
        """What was sent under a name in query, header, body (dotted), variables (GraphQL) or path. None if nothing."""
        match where:
            case "query":
                return next((value for key, value in self.query if key == name), None)
            case "header":
                return self.headers.get(name.lower())
            case "body":
                return get(self.json, name)
            case "variables":
                return get(self.json, f"variables.{name}")
            case "path":
                return (values or {}).get(name)
        raise ValueError(f"unknown place {where}")


@dataclass
class Answer:
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    """Sent in place of `body` where set."""
    cut: bool = False
    """Half of the body is sent, then the connection ends."""

    def content(self) -> bytes:
        return self.raw if self.raw is not None else json.dumps(self.body, ensure_ascii=False).encode()


@dataclass(frozen=True)
class Refused(Exception):
    """The vendor says no: a status, the vendor's name for the reason, and whether the request itself was wrong."""

    status: int
    message: str
    violation: bool = True
    code: str | int | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Served:
    """What came in and what went out; bodies and credentials are not kept."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    table: str | None
    status: int
