"""A vendor that is down is not found out by every table for itself."""

from __future__ import annotations

from avesa.connector.breaker import Breaker

COOL_DOWN = 60.0


class Seconds:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_after_one_request_came_to_nothing_it_is_down_for_the_cool_down() -> None:
    now = Seconds()
    breaker = Breaker(COOL_DOWN, now)
    assert breaker.down() is None
    breaker.failed(now() - 13, "no connection")
    now.now += COOL_DOWN - 1
    down = breaker.down()
    assert down and down.message == "no connection"
    now.now += 1
    assert breaker.down() is None


def test_a_failure_while_others_went_well_says_nothing_of_the_vendor() -> None:
    now = Seconds()
    breaker = Breaker(COOL_DOWN, now)
    began = now()
    now.now += 5
    breaker.good()
    now.now += 5
    breaker.failed(began, None)
    assert breaker.down() is None


def test_a_proper_answer_ends_it() -> None:
    now = Seconds()
    breaker = Breaker(COOL_DOWN, now)
    breaker.failed(now(), None)
    assert breaker.down()
    breaker.good()
    assert breaker.down() is None
