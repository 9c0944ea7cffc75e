"""A data file of a canonical table: what the log says of it, and the statistics by which it is found."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from avesa.shared.clock import to_iso

_LAST_MILLISECOND = datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)

_STATED = ("source_service", "source_table", "source_id")
_STATED_TIMES = ("updated_at", "valid_from", "valid_to", "recorded_at")

Key = tuple[str, str, str]
"""source_service, source_table, source_id."""


def after_all_of(service: str, table: str) -> Key:
    """What comes behind all keys of a raw table. An id can be any text, so that none is the last; a name cannot."""
    return service, f"{table}\0", ""


@dataclass(frozen=True)
class DataFile:
    """One live file. `lowest` and `highest` bound its keys."""

    name: str
    size: int
    rows: int
    is_current: bool
    lowest: Key
    highest: Key

    def may_hold(self, lowest: Key, highest: Key) -> bool:
        return self.lowest <= highest and lowest <= self.highest

    def bounds(self, lowest: Key, highest: Key) -> bool:
        """Whether the lowest and the highest of each part of the keys, taken by itself, lie within its own."""
        below = all(mine <= theirs for mine, theirs in zip(self.lowest, lowest, strict=True))
        above = all(theirs <= mine for mine, theirs in zip(self.highest[:2], highest[:2], strict=True))
        return below and above and (self.highest[1].endswith("\0") or highest[2] <= self.highest[2])


@dataclass(frozen=True)
class NewFile:
    """A file that was written and is not committed yet."""

    name: str
    size: int
    rows: int
    statistics: dict[str, Any]

    @property
    def statistics_json(self) -> str:
        """Without escapes for letters: deltalake reads those of the supplementary planes as other letters."""
        return json.dumps(self.statistics, ensure_ascii=False)


def in_order(files: Iterable[DataFile]) -> tuple[DataFile, ...]:
    return tuple(sorted(files, key=lambda file: (file.lowest, file.name)))


def listed_file(row: dict[str, Any]) -> DataFile:
    """By its entry in the log, as deltalake hands it on."""
    rows = int(row["num_records"])
    return DataFile(
        name=str(row["path"]),
        size=int(row["size_bytes"]),
        rows=rows,
        is_current=int(row["null_count.valid_to"]) == rows,
        lowest=_lowest(*(row.get(f"min.{name}") for name in _STATED)),
        highest=_highest(*(row.get(f"max.{name}") for name in _STATED)),
    )


def written_file(file: NewFile) -> DataFile:
    return DataFile(
        name=file.name,
        size=file.size,
        rows=file.rows,
        is_current=file.statistics["nullCount"]["valid_to"] == file.rows,
        lowest=_lowest(*(file.statistics["minValues"].get(name) for name in _STATED)),
        highest=_highest(*(file.statistics["maxValues"].get(name) for name in _STATED)),
    )


def _lowest(service: str | None, table: str | None, id_: str | None) -> Key:
    return service or "", table or "", id_ or ""


def _highest(service: str | None, table: str | None, id_: str | None) -> Key:
    """Of very long texts there are no statistics."""
    if service is None or table is None:
        return "\U0010ffff", "", ""
    return after_all_of(service, table) if id_ is None else (service, table, id_)


def statistics_of(rows: int, columns: dict[str, dict[str, str]]) -> dict[str, Any]:
    """Delta's statistics of one file. Times are widened to milliseconds, as other readers expect them."""
    lowest: dict[str, str] = {}
    highest: dict[str, str] = {}
    for name in (*_STATED, *_STATED_TIMES):
        found = columns.get(f'"{name}"', {})
        if "min" not in found or "max" not in found:
            continue
        if name in _STATED_TIMES:
            lowest[name] = _millisecond(found["min"], up=False)
            highest[name] = _millisecond(found["max"], up=True)
        else:
            lowest[name], highest[name] = found["min"], found["max"]
    nulls = {name.strip('"'): int(found["null_count"]) for name, found in columns.items() if "null_count" in found}
    return {"numRecords": rows, "minValues": lowest, "maxValues": highest, "nullCount": nulls}


def _millisecond(text: str, *, up: bool) -> str:
    moment = datetime.fromisoformat(text).astimezone(UTC)
    floor = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    if not up or floor == moment:
        return to_iso(floor)
    # After the last millisecond that there is comes no other.
    return to_iso(floor + timedelta(milliseconds=1) if floor < _LAST_MILLISECOND else moment)
