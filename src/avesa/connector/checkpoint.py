"""An unfinished pull: the next request and what is already durable. Enough for another process to go on."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import msgspec.structs

from avesa.connector.change_window import known
from avesa.connector.completeness import ListTotal, Totals
from avesa.connector.incremental import Changes, Delta
from avesa.connector.request import Request
from avesa.connector.service import Endpoint, Service
from avesa.connector.times import Times
from avesa.shared.receipt import Kind

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
"""Where a declared function lies in memory differs from process to process; its name tells enough."""

OLDEST = timedelta(hours=24)
"""A pull that nobody went on with for longer is started anew. One that goes on may take days, as a budget may ask."""


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a walk over the pages goes on. With `request` None it goes on behind `parent`."""

    parent: str | None = None
    request: Request | None = None
    digest: str | None = None
    """Of the last page's body, to find a page that comes again."""
    done: bool = False
    """Nothing is left to ask."""


class Figures(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the pages so far come to. Times are of the rows' `updated_at`; `bytes` are the answers' bodies."""

    pages: int = 0
    rows: int = 0
    skipped: int = 0
    """Rows of the boundary that were landed by the pull before and not again."""
    min_updated_at: datetime | None = None
    max_updated_at: datetime | None = None
    newest: datetime | None = None
    """The newest change seen, skipped rows included."""
    keyless: int = 0
    """Rows landed without a key."""
    bytes: int = 0
    calls: int = 0
    retries: int = 0

    def after(
        self,
        page: int,
        *,
        landed: Sequence[datetime | None],
        seen: Sequence[datetime | None],
        keyless: int = 0,
    ) -> Figures:
        """With one more page: the `updated_at` of the rows landed, and of all the records that it held."""
        return msgspec.structs.replace(
            self,
            pages=page,
            rows=self.rows + len(landed),
            skipped=self.skipped + len(seen) - len(landed),
            min_updated_at=min(known(self.min_updated_at, *landed), default=None),
            max_updated_at=max(known(self.max_updated_at, *landed), default=None),
            newest=max(known(self.newest, *seen), default=None),
            keyless=self.keyless + keyless,
        )


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    kind: Kind
    fingerprint: str
    started_at: datetime
    """By our own clock."""
    saved_at: datetime | None = None
    """When it was stored, by our own clock."""
    began: datetime | None
    """How far the watermark may move: the beginning by the vendor's clock, or how far the parents are."""
    since: datetime | None
    watermark: datetime | None
    """The table's watermark when the pull began."""
    position: Position
    files: tuple[str, ...] = ()
    figures: Figures = Figures()
    window: tuple[datetime, datetime | None] | None = None
    """Of a change pull: what is asked for now, where the whole span is asked for piece by piece."""
    deletions: tuple[datetime, datetime | None] | None = None
    """The same in the list of deletions, once it has come to that."""
    token: str | None = None
    """What the last page said to ask for next time (delta feeds)."""
    tokens: dict[str, str] = {}
    """The same by parents, where each of them has a feed of its own."""
    refused: tuple[str, ...] = ()
    """The parents whose lists were refused, once for each page."""
    refusal: str | None = None
    """What the vendor said of the last of these."""
    totals: Totals = Totals()
    """What the vendor says a listing holds."""
    list_total: ListTotal = ListTotal()
    """What it said last of the list that is being read, and how much of it came, where a record that vanishes moves the
    others.
    """
    shrank: str | None = None
    """How it became shorter while it was read, where it is not begun again for that."""
    lost: int = 0
    """By how many records in all."""
    again: int = 0
    """How often the pull was begun from its beginning again, since a walk was lost."""


def fingerprint(
    service: Service,
    endpoint: Endpoint,
    asked: str,
    changes: Changes | Delta | None = None,
    times: Times | None = None,
) -> str:
    """Changes whenever a stored request would not be the one that is asked today, or its answer be read otherwise.
    `asked` is what the tenant's own settings make of the address, the parameters and the body. `changes` and `times`
    are those of the tenant, and those of the service where they are not given.
    """
    parts = (
        asked,
        endpoint,
        changes or service.changes_of(endpoint),
        times or service.times_of(endpoint),
        service.paging_of(endpoint, listing=True),
        service.paging_of(endpoint, listing=False),
    )
    return hashlib.sha256(_ADDRESS.sub("", repr(parts)).encode()).hexdigest()[:16]


def encode_checkpoint(checkpoint: Checkpoint) -> str:
    return msgspec.json.encode(checkpoint).decode()


def decode_checkpoint(text: str | None) -> Checkpoint | None:
    """None for nothing and for what is no checkpoint of this version: the pull then starts anew."""
    try:
        return msgspec.json.decode(text, type=Checkpoint) if text else None
    except msgspec.MsgspecError:
        return None


def misfit(
    checkpoint: Checkpoint,
    *,
    kind: Kind,
    fingerprint: str,
    watermark: datetime | None,
    now: datetime,
    files: set[str],
) -> str | None:
    """Why this checkpoint cannot be gone on from, or None. `kind` is what the pull would be without it.

    An unfinished listing is finished even if changes would do by now.
    """
    if checkpoint.kind == "changes" and kind == "listing":
        return "a full listing is due"
    if checkpoint.fingerprint != fingerprint:
        return "the endpoint is asked differently now"
    if checkpoint.watermark != watermark:
        return "the watermark has moved since"
    if now - (checkpoint.saved_at or checkpoint.started_at) > OLDEST:
        return "nobody went on with it for too long"
    if not files.issuperset(checkpoint.files):
        return "some of its files are gone"
    return None
