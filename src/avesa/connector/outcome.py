"""What a pull is given and what it comes to."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from avesa.connector.checkpoint import Checkpoint
from avesa.connector.landing import FILE_BYTES
from avesa.shared.clock import Clock
from avesa.shared.objects import Objects
from avesa.shared.receipt import Kind
from avesa.shared.watermarks import Watermarks

Progress = Callable[[str, int, int], None]
"""Told after each page: table, pages so far, rows so far."""


@dataclass(frozen=True)
class PullOptions:
    """`save_every` is the most seconds of work that a killed process can lose."""

    file_bytes: int = FILE_BYTES
    save_every: float = 300.0
    max_pages: int = 100_000
    monotonic: Callable[[], float] = time.monotonic


@dataclass(frozen=True)
class PullOutcome:
    """What a pull came to. `skipped` rows were landed before, unchanged, and are not landed again."""

    status: Literal["ok", "stopped"]
    kind: Kind
    rows: int
    pages: int
    skipped: int
    calls: int
    retries: int
    bytes: int
    files: tuple[str, ...]
    watermark: datetime | None
    resumed: bool
    vendor_total: int | None = None
    warning: str | None = None
    """What looks wrong in what was declared, though nothing failed."""


@dataclass(frozen=True)
class Place:
    """Where a pull reads and writes, and by which clock."""

    objects: Objects
    watermarks: Watermarks
    scratch: Path
    clock: Clock
    tenant: str
    run_id: str


def outcome_of(
    at: Checkpoint,
    status: Literal["ok", "stopped"],
    *,
    watermark: datetime | None,
    resumed: bool,
    warning: str | None = None,
) -> PullOutcome:
    figures = at.figures
    return PullOutcome(
        status=status,
        kind=at.kind,
        rows=figures.rows,
        pages=figures.pages,
        skipped=figures.skipped,
        calls=figures.calls,
        retries=figures.retries,
        bytes=figures.bytes,
        files=at.files,
        watermark=watermark,
        resumed=resumed,
        vendor_total=at.totals.last,
        warning=warning,
    )
