"""How a pull proves what it did: the receipt, and the distinct ids of the files behind it."""

from __future__ import annotations

from itertools import islice

from avesa.connector.checkpoint import Checkpoint
from avesa.connector.distinct import DistinctIds
from avesa.connector.landing import read_rows
from avesa.connector.outcome import Place
from avesa.shared.errors import StorageError
from avesa.shared.layout import raw_prefix, receipt_file, standing_receipts, timestamp_name
from avesa.shared.receipt import Receipt, Window, decode_receipt, encode_receipt


def write_receipt(
    place: Place, service: str, table: str, at: Checkpoint, ids: tuple[int, str], reason: str | None
) -> str:
    """Write the receipt of a pull whose files are all durable; its name. `ids` are their number and digest, `reason` is
    why it is not complete, else None.
    """
    now = max(place.clock(), at.started_at)
    distinct_ids, ids_sha256 = ids
    figures = at.figures
    receipt = Receipt(
        tenant_id=place.tenant,
        service=service,
        table=table,
        run_id=place.run_id,
        kind=at.kind,
        complete=reason is None,
        reason=reason,
        started_at=at.started_at,
        finished_at=now,
        window=Window(at.since, at.window[1] if at.window else None) if at.kind == "changes" else None,
        files=at.files,
        pages=figures.pages,
        rows=figures.rows,
        distinct_ids=distinct_ids,
        min_updated_at=figures.min_updated_at,
        max_updated_at=figures.max_updated_at,
        vendor_total=at.totals.last,
        bytes=figures.bytes,
        calls=figures.calls,
        retries=figures.retries,
        ids_sha256=ids_sha256,
    )
    path = receipt_file(place.tenant, service, table, timestamp_name(now))
    place.objects.write(path, encode_receipt(receipt))
    return path.rpartition("/")[2]


def distinct_in_files(place: Place, service: str, table: str, files: tuple[str, ...]) -> DistinctIds:
    """The ids of files that are there already, to be added to. The caller closes it."""
    distinct = DistinctIds(place.scratch)
    prefix = raw_prefix(place.tenant, service, table)
    try:
        for name in files:
            rows = read_rows(place.objects, f"{prefix}/{name}", place.scratch)
            while some := list(islice(rows, 10_000)):
                distinct.add(row.record_id for row in some)
    except BaseException:
        distinct.close()
        raise
    return distinct


def had_rows(place: Place, service: str, table: str) -> bool:
    """Whether the newest complete listing or any pull since landed rows, by the receipts alone. Asked only where the
    table's memory does not tell, and a listing came back empty or a list in it was refused.
    """
    prefix = raw_prefix(place.tenant, service, table)
    for path in reversed(standing_receipts(info.path for info in place.objects.list(prefix))):
        try:
            receipt = decode_receipt(place.objects.read(path))
        except ValueError:
            raise StorageError(f"{path} is not a receipt.") from None
        if receipt.rows:
            return True
        if receipt.kind == "listing" and receipt.complete:
            return False
    return False
