"""When a table is due, and what its intervals cost in calls. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from avesa.connector.incremental import EARLY, Memory

_DAY = timedelta(days=1)


def next_due(memory: Memory, every: timedelta) -> datetime | None:
    """When the table is to be pulled again, None for at once: it never was, or is pulled with each sync."""
    if memory.pulled_at is None or every <= timedelta(0):
        return None
    return memory.pulled_at + every * EARLY


def is_due(memory: Memory, every: timedelta, now: datetime, *, unfinished: bool) -> bool:
    """Whether a sync should pull the table now. What was begun is finished whatever the time."""
    due = next_due(memory, every)
    return unfinished or due is None or now >= due


def calls_a_day(
    *,
    syncs: timedelta,
    every: timedelta,
    relist: timedelta,
    listing_calls: float,
    changes_calls: float | None,
) -> float:
    """How many requests a table's pulls make in a day, where a sync comes each `syncs` (longer than nothing).

    `listing_calls` are those of one full listing, `changes_calls` those of one pull of changes, None where the
    vendor has none and each pull is a listing.
    """
    pulls = _DAY / max(syncs, every)
    if changes_calls is None:
        return pulls * listing_calls
    listings = min(pulls, _DAY / relist) if relist > timedelta(0) else pulls
    return listings * listing_calls + (pulls - listings) * changes_calls
