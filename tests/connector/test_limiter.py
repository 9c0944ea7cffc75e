"""Turns as a client gives them out: waits, stops, budgets that are used up, clients that share an account."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from avesa.connector.allowance_book import decode_book
from avesa.connector.demand import ACCOUNT, Scope
from avesa.connector.limiter import FRESH, Limiter
from avesa.connector.limits import Adaptive, Limits, Rate, Stopped, Told
from avesa.connector.request import Response
from avesa.shared.allowance import LocalAllowances, Result, Step
from avesa.shared.errors import AllowanceSpent, StorageError, Unavailable
from avesa.shared.sqlite_allowance import SqliteAllowances

MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Counted(LocalAllowances):
    """Counts the transactions."""

    def __init__(self) -> None:
        super().__init__()
        self.changes = 0
        self.broken = False

    def change(self, account: str, step: Step[Result]) -> Result:
        self.changes += 1
        if self.broken:
            raise StorageError("the disk is full.")
        return super().change(account, step)


class Bench:
    """Time passes only by waiting."""

    def __init__(self) -> None:
        self.now = NOON.timestamp()
        self.waited = 0.0
        self.stop = False
        self.allowances = Counted()
        self.while_waiting: Callable[[], None] = lambda: None

    def wait(self, seconds: float) -> None:
        self.while_waiting()
        if self.stop:
            raise Stopped
        self.now += seconds
        self.waited += seconds

    def limiter(self, limits: Limits, account: str = "vendor/1", share: float = 1.0) -> Limiter:
        return Limiter(
            limits,
            wait=self.wait,
            monotonic=lambda: self.now,
            allowances=self.allowances,
            account=account,
            share=share,
        )


def ask(limiter: Limiter, times: int = 1, scope: Scope = ACCOUNT) -> None:
    for _ in range(times):
        with limiter.turn(scope):
            pass


def answer(status: int = 200, **headers: object) -> Response:
    return Response(status, {k.replace("_", "-"): str(v) for k, v in headers.items()}, b"[]", "https://v.example")


def test_a_rate_makes_the_next_one_wait() -> None:
    bench = Bench()
    ask(bench.limiter(Limits(rates=(Rate(3, per=MINUTE),))), 4)
    assert 60 <= bench.waited <= 61


def test_two_clients_of_one_account_share_its_rate_and_other_accounts_do_not() -> None:
    bench = Bench()
    limits = Limits(rates=(Rate(4, per=MINUTE),))
    one, two, other = bench.limiter(limits), bench.limiter(limits), bench.limiter(limits, "vendor/2")
    ask(one, 3)
    ask(two, 1)
    ask(other, 4)
    assert bench.waited == 0
    ask(two, 1)
    assert bench.waited >= 60 - 1


def test_a_wait_ends_as_soon_as_a_stop_is_asked_for() -> None:
    bench = Bench()
    limiter = bench.limiter(Limits(rates=(Rate(1, per=MINUTE),)))
    ask(limiter)
    bench.stop = True
    with pytest.raises(Stopped):
        ask(limiter)


def test_a_budget_that_is_used_up_says_when_it_goes_on_and_is_not_waited_for() -> None:
    bench = Bench()
    limiter = bench.limiter(Limits(rates=(Rate(2, per=timedelta(days=1), zone="UTC"),)))
    ask(limiter, 2)
    with pytest.raises(AllowanceSpent, match=r"used up until 2026-03-02 00:00:0\d UTC") as caught:
        ask(limiter)
    assert isinstance(caught.value, Unavailable) and caught.value.retry
    assert "goes on from where this one is" in caught.value.hint
    assert bench.waited == 0
    bench.now += 12 * 3600 + 1
    ask(limiter)


def test_no_wait_is_longer_than_declared() -> None:
    bench = Bench()
    limiter = bench.limiter(Limits(rates=(Rate(1, per=MINUTE),), longest_wait=timedelta(seconds=59)))
    ask(limiter)
    with pytest.raises(AllowanceSpent):
        ask(limiter)
    bench.now += 10
    ask(limiter)
    assert bench.waited <= 59


def test_what_the_vendor_tells_makes_it_wait_before_it_is_told_off() -> None:
    bench = Bench()
    told = Told("x-remaining", limit="x-limit", reset="x-reset")
    limiter = bench.limiter(Limits(told=(told,)), share=0.9)
    with limiter.turn():
        limiter.heard(answer(x_remaining=12, x_limit=100, x_reset=40), at=NOON)
    ask(limiter, 2)
    assert bench.waited == 0
    ask(limiter)
    assert 40 <= bench.waited <= 41


def test_what_one_client_learns_holds_for_the_others() -> None:
    bench = Bench()
    limits = Limits(told=(Told("x-remaining", reset="x-reset"),))
    one, two = bench.limiter(limits), bench.limiter(limits)
    with one.turn():
        one.heard(answer(x_remaining=0, x_reset=20), at=NOON)
    ask(two)
    assert 20 <= bench.waited <= 21


def test_a_pause_holds_for_all_clients_of_the_account() -> None:
    bench = Bench()
    one, two = bench.limiter(Limits()), bench.limiter(Limits())
    ask(one)
    ask(two)
    one.pause(7)
    bench.now += FRESH  # by then every client has looked again
    ask(two)
    assert bench.waited == pytest.approx(7 - FRESH)


def test_a_pause_can_be_that_of_one_endpoint_alone() -> None:
    bench = Bench()
    limiter = bench.limiter(Limits(slows="endpoint"))
    limiter.pause(7, Scope("search"))
    ask(limiter, scope=Scope("tickets"))
    assert bench.waited == 0
    ask(limiter, scope=Scope("search"))
    assert bench.waited == pytest.approx(7)


def test_a_429_can_say_that_it_is_about_the_whole_account_after_all() -> None:
    bench = Bench()
    limits = Limits(slows="endpoint", slows_all=("RateLimit-Reason", "quota"))
    for reason, waited in (("jira-burst-based", 0), ("jira-quota-tenant", 7)):
        limiter = bench.limiter(limits, account=reason)
        with limiter.turn(Scope("search")):
            limiter.heard(answer(429, ratelimit_reason=reason), Scope("search"), at=NOON, limited=True, rest=7)
        ask(limiter, scope=Scope("tickets"))
        assert bench.waited == pytest.approx(waited)


def test_a_429_lowers_the_pace_for_all_and_good_answers_raise_it_again() -> None:
    bench = Bench()
    limits = Limits(adaptive=Adaptive(start=10.0, step=2.0))
    one, two = bench.limiter(limits), bench.limiter(limits)

    def seconds_for(requests: int, *, status: int = 200) -> float:
        before = bench.waited
        for number in range(requests):
            limiter = (one, two)[number % 2]
            with limiter.turn():
                limiter.heard(answer(status), at=NOON, limited=status == 429)
        return bench.waited - before

    usual = seconds_for(20)
    seconds_for(1, status=429)
    slowed = seconds_for(10)
    assert slowed / 10 > 1.3 * usual / 20
    assert seconds_for(200) / 200 < slowed / 10
    assert seconds_for(20) < slowed


def test_far_from_the_limit_most_turns_are_a_matter_of_memory() -> None:
    bench = Bench()
    limiter = bench.limiter(Limits(rates=(Rate(10_000, per=MINUTE),)))
    ask(limiter, 160)
    assert bench.allowances.changes <= 11


def test_near_the_limit_each_turn_is_agreed_with_the_others() -> None:
    bench = Bench()
    limits = Limits(rates=(Rate(20, per=MINUTE),))
    one, two = bench.limiter(limits), bench.limiter(limits)
    ask(one, 10)
    ask(two, 10)
    assert bench.waited == 0
    ask(one)
    assert bench.waited >= 59


def test_a_client_that_is_closed_gives_back_all_that_it_holds() -> None:
    bench = Bench()
    limiter = bench.limiter(Limits(concurrency=2, rates=(Rate(1000, per=MINUTE),)))
    ask(limiter, 3)
    limiter.close()
    document: list[bytes | None] = []
    bench.allowances.change("vendor/1", lambda text: (text or b"", document.append(text)))
    book = decode_book(document[0])
    assert book.workers == {}
    assert sum(amount for _, amount in book.used["1000/60"].log) == 3


def test_an_answer_is_not_lost_when_its_end_cannot_be_written_down() -> None:
    bench = Bench()
    limits = Limits(rates=(Rate(3, per=MINUTE),))
    limiter, other = bench.limiter(limits), bench.limiter(limits)
    ask(other)
    with limiter.turn():
        bench.allowances.broken = True
        bench.now += 1
    with pytest.raises(StorageError):
        ask(limiter)
    bench.allowances.broken = False
    ask(limiter)
    assert bench.waited == 0
    ask(limiter)
    assert bench.waited >= 58


def test_the_place_of_one_that_could_not_write_down_its_end_is_free_at_once() -> None:
    """A full disk, and then a sync in the same process, which still lives: nobody else could tell that it ended."""
    bench = Bench()
    limits = Limits(concurrency=1, rates=(Rate(3, per=MINUTE),))
    limiter, other = bench.limiter(limits), bench.limiter(limits)
    with limiter.turn():
        bench.allowances.broken = True
    limiter.close()
    bench.allowances.broken = False
    ask(other, 2)
    assert bench.waited == 0
    ask(other)
    assert bench.waited >= 58, "what it had begun counts all the same"


def test_who_waits_for_another_changes_the_book_once_a_second_at_most() -> None:
    bench = Bench()
    limits = Limits(concurrency=1)
    limiter, other = bench.limiter(limits), bench.limiter(limits)
    documents: list[bytes | None] = []

    def asked(document: bytes | None) -> tuple[bytes, None]:
        documents.append(document)
        bench.stop = bench.now >= NOON.timestamp() + 10
        return document or b"", None

    bench.while_waiting = lambda: bench.allowances.change("vendor/1", asked)
    with limiter.turn(), pytest.raises(Stopped):
        ask(other)
    assert len(documents) > 500
    assert len(set(documents)) <= 12


HOLDER = """
import sys
from pathlib import Path
from avesa.connector.limiter import Limiter
from avesa.connector.limits import Limits, waiter
from avesa.shared.sqlite_allowance import SqliteAllowances
limiter = Limiter(
    Limits(concurrency=1), wait=waiter(lambda: False), allowances=SqliteAllowances(Path(sys.argv[1])), account="a"
)
with limiter.turn():
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_the_place_of_a_killed_process_is_free_at_once(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            holder.kill()
            holder.wait()

    limiter = Limiter(Limits(concurrency=1), wait=wait, allowances=SqliteAllowances(path), account="a")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout and holder.stdout.readline() == "held\n"
        with limiter.turn():
            assert len(waits) == 3
