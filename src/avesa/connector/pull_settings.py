"""What a tenant may set for any service about its pulls, for all tables or for one (with the table behind a point).

overlap_seconds=120            how far behind the watermark each window begins
every=15m                      how often a table is pulled at all
relist=6h, relist.notes=7d     how often a full listing looks for deletions
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

from avesa.connector.service import Endpoint
from avesa.shared.errors import UsageError

SETTINGS = ("overlap_seconds", "every", "relist")

_DURATION = re.compile(r"(\d{1,6})\s*([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def is_pull_setting(name: str) -> bool:
    """One of `SETTINGS`, or one of these with a table behind a point."""
    return name.partition(".")[0] in SETTINGS


def check_pull_setting(name: str, value: str) -> timedelta:
    """What it says. Raises UsageError for anything but seconds (the overlap) or a duration such as 15m."""
    if name.partition(".")[0] == "overlap_seconds":
        if not value.strip().isdecimal() or len(value.strip()) > 7:
            raise UsageError(f"the setting {name} is a whole number of seconds, not {value!r}.")
        return timedelta(seconds=int(value))
    return read_duration(value, name)


def read_duration(text: str, name: str) -> timedelta:
    """`45s`, `15m`, `6h`, `1d`. Raises UsageError for anything else."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"the setting {name} is a duration such as 15m, 6h or 1d, not {text!r}.")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def overlap_of(settings: Mapping[str, str], table: str) -> timedelta | None:
    """The tenant's own overlap, None where the service's holds."""
    return _setting(settings, "overlap_seconds", table)


def relist_of(settings: Mapping[str, str], endpoint: Endpoint) -> timedelta:
    """How often a full listing looks for deletions."""
    own = _setting(settings, "relist", endpoint.name)
    return endpoint.relist if own is None else own


def every_of(settings: Mapping[str, str], endpoint: Endpoint) -> timedelta:
    """How often the table is pulled at all; nothing means with each sync."""
    own = _setting(settings, "every", endpoint.name)
    return endpoint.every if own is None else own


def _setting(settings: Mapping[str, str], name: str, table: str) -> timedelta | None:
    value = settings.get(f"{name}.{table}", settings.get(name))
    return None if value is None else check_pull_setting(name, value)
