"""When a listing that lacks records may delete them: the guard, and the settings of a tenant's service that set it.

deletes_share=0.2              of the known records may be missing (default 0.05)
deletes_records=100            may be missing in any case (default 20)
deletes_share.tickets=0.5      the same for one table
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from avesa.shared.errors import UsageError

SETTINGS = ("deletes_share", "deletes_records")


@dataclass(frozen=True)
class Guard:
    """A listing is held if it lacks more than `share` of the known records, and more than `records` of them."""

    share: float = 0.05
    records: int = 20

    def suspects(self, known: int, lost: int, listed: int) -> bool:
        if known and not listed:
            return True
        # As it is written: 29 of 100 are not more than 0.29 of them, though 0.29 * 100 is less than 29 for a float.
        return lost > self.records and lost > Fraction(str(self.share)) * known


def is_guard_setting(name: str) -> bool:
    """`deletes_share`, `deletes_records`, or one of these with a table behind a point."""
    return name.partition(".")[0] in SETTINGS


def guard_of(settings: Mapping[str, str], table: str) -> Guard:
    """The guard of one raw table. Raises UsageError for a value that is no share or no number."""
    share = settings.get(f"deletes_share.{table}", settings.get("deletes_share"))
    records = settings.get(f"deletes_records.{table}", settings.get("deletes_records"))
    default = Guard()
    return Guard(
        default.share if share is None else check_guard_setting("deletes_share", share),
        default.records if records is None else int(check_guard_setting("deletes_records", records)),
    )


def check_guard_setting(name: str, value: str) -> float:
    """Its number. Raises UsageError for anything else."""
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if name.startswith("deletes_share") and 0 <= number <= 1:
        return number
    if name.startswith("deletes_records") and number >= 0 and number.is_integer():
        return number
    wanted = "a share from 0 to 1" if name.startswith("deletes_share") else "a whole number"
    raise UsageError(f"the setting {name} is {wanted}, not {value!r}.")
