"""The parents that a child table is asked for, read from the parent table's raw files: the newest complete listing
and what came after it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from avesa.connector.json_paths import value_at, values_at
from avesa.connector.landing import read_rows
from avesa.connector.outcome import Place
from avesa.connector.request import Params, as_text
from avesa.connector.service import Parent
from avesa.shared.errors import StorageError, TableFailed
from avesa.shared.layout import raw_prefix, standing_receipts, timestamp
from avesa.shared.objects import Objects
from avesa.shared.receipt import Receipt, decode_receipt

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCKS_DIFFER = timedelta(days=1)
"""At most so far apart are the clocks of those who write one table's receipts."""


def landed_through(place: Place, service: str, table: str) -> datetime | None:
    """How far the parents are landed. A child's change is only asked for once its parent's is, so the child's
    watermark must never pass this.
    """
    return place.watermarks.get(place.tenant, f"{service}/{table}").watermark


def live_parents(
    place: Place, service: str, parent: Parent, *, changed_since: datetime | None, listed: bool = True
) -> dict[str, Params]:
    """Ids of the parents that are there and have what their children ask for, sorted, each with the parameters that it
    gives, or what these name in the field that their children are asked for by; with `changed_since` only those changed
    at that moment or later and those whose time of change is unknown. A table that is never `listed` has all that was
    ever landed.

    Raises TableFailed if the parent table was never listed completely.
    """
    prefix = raw_prefix(place.tenant, service, parent.endpoint)
    latest: dict[str, tuple[int, str | None, int | None, Params]] = {}
    payloads = parent.having is not None or parent.field is not None or bool(parent.gives)
    pulls = (
        _current(place.objects, prefix, parent.endpoint) if listed else _pulled(place.objects, prefix, changed_since)
    )
    for receipt in pulls:
        for name in receipt.files:
            for row in read_rows(place.objects, f"{prefix}/{name}", place.scratch, payloads=payloads):
                known = latest.get(row.record_id or "")
                if row.record_id is not None and (known is None or row.extracted_at >= known[0]):
                    out = row.is_deleted or not _has(row.payload or "", parent)
                    asked_by = None if out else _asked_by(row.record_id, row.payload or "", parent)
                    given = _given(row.payload or "", parent)
                    latest[row.record_id] = (row.extracted_at, asked_by, row.updated_at, given)
    floor = None if changed_since is None else (changed_since - _EPOCH) // timedelta(microseconds=1)
    found = {
        asked_by: given
        for _, asked_by, updated_at, given in latest.values()
        if asked_by is not None and (floor is None or updated_at is None or updated_at >= floor)
    }
    return dict(sorted(found.items()))


def _asked_by(record_id: str, payload: str, parent: Parent) -> str | None:
    """The id that stands for a parent in requests; None where it names none."""
    if parent.field is None:
        return record_id
    found = value_at(payload, parent.field)
    if isinstance(found, bool) or not isinstance(found, str | int):
        return None
    return str(found) or None


def _has(payload: str, parent: Parent) -> bool:
    """Whether there may be something below this one."""
    if parent.having is None:
        return True
    if not parent.values:
        return bool(value_at(payload, parent.having))
    return any(found in parent.values for found in values_at(payload, parent.having))


def _given(payload: str, parent: Parent) -> Params:
    """The parameters that this one gives; what it has nothing for is not sent."""
    found = ((name, [one for one in values_at(payload, path) if one not in (None, "")]) for name, path in parent.gives)
    return tuple((name, ",".join(map(as_text, values))) for name, values in found if values)


def _pulled(objects: Objects, prefix: str, changed_since: datetime | None) -> list[Receipt]:
    """All pulls, or those that may hold what changed since then: a change is landed after it happened."""
    oldest = "" if changed_since is None else f"{prefix}/{timestamp(changed_since - _CLOCKS_DIFFER)}"
    names = standing_receipts(info.path for info in objects.list(prefix) if info.path >= oldest)
    return [_read_receipt(objects, name) for name in names]


def _read_receipt(objects: Objects, name: str) -> Receipt:
    try:
        return decode_receipt(objects.read(name))
    except ValueError:
        raise StorageError(f"{name} is not a receipt.") from None


def _current(objects: Objects, prefix: str, table: str) -> list[Receipt]:
    """The newest complete listing and all pulls that ended after it began. Receipts are named when they are written,
    so those from long before it need not be read.
    """
    receipts: list[Receipt] = []
    listings: list[Receipt] = []
    oldest = ""
    for name in reversed(standing_receipts(info.path for info in objects.list(prefix))):
        if name < oldest:
            break
        receipt = _read_receipt(objects, name)
        receipts.append(receipt)
        if receipt.kind == "listing" and receipt.complete:
            listings.append(receipt)
            # Of the newest of them: an older one within that day must not lead on to the one before itself.
            oldest = max(oldest, f"{prefix}/{timestamp(receipt.started_at - _CLOCKS_DIFFER)}")
    if not listings:
        raise TableFailed(
            f"It is asked for per record of {table}, which was never pulled completely.",
            hint=f"Pull {table} first.",
        )
    newest = max(listings, key=lambda r: r.started_at)
    return [newest, *(r for r in receipts if r is not newest and r.finished_at >= newest.started_at)]
