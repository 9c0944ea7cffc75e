"""What an account's book grants, in simulated time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from avesa.connector.allowance_book import (
    LEASE,
    Book,
    Grant,
    Report,
    Wish,
    costs,
    decode_book,
    encode_book,
    learn,
    leave,
    midnight_after,
    pause,
    refuse,
    report,
    take,
)
from avesa.connector.demand import Demand, Scope, demand_of
from avesa.connector.limits import Adaptive, AtOnce, Limits, Rate, Told

MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()


@dataclass
class Account:
    """One account's book, and what its workers have under way. Every step goes through the stored form."""

    limits: Limits
    document: bytes | None = None
    open: dict[str, list[Demand]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)

    def demand(self, endpoint: str = "", group: str | None = None, cost: int = 1, share: float = 1.0) -> Demand:
        return demand_of(self.limits, Scope(endpoint, (group,) if group else (), cost), share=share, settings={})

    def book(self) -> Book:
        return decode_book(self.document)

    def store(self, book: Book) -> None:
        self.document = encode_book(book)

    def report(self, worker: str, now: float, *finished: Demand, good: int = 0) -> Book:
        book = self.book()
        held: dict[str, int] = {}
        busy: dict[str, int] = {}
        for demand in self.open.setdefault(worker, []):
            for key, cost in costs(demand):
                held[key] = held.get(key, 0) + cost
            for place in demand.places:
                busy[place.key] = busy.get(place.key, 0) + 1
        told = Report(held, busy, tuple((demand, now) for demand in finished), {"": good})
        report(book, worker, told, now=now, adaptive=self.limits.adaptive, is_gone=self.gone.__contains__)
        self.store(book)
        return book

    def begin(self, worker: str, now: float, demand: Demand | None = None, ahead: int = 0) -> Grant:
        book = self.report(worker, now)
        wanted = demand or self.demand()
        grant = take(
            book, worker, Wish(wanted, ahead, 1, self.limits.per_second), now=now, adaptive=self.limits.adaptive
        )
        self.store(book)
        if grant.tickets:
            self.open[worker].append(wanted)
        return grant

    def end(self, worker: str, now: float, good: int = 1) -> None:
        self.report(worker, now, self.open[worker].pop(0), good=good)

    def at_once(self, worker: str, now: float, demand: Demand | None = None) -> bool:
        """A request that begins and ends at this moment, if it may."""
        granted = bool(self.begin(worker, now, demand).tickets)
        if granted:
            self.end(worker, now)
        return granted


def most_in_any(moments: Sequence[float], seconds: float) -> int:
    """The largest number of moments in a window of that length, wherever it begins."""
    moments = sorted(moments)
    return max(sum(1 for other in moments if moment <= other < moment + seconds) for moment in moments)


@pytest.mark.parametrize("seed", range(40))
def test_no_window_of_the_vendors_ever_holds_more_than_it_allows(seed: int) -> None:
    """Whatever is asked when by whom, and however long each request takes to come to the vendor and back."""
    chance = Random(seed)
    most, seconds = chance.randint(1, 12), chance.choice([0.5, 3.0, 60.0])
    slowest = seconds * chance.choice([0.01, 0.3, 2.0])
    account = Account(Limits(concurrency=20, rates=(Rate(most, per=timedelta(seconds=seconds)),)))
    now = NOON
    under_way: list[tuple[float, str]] = []  # when the answer is there, and whose it is
    counted: list[float] = []
    spare: dict[str, int] = {}
    for _ in range(400):
        now += chance.choice([0.0, chance.random() * seconds / most, chance.random() * seconds / 50])
        under_way.sort()
        while under_way and under_way[0][0] <= now:
            ended, worker = under_way.pop(0)
            account.end(worker, ended)
            spare[worker] = 0  # a report gives the spare tickets back
        worker = chance.choice(["one", "two", "three"])
        if not spare.get(worker):
            grant = account.begin(worker, now, ahead=chance.choice([0, 4]))
            if not grant.tickets:
                assert grant.wait > 0
                now += chance.choice([0.0, min(grant.wait, seconds)])
                continue
            spare[worker] = grant.tickets - 1
        else:
            spare[worker] -= 1
            account.open[worker].append(account.demand())
        took = chance.random() * slowest
        under_way.append((now + took, worker))
        counted.append(now + chance.random() * took)
    assert len(counted) > most
    assert most_in_any(counted, seconds) <= most


def test_the_allowance_is_used_to_the_full() -> None:
    account = Account(Limits(rates=(Rate(60, per=MINUTE),)))
    granted = [tick for tick in range(12_000) if account.at_once("one", NOON + tick / 20)]
    assert len(granted) >= 0.98 * 600


def test_a_wait_is_as_long_as_it_must_be() -> None:
    account = Account(Limits(rates=(Rate(2, per=MINUTE),)))
    assert account.at_once("one", NOON) and account.at_once("one", NOON + 20)
    wait = account.begin("two", NOON + 30).wait
    assert 30 <= wait <= 30.5
    assert not account.begin("two", NOON + 59.9).tickets
    assert account.begin("two", NOON + 30 + wait).tickets


def test_a_request_under_way_counts_until_its_answer_and_a_window_longer() -> None:
    account = Account(Limits(rates=(Rate(1, per=MINUTE),)))
    assert account.begin("one", NOON).tickets
    assert not account.begin("two", NOON + 70).tickets
    account.end("one", NOON + 71)
    assert not account.begin("two", NOON + 130).tickets
    assert account.begin("two", NOON + 132).tickets


def test_several_rates_hold_at_once_and_the_longest_wait_counts() -> None:
    account = Account(Limits(rates=(Rate(2, per=timedelta(seconds=1)), Rate(3, per=timedelta(days=1)))))
    assert [account.at_once("one", NOON + second) for second in (0, 0, 0, 2, 4)] == [True, True, False, True, False]
    assert 86_000 < account.begin("one", NOON + 6).wait < 87_000


def test_a_daily_budget_of_a_zone_begins_anew_at_its_midnight() -> None:
    account = Account(Limits(rates=(Rate(1, per=timedelta(days=1), zone="America/New_York"),)))
    assert account.at_once("one", NOON)
    midnight = datetime(2026, 3, 2, 5, tzinfo=UTC).timestamp()
    assert midnight_after(NOON, "America/New_York") == midnight
    wait = account.begin("one", NOON + 60).wait
    assert NOON + 60 + wait == pytest.approx(midnight, abs=1)
    assert account.begin("one", midnight + 1).tickets


def test_a_day_of_23_hours_ends_at_midnight_too() -> None:
    before = datetime(2026, 3, 8, 6, tzinfo=UTC).timestamp()
    assert midnight_after(before, "America/New_York") == datetime(2026, 3, 9, 4, tzinfo=UTC).timestamp()


def test_a_group_counts_its_endpoints_together_and_each_counts_one_alone() -> None:
    account = Account(
        Limits(rates=(Rate(3, per=MINUTE, group="search"), Rate(2, per=MINUTE, group="search", each=True)))
    )
    deals, leads = account.demand("deals", "search"), account.demand("leads", "search")
    other = account.demand("owners")
    asked = [account.at_once("one", NOON, one) for one in (deals, deals, deals, leads, leads, other, other, other)]
    assert asked == [True, True, False, True, False, True, True, True]


def test_points_count_what_an_endpoint_costs() -> None:
    account = Account(Limits(rates=(Rate(50, per=MINUTE, points=True),)))
    dear, cheap = account.demand("v1", cost=20), account.demand("v2", cost=10)
    assert [account.at_once("one", NOON, one) for one in (dear, dear, dear, cheap, cheap)] == [
        True,
        True,
        False,
        True,
        False,
    ]


def test_only_a_share_of_what_is_published_is_taken() -> None:
    account = Account(Limits(rates=(Rate(10, per=MINUTE),)))
    demand = account.demand(share=0.5)
    assert [account.at_once("one", NOON, demand) for _ in range(6)] == [True] * 5 + [False]


def test_places_are_shared_and_free_again_with_the_answer() -> None:
    account = Account(Limits(concurrency=3, at_once=(AtOnce(1, each=True),)))
    tickets, notes = account.demand("tickets"), account.demand("notes")
    assert account.begin("one", NOON, tickets).tickets
    assert not account.begin("two", NOON, tickets).tickets
    assert account.begin("two", NOON, notes).tickets
    account.end("one", NOON + 1)
    assert account.begin("two", NOON + 1, tickets).tickets


def test_the_places_of_a_process_that_died_are_free_at_once_and_its_requests_count() -> None:
    account = Account(Limits(concurrency=1, rates=(Rate(2, per=MINUTE),)))
    assert account.begin("dead", NOON).tickets
    assert not account.begin("two", NOON + 1).tickets
    account.gone.add("dead")
    assert account.at_once("two", NOON + 2)
    assert not account.begin("two", NOON + 3).tickets
    assert account.begin("two", NOON + 63).tickets


def test_a_worker_of_whom_nobody_can_tell_is_gone_when_its_lease_ends() -> None:
    account = Account(Limits(concurrency=1))
    assert account.begin("elsewhere", NOON).tickets
    assert not account.begin("two", NOON + LEASE - 1).tickets
    assert account.begin("two", NOON + LEASE).tickets


def test_tickets_ahead_of_need_are_given_only_far_from_the_limit() -> None:
    account = Account(Limits(rates=(Rate(1000, per=MINUTE),)))
    assert account.begin("one", NOON, ahead=16).tickets == 17
    for _ in range(600):
        assert account.at_once("two", NOON)
    assert account.begin("one", NOON, ahead=16).tickets == 1


def test_all_wait_while_the_account_pauses() -> None:
    account = Account(Limits())
    account.report("one", NOON)
    book = account.book()
    pause(book, "", NOON + 7)
    account.store(book)
    assert account.begin("two", NOON + 1).wait == pytest.approx(6)
    assert account.begin("two", NOON + 7).tickets


def test_what_the_vendor_says_is_left_is_used_and_no_more_until_it_begins_anew() -> None:
    account = Account(Limits(told=(Told("x-left"),)))
    account.report("one", NOON)
    book = account.book()
    learn(book, "x-left", 2, NOON + 30, now=NOON)
    learn(book, "x-left", 3, NOON + 30, now=NOON)  # an answer that was overtaken
    account.store(book)
    assert [account.at_once("one", NOON + 1) for _ in range(3)] == [True, True, False]
    assert account.begin("two", NOON + 2).wait == pytest.approx(28)
    assert account.begin("two", NOON + 30).tickets


def test_an_adaptive_pace_starts_modestly_grows_drops_once_and_recovers() -> None:
    account = Account(Limits(adaptive=Adaptive(start=2.0, step=1.0)))

    def run(begin: float, seconds: int) -> int:
        return sum(account.at_once("one", begin + tick / 100) for tick in range(seconds * 100))

    first, later = run(NOON, 2), run(NOON + 20, 2)
    assert 3 <= first <= 8
    assert later > first
    pace = account.book().paces[""].rate
    book = account.book()
    for _ in range(5):  # those under way together are one refusal
        refuse(book, "", now=NOON + 30, adaptive=account.limits.adaptive)
    account.store(book)
    assert book.paces[""].rate == pytest.approx(pace / 2)
    run(NOON + 31, 20)
    assert account.book().paces[""].rate > pace


def test_without_a_start_the_pace_is_free_until_a_refusal_and_again_once_it_has_doubled() -> None:
    account = Account(Limits(adaptive=Adaptive(step=5.0)))
    assert all(account.at_once("one", NOON + tick / 50) for tick in range(250))
    book = account.book()
    refuse(book, "", now=NOON + 5, adaptive=account.limits.adaptive)
    account.store(book)
    assert book.paces[""].rate == pytest.approx(25, rel=0.1)
    granted = sum(account.at_once("one", NOON + 5 + tick / 100) for tick in range(100))
    assert 20 <= granted <= 32
    for tick in range(1500):
        account.at_once("one", NOON + 6 + tick / 50)
    assert account.book().paces == {}


def test_a_worker_that_leaves_gives_back_everything() -> None:
    account = Account(Limits(concurrency=1))
    assert account.begin("one", NOON).tickets
    account.end("one", NOON + 1)
    book = account.book()
    leave(book, "one")
    assert book.workers == {}


def test_a_book_that_cannot_be_read_is_an_empty_one() -> None:
    assert decode_book(b"not a book") == Book()


def test_a_book_stays_small() -> None:
    account = Account(Limits(rates=(Rate(10_000, per=MINUTE), Rate(100_000, per=timedelta(days=1)))))
    for tick in range(3000):
        account.at_once("one", NOON + tick / 10)
    assert len(account.document or b"") < 20_000


def test_a_clock_that_was_put_back_does_not_stop_an_even_pace() -> None:
    account = Account(Limits(per_second=2))
    assert account.at_once("one", NOON)
    assert account.begin("one", NOON - 86_400).wait <= 0.6
    assert account.begin("one", NOON - 86_400 + 0.6).tickets


def test_a_clock_that_was_put_back_lets_nothing_count_for_longer_than_a_window_and_a_lease() -> None:
    account = Account(Limits(rates=(Rate(1, per=MINUTE),)))
    assert account.at_once("one", NOON)
    account.report("one", NOON - 86_400)
    assert account.begin("one", NOON - 86_400 + LEASE + 61).tickets
