"""Change windows: whether to ask for changes, for which, and how far the watermark may move, so that no change is
missed. All pure.

The new watermark is the newest change seen, but never past the moment at which the pull began by the vendor's own
clock: what changes behind the pages already read is asked for again next time.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from avesa.connector.incremental import Changes, Delta
from avesa.connector.json_paths import found_at
from avesa.connector.memory import Memory
from avesa.connector.paging import query_value
from avesa.connector.request import Response
from avesa.connector.times import read_http_date
from avesa.shared.receipt import Kind

EARLY = 0.9
"""A listing is due a little early, so that a sync that starts at the same time each day (and some seconds sooner than
the day before) makes its daily listing each day."""

REFUSAL_LASTS = timedelta(days=30)
"""After that the change condition is tried again: vendors learn."""

UNSURE = timedelta(hours=1)
"""A window that held nothing moves the watermark no nearer to now than this: clocks differ, and rows come late."""


def choose_kind(
    changes: Changes | Delta | None,
    watermark: datetime | None,
    memory: Memory,
    *,
    full: bool,
    relist: timedelta,
    now: datetime,
) -> Kind:
    """A listing at first, when asked for, when due, and where the vendor has no changes; changes otherwise.

    What is remembered of a time to come never was: the clock was wrong then.
    """
    if changes is not None and changes.only:
        return "changes"
    listed_for, refused_for = _gone_by(memory.listed_at, now), _gone_by(memory.changes_refused_at, now)
    refused = refused_for is not None and refused_for < REFUSAL_LASTS
    if changes is None or refused or full or watermark is None:
        return "listing"
    if listed_for is None or listed_for >= relist * EARLY:
        return "listing"
    if isinstance(changes, Delta):
        return "changes" if memory.token else "listing"
    if changes.kept_for is not None and now - changes.since(watermark) >= changes.kept_for:
        return "listing"  # what changed before that is forgotten by the vendor
    return "changes"


def _gone_by(since: datetime | None, now: datetime) -> timedelta | None:
    return None if since is None or since > now else now - since


def next_window(
    changes: Changes, since: datetime, now: datetime, before: tuple[datetime, datetime | None] | None = None
) -> tuple[datetime, datetime | None] | None:
    """The window to ask for behind the one `before` (the first one for None), None when all is asked.

    An end that is not named is open. Each window begins where the one before it surely ended.
    """
    if before is not None and (before[1] is None or before[1] >= changes.rounded(now)):
        return None
    begin = since if before is None or before[1] is None else before[1]
    if not changes.names_an_end:
        return begin, None
    end = now if changes.longest_window is None else min(begin + changes.longest_window, now)
    if end == now and now - changes.rounded(now) > timedelta(hours=1) and not changes.end_included:
        end = now + timedelta(days=1)  # a form of whole days could not say the end of today otherwise
    rounded = changes.rounded(end)
    return begin, rounded if rounded > begin else end


def first_since(
    changes: Changes | Delta | None, watermark: datetime | None, now: datetime, *, full: bool
) -> datetime | None:
    """Where a change pull begins; of a delta feed, which goes by its token, that is only told."""
    if not isinstance(changes, Changes):
        return watermark
    reach = None if changes.kept_for is None else changes.rounded(now - changes.kept_for)
    if changes.only and (full or watermark is None):
        return reach
    if watermark is None:
        return None
    since = changes.since(watermark)
    return max(since, reach) if changes.only and reach is not None else since


def vendor_start(response: Response) -> datetime | None:
    """When the vendor began to answer, by its own clock (its Date header less the time that the answer took). A clock
    that is far ahead of ours is not believed: what changes until it is put right would never be asked for.

    None without a readable Date header.
    """
    date = read_http_date(response.headers.get("date"))
    if date is None:
        return None
    if response.sent_at is None or response.received_at is None:
        return date
    return min(date - max(timedelta(0), response.received_at - response.sent_at), response.sent_at + UNSURE)


def next_watermark(old: datetime | None, newest: datetime | None, began: datetime) -> datetime | None:
    """Never lower than the old one, never past the beginning of the pull; `newest` is the newest change seen."""
    return max(known(old, min(newest, began) if newest else None), default=None)


def known(*moments: datetime | None) -> list[datetime]:
    return [moment for moment in moments if moment is not None]


def next_token(response: Response, delta: Delta) -> str | None:
    """What a page says to ask for next time, None where it says nothing (only the last page does)."""
    found = found_at(response.body, delta.token)
    if not isinstance(found, str) or not found:
        return None
    return found if delta.in_link is None else query_value(found, delta.in_link)
