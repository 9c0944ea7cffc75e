"""Sends requests: one connection pool for all tables of a tenant's service, with auth, retries and limits applied.

Everything that decides is elsewhere and pure; sleep, clocks and chance are passed in.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType

import httpx2

from avesa.connector.connection import Connection, checked_url
from avesa.connector.limits import Limiter, Stopped, Wait, waiter
from avesa.connector.request import Request, Response, fill
from avesa.connector.retry import Verdict, classify, failure, wait_before_retry
from avesa.shared.clock import Clock, system_clock
from avesa.shared.errors import AvesaError, Unavailable

TIMEOUT = httpx2.Timeout(60.0, connect=15.0)


@dataclass
class Tally:
    """What a pull has cost so far; `bytes` are bodies as they came over the wire. Safe with threads."""

    calls: int = 0
    retries: int = 0
    bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, *, calls: int = 0, retries: int = 0, bytes_: int = 0) -> None:
        with self._lock:
            self.calls += calls
            self.retries += retries
            self.bytes += bytes_


class Client:
    """Safe with threads. Close it, or use it as a context manager."""

    def __init__(
        self,
        connection: Connection,
        *,
        stop: Callable[[], bool] = lambda: False,
        clock: Clock = system_clock,
        wait: Wait | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
        timeout: httpx2.Timeout = TIMEOUT,
    ) -> None:
        """`stop` is looked at before each attempt and during each wait; `clock` stamps the answers."""
        service = connection.service
        self.connection = connection
        self.stop = stop
        self.clock = clock
        self._wait = wait or waiter(stop)
        self._chance = chance
        self._limiter = Limiter(service.limits, wait=self._wait, monotonic=monotonic)
        self._headers = tuple((k, fill(v, connection.credentials)) for k, v in service.headers)
        # A proxy from the environment is right for the vendor and wrong for a server on this machine.
        direct = {f"all://{host}": None for host in ("127.0.0.1", "localhost", "[::1]")}
        self._http = httpx2.Client(
            follow_redirects=False,
            timeout=timeout,
            limits=httpx2.Limits(max_connections=service.limits.concurrency + 2),
            headers={"User-Agent": "avesa", "Accept": "application/json"},
            mounts=direct,
        )

    def send(self, request: Request, tally: Tally) -> Response:
        """The answer, whatever its status, once it is not worth another try.

        Raises Unavailable when no proper answer came in all attempts, Stopped when asked to stop.
        """
        flow = self.connection.service.auth.flow(request.with_headers(*self._headers), self.connection.credentials)
        to_send = next(flow)
        while True:
            response = self._answer(to_send, tally)
            try:
                to_send = flow.send(response)
            except StopIteration:
                return response

    def get(self, request: Request, tally: Tally) -> Response:
        """The answer, if it is a success. Raises what `retry.failure` makes of any other."""
        response = self.send(request, tally)
        if not self.verdict(response).is_good:
            raise self.refusal(response)
        return response

    def verdict(self, response: Response) -> Verdict:
        """What an answer means, by its body where the service declares that, else by its status."""
        return classify(response, self.connection.service.errors)

    def refusal(self, response: Response) -> Exception:
        service = self.connection.service
        attempts = service.retry.attempts if self.verdict(response).passes else 1
        error = failure(response, service.errors, attempts=attempts, hide=self.connection.secret_values)
        return error.located(self.connection.where) if isinstance(error, AvesaError) else error

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _answer(self, request: Request, tally: Tally) -> Response:
        service = self.connection.service
        attempt = 1
        while True:
            reason = ""
            response: Response | None = None
            with self._limiter.turn():
                if self.stop():
                    raise Stopped
                try:
                    response = self._once(request, tally)
                except httpx2.TransportError as error:
                    # The error's own text may hold a header; its kind says enough.
                    reason = type(error).__name__
                except httpx2.DecodingError:
                    reason = "an unreadable compressed body"
            verdict = self.verdict(response) if response else None
            seconds = wait_before_retry(
                attempt,
                response.status if response else None,
                response.headers if response else {},
                policy=service.retry,
                errors=service.errors,
                random=self._chance,
                now=self.clock(),
                verdict=verdict,
            )
            if seconds is None:
                if response is not None:
                    return response
                raise Unavailable(
                    f"The vendor could not be reached: {reason}, {attempt} times in a row.",
                    where=self.connection.where,
                    hint="The next run goes on from where this one is.",
                ) from None
            if verdict is not None and verdict.means == "limit":
                self._limiter.pause(seconds)
            tally.add(retries=1)
            attempt += 1
            self._wait(seconds)

    def _once(self, request: Request, tally: Tally) -> Response:
        url = checked_url(request.url, self.connection.where)
        tally.add(calls=1)
        sent_at = self.clock()
        answer = self._http.request(
            request.method,
            url,
            params=list(request.params) or None,
            headers=list(request.headers),
            content=request.body,
        )
        tally.add(bytes_=answer.num_bytes_downloaded)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status_code, headers, answer.content, request.url, sent_at, self.clock())
