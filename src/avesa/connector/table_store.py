"""What one table of a tenant has stored: its state (watermark, memory, checkpoint) and the receipts of its pulls.

A state is stored only on top of the one that was read, so a worker that slept too long does no harm.
"""

from __future__ import annotations

import dataclasses
from datetime import datetime

import msgspec

from avesa.connector.checkpoint import Checkpoint, decode_checkpoint, encode_checkpoint, misfit
from avesa.connector.distinct import DistinctIds
from avesa.connector.memory import Memory, decode_memory, encode_memory
from avesa.connector.onward_clock import newest_pull, onward_clock
from avesa.connector.outcome import Place
from avesa.connector.proof import distinct_in_files, had_rows, write_receipt
from avesa.shared.layout import raw_prefix, stem_of, timestamp
from avesa.shared.receipt import Kind
from avesa.shared.watermarks import TableState


class TableStore:
    """`state` is what is stored now, as far as this worker knows.

    Watermark and memory count only where the receipt lies that they rest on. In another place, or in one that lost its
    data, the table begins from nothing: to ask for changes alone would leave out all that is missing there.
    `place` is what was given, by a clock that never lies before what is stored.
    """

    def __init__(self, place: Place, service: str, table: str) -> None:
        """Raises TableFailed where the clock lies too far behind (see onward_clock)."""
        self._service, self._table = service, table
        self.state = place.watermarks.get(place.tenant, f"{service}/{table}")
        self.place, now, self._receipt = place, place.clock(), self.memory().receipt
        # One look at the names, from the receipt on or from now on, tells both what is there and what is to come.
        files = self._files_from(min(self._receipt or timestamp(now), timestamp(now)))
        newest = newest_pull(self.state, files, now)
        self.place = dataclasses.replace(place, clock=onward_clock(place.clock, place.tenant, newest))
        if self._receipt is not None and self._receipt not in files:
            self.state = dataclasses.replace(self.state, watermark=None, details=None)

    @property
    def watermark(self) -> datetime | None:
        return self.state.watermark

    def memory(self) -> Memory:
        return decode_memory(self.state.details)

    def checkpoint(self, kind: Kind, fingerprint: str, now: datetime) -> Checkpoint | None:
        """The unfinished pull that can be gone on with. One that cannot is handed over as an incomplete pull and
        dropped; `kind` is what the pull would be without it.
        """
        checkpoint = decode_checkpoint(self.state.checkpoint)
        if checkpoint is None:
            return None
        names = self._files_from(min(checkpoint.files)) if checkpoint.files else set()
        reason = misfit(checkpoint, kind=kind, fingerprint=fingerprint, watermark=self.watermark, now=now, files=names)
        if reason is None:
            return checkpoint
        self._hand_over(checkpoint, names, reason)
        self.drop_checkpoint()
        return None

    def hand_over(self, reason: str) -> bool:
        """Whether there was an unfinished pull that had landed something: it is then an incomplete one. The checkpoint
        stays, for who drops the whole state.
        """
        checkpoint = decode_checkpoint(self.state.checkpoint)
        if checkpoint is None or not checkpoint.files:
            return False
        return self._hand_over(checkpoint, self._files_from(min(checkpoint.files)), reason)

    def put_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Its files must be durable by now."""
        self._put(dataclasses.replace(self.state, checkpoint=encode_checkpoint(checkpoint)))

    def drop_checkpoint(self) -> None:
        if self.state.checkpoint is not None:
            self._put(dataclasses.replace(self.state, checkpoint=None))

    def finish(self, watermark: datetime | None, memory: Memory) -> None:
        """The end of a pull whose receipt is written: the watermark and the memory move, the checkpoint goes."""
        details = encode_memory(msgspec.structs.replace(memory, receipt=self._receipt))
        self._put(dataclasses.replace(self.state, watermark=watermark, checkpoint=None, details=details))

    def write_receipt(self, at: Checkpoint, ids: tuple[int, str], reason: str | None) -> None:
        """`ids` are the number of the distinct ids and their digest, `reason` is why the pull is not complete."""
        self._receipt = write_receipt(self.place, self._service, self._table, at, ids, reason)

    def distinct(self, files: tuple[str, ...]) -> DistinctIds:
        """The ids of files that are there already, to be added to. The caller closes it."""
        return distinct_in_files(self.place, self._service, self._table, files)

    def had_rows(self) -> bool:
        """Whether the newest complete listing or any pull since landed rows."""
        rows = self.memory().rows
        return had_rows(self.place, self._service, self._table) if rows is None else rows > 0

    def _hand_over(self, checkpoint: Checkpoint, names: set[str], reason: str) -> bool:
        """What it landed stays true, so it is handed over rather than left lying."""
        if not checkpoint.files or not names.issuperset(checkpoint.files):
            return False
        with self.distinct(checkpoint.files) as distinct:
            self.write_receipt(checkpoint, distinct.result(), f"Not finished: {reason}.")
        return True

    def _files_from(self, name: str) -> set[str]:
        prefix = raw_prefix(self.place.tenant, self._service, self._table)
        there = self.place.objects.list(prefix, after=stem_of(name))
        return {info.path.rpartition("/")[2] for info in there}

    def _put(self, state: TableState) -> None:
        self.state = self.place.watermarks.put(state)
