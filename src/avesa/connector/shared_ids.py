"""A sign that ids of a list under parents are not one record's each: the same id came under two parents, with another
record each time. They would be taken for one.

A record that lies under several parents comes with the same content, and one that changed while it was listed is an
exception, so it takes more than a few. Memory is bounded: beyond so many ids no more are remembered.
"""

from __future__ import annotations

from avesa.connector.landing import Rows
from avesa.connector.service import Endpoint

_REMEMBERED = 20_000
_LEAST_SHARE = 0.01
"""Of the rows that could be compared or were remembered, the part that tells them from records that changed."""


class SharedIds:
    """Takes the rows of one listing, and tells what they look like. An endpoint whose ids cannot clash takes none."""

    def __init__(self, endpoint: Endpoint) -> None:
        parent = endpoint.parent
        self._counts = parent is not None and parent.field is None and not endpoint.unique_under_parent
        self._first: dict[str, tuple[str, int]] = {}
        self._rows = 0
        self._clashes = 0
        self._example: tuple[str, str] | None = None

    def add(self, rows: Rows) -> None:
        if not self._counts:
            return
        for record_id, parent_id, payload in zip(rows.record_id, rows.parent_id, rows.payload, strict=True):
            if record_id is None or parent_id is None:
                continue
            first = self._first.get(record_id)
            if first is None:
                if len(self._first) < _REMEMBERED:
                    self._first[record_id] = (parent_id, hash(payload))
                    self._rows += 1
                continue
            self._rows += 1
            if first[0] != parent_id and first[1] != hash(payload):
                self._clashes += 1
                self._example = self._example or (first[0], parent_id)

    def warning(self) -> str | None:
        """What to tell a person, None where nothing is odd."""
        if self._example is None or self._clashes < _LEAST_SHARE * self._rows:
            return None
        one, other = self._example
        return (
            f"{self._clashes} of {self._rows} records have the id of another one under another parent (as under {one} "
            f"and {other}), and are taken for that one: the table needs unique_under_parent."
        )
