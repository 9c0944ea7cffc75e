"""A request and its answer as plain values, so that vendors are functions and faults can bend what they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Request:
    """`path` is below the vendor's prefix; `root` is the absolute URL that stands before it, for links.

    `query` keeps order and repetition; names of `headers` are in small letters.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    root: str = ""

    def parameter(self, name: str) -> str | None:
        """The first value of the query parameter; names count in any case."""
        return next((value for key, value in self.query if key.lower() == name.lower()), None)


@dataclass(frozen=True)
class Answer:
    """`cut` sends only half of the body and closes; `drop` closes without a word; `delay` waits first, in seconds."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    drop: bool = False
    delay: float = 0.0
