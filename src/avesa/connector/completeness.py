"""Whether a listing held all that there is: by the vendor's own total, and by what was there before. Pure decisions.

A total that is right at the end proves nothing of a list whose rows shift: where a record that was read vanishes, all
behind it move up by one, and the next page begins behind one that nobody read. What came is then exactly what there
still is. But the total has fallen between two pages, and nothing else makes it fall.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from avesa.connector.json_paths import Path, found_at
from avesa.connector.page import WalkLost, count_in
from avesa.connector.request import Response


@dataclass(frozen=True)
class Total:
    """Where a vendor says how many records a list holds: at a path of the body (dotted, or name by name where names
    hold dots), or in a header. Where it is not `trusted` (an estimate, a number that a search lags behind, that of one
    page) it is only told.
    """

    path: Path | None = None
    header: str | None = None
    trusted: bool = True


class Totals(msgspec.Struct, frozen=True, omit_defaults=True):
    """The vendor's totals of one walk: on its first page and on its last one."""

    first: int | None = None
    last: int | None = None

    def after(self, total: int | None) -> Totals:
        """With one more page, which may say nothing."""
        if total is None:
            return self
        return Totals(total if self.first is None else self.first, total)


class ListTotal(msgspec.Struct, frozen=True, omit_defaults=True):
    """How many records a list holds, as one of its pages says it, and how many `came` with that page and those before.
    `of` is which list: that under a parent, and which part or window of it.
    """

    records: int = 0
    of: tuple[str | None, str] = (None, "")
    came: int = 0

    def after(self, total: int | None, of: tuple[str | None, str], records: int) -> ListTotal:
        """With one more page, of this list or of another one, which may tell no total."""
        before = self if of == self.of else ListTotal()
        return ListTotal(before.records if total is None else total, of, before.came + records)


class ListShrank(WalkLost):
    """Records vanished while a list was read whose rows shift then, so that others may have been left out."""

    times = 2


def read_total(response: Response, total: Total) -> int | None:
    """How many records there are, as this answer says it: a whole number or its text. None where it says nothing."""
    found: object = response.headers.get(total.header.lower()) if total.header else None
    if total.path is not None:
        found = found_at(response.body, total.path)
    return count_in(found.strip() if isinstance(found, str) else found)


def shortfall(totals: Totals, came: int) -> str | None:
    """Why a listing of `came` distinct records is not complete by the vendor's own total, else None.

    What was added meanwhile can lie behind the walk, and what vanished meanwhile could not come: the smaller of
    the two totals is what must be there.
    """
    if totals.first is None or totals.last is None:
        return None
    least = min(totals.first, totals.last)
    return f"The vendor says that there are {least} records, and {came} came." if came < least else None


def shrinkage(before: ListTotal, now: ListTotal) -> str | None:
    """Why a list whose rows shift may have been read with gaps, by what two of its pages told, else None.

    It does not tell whether what vanished had been read or was still to come, and only the first does harm; and none
    where nothing was still to come. Where as many records come as vanish between two pages, no total tells it.
    """
    if now.of != before.of or now.records >= before.records or before.came >= before.records:
        return None
    counts = f"from {before.records} to {now.records} records"
    return f"The list shrank {counts} while it was read, so that some of those behind may have been left out."


def is_busy(vanished: int, came: int) -> bool:
    """Whether no more vanished while a list was read than people delete in that time. A list that fell further may
    have lost an account, or a filter, on the way.
    """
    return vanished <= max(_FEW, came // 20)


def refused_everywhere(refused: int, lists: int, why: str | None) -> str | None:
    """Why a table proves nothing that was `refused` in all of the `lists` that it consists of, else None."""
    if refused == 0 or refused < lists:
        return None
    return f"It was asked for under {refused} record{'s' if refused > 1 else ''}, and refused under every one: {why}"


_FEW = 3
"""Of a list so short that a twentieth of it is hardly a record."""

CAME_EMPTY = "The listing came back empty, though there were records before."

LISTED_AGAIN = "The next sync lists it again."
