"""Finds a paging that goes round in circles."""

from __future__ import annotations

from avesa.shared.errors import TableFailed


class RepeatGuard:
    """Finds pages that come again, at any distance, while remembering only two of them.

    Each page is compared with the one before and with a milestone that moves to pages 1, 2, 4, 8, …: whatever
    cycle the pages fall into, a milestone is met again. Empty pages do not count.
    """

    def __init__(self, previous: str | None = None) -> None:
        self._seen = 0
        self._milestone = previous
        self.previous = previous

    def check(self, digest: str, records: int) -> None:
        """Raises TableFailed if this page was seen before."""
        if records == 0:
            return
        if digest in (self.previous, self._milestone):
            raise TableFailed("The vendor sent the same page again: the pages would never end.")
        self.previous = digest
        self._seen += 1
        if self._seen & (self._seen - 1) == 0:
            self._milestone = digest
