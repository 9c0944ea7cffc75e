"""A frozen, seeded world: the same seed and start always give the same records, changes and deletions.

It is a list of dated versions. What exists at a moment is read from the events up to that moment, so asking for
any moment, in any order, gives the same answer, and more days never change the days before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial

from avesa.sandbox import back_office, sales_and_projects
from avesa.sandbox.entities import Entity
from avesa.sandbox.founding import found
from avesa.sandbox.service_desk import open_ticket
from avesa.sandbox.simulation import Event, Simulation

DEFAULT_START = datetime(2026, 3, 2, tzinfo=UTC)
DAYS_BEFORE = 14
"""The simulation begins this many days before the start, so that the first day finds work in progress."""

_Routine = Callable[[Simulation], None]

# How often a thing happens on a working day, and on which day at the latest it happens for the first time.
_ROUTINES: tuple[tuple[_Routine, float, int], ...] = (
    (back_office.sign_in, 2.5, 1),
    (back_office.change_company, 0.5, 2),
    (back_office.new_contact, 0.4, 3),
    (back_office.change_contact, 0.8, 1),
    (back_office.remove_contact, 0.12, 4),
    (back_office.promote_member, 0.03, 6),
    (back_office.change_board, 0.06, 5),
    (back_office.new_device, 0.4, 2),
    (back_office.change_device, 1.6, 1),
    (back_office.remove_device, 0.06, 8),
    (back_office.change_price, 0.4, 3),
    (back_office.change_agreement, 0.3, 4),
    (back_office.new_agreement, 0.05, 9),
    (back_office.change_addition, 0.9, 1),
    (back_office.leave_company, 0.02, 7),
    (sales_and_projects.new_opportunity, 0.5, 1),
    (sales_and_projects.new_client, 0.04, 10),
    (sales_and_projects.new_project, 0.05, 2),
    (sales_and_projects.new_expense, 0.6, 2),
    (sales_and_projects.order_goods, 0.5, 1),
)


@dataclass(frozen=True)
class World:
    """One managed service provider from `start` on (aware UTC; the day it falls on begins at midnight) for `days`.

    `companies` is the number of clients and `tickets_a_day` about how many tickets a working day brings; what
    else happens grows with neither. A default day has some 15 to 60 changes.
    """

    seed: int = 7
    start: datetime = DEFAULT_START
    days: int = 30
    companies: int = 12
    tickets_a_day: float = 2.0

    def __post_init__(self) -> None:
        if self.start.tzinfo is None:
            raise ValueError("the start of a world needs a time zone")
        if self.days < 0 or self.companies < 1 or self.tickets_a_day < 0:
            raise ValueError("a world has at least one company, and no negative number of days or tickets")

    @property
    def end(self) -> datetime:
        """After this moment nothing changes any more."""
        return self.start.astimezone(UTC) + timedelta(days=self.days)

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """All versions, by time; a record has at most one at a time."""
        midnight = self.start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        sim = Simulation(self.seed, midnight - timedelta(days=DAYS_BEFORE))
        found(sim, self.companies)
        sim.at(sim.now, partial(_plan_day, sim, self.tickets_a_day, 0))
        sim.run(self.end)
        return _one_version_a_moment(sim.events)

    def at(self, moment: datetime) -> dict[tuple[type[Entity], int], Entity]:
        """What exists at `moment`, by kind and id."""
        state: dict[tuple[type[Entity], int], Entity] = {}
        for event in self.events:
            if event.at > moment:
                break
            if event.entity is None:
                state.pop((event.kind, event.id), None)
            else:
                state[(event.kind, event.id)] = event.entity
        return state


def _plan_day(sim: Simulation, tickets: float, day: int) -> None:
    """At midnight: decide what the day brings, and come back at the next midnight."""
    share = 1.0 if sim.now.weekday() < 5 else 0.35
    for _ in range(_how_many(sim, tickets * share)):
        sim.at(_moment_of_day(sim), partial(open_ticket, sim))
    for routine, rate, first_day in _ROUTINES:
        for _ in range(max(_how_many(sim, rate * share), int(day == first_day + DAYS_BEFORE - 1))):
            sim.at(_moment_of_day(sim), partial(routine, sim))
    sim.at(sim.now.replace(hour=17, minute=45), partial(back_office.approve_time_and_expenses, sim))
    if sim.now.weekday() == 4:
        sim.at(sim.now.replace(hour=16, minute=30), partial(back_office.bill, sim))
    sim.at(sim.now.replace(hour=6, minute=0), partial(back_office.bill_agreements, sim))
    sim.at(sim.now + timedelta(days=1), partial(_plan_day, sim, tickets, day + 1))


def _how_many(sim: Simulation, rate: float) -> int:
    """A whole number that is `rate` on average."""
    whole = int(rate)
    return whole + int(sim.chance(rate - whole))


def _moment_of_day(sim: Simulation) -> datetime:
    return sim.now + timedelta(seconds=sim.random.randint(7 * 3600, 19 * 3600))


def _one_version_a_moment(events: list[Event]) -> tuple[Event, ...]:
    """Sort by time and keep a record's last version of each second: nobody could have read an earlier one."""
    last: dict[tuple[datetime, str, int], Event] = {(e.at, e.kind.__name__, e.id): e for e in events}
    return tuple(sorted(last.values(), key=lambda e: e.at))
