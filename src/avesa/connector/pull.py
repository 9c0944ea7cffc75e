"""One pull of one table: decide what to ask, walk over its pages, land them, prove it, and only then move the
watermark.

The order never changes: data, checkpoint, receipt, watermark. Whatever stops a pull, what lies behind the last
stored checkpoint is asked for again, and nothing before it is lost.
"""

from __future__ import annotations

import dataclasses
import hashlib
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

from msgspec.structs import replace

from avesa.connector.checkpoint import (
    Checkpoint,
    Figures,
    Position,
    decode_checkpoint,
    encode_checkpoint,
    fingerprint,
    misfit,
)
from avesa.connector.client import Client, Tally
from avesa.connector.completeness import CAME_EMPTY, read_total, shortfall
from avesa.connector.distinct import DistinctIds
from avesa.connector.extract import ChangesRefused, Extracted, Fetcher, Walk, bare_request
from avesa.connector.incremental import (
    BOUNDARY_ROWS,
    UNSURE,
    Boundary,
    Changes,
    Deletions,
    Delta,
    Memory,
    choose_kind,
    decode_memory,
    encode_memory,
    first_since,
    known,
    next_token,
    next_watermark,
    next_window,
    vendor_start,
)
from avesa.connector.landing import Landing, Row
from avesa.connector.limits import Stopped
from avesa.connector.outcome import Place, Progress, PullOptions, PullOutcome, outcome_of
from avesa.connector.paging import CursorExpired, Paging
from avesa.connector.parents import landed_through, live_parents
from avesa.connector.proof import distinct_in_files, had_rows, write_receipt
from avesa.connector.pull_settings import overlap_of, relist_of
from avesa.connector.records import (
    Reading,
    Record,
    reading_of,
    reading_of_deletions,
    reading_of_events,
    split_path,
    told_by_events,
)
from avesa.connector.request import Request
from avesa.connector.service import Endpoint
from avesa.shared.errors import ServiceFailed, TableFailed, Unavailable
from avesa.shared.layout import raw_prefix
from avesa.shared.receipt import Kind


def pull(
    place: Place,
    client: Client,
    endpoint: Endpoint,
    *,
    full: bool = False,
    allow_empty: bool = False,
    stop: Callable[[], bool] = lambda: False,
    progress: Progress | None = None,
    options: PullOptions | None = None,
) -> PullOutcome:
    """Pull one table. The caller holds its lease. `allow_empty` takes a listing without rows for the truth even
    where there were rows before.

    Raises TableFailed when this pull can come to no good end (what came is landed as incomplete), Unavailable and
    ServiceFailed when a later one can go on from here, StorageError and StaleState from the ports.
    """
    return _Pull(place, client, endpoint, full, allow_empty, stop, progress, options or PullOptions()).run()


class _Pull:
    """The state of one pull while it runs. `at` is what a checkpoint would hold if all rows were durable."""

    def __init__(
        self,
        place: Place,
        client: Client,
        endpoint: Endpoint,
        full: bool,
        allow_empty: bool,
        stop: Callable[[], bool],
        progress: Progress | None,
        options: PullOptions,
    ) -> None:
        self.place, self.client, self.endpoint, self.full = place, client, endpoint, full
        self.allow_empty = allow_empty
        self.stop, self.progress, self.options = stop, progress, options
        self.service = client.connection.service
        settings = client.connection.credentials
        overlap = overlap_of(settings, endpoint.name)
        self.relist = relist_of(settings, endpoint)
        self.reading = reading_of(self.service, endpoint, settings)
        changes = self.service.changes_of(endpoint)
        self.delta = changes if isinstance(changes, Delta) else None
        self.windowed = changes.of_tenant(settings, overlap=overlap) if isinstance(changes, Changes) else None
        self.changes = self.windowed or self.delta
        self.deletions: Deletions | None = None
        if endpoint.deletions is not None:
            asked = endpoint.deletions.changes.of_tenant(settings, overlap=overlap)
            self.deletions = dataclasses.replace(endpoint.deletions, changes=asked)
        address = client.connection.base_url
        self.fingerprint = fingerprint(self.service, endpoint, address, self.changes, self.reading.times)
        self.state = place.watermarks.get(place.tenant, f"{self.service.name}/{endpoint.name}")
        self.memory = decode_memory(self.state.details)
        self.tally = Tally()
        self.saved_at = options.monotonic()
        self.resumed = False
        self.vendor_dated = False

    def run(self) -> PullOutcome:
        now = self.place.clock()
        kind = choose_kind(
            self.changes,
            self.state.watermark,
            self.memory,
            full=self.full,
            relist=self.relist,
            now=now,
        )
        checkpoint = self._usable_checkpoint(kind, now)
        self.resumed = checkpoint is not None
        at = checkpoint or self._beginning(kind, now)
        expired = False
        while True:
            try:
                return self._pull(at)
            except ChangesRefused:
                if self.delta is None:
                    self.memory = replace(self.memory, boundary=(), changes_refused_at=now)
                at = self._beginning("listing", now)
            except CursorExpired as error:
                if expired:
                    raise TableFailed(f"{error} It was asked for from its beginning, and so it went again.") from None
                # A token that is forgotten says nothing of what changed since: all has to be listed.
                expired, self.resumed, self.tally = True, False, Tally()
                at = self._beginning("listing" if self.delta else at.kind, self.place.clock())

    # What to begin with

    def _usable_checkpoint(self, kind: Kind, now: datetime) -> Checkpoint | None:
        checkpoint = decode_checkpoint(self.state.checkpoint)
        if checkpoint is None:
            return None
        names = {
            info.path.rpartition("/")[2]
            for info in self.place.objects.list(raw_prefix(self.place.tenant, self.service.name, self.endpoint.name))
        }
        reason = misfit(
            checkpoint,
            kind=kind,
            fingerprint=self.fingerprint,
            watermark=self.state.watermark,
            now=now,
            files=names,
        )
        if reason is None:
            return checkpoint
        if checkpoint.files and names.issuperset(checkpoint.files):
            # What it landed stays true, so it is handed over as an incomplete pull rather than left lying.
            with self._distinct(checkpoint.files) as distinct:
                self._write_receipt(checkpoint, distinct.result(), f"Not finished: {reason}.")
        self._put(checkpoint=None)
        return None

    def _beginning(self, kind: Kind, now: datetime) -> Checkpoint:
        watermark = self.state.watermark
        since = first_since(self.changes, watermark, now, full=self.full) if kind == "changes" else None
        return Checkpoint(
            kind=kind,
            fingerprint=self.fingerprint,
            started_at=now,
            began=None,
            since=since,
            watermark=watermark,
            position=Position(),
            window=next_window(self.windowed, since, now) if self.windowed and since else None,
        )

    # The pages

    def _pull(self, at: Checkpoint) -> PullOutcome:
        self.at = at
        self.base = at.figures
        self.instant: datetime | None = None
        self.instant_ids: set[str] = set()
        self.known = frozenset(self.memory.boundary if at.kind == "changes" else ())
        self.boundary = Boundary(self._floor)
        self.landing = Landing(
            self.place.objects,
            self.place.tenant,
            self.service.name,
            self.endpoint.name,
            clock=self.place.clock,
            file_bytes=self.options.file_bytes,
        )
        with self._distinct(at.files) as distinct:
            try:
                if not self._walk(distinct):
                    return self._stopped()
            except Stopped:
                return self._stopped()
            except (Unavailable, ServiceFailed):
                self._save()
                raise
            except (TableFailed, CursorExpired) as error:
                self._give_up(distinct, str(error) if isinstance(error, CursorExpired) else error.message)
                raise
            self._close(distinct)
        return self._outcome("ok")

    def _walk(self, distinct: DistinctIds) -> bool:
        """True when all pages are read, False when asked to stop between two of them."""
        parents, self.bound = None, None
        if self.endpoint.parent is not None:
            above = self.endpoint.parent.endpoint
            self.bound = landed_through(self.place, self.service.name, above)
            parents = live_parents(self.place, self.service.name, above, changed_since=self.at.since)
        if self.stop():
            return False
        with Fetcher(self.client, self.tally, self.service.limits.concurrency) as fetcher:
            while True:
                if not self._leg(fetcher, parents, distinct):
                    return False
                further = self._further()
                if further is None:
                    return True
                fetcher.forget()
                self.at = further
                if self.stop():
                    return False

    def _leg(self, fetcher: Fetcher, parents: list[str] | None, distinct: DistinctIds) -> bool:
        """One walk: a listing, one window of changes, or one of deletions. False when asked to stop in it."""
        listing = self.at.kind == "listing"
        walk = Walk(
            self.client,
            self._leg_paging() or self.service.paging_of(self.endpoint, listing=listing),
            self._leg_reading(),
            self._request,
            is_changes=not listing and self.at.deletions is None and not (self.windowed and self.windowed.only),
            max_pages=self.options.max_pages,
        )
        for page in walk.pages(fetcher, parents, self.at.position, self.at.figures.pages):
            self._take(page, distinct)
            if page.after.done:
                break
            overdue = self.options.monotonic() - self.saved_at >= self.options.save_every
            if self.landing.is_full or overdue:
                self._save()
            if self.stop():
                return False
        return True

    def _further(self) -> Checkpoint | None:
        """The beginning of the walk that comes next: the window behind, then the deletions. None when all is read."""
        at = self.at
        if at.kind == "listing":
            return None
        if at.deletions is None and self.windowed and at.since and at.window:
            window = next_window(self.windowed, at.since, at.started_at, at.window)
            if window is not None:
                return replace(at, window=window, position=Position())
        if self.deletions is None or at.watermark is None:
            return None
        asked = self.deletions.changes
        window = next_window(asked, asked.since(at.watermark), at.started_at, at.deletions)
        return None if window is None else replace(at, deletions=window, position=Position())

    def _leg_paging(self) -> Paging | None:
        """The paging of what is walked now, where it has one of its own."""
        if self.deletions is not None and self.at.deletions is not None:
            return self.deletions.paging
        return self.windowed.paging if self.windowed and self.at.kind == "changes" else None

    def _leg_reading(self) -> Reading:
        """How to read the pages of this walk; what of them is landed, `_told` says."""
        if self.deletions is not None and self.at.deletions is not None:
            return reading_of_deletions(self.deletions, self.reading)
        windowed = self.windowed
        if self.at.kind == "listing" or windowed is None:
            return self.reading
        if windowed.events is not None:
            return reading_of_events(windowed.records or "", windowed.field, self.reading)
        if windowed.records is not None:
            return dataclasses.replace(self.reading, records=split_path(windowed.records))
        return self.reading

    def _take(self, page: Extracted, distinct: DistinctIds) -> None:
        if self.at.began is None:
            dated = vendor_start(page.response)
            self.vendor_dated = dated is not None
            began = dated or self.at.started_at
            self.at = replace(self.at, began=min(began, self.bound) if self.bound else began)
        records = self._told(page)
        fresh = [record for record in records if not self._is_known(record, page.parent_id)]
        rows = self._rows(fresh, page)
        self.landing.add(rows)
        distinct.add(row.record_id for row in rows)
        figures = self.at.figures.after(
            page.number,
            landed=[row.updated_at for row in rows],
            seen=[record.updated_at for record in records],
            keyless=sum(row.record_id is None for row in rows),
        )
        if self.delta is not None:
            self.at = replace(self.at, token=next_token(page.response, self.delta) or self.at.token)
        total = self.service.total_of(self.endpoint)
        if total is not None and self.at.kind == "listing" and self.endpoint.parent is None:
            self.at = replace(self.at, totals=self.at.totals.after(read_total(page.response, total)))
        self.at = replace(self.at, position=page.after, figures=self._with_costs(figures))
        if self.progress:
            self.progress(self.endpoint.name, page.number, figures.rows)

    def _is_known(self, record: Record, parent_id: str | None) -> bool:
        """Whether this very row was landed by the pull before. Remembers it for the pull after."""
        if record.updated_at is None or self.windowed is None:
            return False
        # The time is in most payloads; of an event it is not, and a record may become again what it was.
        told = (record.record_id or "", parent_id or "", record.updated_at.isoformat(), str(record.is_deleted))
        identity = "\0".join((*told, record.payload))
        digest = b64encode(hashlib.blake2b(identity.encode(), digest_size=12).digest()).decode()
        self.boundary.add(digest, record.updated_at)
        return digest in self.known

    def _told(self, page: Extracted) -> list[Record]:
        """The table's records that a page tells of."""
        if self.at.deletions is not None:
            return [record._replace(is_deleted=True) for record in page.records]
        if self.at.kind == "listing" or self.windowed is None or self.windowed.events is None:
            return page.records
        told = told_by_events(page.records, self.windowed.events, self.reading)
        return self._newest_of_each_instant(told) if self.windowed.events.newest_first else told

    def _newest_of_each_instant(self, records: list[Record]) -> list[Record]:
        """Without those that came behind a newer one of the same record and instant: events come newest first, and
        of two observations at one instant the one extracted last would count.
        """
        kept = []
        for record in records:
            if record.record_id is None or record.updated_at is None:
                kept.append(record)
                continue
            if record.updated_at != self.instant:
                self.instant, self.instant_ids = record.updated_at, set()
            if record.record_id not in self.instant_ids:
                self.instant_ids.add(record.record_id)
                kept.append(record)
        return kept

    def _rows(self, records: list[Record], page: Extracted) -> list[Row]:
        partial = self.endpoint.partial or self.at.deletions is not None
        if self.at.kind == "changes" and self.changes is not None:
            partial = partial or self.changes.partial
        # A feed may tell of a record more than once in a page: the order counts, so each comes a microsecond later.
        is_feed = self.delta is not None or (self.windowed is not None and self.windowed.events is not None)
        repeats: Counter[str | None] = Counter()
        rows = []
        for record in records:
            received_at = page.received_at
            if is_feed:
                received_at += repeats[record.record_id] * timedelta(microseconds=1)
                repeats[record.record_id] += 1
            rows.append(
                Row(
                    record.record_id,
                    page.parent_id,
                    record.payload,
                    record.updated_at,
                    record.is_deleted,
                    partial,
                    received_at,
                    self.place.run_id,
                    page.number,
                    record.problem,
                )
            )
        return rows

    def _request(self, parent_id: str | None) -> Request:
        at, address = self.at, self.client.connection.base_url
        if self.deletions is not None and at.deletions is not None:
            bare = Request("GET", address + self.deletions.path, self.deletions.params)
            return self.deletions.changes.asked(bare, *at.deletions)
        path = self.windowed.path if self.windowed and at.kind == "changes" else None
        endpoint = self.endpoint if path is None else dataclasses.replace(self.endpoint, path=path)
        request = bare_request(address, endpoint, parent_id)
        if at.kind == "listing":
            return request
        if self.delta is not None:
            return self.delta.asked(request, self.memory.token or "")
        return self.windowed.asked(request, *at.window) if self.windowed and at.window else request

    # How far it has come

    def _next_watermark(self, newest: datetime | None) -> datetime | None:
        old, began, window = self.at.watermark, self.at.began, self.at.window
        if began is None:
            return old
        if self.windowed is not None and window is not None and window[1] is not None:
            began = min(began, self.windowed.rounded(window[1]))
        empty = newest is None and self.at.figures.rows + self.at.figures.skipped == 0
        if not self._tells_times() or (self.bound is not None and (newest is not None or empty)):
            return max(known(old, began))
        if empty and self.at.kind == "listing" and self.vendor_dated:
            return max(known(old, began))  # nothing there yet: the next pull can ask for changes all the same
        if self.windowed is not None and self.windowed.longest_window is not None and window is not None:
            # What lies before the last window was read to its end.
            newest = max(known(newest, min(window[0], began - UNSURE)))
        return next_watermark(old, newest, began)

    def _tells_times(self) -> bool:
        """Whether what is read now says when it changed."""
        if self.windowed is None:
            return False
        if self.windowed.events is not None:
            return self.at.kind == "changes"
        return self.reading.updated_at is not None

    def _floor(self, newest: datetime | None) -> datetime | None:
        """Where the next window would begin."""
        watermark = self._next_watermark(newest)
        if self.windowed is None or watermark is None:
            return None
        asked = [self.windowed, *([self.deletions.changes] if self.deletions else [])]
        return min(changes.since(watermark) for changes in asked)

    # What is stored

    def _save(self) -> None:
        """Make the rows so far durable, then the checkpoint that goes on behind them."""
        if self.at.began is None and not self.at.files:
            return
        self._flush()
        self.at = replace(self.at, figures=self._with_costs(self.at.figures))
        self._put(checkpoint=encode_checkpoint(self.at))
        self.saved_at = self.options.monotonic()

    def _flush(self) -> None:
        name = self.landing.flush()
        if name is not None:
            self.at = replace(self.at, files=(*self.at.files, name))

    def _close(self, distinct: DistinctIds) -> None:
        """The end of all pages: prove it and move on, or say why it proves nothing."""
        self._flush()
        self.at = replace(self.at, figures=self._with_costs(self.at.figures))
        ids = distinct.result()
        doubt = self._doubt(ids[0])
        self._write_receipt(self.at, ids, doubt.message if doubt else None)
        if doubt is None:
            self._finish()
            return
        self._drop_checkpoint()
        raise doubt

    def _give_up(self, distinct: DistinctIds, reason: str) -> None:
        """What came is landed as incomplete, and nothing moves."""
        self._flush()
        self.at = replace(self.at, figures=self._with_costs(self.at.figures))
        if self.at.figures.pages:
            self._write_receipt(self.at, distinct.result(), reason)
        self._drop_checkpoint()

    def _doubt(self, ids: int) -> TableFailed | None:
        """Why a listing that came to its end is not taken for complete."""
        figures, total = self.at.figures, self.service.total_of(self.endpoint)
        if self.at.kind != "listing":
            return None
        expected = not (self.allow_empty or self.endpoint.may_be_empty)
        if figures.rows == 0 and expected and self._had_rows():
            return TableFailed(
                CAME_EMPTY,
                hint=f"If it really is empty: avesa sync {self.place.tenant} --service {self.service.name}"
                f" --table {self.endpoint.name} --full --allow-empty",
            )
        if total is None or not total.trusted:
            return None
        short = shortfall(self.at.totals, ids + figures.keyless if self.endpoint.key else figures.rows)
        return TableFailed(short, hint="The next sync lists it again.") if short else None

    def _had_rows(self) -> bool:
        if self.memory.rows is not None:
            return self.memory.rows > 0
        return had_rows(self.place, self.service.name, self.endpoint.name)

    def _drop_checkpoint(self) -> None:
        if self.state.checkpoint is not None:
            self._put(checkpoint=None)

    def _finish(self) -> None:
        watermark = self._next_watermark(self.at.figures.newest)
        floor = self._floor(self.at.figures.newest)
        boundary = set(self.boundary.digests(floor))
        if watermark == self.at.watermark and len(boundary) + len(self.known) <= BOUNDARY_ROWS:
            boundary |= self.known
        listing = self.at.kind == "listing"
        rows = self.at.figures.rows
        if not listing:
            rows += self.memory.rows or 0
        memory = Memory(
            listed_at=self.at.started_at if listing else self.memory.listed_at,
            boundary=tuple(sorted(boundary)),
            changes_refused_at=None if self.full else self.memory.changes_refused_at,
            pulled_at=self.at.started_at,
            rows=rows if listing or rows or self.memory.rows is not None else None,
            token=self.at.token,
        )
        self.state = self.place.watermarks.put(
            dataclasses.replace(self.state, watermark=watermark, checkpoint=None, details=encode_memory(memory))
        )

    def _put(self, *, checkpoint: str | None) -> None:
        self.state = self.place.watermarks.put(dataclasses.replace(self.state, checkpoint=checkpoint))

    def _write_receipt(self, at: Checkpoint, ids: tuple[int, str], reason: str | None) -> None:
        write_receipt(self.place, self.service.name, self.endpoint.name, at, ids, reason)

    def _distinct(self, files: tuple[str, ...]) -> DistinctIds:
        return distinct_in_files(self.place, self.service.name, self.endpoint.name, files)

    def _with_costs(self, figures: Figures) -> Figures:
        return replace(
            figures,
            bytes=self.base.bytes + self.tally.bytes,
            calls=self.base.calls + self.tally.calls,
            retries=self.base.retries + self.tally.retries,
        )

    # What is told

    def _stopped(self) -> PullOutcome:
        self._save()
        return self._outcome("stopped")

    def _outcome(self, status: Literal["ok", "stopped"]) -> PullOutcome:
        return outcome_of(self.at, status, watermark=self.state.watermark, resumed=self.resumed)
