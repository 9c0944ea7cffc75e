"""How one table is asked for in one tenant's account, and what its pages mean. Pure: it goes by the checkpoint alone.

A pull is one walk over pages or several: a listing; or its changes, window by window, and then its deletions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec.structs

from avesa.connector.change_window import UNSURE, first_since, known, next_token, next_watermark, next_window
from avesa.connector.checkpoint import Checkpoint, Position, fingerprint
from avesa.connector.connection import Connection
from avesa.connector.endpoint_request import ParentId, bare_request
from avesa.connector.incremental import Changes, Deletions, Delta
from avesa.connector.json_paths import split_path
from avesa.connector.memory import Memory
from avesa.connector.paging import Paging
from avesa.connector.pull_settings import overlap_of, relist_of
from avesa.connector.reading import Reading, reading_of, reading_of_deletions, reading_of_events
from avesa.connector.record import Record
from avesa.connector.records import told_by_events
from avesa.connector.request import Request, Response
from avesa.connector.service import Endpoint, Service
from avesa.shared.receipt import Kind


@dataclass(frozen=True)
class TenantTable:
    """A table with the tenant's own time zone, overlap and intervals. `windowed` or `delta` is how it is asked for
    changes, at most one of them.
    """

    connection: Connection
    endpoint: Endpoint
    windowed: Changes | None
    delta: Delta | None
    deletions: Deletions | None
    reading: Reading
    relist: timedelta

    @property
    def service(self) -> Service:
        return self.connection.service

    @property
    def changes(self) -> Changes | Delta | None:
        return self.windowed or self.delta

    @property
    def is_feed(self) -> bool:
        """Whether the order within a page is the order in which things happened."""
        return self.delta is not None or (self.windowed is not None and self.windowed.events is not None)

    @property
    def is_never_listed(self) -> bool:
        return self.changes is not None and self.changes.only

    def fingerprint(self) -> str:
        asked = bare_request(self.connection, self.endpoint, None).to_json()
        if self.endpoint.each is not None:
            asked += " ".join(self.endpoint.each.words(self.connection.credentials))
        return fingerprint(self.service, self.endpoint, asked, self.changes, self.reading.times)

    # Which walks there are

    def beginning(self, kind: Kind, watermark: datetime | None, now: datetime, *, full: bool) -> Checkpoint:
        since = first_since(self.changes, watermark, now, full=full) if kind == "changes" else None
        return Checkpoint(
            kind=kind,
            fingerprint=self.fingerprint(),
            started_at=now,
            began=None,
            since=since,
            watermark=watermark,
            position=Position(),
            window=next_window(self.windowed, since, now) if self.windowed and since else None,
        )

    def further(self, at: Checkpoint) -> Checkpoint | None:
        """The beginning of the walk that comes next: the window behind, then the deletions. None when all is read."""
        if at.kind == "listing":
            return None
        if at.deletions is None and self.windowed and at.since and at.window:
            window = next_window(self.windowed, at.since, at.started_at, at.window)
            if window is not None:
                return msgspec.structs.replace(at, window=window, position=Position())
        if self.deletions is None or at.watermark is None:
            return None
        asked = self.deletions.changes
        window = next_window(asked, asked.since(at.watermark), at.started_at, at.deletions)
        return None if window is None else msgspec.structs.replace(at, deletions=window, position=Position())

    # One walk

    def paging(self, at: Checkpoint) -> Paging:
        own = None
        if self.deletions is not None and at.deletions is not None:
            own = self.deletions.paging
        elif self.windowed is not None and at.kind == "changes":
            own = self.windowed.paging
        return own or self.service.paging_of(self.endpoint, listing=at.kind == "listing")

    def page_reading(self, at: Checkpoint) -> Reading:
        """How to read the pages of this walk; `told` says what of them is the table's."""
        if self.deletions is not None and at.deletions is not None:
            return reading_of_deletions(self.deletions, self.reading)
        windowed = self.windowed
        if at.kind == "listing" or windowed is None:
            return self.reading
        if windowed.events is not None:
            return reading_of_events(windowed.records or "", windowed.field, self.reading)
        return (
            self.reading
            if windowed.records is None
            else replace(self.reading, records=split_path(windowed.records), other_records=())
        )

    def request(self, at: Checkpoint, token: str | None, parent_id: ParentId) -> Request:
        """The first request of the walk, before paging is put on it; `token` is what a delta feed gave last."""
        if self.deletions is not None and at.deletions is not None:
            listed = replace(
                self.endpoint, path=self.deletions.path, params=self.deletions.params, method="GET", body=None
            )
            return self.deletions.changes.asked(bare_request(self.connection, listed, None), *at.deletions)
        request = bare_request(self.connection, self._asked_at(at), parent_id)
        if at.kind == "listing":
            return request
        if self.delta is not None:
            return request if token is None and self.delta.only else self.delta.asked(request, token or "")
        return self.windowed.asked(request, *at.window) if self.windowed and at.window else request

    def _asked_at(self, at: Checkpoint) -> Endpoint:
        """The endpoint, with what of its request is another one for changes."""
        if self.windowed is None or at.kind == "listing":
            return self.endpoint
        path, params = self.windowed.path, self.windowed.params
        asked = replace(
            self.endpoint,
            path=self.endpoint.path if path is None else path,
            params=self.endpoint.params if params is None else params,
        )
        if self.windowed.body is None:
            return asked
        return replace(asked, method="POST", params=params or (), body=self.windowed.body)

    def counted_as(self, kind: Kind) -> Endpoint:
        """The endpoint whose limits the requests of a pull count in."""
        group = self.windowed.limit_group if self.windowed is not None and kind == "changes" else None
        if group is None:
            return self.endpoint
        return replace(self.endpoint, limit_group=(*self.endpoint.limit_groups, group))

    def may_be_refused(self, at: Checkpoint) -> bool:
        """Whether a 400 to the first request can mean that the vendor does not know the change condition."""
        return at.kind == "changes" and at.deletions is None and not self.is_never_listed

    def is_cut(self, at: Checkpoint, records: int) -> bool:
        """Whether a page of so many records may be all that the vendor tells of more changes than that."""
        if self.windowed is None or self.windowed.most is None or at.kind == "listing" or at.deletions is not None:
            return False
        return records >= self.windowed.most

    def is_enough(self, at: Checkpoint, records: list[Record]) -> bool:
        """Whether a list that begins with the newest lies before the window with all of this page."""
        begin = at.window[0] if at.kind == "changes" and at.window and at.deletions is None else None
        if begin is None or self.windowed is None or not self.windowed.newest_first:
            return False
        return bool(records) and all(r.updated_at is not None and r.updated_at < begin for r in records)

    def told(self, at: Checkpoint, records: list[Record]) -> list[Record]:
        """The table's records that the records of a page tell of."""
        if at.deletions is not None:
            # Some vendors tell of all deletions that they remember, whatever they are asked.
            begin = at.deletions[0]
            return [
                msgspec.structs.replace(r, is_deleted=True)
                for r in records
                if r.updated_at is None or r.updated_at >= begin
            ]
        if at.kind == "listing" or self.windowed is None or self.windowed.events is None:
            return records
        return told_by_events(records, self.windowed.events, self.reading)

    def newest_first(self, at: Checkpoint) -> bool:
        """Whether a page tells of the newest first, so that what follows of the same instant is older."""
        events = self.windowed.events if self.windowed and at.kind == "changes" else None
        return events is not None and events.newest_first and at.deletions is None

    def is_partial(self, at: Checkpoint) -> bool:
        """Whether the records of this walk hold only what changed."""
        feed = at.kind == "changes" and self.changes is not None and self.changes.partial
        return self.endpoint.partial or at.deletions is not None or feed

    # How far it has come

    def next_watermark(
        self, at: Checkpoint, newest: datetime | None, *, parents_through: datetime | None, vendor_dated: bool
    ) -> datetime | None:
        """The table's watermark if the pull ended here; `newest` is the newest change seen. `parents_through` is how
        far its parents are, where it has such; `vendor_dated` says that the beginning is by the vendor's own clock.
        """
        old, began, window = at.watermark, at.began, at.window
        if began is None:
            return old
        if self.windowed is not None and window is not None and window[1] is not None:
            began = min(began, self.windowed.rounded(window[1]))
        empty = newest is None and at.figures.rows + at.figures.skipped == 0
        if not self._tells_times(at) or (parents_through is not None and (newest is not None or empty)):
            return max(known(old, began))
        if empty and at.kind == "listing" and vendor_dated:
            return max(known(old, began))  # nothing there yet: the next pull can ask for changes all the same
        if self.windowed is not None and self.windowed.longest_window is not None and window is not None:
            # What lies before the last window was read to its end.
            newest = max(known(newest, min(window[0], began - UNSURE)))
        return next_watermark(old, newest, began)

    def floor(self, watermark: datetime | None) -> datetime | None:
        """Where the next window would begin."""
        if self.windowed is None or watermark is None:
            return None
        asked = [self.windowed, *([self.deletions.changes] if self.deletions else [])]
        return min(changes.since(watermark) for changes in asked)

    # What it remembers

    def with_token(self, at: Checkpoint, response: Response, parent_id: str | None, memory: Memory) -> Checkpoint:
        """With what a page of a delta feed says to ask for next. Where there is no list to fall back on, a page that
        says nothing keeps the token that `memory` has.
        """
        if self.delta is None:
            return at
        told = next_token(response, self.delta)
        if parent_id is None:
            kept = at.token or (memory.token if self.delta.only else None)
            return msgspec.structs.replace(at, token=told or kept)
        token = told or at.tokens.get(parent_id) or memory.tokens.get(parent_id)
        return at if token is None else msgspec.structs.replace(at, tokens={**at.tokens, parent_id: token})

    def unseen(self, at: Checkpoint, before: Memory) -> str | None:
        """Why a listing that came to its end cannot say what is gone: a list was refused that was not the last time.
        What is refused twice counts as gone, like all that is not ours to see.
        """
        if at.kind != "listing":
            return None
        new = len(set(at.refused) - set(before.refused))
        return f"It was refused under {new} record{'s' if new > 1 else ''} for the first time." if new else None

    def remembered(self, at: Checkpoint, before: Memory, boundary: tuple[str, ...]) -> Memory:
        """What the table remembers once the pull has come to its end. Tokens of parents that are not there any more
        are not among it.
        """
        listing = at.kind == "listing"
        rows = at.figures.rows + (0 if listing else before.rows or 0)
        return Memory(
            listed_at=at.started_at if listing else before.listed_at,
            boundary=boundary,
            changes_refused_at=before.changes_refused_at,
            pulled_at=at.started_at,
            rows=rows if listing or rows or before.rows is not None else None,
            token=at.token,
            tokens=at.tokens,
            refused=tuple(sorted(set(at.refused))) if listing else before.refused,
        )

    def _tells_times(self, at: Checkpoint) -> bool:
        """Whether what is read now says when it changed."""
        if self.windowed is None:
            return False
        if self.windowed.events is not None:
            return at.kind == "changes"
        return self.reading.updated_at is not None


def table_of(connection: Connection, endpoint: Endpoint) -> TenantTable:
    """Raises ConfigurationError for a time zone that nobody knows, UsageError for an interval that is none."""
    service, settings = connection.service, connection.credentials
    overlap = overlap_of(settings, endpoint.name)
    changes, deletions = service.changes_of(endpoint), endpoint.deletions
    return TenantTable(
        connection,
        endpoint,
        changes.of_tenant(settings, overlap=overlap) if isinstance(changes, Changes) else None,
        changes if isinstance(changes, Delta) else None,
        deletions and replace(deletions, changes=deletions.changes.of_tenant(settings, overlap=overlap)),
        reading_of(service, endpoint, settings),
        relist_of(settings, endpoint),
    )
