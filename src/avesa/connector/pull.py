"""One pull of one table: decide what to ask, walk over its pages, land them, prove it, and only then move the
watermark.

The order never changes: data, checkpoint, receipt, watermark. Whatever stops a pull, what lies behind the last
stored checkpoint is asked for again, and nothing before it is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Literal

from msgspec.structs import replace

from avesa.connector.arrivals import Arrivals
from avesa.connector.change_window import choose_kind, vendor_start
from avesa.connector.checkpoint import Checkpoint, Figures
from avesa.connector.client import Client, Tally
from avesa.connector.completeness import (
    CAME_EMPTY,
    LISTED_AGAIN,
    ListShrank,
    is_busy,
    refused_everywhere,
    shortfall,
    shrinkage,
)
from avesa.connector.distinct import DistinctIds
from avesa.connector.endpoint_request import ParentId
from avesa.connector.extract import ChangesRefused, Extracted, Walk
from avesa.connector.fetcher import Fetcher
from avesa.connector.landing import Landing
from avesa.connector.limits import Stopped
from avesa.connector.outcome import Place, Progress, PullOptions, PullOutcome, outcome_of
from avesa.connector.paging import WalkLost, went_again
from avesa.connector.parents import landed_through, live_parents
from avesa.connector.request import Params, Request
from avesa.connector.retry import NO_RIGHT
from avesa.connector.service import Endpoint
from avesa.connector.shared_ids import SharedIds
from avesa.connector.table_store import TableStore
from avesa.connector.tenant_table import table_of
from avesa.shared.errors import ServiceFailed, StorageError, TableFailed, Unavailable
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


class ChangesCut(Exception):
    """The vendor has more changes than it tells."""

    def __init__(self) -> None:
        super().__init__("More changed than the vendor tells at once; everything is listed instead.")


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
        self.client, self.endpoint, self.full = client, endpoint, full
        self.allow_empty = allow_empty
        self.stop, self.progress, self.options = stop, progress, options
        self.service = client.connection.service
        self.table = table_of(client.connection, endpoint)
        self.store = TableStore(place, self.service.name, endpoint.name)
        self.place = self.store.place
        self.memory = self.store.memory()
        self.tally = Tally()
        self.given: dict[str, Params] = {}
        self.saved_at = options.monotonic()
        self.resumed = False
        self.vendor_dated = False
        self.asks_all = True

    def run(self) -> PullOutcome:
        now = self.place.clock()
        kind = choose_kind(
            self.table.changes,
            self.store.watermark,
            self.memory,
            full=self.full,
            relist=self.table.relist,
            now=now,
        )
        checkpoint = self.store.checkpoint(kind, self.table.fingerprint(), now)
        self.resumed = checkpoint is not None
        at = checkpoint or self._beginning(kind)
        while True:
            try:
                return self._pull(at)
            except ChangesRefused:
                if self.table.delta is None:
                    self.memory = replace(self.memory, boundary=(), changes_refused_at=now)
                at = self._beginning("listing")
            except ChangesCut:
                at = self._anew("listing")
            except WalkLost as error:
                again = self.at.again
                if again >= error.times:
                    raise TableFailed(went_again(error.message, again)) from None
                # A token that is forgotten says nothing of what changed since: all has to be listed.
                kind = "listing" if self.table.delta and not self.table.is_never_listed else at.kind
                at = replace(self._anew(kind), again=again + 1)

    # What to begin with

    def _beginning(self, kind: Kind) -> Checkpoint:
        return self.table.beginning(kind, self.store.watermark, self.place.clock(), full=self.full)

    def _anew(self, kind: Kind) -> Checkpoint:
        """The beginning of a pull in the place of one that was given up; what that cost stands in its receipt."""
        self.resumed = False
        if self.at.figures.pages:
            self.tally = Tally()
        return self._beginning(kind)

    # The pages

    def _pull(self, at: Checkpoint) -> PullOutcome:
        self.at = at
        self.base = at.figures
        known = frozenset(self.memory.boundary if at.kind == "changes" else ())
        self.shared_ids = SharedIds(self.endpoint)
        self.arrivals = Arrivals(self.table, self.place.run_id, known, self._floor)
        self.landing = Landing(
            self.place.objects,
            self.place.tenant,
            self.service.name,
            self.endpoint.name,
            clock=self.place.clock,
            file_bytes=self.options.file_bytes,
        )
        with self.store.distinct(at.files) as distinct:
            try:
                if not self._walk(distinct):
                    return self._stopped()
            except Stopped:
                return self._stopped()
            except (Unavailable, ServiceFailed):
                # What cannot be saved is asked for again; what the vendor said counts.
                with suppress(StorageError):
                    self._save()
                raise
            except (TableFailed, ChangesCut) as error:
                self._give_up(distinct, error.message if isinstance(error, TableFailed) else str(error))
                raise
            self._close(distinct)
        return self._outcome("ok")

    def _walk(self, distinct: DistinctIds) -> bool:
        """True when all pages are read, False when asked to stop between two of them."""
        parents, self.bound = None, None
        if self.endpoint.parent is not None:
            parent = self.endpoint.parent
            self.bound = landed_through(self.place, self.service.name, parent.endpoint)
            # A table that is never listed has nothing to make up for a parent that did not tell that it changed.
            since = None if self.table.is_never_listed or parent.every else self.at.since
            self.asks_all = since is None
            listed = not self._is_never_listed(parent.endpoint)
            self.given = live_parents(self.place, self.service.name, parent, changed_since=since, listed=listed)
            parents = list(self.given)
        elif self.endpoint.each is not None:
            parents = self.endpoint.each.words(self.client.connection.credentials)
        if self.stop():
            return False
        counted = self.table.counted_as(self.at.kind)
        with Fetcher(self.client, self.tally, self.service.limits.concurrency, counted) as fetcher:
            while True:
                if not self._leg(fetcher, parents, distinct):
                    return False
                further = self.table.further(self.at)
                if further is None:
                    return True
                fetcher.forget()
                self.at = further
                if self.stop():
                    return False

    def _is_never_listed(self, table: str) -> bool:
        changes = self.service.changes_of(self.service.endpoint(table))
        return changes is not None and changes.only

    def _leg(self, fetcher: Fetcher, parents: list[str] | None, distinct: DistinctIds) -> bool:
        """One walk: a listing, one window of changes, or one of deletions. False when asked to stop in it."""
        walk = Walk(
            self.client,
            self.table.paging(self.at),
            self.table.page_reading(self.at),
            self._bare,
            is_changes=self.table.may_be_refused(self.at),
            max_pages=self.options.max_pages,
            at_once=self.endpoint.parent.at_once if self.endpoint.parent else 1,
            refused_alone=self.endpoint.refused_alone,
            enough=lambda records: self.table.is_enough(self.at, records),
            total=self.service.total_of(self.endpoint) if self.at.kind == "listing" else None,
        )
        for page in walk.pages(fetcher, parents, self.at.position, self.at.figures.pages):
            if self.table.is_cut(self.at, len(page.records)):
                raise ChangesCut
            self._take(page, distinct)
            if page.after.done:
                break
            overdue = self.options.monotonic() - self.saved_at >= self.options.save_every
            if self.landing.is_full or overdue:
                self._save()
            if self.stop():
                return False
        return True

    def _bare(self, parent_id: ParentId) -> Request:
        """The request of one list, before paging, with what its parent gives."""
        if not isinstance(parent_id, str):
            return self.table.request(self.at, self.memory.token, parent_id)
        request = self.table.request(self.at, self.memory.tokens.get(parent_id), parent_id)
        return request.with_params(*self.given.get(parent_id, ()))

    def _take(self, page: Extracted, distinct: DistinctIds) -> None:
        if self.at.began is None:
            dated = vendor_start(page.response)
            self.vendor_dated = dated is not None
            began = dated or self.at.started_at
            self.at = replace(self.at, began=min(began, self.bound) if self.bound else began)
        records, rows = self.arrivals.of(page, self.at)
        self.landing.add(rows)
        distinct.add(rows.record_id)
        if self.at.kind == "listing":
            self.shared_ids.add(rows)
        figures = self.at.figures.after(
            page.number,
            landed=rows.updated_at,
            seen=[record.updated_at for record in records],
            keyless=rows.record_id.count(None),
        )
        self.at = self.table.with_token(self.at, page.response, page.parent_id, self.memory)
        if page.refused is not None:
            self.at = replace(self.at, refused=(*self.at.refused, page.parent_id or ""), refusal=page.refused)
        if page.parent_id is None:
            self.at = replace(self.at, totals=self.at.totals.after(page.total))
        self.at = replace(self.at, position=page.after, figures=self._with_costs(figures))
        if self.progress:
            self.progress(self.endpoint.name, page.number, figures.rows)
        self._hold_to_total(page)

    def _hold_to_total(self, page: Extracted) -> None:
        """Raises ListShrank where records may have been left out. The last time all is read nevertheless, since what
        comes was seen.
        """
        total = self.service.total_of(self.endpoint)
        if total is None or not total.trusted or page.shifts is None or self.at.kind != "listing":
            return
        now = self.at.list_total.after(page.total, (page.parent_id, page.shifts), len(page.records))
        shrank = shrinkage(self.at.list_total, now)
        if shrank is not None and self.at.again < ListShrank.times:
            raise ListShrank(shrank)
        lost = self.at.list_total.records - now.records if shrank is not None else 0
        self.at = replace(self.at, list_total=now, shrank=self.at.shrank or shrank, lost=self.at.lost + lost)

    # How far it has come

    def _next_watermark(self, newest: datetime | None) -> datetime | None:
        return self.table.next_watermark(self.at, newest, parents_through=self.bound, vendor_dated=self.vendor_dated)

    def _floor(self, newest: datetime | None) -> datetime | None:
        return self.table.floor(self._next_watermark(newest))

    # What is stored

    def _save(self) -> None:
        """Make the rows so far durable, then the checkpoint that goes on behind them."""
        if self.at.began is None and not self.at.files and not self.at.again:
            return
        self._flush()
        self.at = replace(self.at, figures=self._with_costs(self.at.figures), saved_at=self.place.clock())
        self.store.put_checkpoint(self.at)
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
        self.store.write_receipt(self.at, ids, doubt.message if doubt else self._unseen())
        if doubt is None:
            self._finish()
            return
        self.store.drop_checkpoint()
        raise doubt

    def _give_up(self, distinct: DistinctIds, reason: str) -> None:
        """What came is landed as incomplete, and nothing moves."""
        self._flush()
        self.at = replace(self.at, figures=self._with_costs(self.at.figures))
        if self.at.figures.pages:
            self.store.write_receipt(self.at, distinct.result(), reason)
        self.store.drop_checkpoint()

    def _doubt(self, ids: int) -> TableFailed | None:
        """Why a pull that came to its end is not taken for complete."""
        figures, total = self.at.figures, self.service.total_of(self.endpoint)
        if self.asks_all and (refused := refused_everywhere(len(self.at.refused), figures.pages, self.at.refusal)):
            return TableFailed(refused, hint=NO_RIGHT)
        if self.at.kind != "listing":
            return None
        expected = not (self.allow_empty or self.endpoint.may_be_empty)
        if figures.rows == 0 and expected and self.store.had_rows():
            return TableFailed(
                CAME_EMPTY,
                hint=f"If it really is empty: avesa sync {self.place.tenant} --service {self.service.name}"
                f" --table {self.endpoint.name} --full --allow-empty",
            )
        if self.at.shrank is not None and not is_busy(self.at.lost, figures.rows):
            return TableFailed(went_again(self.at.shrank, self.at.again), hint=LISTED_AGAIN)
        if total is None or not total.trusted:
            return None
        short = shortfall(self.at.totals, ids + figures.keyless if self.endpoint.key else figures.rows)
        return TableFailed(short, hint=LISTED_AGAIN) if short else None

    def _unseen(self) -> str | None:
        """Why a listing that came to its end cannot say what is gone. A list that records leave all the time must not
        hold its table up. Of a table that was never listed nothing can be taken for gone, unless there are rows of
        which its memory does not know any more: those of a service that was disconnected.
        """
        if self.at.shrank is not None:
            return went_again(self.at.shrank, self.at.again)
        if self.memory.listed_at is None and not (self.at.refused and self.store.had_rows()):
            return None
        return self.table.unseen(self.at, self.memory)

    def _finish(self) -> None:
        watermark = self._next_watermark(self.at.figures.newest)
        floor = self._floor(self.at.figures.newest)
        boundary = self.arrivals.boundary(floor, stays=watermark == self.at.watermark)
        before = replace(self.memory, changes_refused_at=None) if self.full else self.memory
        self.store.finish(watermark, self.table.remembered(self.at, before, boundary))

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
        shrank = went_again(self.at.shrank, self.at.again) if self.at.shrank is not None else None
        return outcome_of(
            self.at,
            status,
            watermark=self.store.watermark,
            resumed=self.resumed,
            warning=shrank or self.shared_ids.warning(),
        )
