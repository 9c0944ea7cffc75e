"""A call that lasts is broken off by what a signal's handler raises, and comes to its end before anything goes on."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from avesa.warehouse import call_thread
from avesa.warehouse.call_thread import CallThread


class Broken(BaseException):
    """Raised by the handler of a signal."""


@contextmanager
def signals() -> Iterator[list[int]]:
    """SIGUSR1 raises Broken here; the list tells how often it came."""
    came: list[int] = []

    def handler(number: int, frame: object) -> None:
        came.append(number)
        raise Broken

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        yield came
    finally:
        signal.signal(signal.SIGUSR1, before)


def signalled() -> None:
    os.kill(os.getpid(), signal.SIGUSR1)


def test_it_gives_and_raises_what_the_call_does() -> None:
    calls = CallThread()
    assert calls.call(lambda: threading.current_thread() is threading.main_thread(), None) is False
    with pytest.raises(ZeroDivisionError):
        calls.call(lambda: 1 // 0, None)
    assert calls.call(lambda: "again", None) == "again"
    calls.close()


def test_a_call_that_is_broken_off_is_cancelled_and_waited_for() -> None:
    calls, cancelled, said = CallThread(), threading.Event(), list[str]()

    def function() -> None:
        signalled()
        assert cancelled.wait(10)
        said.append("ended")

    with signals() as came, pytest.raises(Broken):
        calls.call(function, cancelled.set)
    assert (came, said, calls.is_lost) == ([signal.SIGUSR1], ["ended"], False)
    assert calls.call(lambda: "usable", None) == "usable"
    calls.close()


def test_a_call_that_nothing_can_cancel_is_left_alone() -> None:
    calls, released = CallThread(), threading.Event()

    def function() -> None:
        signalled()
        released.wait(10)

    with signals(), pytest.raises(Broken):
        calls.call(function, None)
    assert calls.is_lost
    released.set()
    calls.close()


def test_a_cancelling_that_does_not_help_is_waited_for_within_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_thread, "_PATIENCE_SECONDS", 0.1)
    calls, released = CallThread(), threading.Event()

    def function() -> None:
        signalled()
        released.wait(10)

    def cancel() -> None:
        raise OSError

    with signals(), pytest.raises(Broken):
        calls.call(function, cancel)
    assert calls.is_lost
    released.set()
    calls.close()
