"""The records of a vendor's account that show the world: they come, change and go as the clock moves on."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from avesa.sandbox.entities import Company, Entity
from avesa.sandbox.mapped.canonical import is_gone, provider, wanted_of
from avesa.sandbox.mapped.canonical_row import Key, Wanted
from avesa.sandbox.mapped.draft import Draft
from avesa.sandbox.mapped.inventing import TidyInventor
from avesa.sandbox.mapped.paths import Path, parse_path
from avesa.sandbox.mapped.placing import Tables, choose, reference, stable
from avesa.sandbox.mapped.writing import reads, write
from avesa.sandbox.simulation import Event
from avesa.sandbox.vendor.contract import Contract, Table, get, put
from avesa.sandbox.vendor.rows import Place, Row, Rows, kept_fields, missing_kind, stamps
from avesa.sandbox.world import World


@dataclass
class Shown:
    """Where an entity is shown: its row, and what the canonical table should say of it."""

    table: Table
    place: Place
    row: Row
    wanted: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Truth:
    """What the world has, for one record: `columns` are name, type and value of those that the vendor's record holds.
    `key` and `parent` are texts: the values of the key, and the key of the parent that it is listed under.
    """

    canonical: str
    table: str
    key: tuple[str, ...]
    parent: str | None
    columns: tuple[tuple[str, str, Any], ...]
    untold: tuple[str, ...]
    """Columns that the world could fill and the vendor's record has no place for."""
    unasked: tuple[str, ...]
    """Columns that the vendor's record holds, and that the reader did not ask for."""
    is_flagged: bool
    """It is deleted, and the record still there says so."""


class WorldRows(Rows):
    """Tables that are mapped to a canonical one have the world's records as of the clock, others some invented ones."""

    inventor = TidyInventor
    usual, usual_below = 3, 1

    def __init__(self, contract: Contract, world: World, seed: str, clock: Callable[[], datetime]) -> None:
        self._moment: datetime | None = None
        super().__init__(contract, {}, seed, lambda: self._moment or clock())
        self._world, self._now = world, clock
        self._tables = Tables(contract)
        self._shown: dict[tuple[type[Entity], int], Shown] = {}
        self._numbers: dict[str, int] = {}
        self._done = 0
        self._played = self.born
        self._is_playing = False

    def of(self, table: Table, place: Place = ()) -> list[Row]:
        with self._lock:
            self._play()
            if table.name in self._tables.mapped:
                return list(self._lists.get((table.name, place), []))
            return super().of(table, place)

    def places(self, table: Table) -> list[Place]:
        with self._lock:
            self._play()
            return super().places(table)

    @property
    def world_tables(self) -> dict[str, str]:
        """The tables that have records of the world and no others, with the canonical table of each."""
        bases = self._tables.mapped
        all_mapped = self._tables.all_mapped
        return {name: one.canonical for name, one in all_mapped.items() if self._tables.base(name) in bases}

    def truth(self, shapes: Mapping[str, Callable[[Any], Any]] = MappingProxyType({})) -> Iterator[Truth]:
        """What there is now, record by record of `world_tables`; `shapes` are what records are shown as."""
        with self._lock:
            self._play()
            for name in self.world_tables:
                shape, base = shapes.get(name, _whole), self._tables.base(name)
                for shown in self._shown.values():
                    is_there = not shown.row.is_deleted or (shown.table.rules.get("deletes") or {}).get("field")
                    if shown.table.name == base and is_there:
                        yield self._truth(name, shown, shape)

    def _truth(self, name: str, shown: Shown, shape: Callable[[Any], Any]) -> Truth:
        mapped, record = self._tables.all_mapped[name], shown.row.record
        parent = shown.place[0] if shown.place else None
        asked = shape(record)
        known = [column for column in mapped.columns if column.name in shown.wanted]
        held = [column for column in known if reads(column, record, shown.wanted[column.name], parent)]
        told = [column for column in held if reads(column, asked, shown.wanted[column.name], parent)]
        return Truth(
            mapped.canonical,
            name,
            tuple(str(get(record, path)) for path in shown.table.key),
            parent,
            tuple((column.name, column.type, shown.wanted[column.name]) for column in told),
            tuple(column.name for column in known if column not in held),
            tuple(column.name for column in held if column not in told),
            shown.row.is_deleted,
        )

    # What happens

    def _play(self) -> None:
        """Let everything happen that has happened by now."""
        if self._is_playing:
            return
        self._is_playing = True
        try:
            now, events = self._now(), self._world.events
            if now < self._played:
                # The clock was put back: what has not happened yet is undone by beginning again.
                self._lists.clear()
                self._shown.clear()
                self._numbers.clear()
                self._done = 0
            self._played = now
            if not self._done:
                self._show_provider(events[0].at)
            while self._done < len(events) and events[self._done].at <= now:
                event = events[self._done]
                self._done += 1
                self._moment = event.at
                self._happen(event)
        finally:
            self._moment, self._is_playing = None, False

    def _happen(self, event: Event) -> None:
        shown = self._shown.get((event.kind, event.id))
        if is_gone(event.entity):
            if shown is not None and not shown.row.is_deleted:
                self._remove(shown)
            return
        wanted = wanted_of(event)
        if wanted is None or (shown is not None and shown.row.is_deleted):
            return
        if shown is not None:
            self._change(shown, wanted)
            return
        for name in choose(self._fitting(wanted), event.kind, event.id):
            place = self._place(name, wanted, event)
            if place is not None:
                self._shown[event.kind, event.id] = self._make(name, place, wanted)
                return

    def _show_provider(self, moment: datetime) -> None:
        self._moment = moment
        for name in self._tables.of("companies"):
            if self._tables.contract.tables[name].facts.get("single"):
                self._shown[Company, 0] = self._make(name, (), provider())

    def _fitting(self, wanted: Wanted) -> list[str]:
        tables = self._tables.contract.tables
        return [name for name in self._tables.of(wanted.table) if not tables[name].facts.get("single")]

    def _place(self, name: str, wanted: Wanted, event: Event) -> Place | None:
        """The list that an entity's record lies in, None if the table has none for it."""
        parent = self._tables.parent(name)
        if parent is None:
            return ()
        above = self._tables.contract.tables[parent]
        below = self._tables.contract.tables[name]
        kinds = ("under", "all_under")
        mapped = self._tables.mapped.get(parent)
        if mapped is not None:
            key = reference(wanted.columns, mapped.canonical)
            # Whoever works for the provider belongs to no company, and what it sells neither: any will do for them.
            apart = mapped.canonical == "companies" and "company_id" not in wanted.columns
            told = None if key is None else self._shown.get((key.kind, key.id))
            held = self._anyone(parent, name, event) if apart else told
            if held is None or held.table.name != parent or held.row.is_deleted:
                return None
            return None if any(missing_kind(below, held.row.record, rule) for rule in kinds) else (_key(held),)
        parents = [
            row
            for row in self._all(above)
            if not row.is_hidden and not any(missing_kind(below, row.record, rule) for rule in kinds)
        ]
        if not parents:
            return None
        row = parents[stable(f"{name}/{event.kind.__name__}/{event.id}") % len(parents)]
        return (str(get(row.record, above.key[0])),)

    def _anyone(self, parent: str, name: str, event: Event) -> Shown | None:
        """One of the parent's records, for an entity that belongs to none of them more than to another."""
        there = [one for one in self._shown.values() if one.table.name == parent and not one.row.is_deleted]
        return there[stable(f"{name}/{event.kind.__name__}/{event.id}") % len(there)] if there else None

    def _all(self, table: Table) -> list[Row]:
        if not self.places(table) and table.parent is None:
            self.of(table)
        return [row for place in self.places(table) for row in self.of(table, place) if not row.is_deleted]

    def _make(self, name: str, place: Place, wanted: Wanted) -> Shown:
        table = self._tables.contract.tables[name]
        self._numbers[name] = number = self._numbers.get(name, 0) + 1
        self._lists.setdefault((name, place), [])
        row = self._add(table, place, number, self._clock())
        row.is_hidden = False
        shown = Shown(table, place, row)
        shown.row.record = self._written(shown, wanted)
        self._touch(table, row, self._clock())
        self.happened(name, row, "add")
        return shown

    def _change(self, shown: Shown, wanted: Wanted) -> None:
        record = self._written(shown, wanted)
        if record == shown.row.record:
            return
        shown.row.record = record
        self._touch(shown.table, shown.row, self._clock(), moves=not shown.table.rules.get("fixed_cursor"))
        self.happened(shown.table.name, shown.row, "change")

    def _remove(self, shown: Shown) -> None:
        shown.row.is_deleted = True
        shown.row.record = copy.deepcopy(shown.row.record)
        self._touch(shown.table, shown.row, self._clock())
        self.happened(shown.table.name, shown.row, "delete")

    def _written(self, shown: Shown, wanted: Wanted) -> Any:
        """The row's record with the wanted values in it."""
        table = shown.table
        record = copy.deepcopy(shown.row.record)
        deletes = table.rules.get("deletes") or {}
        draft = Draft(
            self._tables.contract, table.record, record, kept=kept_fields(table), times=str(table.rules.get("time"))
        )
        for path in self._fixed(table):
            draft.hold(path)
        shown.wanted = {column: self._resolved(value) for column, value in wanted.columns.items()}
        write(draft, self._tables.mapped[table.name], shown.wanted, shown.place[0] if shown.place else None)
        if "alive" in deletes and get(record, deletes["field"]) in (None, deletes["value"]):
            put(record, deletes["field"], deletes["alive"])
        return record

    @staticmethod
    def _fixed(table: Table) -> Iterator[Path]:
        """Fields that are the vendor's own to fill."""
        cursor = [table.cursor] if table.cursor else []
        told = (table.rules.get("in_turn", {}), stamps(table, "made"), stamps(table, "changed"))
        for path in (*table.key, *cursor, *(path for rule in told for path in rule)):
            yield parse_path(path) if not path.startswith("@") else Path((path,))

    def _resolved(self, value: Any) -> Any:
        """A reference as the id of the record that it points to, None where the vendor does not have that."""
        if not isinstance(value, Key):
            return value
        shown = self._shown.get((value.kind, value.id))
        return None if shown is None or len(shown.table.key) != 1 else _key(shown)


def _key(shown: Shown) -> str:
    return str(get(shown.row.record, shown.table.key[0]))


def _whole(record: Any) -> Any:
    return record
