"""A small discrete-event simulation: actions run in the order of time and leave dated versions of entities.

Everything random comes from one seeded source that is asked in that order, so what has happened by a moment does
not depend on how far the simulation runs after it.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar, cast

from avesa.sandbox.entities import Entity

E = TypeVar("E", bound=Entity)
T = TypeVar("T")
Action = Callable[[], None]

FIRST_HOUR, LAST_HOUR = 8, 18


@dataclass(frozen=True, slots=True)
class Event:
    """From `at` on, the record is `entity`; None says that it is gone."""

    at: datetime
    kind: type[Entity]
    id: int
    entity: Entity | None
    by: str
    created_at: datetime
    created_by: str


class Simulation:
    """Holds the state of the world at `now`, the actions still to come, and the events so far."""

    def __init__(self, seed: int, now: datetime) -> None:
        self.random = random.Random(f"avesa-world-{seed}")  # noqa: S311 - a repeatable world, no secret
        self.now = now.replace(microsecond=0)
        self.events: list[Event] = []
        self._live: dict[type[Entity], dict[int, Entity]] = {}
        self._origin: dict[tuple[type[Entity], int], tuple[datetime, str]] = {}
        self._last_id: dict[type[Entity], int] = {}
        self._agenda: list[tuple[datetime, int, Action]] = []
        self._planned = 0

    def new_id(self, kind: type[Entity]) -> int:
        """The next id of the kind; ids grow with the time of creation and are never used twice."""
        self._last_id[kind] = self._last_id.get(kind, _FIRST_ID.get(kind.__name__, 0)) + 1
        return self._last_id[kind]

    def put(self, entity: E, by: str, *, at: datetime | None = None) -> E:
        """Create the record or replace it by its new version, by the person or process `by`."""
        kind = cast("type[Entity]", type(entity))
        at = at or self.now
        created_at, created_by = self._origin.setdefault((kind, entity.id), (at, by))
        self._live.setdefault(kind, {})[entity.id] = entity
        self.events.append(Event(at, kind, entity.id, entity, by, created_at, created_by))
        return entity

    def delete(self, entity: Entity, by: str) -> None:
        """Take the record away for good."""
        kind = type(entity)
        del self._live[kind][entity.id]
        created_at, created_by = self._origin[(kind, entity.id)]
        self.events.append(Event(self.now, kind, entity.id, None, by, created_at, created_by))

    def get(self, kind: type[E], record_id: int) -> E | None:
        return cast("E | None", self._live.get(cast("type[Entity]", kind), {}).get(record_id))

    def all(self, kind: type[E]) -> list[E]:
        """The records that live now, by id."""
        return cast("list[E]", list(self._live.get(cast("type[Entity]", kind), {}).values()))

    def pick(self, choices: Sequence[T]) -> T:
        return self.random.choice(choices)

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def at(self, moment: datetime, action: Action) -> None:
        """Run `action` at `moment`; what is due at the same moment runs in the order of planning."""
        self._planned += 1
        heapq.heappush(self._agenda, (max(moment.replace(microsecond=0), self.now), self._planned, action))

    def after(self, low: float, high: float, action: Action) -> None:
        """Run `action` between `low` and `high` hours from now, but within working hours."""
        moment = self.now + timedelta(seconds=self.random.randint(int(low * 3600), int(high * 3600)))
        if not FIRST_HOUR <= moment.hour < LAST_HOUR:
            morning = moment.replace(hour=FIRST_HOUR, minute=0, second=0)
            if moment.hour >= LAST_HOUR:
                morning += timedelta(days=1)
            moment = morning + timedelta(seconds=self.random.randint(60, 5400))
        self.at(moment, action)

    def run(self, until: datetime) -> None:
        """Do everything that is due up to and including `until`."""
        while self._agenda and self._agenda[0][0] <= until:
            self.now, _, action = heapq.heappop(self._agenda)
            action()


_FIRST_ID = {
    "Ticket": 10_400,
    "ProjectTask": 70_200,
    "TimeEntry": 31_000,
    "Note": 52_000,
    "Company": 250,
    "Contact": 1_100,
    "Member": 140,
    "Device": 8_000,
    "CatalogItem": 600,
    "Invoice": 4_200,
    "Opportunity": 900,
    "Project": 310,
    "ScheduleEntry": 21_000,
    "Activity": 6_100,
    "Expense": 2_300,
    "PurchaseOrder": 1_700,
    "LineItem": 12_000,
    "Agreement": 80,
    "Addition": 450,
}
