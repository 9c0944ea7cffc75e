"""What a canonical table has folded already, kept small: which receipts, and what the next fold must know of them.

The ledger saves work and carries no truth: folding everything anew gives the same table, so a lost ledger only costs
a longer fold. One that speaks of another table, another mapping or another version of the table is not used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

import msgspec

from avesa.canonical_transform.canonical_table import Snapshot
from avesa.shared import layout

Verdict = Literal["accepted", "held", "rejected"]
"""What became of a complete listing, whether it was allowed to delete (listings.py)."""

MOST_RECENT = 100
"""So many names are kept as they are; older ones only as a count and a digest."""
MOST_UNACCEPTED = 100
"""So many verdicts are kept, or else listings are judged again when they matter."""


class SourceLedger(msgspec.Struct, frozen=True, kw_only=True):
    """What was folded of one raw table."""

    through: str = ""
    """Of the receipts whose name is not after this one, only `count` and `digest` are kept."""
    count: int = 0
    digest: str = "0"
    recent: tuple[str, ...] = ()
    newest: datetime | None = None
    """The newest instant at which anything folded was pulled; what was pulled before it is late as a whole."""
    newest_deletion: datetime | None = None
    """The newest instant of a deletion, flagged or by absence: it may lie in wait for a record that has no version."""
    unaccepted: dict[str, Verdict] | None = {}
    """Complete listings that were not, or not yet, allowed to delete; None once there were too many to be kept here."""
    held: str | None = None
    """The listing that waits for the next one to agree."""
    guard: tuple[float, int] = (0.05, 20)
    """The share and the number of records that the listings were judged by."""
    decisions: tuple[str, ...] = ()
    """The decisions about listings that were taken into account."""
    looked_at: datetime | None = None
    """When the names of all raw files were last looked at, those of long ago too."""

    @property
    def settled_through(self) -> str:
        """Files whose names come not behind this one are folded and judged for good; '' if there are none."""
        return layout.stem_of(min(self.through, self.held or self.through))

    def unfolded(self, names: list[str], *, after: str = "") -> list[str] | None:
        """Which of all receipts (or those behind `after`, not behind `through`) are new; None if an old one was added
        or has vanished, so that all must be folded.
        """
        old = [name for name in names if name <= self.through]
        if not after and (len(old) != self.count or _digest(old) != int(self.digest, 16)):
            return None
        known = set(self.recent)
        if known - set(names):
            return None
        return [name for name in names if name > self.through and name not in known]

    def with_folded(self, names: Iterable[str]) -> SourceLedger:
        recent = sorted({*self.recent, *names})
        if len(recent) <= MOST_RECENT:
            return msgspec.structs.replace(self, recent=tuple(recent))
        old, recent = recent[: -MOST_RECENT // 2], recent[-MOST_RECENT // 2 :]
        return msgspec.structs.replace(
            self,
            through=old[-1],
            count=self.count + len(old),
            digest=f"{int(self.digest, 16) ^ _digest(old):x}",
            recent=tuple(recent),
        )

    def with_verdicts(self, verdicts: Mapping[str, Verdict]) -> SourceLedger:
        """`verdicts` are on listings that were not judged before."""
        unaccepted = {name: verdict for name, verdict in verdicts.items() if verdict != "accepted"}
        held = next((name for name, verdict in unaccepted.items() if verdict == "held"), self.held)
        kept = None if self.unaccepted is None else {**self.unaccepted, **unaccepted}
        if kept is not None and len(kept) > MOST_UNACCEPTED:
            kept = None
        return msgspec.structs.replace(self, unaccepted=kept, held=held)


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """By source name (`service/table`)."""

    fingerprint: str = ""
    table_id: str | None = None
    version: int = -1
    sources: dict[str, SourceLedger] = {}

    def fits(self, snapshot: Snapshot, fingerprint: str) -> bool:
        """Whether it tells what exactly this snapshot holds.

        A later version was committed by a writer whose ledger was not stored: it died before that, or it went by
        an older ledger and has folded less than this one says. Its commit notes what it knew.
        """
        return (
            self.fingerprint == fingerprint and self.table_id == snapshot.table_id and self.version == snapshot.version
        )


def decode_ledger(text: str | None) -> Ledger:
    """An empty ledger for nothing, or for what cannot be read."""
    try:
        return msgspec.json.decode(text, type=Ledger) if text else Ledger()
    except (msgspec.ValidationError, msgspec.DecodeError):
        return Ledger()


def encode_ledger(ledger: Ledger) -> str:
    return msgspec.json.encode(ledger).decode()


def _digest(names: Iterable[str]) -> int:
    """Independent of order: the exclusive or of the names' hashes."""
    total = 0
    for name in names:
        total ^= int.from_bytes(hashlib.sha256(name.encode()).digest()[:16])
    return total
