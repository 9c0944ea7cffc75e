"""One pull of one table: decide what to ask, walk over its pages, land them, prove it, and only then move the
watermark.

The order never changes: data, checkpoint, receipt, watermark. Whatever stops a pull, what lies behind the last
stored checkpoint is asked for again, and nothing before it is lost.
"""

from __future__ import annotations

import dataclasses
import hashlib
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime
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
from avesa.connector.distinct import DistinctIds
from avesa.connector.endpoint_request import bare_request
from avesa.connector.extract import ChangesRefused, Extracted, Fetcher, Walk
from avesa.connector.incremental import (
    BOUNDARY_ROWS,
    Boundary,
    Memory,
    choose_kind,
    decode_memory,
    encode_memory,
    known,
    next_watermark,
    vendor_start,
)
from avesa.connector.landing import Landing, Row
from avesa.connector.limits import Stopped
from avesa.connector.outcome import Place, Progress, PullOptions, PullOutcome, outcome_of
from avesa.connector.parents import landed_through, live_parents
from avesa.connector.proof import distinct_in_files, write_receipt
from avesa.connector.records import Record, reading_of
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
    stop: Callable[[], bool] = lambda: False,
    progress: Progress | None = None,
    options: PullOptions | None = None,
) -> PullOutcome:
    """Pull one table. The caller holds its lease.

    Raises TableFailed when this pull can come to no good end (what came is landed as incomplete), Unavailable and
    ServiceFailed when a later one can go on from here, StorageError and StaleState from the ports.
    """
    return _Pull(place, client, endpoint, full, stop, progress, options or PullOptions()).run()


class _Pull:
    """The state of one pull while it runs. `at` is what a checkpoint would hold if all rows were durable."""

    def __init__(
        self,
        place: Place,
        client: Client,
        endpoint: Endpoint,
        full: bool,
        stop: Callable[[], bool],
        progress: Progress | None,
        options: PullOptions,
    ) -> None:
        self.place, self.client, self.endpoint, self.full = place, client, endpoint, full
        self.stop, self.progress, self.options = stop, progress, options
        self.service = client.connection.service
        self.changes = self.service.changes_of(endpoint)
        self.fingerprint = fingerprint(
            self.service, endpoint, bare_request(client.connection, endpoint, None).to_json()
        )
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
            relist=self.endpoint.relist,
            now=now,
        )
        checkpoint = self._usable_checkpoint(kind, now)
        self.resumed = checkpoint is not None
        try:
            return self._pull(checkpoint or self._beginning(kind, now))
        except ChangesRefused:
            self.memory = Memory(self.memory.listed_at, (), now)
            return self._pull(self._beginning("listing", now))

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
                self._write_receipt(checkpoint, distinct, f"Not finished: {reason}.")
        self._put(checkpoint=None)
        return None

    def _beginning(self, kind: Kind, now: datetime) -> Checkpoint:
        watermark = self.state.watermark
        asks = kind == "changes" and self.changes is not None and watermark is not None
        return Checkpoint(
            kind=kind,
            fingerprint=self.fingerprint,
            started_at=now,
            began=None,
            since=self.changes.since(watermark) if asks and self.changes and watermark else None,
            watermark=watermark,
            position=Position(),
        )

    # The pages

    def _pull(self, at: Checkpoint) -> PullOutcome:
        self.at = at
        self.base = at.figures
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
            except TableFailed as error:
                self._close(distinct, error)
                raise
            self._close(distinct, None)
        return self._outcome("ok")

    def _walk(self, distinct: DistinctIds) -> bool:
        """True when all pages are read, False when asked to stop between two of them."""
        parents, self.bound = None, None
        if self.endpoint.parent is not None:
            above = self.endpoint.parent.endpoint
            self.bound = landed_through(self.place, self.service.name, above)
            parents = live_parents(self.place, self.service.name, above, changed_since=self.at.since)
        listing = self.at.kind == "listing"
        walk = Walk(
            self.client,
            self.service.paging_of(self.endpoint, listing=listing),
            reading_of(self.service, self.endpoint),
            self._request,
            is_changes=not listing,
            max_pages=self.options.max_pages,
        )
        if self.stop():
            return False
        with Fetcher(self.client, self.tally, self.service.limits.concurrency) as fetcher:
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

    def _take(self, page: Extracted, distinct: DistinctIds) -> None:
        if self.at.began is None:
            dated = vendor_start(page.response)
            self.vendor_dated = dated is not None
            began = dated or self.at.started_at
            self.at = replace(self.at, began=min(began, self.bound) if self.bound else began)
        rows = [self._row(r, page) for r in page.records if not self._is_known(r, page.parent_id)]
        self.landing.add(rows)
        distinct.add(row.record_id for row in rows)
        figures = self.at.figures.after(
            page.number,
            landed=[row.updated_at for row in rows],
            seen=[record.updated_at for record in page.records],
        )
        self.at = replace(self.at, position=page.after, figures=self._with_costs(figures))
        if self.progress:
            self.progress(self.endpoint.name, page.number, figures.rows)

    def _is_known(self, record: Record, parent_id: str | None) -> bool:
        """Whether this very row was landed by the pull before. Remembers it for the pull after."""
        if record.updated_at is None or self.changes is None:
            return False
        identity = "\0".join((record.record_id or "", parent_id or "", record.payload))
        digest = b64encode(hashlib.blake2b(identity.encode(), digest_size=12).digest()).decode()
        self.boundary.add(digest, record.updated_at)
        return digest in self.known

    def _row(self, record: Record, page: Extracted) -> Row:
        return Row(
            record.record_id,
            page.parent_id,
            record.payload,
            record.updated_at,
            record.is_deleted,
            self.endpoint.partial,
            page.received_at,
            self.place.run_id,
            page.number,
            record.problem,
        )

    def _request(self, parent_id: str | None) -> Request:
        request = bare_request(self.client.connection, self.endpoint, parent_id)
        since, changes = self.at.since, self.changes
        return request if since is None or changes is None else changes.asked(request, since)

    # How far it has come

    def _next_watermark(self, newest: datetime | None) -> datetime | None:
        old, began = self.at.watermark, self.at.began
        if began is None:
            return old
        empty = newest is None and self.at.figures.rows + self.at.figures.skipped == 0
        if self.changes is None or (self.bound is not None and (newest is not None or empty)):
            return max(known(old, began))
        if empty and self.at.kind == "listing" and self.vendor_dated:
            return max(known(old, began))  # nothing there yet: the next pull can ask for changes all the same
        return next_watermark(old, newest, began)

    def _floor(self, newest: datetime | None) -> datetime | None:
        """Where the next window would begin."""
        watermark = self._next_watermark(newest)
        return self.changes.since(watermark) if self.changes and watermark else None

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

    def _close(self, distinct: DistinctIds, error: TableFailed | None) -> None:
        self._flush()
        self.at = replace(self.at, figures=self._with_costs(self.at.figures))
        if error is None:
            self._write_receipt(self.at, distinct, None)
            self._finish()
            return
        if self.at.figures.pages:
            self._write_receipt(self.at, distinct, error.message)
        if self.state.checkpoint is not None:
            self._put(checkpoint=None)

    def _finish(self) -> None:
        watermark = self._next_watermark(self.at.figures.newest)
        floor = self._floor(self.at.figures.newest)
        boundary = set(self.boundary.digests(floor))
        if watermark == self.at.watermark and len(boundary) + len(self.known) <= BOUNDARY_ROWS:
            boundary |= self.known
        memory = Memory(
            self.at.started_at if self.at.kind == "listing" else self.memory.listed_at,
            tuple(sorted(boundary)),
            None if self.full else self.memory.changes_refused_at,
        )
        self.state = self.place.watermarks.put(
            dataclasses.replace(self.state, watermark=watermark, checkpoint=None, details=encode_memory(memory))
        )

    def _put(self, *, checkpoint: str | None) -> None:
        self.state = self.place.watermarks.put(dataclasses.replace(self.state, checkpoint=checkpoint))

    def _write_receipt(self, at: Checkpoint, distinct: DistinctIds, reason: str | None) -> None:
        write_receipt(self.place, self.service.name, self.endpoint.name, at, distinct, reason)

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
