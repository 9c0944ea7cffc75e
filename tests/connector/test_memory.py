"""What a table remembers from one pull to the next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from avesa.connector.memory import Boundary, Memory, decode_memory, encode_memory

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_the_boundary_holds_the_rows_that_the_next_window_will_hold() -> None:
    boundary = Boundary(lambda newest: newest - HOUR if newest else None)
    for hours in range(10):
        boundary.add(str(hours), NOON + hours * HOUR)
    assert boundary.digests(NOON + 8 * HOUR) == ("8", "9")


def test_the_edge_of_what_has_to_be_remembered_follows_the_newest_change_and_never_falls() -> None:
    boundary = Boundary(lambda newest: newest - HOUR if newest else None)

    assert boundary.edge(NOON) == NOON - HOUR
    assert boundary.edge(NOON + HOUR) == NOON
    assert boundary.edge(NOON - HOUR) == NOON


def test_the_boundary_stays_small_and_keeps_the_newest_of_an_ascending_list() -> None:
    boundary = Boundary(lambda newest: newest, most=100)
    for second in range(5_000):
        boundary.add(str(second), NOON + timedelta(seconds=second))
    assert boundary.digests(NOON + timedelta(seconds=4_999)) == ("4999",)
    for row in range(5_000):
        boundary.add(f"x{row}", NOON + timedelta(seconds=4_999))
    assert len(boundary.digests(None)) <= 100


def test_where_the_next_window_begins_is_not_worked_out_for_every_row() -> None:
    asked: list[datetime | None] = []

    def floor(newest: datetime | None) -> datetime | None:
        asked.append(newest)
        return newest

    boundary = Boundary(floor)
    for second in range(10_000):
        boundary.add(str(second), NOON + timedelta(seconds=second))
    assert len(asked) <= 110
    assert boundary.digests(NOON + timedelta(seconds=9_998)) == ("9998", "9999")


def test_memory_survives_its_json_and_an_unreadable_one_is_empty() -> None:
    memory = Memory(NOON, ("a", "b"), NOON)
    assert decode_memory(encode_memory(memory)) == memory
    assert decode_memory("{") == decode_memory(None) == Memory()
