"""A vendor that counts strictly never has to say no, and is used to the full."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from avesa.connector.client import Client, Tally
from avesa.connector.connection import connection
from avesa.connector.limits import Limits, Rate
from avesa.connector.request import Request
from avesa.connector.service import Endpoint
from avesa.shared.allowance import Allowances, LocalAllowances
from avesa.shared.errors import AllowanceSpent, Where
from avesa.shared.sqlite_allowance import SqliteAllowances
from counting_vendor import Bucket, Counting, CountingVendor, Fixed, Rolling, counting_vendor
from tiny_vendor import SERVICE

MOST, SECONDS = 40, 0.5
WINDOWS = 5
REQUESTS = MOST * WINDOWS
THREADS = 8

LIMITS = Limits(concurrency=THREADS, rates=(Rate(MOST, per=timedelta(seconds=SECONDS)),))


def ask_often(url: str, requests: int, allowances: Allowances, limits: Limits = LIMITS) -> Tally:
    """So many requests by eight threads of one client, as fast as it lets them."""
    settings = {"company_id": "co", "base_url": url, "limit_share": "1"}
    link = connection(replace(SERVICE, limits=limits), settings, {"private_key": "s3cr3t"}, where=Where("acme", "tiny"))
    tally = Tally()
    with Client(link, allowances=allowances) as client, ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda _: client.get(Request("GET", f"{url}/tickets"), tally), range(requests)))
    return tally


def use_of_the_allowance(vendor: CountingVendor) -> float:
    """The part that was used of what the vendor allows in the first windows; the last one only ends the work."""
    windows = WINDOWS - 1
    until = vendor.admitted[0] + windows * SECONDS
    return sum(moment < until for moment in vendor.admitted) / (windows * MOST)


@pytest.mark.parametrize(
    "counting",
    [Rolling(MOST, SECONDS), Fixed(MOST, SECONDS), Fixed(MOST, SECONDS, 0.19), Bucket(MOST, SECONDS)],
    ids=["rolling", "fixed", "fixed elsewhere", "bucket"],
)
def test_eight_threads_use_nine_tenths_and_are_never_refused(counting: Counting) -> None:
    with counting_vendor(counting) as vendor:
        tally = ask_often(vendor.url, REQUESTS, LocalAllowances())
    assert vendor.breaches == []
    assert len(vendor.admitted) == tally.calls == REQUESTS
    assert use_of_the_allowance(vendor) >= 0.9


def test_three_processes_that_share_an_account_use_nine_tenths_and_are_never_refused(tmp_path: Path) -> None:
    with counting_vendor(Rolling(MOST, SECONDS)) as vendor:
        calls = in_three_processes(vendor.url, tmp_path / "state.db", REQUESTS // 3, concurrency=THREADS)
    assert vendor.breaches == []
    assert sum(calls) == len(vendor.admitted) == 3 * (REQUESTS // 3)
    assert use_of_the_allowance(vendor) >= 0.9


def test_three_processes_that_share_an_account_share_its_places_too(tmp_path: Path) -> None:
    with counting_vendor(Rolling(10_000, 1.0)) as vendor:
        both = threading.Barrier(2)
        vendor.hold = lambda: both.wait(20)  # answers go out in pairs, so two have to be under way
        calls = in_three_processes(vendor.url, tmp_path / "state.db", 20, concurrency=2)
    assert sum(calls) == 60
    assert vendor.most_at_once == 2


def in_three_processes(url: str, path: Path, requests: int, *, concurrency: int) -> list[int]:
    """The calls of each; all of them begin together."""
    program = "import sys, test_no_storm; test_no_storm.one_process(*sys.argv[1:])"
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", program, url, str(path), str(requests), str(concurrency)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": ":".join([str(Path(__file__).parent), *sys.path])},
        )
        for _ in range(3)
    ]
    for worker in workers:
        assert worker.stdout and worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin
        worker.stdin.write("go\n")
        worker.stdin.flush()
    return [json.loads(worker.communicate()[0]) for worker in workers]


def one_process(url: str, path: str, requests: str, concurrency: str) -> None:
    allowances = SqliteAllowances(Path(path))
    limits = LIMITS if int(concurrency) == THREADS else Limits(concurrency=int(concurrency))
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(ask_often(url, int(requests), allowances, limits).calls), flush=True)


def test_a_refusal_in_spite_of_all_makes_all_threads_pause_and_go_on() -> None:
    with counting_vendor(Rolling(10_000, 1.0)) as vendor:
        answers = [429]
        vendor.refuse = lambda: answers.pop() if answers and len(vendor.admitted) >= 30 else None
        # Long enough that the refusal is heard before another thread can ask twice meanwhile.
        vendor.hold = lambda: time.sleep(0.03)
        service = replace(SERVICE, limits=Limits(concurrency=THREADS, rest=timedelta(seconds=0.3)))
        settings = {"company_id": "co", "base_url": vendor.url}
        link = connection(service, settings, {"private_key": "s3cr3t"}, where=Where("acme", "tiny"))
        tally = Tally()
        with Client(link) as client, ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda _: client.get(Request("GET", f"{vendor.url}/tickets"), tally), range(60)))
    gaps = [later - sooner for sooner, later in zip(vendor.admitted, vendor.admitted[1:], strict=False)]
    assert tally.retries == 1
    # Those under way when it was said still came in, each thread's next one at most; then nobody asked for as long as
    # the pause took.
    assert max(gaps[30 - 1 : 30 + 2 * THREADS]) >= 0.25


def test_tables_with_one_address_count_each_in_its_own_limits() -> None:
    """As in GraphQL, where every list has the same address."""
    with counting_vendor(Rolling(10_000, 1.0)) as vendor:
        limits = Limits(rates=(Rate(1, per=timedelta(days=1), group="narrow"),), longest_wait=timedelta(0))
        wide, narrow = Endpoint("wide", "/tickets"), Endpoint("narrow", "/tickets", limit_group="narrow")
        service = replace(SERVICE, limits=limits, endpoints=(wide, narrow), check=None)
        settings = {"company_id": "co", "base_url": vendor.url}
        link = connection(service, settings, {"private_key": "s3cr3t"}, where=Where("acme", "tiny"))
        request = Request("GET", f"{vendor.url}/tickets")
        with Client(link) as client:
            for endpoint in (wide, wide, narrow):
                client.send(request, Tally(), endpoint)
            with pytest.raises(AllowanceSpent):
                client.send(request, Tally(), narrow)
    assert len(vendor.admitted) == 3
