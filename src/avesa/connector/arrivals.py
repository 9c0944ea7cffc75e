"""From the records of a page to the rows that are landed: without those that the pull before landed, and each in the
order that its vendor means.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from avesa.connector.checkpoint import Checkpoint
from avesa.connector.extract import Extracted
from avesa.connector.landing import Rows
from avesa.connector.memory import BOUNDARY_ROWS, Boundary
from avesa.connector.record import Record
from avesa.connector.tenant_table import TenantTable


class Arrivals:
    """What one pull has seen so far. `known` are the digests of the rows at the edge of the pull before, `floor` tells
    from the newest change so far where the next window would begin.
    """

    def __init__(
        self,
        table: TenantTable,
        run_id: str,
        known: frozenset[str],
        floor: Callable[[datetime | None], datetime | None],
    ) -> None:
        self._table, self._run_id = table, run_id
        self._known = known
        self._boundary = Boundary(floor)
        self._instant: datetime | None = None
        self._instant_ids: set[str] = set()

    def of(self, page: Extracted, at: Checkpoint) -> tuple[list[Record], Rows]:
        """The records that a page tells of the table, and the rows of those that are new."""
        records = self._table.told(at, page.records)
        if self._table.newest_first(at):
            records = self._newest_of_each_instant(records)
        fresh = self._fresh(records, page)
        seen_at = max(page.received_at, at.started_at)
        return records, self._rows(fresh, page, seen_at, partial=self._table.is_partial(at))

    def boundary(self, floor: datetime | None, *, stays: bool) -> tuple[str, ...]:
        """What the next pull has to know: the digests of the rows at or behind `floor`, sorted. Where the watermark
        `stays`, what was known before still counts, as long as that is not too much.
        """
        found = set(self._boundary.digests(floor))
        if stays and len(found) + len(self._known) <= BOUNDARY_ROWS:
            found |= self._known
        return tuple(sorted(found))

    def _fresh(self, records: list[Record], page: Extracted) -> list[Record]:
        """Without those that the pull before landed as they are."""
        times = [record.updated_at for record in records if record.updated_at is not None]
        if self._table.windowed is None or not times:
            return records
        edge = self._boundary.edge(max(times))
        # A digest costs more than to read a record: only where there is, or will be, something to compare it with.
        return [
            record
            for record in records
            if (at := record.updated_at) is None
            or not (self._known or (edge is not None and at >= edge))
            or not self._is_known(record, at, self._parent_of(record, page))
        ]

    def _is_known(self, record: Record, updated_at: datetime, parent_id: str | None) -> bool:
        """Whether this very row was landed by the pull before. Remembers it for the pull after."""
        # The time is in most payloads; of an event it is not, and a record may become again what it was.
        told = (record.record_id or "", parent_id or "", updated_at.isoformat(), str(record.is_deleted))
        identity = "\0".join((*told, record.payload))
        digest = b64encode(hashlib.blake2b(identity.encode(), digest_size=12).digest()).decode()
        self._boundary.add(digest, updated_at)
        return digest in self._known

    def _newest_of_each_instant(self, records: list[Record]) -> list[Record]:
        """Without those that came behind a newer one of the same record and instant: events come newest first, and
        of two observations at one instant the one extracted last would count.
        """
        kept = []
        for record in records:
            if record.record_id is None or record.updated_at is None:
                kept.append(record)
                continue
            if record.updated_at != self._instant:
                self._instant, self._instant_ids = record.updated_at, set()
            if record.record_id not in self._instant_ids:
                self._instant_ids.add(record.record_id)
                kept.append(record)
        return kept

    def _rows(self, records: list[Record], page: Extracted, seen_at: datetime, *, partial: bool) -> Rows:
        count = len(records)
        is_under = self._table.endpoint.parent is not None
        return Rows(
            record_id=[record.record_id for record in records],
            parent_id=[self._parent_of(record, page) for record in records] if is_under else [None] * count,
            payload=[record.payload for record in records],
            updated_at=[record.updated_at for record in records],
            is_deleted=[record.is_deleted for record in records],
            is_partial=[partial] * count,
            extracted_at=self._each_later(records, seen_at) if self._table.is_feed else [seen_at] * count,
            run_id=[self._run_id] * count,
            page=[page.number] * count,
            problem=[record.problem for record in records],
        )

    def _each_later(self, records: list[Record], seen_at: datetime) -> list[datetime]:
        """A feed may tell of a record more than once in a page: the order counts, so each comes a microsecond later."""
        repeats: Counter[str | None] = Counter()
        times = []
        for record in records:
            times.append(seen_at + repeats[record.record_id] * timedelta(microseconds=1))
            repeats[record.record_id] += 1
        return times

    def _parent_of(self, record: Record, page: Extracted) -> str | None:
        """What was asked for by an id that a field names is below nobody."""
        parent = self._table.endpoint.parent
        if parent is not None and parent.field is not None:
            return None
        return page.parent_id if record.parent_id is None else record.parent_id
