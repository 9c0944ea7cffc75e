"""The world is frozen: seed and start decide everything, and every kind of record has a history."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from avesa.sandbox.entities import Company, Contact, Entity, Expense, Invoice
from avesa.sandbox.work import Member, Note, ScheduleEntry, Ticket, TimeEntry
from avesa.sandbox.world import World

START = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def world() -> World:
    return World(seed=7, start=START)


def test_the_same_seed_and_start_give_the_same_events(world: World) -> None:
    assert World(seed=7, start=START).events == world.events


def test_another_seed_gives_another_history(world: World) -> None:
    assert World(seed=8, start=START).events != world.events


def test_more_days_leave_the_days_before_as_they_were(world: World) -> None:
    longer = World(seed=7, start=START, days=45)
    assert longer.events[: len(world.events)] == world.events
    assert len(longer.events) > len(world.events)


def test_every_kind_of_record_changes_after_the_start(world: World) -> None:
    changed = {event.kind for event in world.events if event.at > world.start}
    assert changed == set(Entity.__args__)


@pytest.mark.parametrize("seed", range(5))
def test_the_usual_kinds_lose_records_for_good(seed: int) -> None:
    gone = {e.kind for e in World(seed=seed, start=START).events if e.entity is None and e.at > START}
    assert {Ticket, TimeEntry, Note, Contact} & gone
    assert not {Company, Member} & gone


def test_a_company_leaves_with_a_flag_and_stays_listed(world: World) -> None:
    left = [e for e in world.at(world.end).values() if isinstance(e, Company) and e.deleted_at]
    assert left
    assert all(START < company.deleted_at <= world.end for company in left if company.deleted_at)


def test_a_day_brings_some_dozens_of_changes(world: World) -> None:
    days = Counter(event.at.date() for event in world.events if event.at > START)
    assert len(days) == 30
    assert 15 <= sorted(days.values())[len(days) // 2] <= 80


def test_tickets_are_opened_escalated_resolved_closed_and_opened_again(world: World) -> None:
    tickets = [e.entity for e in world.events if isinstance(e.entity, Ticket)]
    statuses = {"New", "Assigned", "In Progress", "Escalated", "Waiting on Client", "Resolved", "Closed", "Re-Opened"}
    assert {ticket.status for ticket in tickets} == statuses


def test_work_is_approved_and_billed_to_an_invoice_that_gets_paid(world: World) -> None:
    entries = [e.entity for e in world.events if isinstance(e.entity, TimeEntry)]
    assert {"Open", "ApprovedByTierOne", "Billed"} <= {entry.status for entry in entries}
    assert "Paid" in {e.entity.status for e in world.events if isinstance(e.entity, Invoice)}
    assert any(isinstance(e.entity, Expense) and e.entity.invoice for e in world.events)
    assert any(isinstance(e.entity, ScheduleEntry) and e.entity.done for e in world.events)


def test_times_have_whole_seconds_and_a_record_has_one_version_at_a_time(world: World) -> None:
    assert all(event.at.microsecond == 0 and event.at <= world.end for event in world.events)
    versions = Counter((event.kind, event.id, event.at) for event in world.events)
    assert max(versions.values()) == 1


def test_several_records_change_within_one_second(world: World) -> None:
    assert max(Counter(event.at for event in world.events).values()) > 5


def test_a_record_is_not_changed_after_it_is_gone_and_ids_are_not_used_twice(world: World) -> None:
    gone: set[tuple[type, int]] = set()
    for event in world.events:
        assert (event.kind, event.id) not in gone
        if event.entity is None:
            gone.add((event.kind, event.id))


def test_notes_go_with_their_ticket(world: World) -> None:
    for day in range(31):
        state = world.at(START + timedelta(days=day))
        tickets = {key[1] for key in state if key[0] is Ticket}
        assert all(note.ticket_id in tickets for note in state.values() if isinstance(note, Note))


def test_a_default_world_is_small_enough_to_be_made_at_each_start() -> None:
    assert 500 < len(World(seed=99, start=START).events) < 5_000


def test_a_start_without_a_zone_and_a_world_without_companies_are_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        World(start=datetime(2026, 3, 2))  # noqa: DTZ001
    with pytest.raises(ValueError, match="at least one company"):
        World(companies=0)
