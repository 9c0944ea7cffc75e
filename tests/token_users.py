"""Threads that use a service's token, all at once or by a clock that is held."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

from avesa.connector.client import Client, Tally
from avesa.connector.request import Response
from token_vendor import TokenVendor, ask


class HeldClock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 25, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def get(client: Client, vendor: TokenVendor) -> Response:
    return client.get(ask(vendor.url), Tally())


def at_once(number: int, call: Callable[[], object]) -> list[BaseException]:
    """Call it in so many threads that begin together; what they raised."""
    raised: list[BaseException] = []
    start = threading.Barrier(number)

    def one() -> None:
        start.wait(10)
        try:
            call()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=one) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised
