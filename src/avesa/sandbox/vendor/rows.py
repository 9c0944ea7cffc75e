"""The records behind a list: invented once, then changed and deleted by tests while somebody pulls."""

from __future__ import annotations

import copy
import hashlib
import re
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from avesa.sandbox.vendor.contract import Contract, Table, get, put
from avesa.sandbox.vendor.shapes import Inventor
from avesa.sandbox.vendor.times import read_time, write_time

Place = tuple[str, ...]
"""Which of a table's lists: the values in the path that are not the tenant's, or the parent's id."""


@dataclass
class Row:
    record: Any
    sequence: int
    """Grows with every change in the whole vendor: what a change feed goes by."""
    modified: datetime
    is_deleted: bool = False
    is_hidden: bool = False
    """It counts in offset and total, although the asking user may not see it."""


class Rows:
    """All records of one tenant, list by list. Safe with threads."""

    inventor = Inventor
    usual, usual_below = 7, 2
    """How many records a table has that `counts` does not name, and one below a parent."""

    def __init__(self, contract: Contract, counts: dict[str, int], seed: str, clock: Callable[[], datetime]) -> None:
        self._contract, self._counts, self._seed, self._clock = contract, counts, seed, clock
        self._lists: dict[tuple[str, Place], list[Row]] = {}
        self._lock = threading.RLock()
        named = (table.rules.get("names", {}).values() for table in contract.tables.values())
        self._named = {name for names in named for name in names}
        self.sequence = 0
        self.born = clock()
        self.happened: Callable[[str, Row, str], None] = lambda table, row, event: None
        """Told the table's name, the row, and `add`, `change` or `delete`: for those who keep a journal."""

    def of(self, table: Table, place: Place = ()) -> list[Row]:
        with self._lock:
            key = table.name, place
            if key not in self._lists:
                self._lists[key] = []
                is_made = table.name in self._named
                made_of_others = is_made or table.rules.get("feed", {}).get("kind") == "deleted"
                below = self.usual_below if table.parent else self.usual
                usual = 0 if made_of_others else 1 if table.facts.get("single") else below
                count = self._counts.get(table.name, usual)
                apart = min(timedelta(minutes=7), timedelta(days=1) / count) if count else timedelta(0)
                begin = self.born - timedelta(days=2)
                if "apart" in table.rules:
                    apart = timedelta(seconds=table.rules["apart"])
                    begin = self.born - apart * (count + 1)
                for number in range(1, count + 1):
                    self._add(table, place, number, begin + apart * number)
            return list(self._lists[key])

    def next_sequence(self) -> int:
        """The number of something that happens now."""
        with self._lock:
            self.sequence += 1
            return self.sequence

    def places(self, table: Table) -> list[Place]:
        with self._lock:
            return [place for name, place in self._lists if name == table.name]

    def add(self, table: Table, place: Place = ()) -> Row:
        with self._lock:
            row = self._add(table, place, len(self.of(table, place)) + 1, self._clock())
            self.happened(table.name, row, "add")
            return row

    def change(self, table: Table, index: int, place: Place = (), **fields: Any) -> Row:
        """Set fields (double underscores for dots) of one record, now; its last-modified moves."""
        with self._lock:
            row = self.of(table, place)[index]
            record = copy.deepcopy(row.record)
            for name, value in fields.items():
                put(record, name.replace("__", "."), value)
            row.record = record
            self._touch(table, row, self._clock(), moves=not table.rules.get("fixed_cursor"))
            self.happened(table.name, row, "change")
            return row

    def delete(self, table: Table, index: int, place: Place = ()) -> Row:
        with self._lock:
            row = self.of(table, place)[index]
            row.is_deleted = True
            row.record = copy.deepcopy(row.record)
            self._touch(table, row, self._clock())
            self.happened(table.name, row, "delete")
            return row

    def _add(self, table: Table, place: Place, number: int, moment: datetime) -> Row:
        seed = f"{self._seed}/{table.name}/{'/'.join(place)}/{number}"
        inventor = self.inventor(self._contract, seed, moment)
        keep = {name for path in kept_fields(table) for name in path.split(".")}
        record = inventor.record(table.record, keep)
        if isinstance(record, dict):
            for path in table.key:
                if path != table.cursor:
                    put(record, path, self._id(table, path, seed, number, place))
            for name in table.rules.get("drops", []):
                record.pop(name, None)
            for path, values in table.rules.get("in_turn", {}).items():
                put(record, path, values[number % len(values)])
            for path, name in table.rules.get("names", {}).items():
                put(record, path, self._named_by(name, moment))
            for path, form in stamps(table, "made").items():
                put(record, path, write_time(moment, form))
            deletes = table.rules.get("deletes", {})
            if "alive" in deletes:
                put(record, deletes["field"], deletes["alive"])
        elif isinstance(record, list) and table.key:
            id_ = self._id(table, table.key[0], seed, number, place)
            record = [int(id_) if str(id_).isdecimal() else id_, f"Number {number}"]
        else:
            record = self._id(table, "", seed, number, place)
        paging = table.rules["paging"]
        hides = paging.get("hides", False) if isinstance(paging, dict) else False
        # "some" leaves something to see in any three in a row.
        hidden = {"some": number % 3 == 2, True: ((number - 1) // 3) % 3 == 1}.get(hides, False)
        row = Row(record, 0, moment, is_hidden=hidden)
        self._touch(table, row, moment)
        self._lists[table.name, place].append(row)
        return row

    def _named_by(self, name: str, moment: datetime) -> Any:
        """The key of a new record of the table of this name."""
        table = self._contract.tables[name]
        return get(self._add(table, (), len(self.of(table)) + 1, moment).record, table.key[0])

    def _touch(self, table: Table, row: Row, moment: datetime, *, moves: bool = True) -> None:
        row.sequence, row.modified = self.next_sequence(), moment
        if isinstance(row.record, dict):
            if table.cursor and moves:
                put(row.record, table.cursor, write_time(moment, table.rules["time"]))
            for path, form in stamps(table, "changed").items():
                put(row.record, path, write_time(moment, form))
            deletes = table.rules.get("deletes", {})
            if row.is_deleted and deletes.get("field"):
                put(row.record, deletes["field"], deletes["value"])

    def _id(self, table: Table, path: str, seed: str, number: int, place: Place) -> Any:
        type_ = self._contract.field(table.record, path) if path else self._contract.resolve(table.record)
        type_ = type_ if isinstance(type_, str) else "string"
        below = int(hashlib.sha256("/".join(place).encode()).hexdigest()[:6], 16) if place else 0
        if type_.startswith(("integer", "number")):
            return 1000 * below % 2_000_000_000 + 1000 + number
        if "uuid" in type_:
            return str(uuid.uuid5(uuid.NAMESPACE_URL, seed + path))
        prefix = re.sub(r"\W", "", table.name)[:4] + (f"{below:06x}" if place else "")
        return str(table.rules.get("id", "{prefix}{number:05d}")).format(prefix=prefix, number=number, below=below)


def stamps(table: Table, when: str) -> dict[str, str]:
    """The fields beside the cursor that tell when a record was `made` or `changed` last, and the form of each."""
    found: dict[str, str] = table.rules.get("stamps", {}).get(when, {})
    return found


def written_moment(table: Table, path: str, value: Any) -> datetime:
    """The moment that a field of a record tells: by the rules where they speak of it, else as invented records have it.
    Raises ValueError for what is none.
    """
    own = {**stamps(table, "made"), **stamps(table, "changed")}.get(path)
    forms = (
        [table.rules["time"]] if path == table.cursor else [own] if own else ["iso_any", "date", table.rules["time"]]
    )
    for form in forms:
        with suppress(ValueError):
            return read_time(value, form)
    raise ValueError(f"{value!r} at {path} of {table.name} is no time")


def kept_fields(table: Table) -> list[str]:
    """Paths of the fields that are never null or absent."""
    cursor = [table.cursor] if table.cursor else []
    columns = table.rules.get("feed", {}).get("columns", [])
    return [*table.key, *cursor, *columns, *table.rules.get("keeps", [])]


def missing_kind(table: Table, parent: Any, rule: str = "under") -> tuple[str, Any] | None:
    """The field of a parent that keeps it from having a list of this table, and what that would have to hold."""
    for field, kind in table.rules.get(rule, {}).items():
        held = get(parent, field)
        inside = held if isinstance(held, str | list | dict) else [held]
        if not any(one in inside for one in (kind if isinstance(kind, list) else [kind])):
            return field, kind
    return None
