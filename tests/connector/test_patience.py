"""How long an answer may take, by a clock that the test holds."""

from __future__ import annotations

import pytest

from avesa.connector.limits import Stopped
from avesa.connector.patience import Patience, TooSlow, Watch

PATIENCE = Patience(silence=60, window=60, least=1_000, longest=600, grace=1)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def watch(clock: Clock, stop: list[bool] | None = None, *, in_body: bool = True) -> Watch:
    made = Watch(PATIENCE, lambda: bool(stop), clock)
    if in_body:
        made.head_came()
    return made


def after(clock: Clock, seconds: float) -> None:
    clock.now += seconds


@pytest.mark.parametrize("in_body", [True, False])
def test_silence_is_no_answer_in_time(in_body: bool) -> None:
    clock = Clock()
    watched = watch(clock, in_body=in_body)
    after(clock, 59)
    watched.came(0)
    after(clock, 1)
    with pytest.raises(TooSlow, match="no answer in time"):
        watched.came(0)


def test_a_head_that_trickles_has_as_long_as_silence() -> None:
    clock = Clock()
    watched = watch(clock, in_body=False)
    for _ in range(59):
        after(clock, 1)
        watched.came(100)
    after(clock, 1)
    with pytest.raises(TooSlow, match="too slowly"):
        watched.came(100)


def test_a_body_that_trickles_ends_with_the_window_and_one_at_the_least_pace_goes_on() -> None:
    clock = Clock()
    watched = watch(clock)
    for _ in range(59 + 60):
        after(clock, 1)
        watched.came(17)
    for _ in range(60):
        after(clock, 1)
        watched.came(1)
    with pytest.raises(TooSlow, match="too slowly"):
        for _ in range(2):
            after(clock, 1)
            watched.came(1)


def test_even_a_body_that_keeps_the_pace_has_an_end() -> None:
    clock = Clock()
    watched = watch(clock)
    for _ in range(599):
        after(clock, 1)
        watched.came(10_000)
    after(clock, 1)
    with pytest.raises(TooSlow, match="too slowly"):
        watched.came(10_000)


def test_each_answer_has_its_own_time() -> None:
    clock = Clock()
    watched = watch(clock)
    after(clock, 10_000)
    watched.begin()
    watched.came(0)


def test_what_is_under_way_at_a_stop_has_a_moment_to_come() -> None:
    clock, stop = Clock(), [True]
    watched = watch(clock, stop)
    after(clock, 10)
    watched.came(5)
    after(clock, 0.75)
    watched.came(5)
    after(clock, 0.25)
    with pytest.raises(Stopped):
        watched.came(5)
