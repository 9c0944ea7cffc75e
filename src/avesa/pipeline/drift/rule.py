"""When a field counts as gone, or as of another type: when records could be expected to have it, and none has.

That a field is missing in what came last says little: most fields are optional, and a pull of changes brings few
records, often of one kind. What says much is a record that had it and has it no more. So records are compared with
themselves, and those that are new with the new ones of earlier, for longer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

ENOUGH = 20
"""So many records are evidence; half of the known ones in a table that has fewer, never less than AT_LEAST."""
AT_LEAST = 3
LONG = timedelta(days=7)
"""So long no new record may have had it, where no record that had it was seen again."""


@dataclass(frozen=True)
class Evidence:
    """Numbers of records, on both sides of the last pull that showed the field in any. `span` is from that pull to the
    newest one that showed records.
    """

    known: int
    """Seen until then."""
    had: int
    """Of these, those that had it when they were seen last."""
    seen: int
    """Seen since then: none of them had it."""
    lost: int
    """Of these, those that had it before."""
    born: int
    """Seen for the first time until then, and after the first listing."""
    born_with: int
    """Of these, those that had it when they came."""
    new: int
    """Seen for the first time since then."""
    span: timedelta

    @property
    def expected(self) -> float:
        """How many of those seen since would have it, if as many had it as before."""
        return _expected(self.seen, self.had, self.known)


def is_gone(evidence: Evidence) -> bool:
    """Whether it can be neither chance nor a matter of which records came."""
    enough = min(ENOUGH, max(AT_LEAST, math.ceil(evidence.known / 2)))
    if evidence.lost >= enough and evidence.expected >= enough:
        return True
    return evidence.span >= LONG and _expected(evidence.new, evidence.born_with, evidence.born) >= enough


def _expected(records: int, had: int, known: int) -> float:
    """How many of some records would have the field, if as many had it as before."""
    return records * had / known if known else 0.0
