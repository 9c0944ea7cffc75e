"""Finds a paging that goes round in circles."""

from __future__ import annotations

from collections.abc import Sequence

from avesa.shared.errors import TableFailed

_SAME_IN_A_ROW = 5


class RepeatGuard:
    """Finds pages that come again, at any distance, while remembering only two of them.

    Each page is compared with the one before and with a milestone that moves to pages 1, 2, 4, 8, …: whatever
    cycle the pages fall into, a milestone is met again. Empty pages do not count.
    """

    def __init__(self, previous: str | None = None) -> None:
        self._seen = 0
        self._milestone = previous
        self.previous = previous
        self._records: tuple[Sequence[object], str] = ((), "")
        self._in_a_row = 1

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

    def check_records(self, records: Sequence[object], part: str = "") -> None:
        """Raises TableFailed if these are the records of the pages before too, in the same `part` of the list, whatever
        else changed in the answers (the moment, an id of the request): so answers a vendor that takes no notice of what
        page it is asked for.
        """
        self._in_a_row = self._in_a_row + 1 if records and (records, part) == self._records else 1
        self._records = records, part
        if self._in_a_row >= _SAME_IN_A_ROW:
            raise TableFailed("The vendor sends the same records again and again: the pages would never end.")
