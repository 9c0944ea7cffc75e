"""Sends requests: one connection pool for all tables of a tenant's service, with auth, retries and limits applied.

Everything that decides is elsewhere and pure; sleep, clocks and chance are passed in.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import TracebackType
from urllib.parse import urljoin

from avesa.connector.account import account_key
from avesa.connector.address import is_under, moved, origin
from avesa.connector.breaker import Breaker
from avesa.connector.connection import Connection, checked_url
from avesa.connector.demand import ACCOUNT, Scope, Scopes, scope_of, slowed_scope
from avesa.connector.limiter import Limiter
from avesa.connector.limits import SHARE_SETTING, Stopped, Wait, read_share, waiter
from avesa.connector.request import Request, Response
from avesa.connector.retry import NO_ANSWER, Verdict, asked_to_wait, classify, failure, wait_before_retry
from avesa.connector.service import Endpoint
from avesa.connector.shared_token import SharedToken
from avesa.connector.template import fill
from avesa.connector.tokens import Token, TokenNeeded
from avesa.connector.transport import MOST_BYTES, NoAnswer, TooLong, Transport
from avesa.shared.allowance import Allowances
from avesa.shared.clock import Clock, system_clock
from avesa.shared.errors import AvesaError, TableFailed, Unavailable

_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass
class Tally:
    """What a pull has cost so far; `bytes` are bodies as they came over the wire, `throttled` the answers that refused
    a request as one too many. Safe with threads.
    """

    calls: int = 0
    retries: int = 0
    bytes: int = 0
    throttled: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, *, calls: int = 0, retries: int = 0, bytes_: int = 0, throttled: int = 0) -> None:
        with self._lock:
            self.calls += calls
            self.retries += retries
            self.bytes += bytes_
            self.throttled += throttled


class Client:
    """Safe with threads. Close it, or use it as a context manager."""

    def __init__(
        self,
        connection: Connection,
        *,
        stop: Callable[[], bool] = lambda: False,
        clock: Clock = system_clock,
        wait: Wait | None = None,
        monotonic: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
        allowances: Allowances | None = None,
        spent: Tally | None = None,
    ) -> None:
        """`stop` is looked at before each attempt, during each wait and while an answer comes; `clock` stamps the
        answers. `monotonic` gives the seconds that limits go by, `allowances` what the workers of one account share,
        this client's threads alone by default. `spent` counts the calls and refusals of all that this client is used
        for, however it ends.
        """
        service = connection.service
        self._spent = spent or Tally()
        self.connection = connection
        self.stop = stop
        self.clock = clock
        self._wait = wait or waiter(stop)
        self._chance = chance
        self._limiter = Limiter(
            service.limits,
            wait=self._wait,
            monotonic=monotonic,
            allowances=allowances,
            account=account_key(connection),
            share=read_share(connection.credentials.get(SHARE_SETTING)),
            settings={name: connection.credentials.get(name, "") for name in (s.name for s in service.settings)},
        )
        self._scopes = Scopes(connection)
        self._monotonic = monotonic
        self._breaker = Breaker(service.limits.cool_down.total_seconds(), monotonic)
        filled = ((name, fill(value, connection.credentials)) for name, value in service.headers)
        self._headers = tuple((name, value) for name, value in filled if value)
        self._token = SharedToken(connection, clock=clock, wait=self._wait)
        self._transport = Transport(service.limits.concurrency + 2, stop=stop)

    def send(self, request: Request, tally: Tally, endpoint: Endpoint | None = None) -> Response:
        """The answer, whatever its status, once it is not worth another try. It counts in the limits of `endpoint`,
        by default of the one whose address it has.

        Raises Unavailable when no proper answer came in all attempts, Stopped when asked to stop, TableFailed for an
        address that is not the service's and for an answer that is too long, and what `SharedToken.get` raises where
        there is no token to be had.
        """
        if not self.connection.is_of_the_service(request.url):
            raise TableFailed(
                "The next page is said to be on another host, where no credentials are sent.",
                where=self.connection.where,
                hint="Check the address in the service's settings.",
            )

        scope = self._scopes.of(request.url) if endpoint is None else scope_of(endpoint)

        def ask(one: Request) -> Response:
            return self._answer(one, tally, self._scopes.of(one.url))

        def exchange(one: Request) -> Response:
            # With an answer that is not read to its end the vendor's new secrets would be lost, and the old are used.
            return self._answer(one, tally, self._scopes.of(one.url), whatever_stops=True)

        flow = self.connection.auth.flow(request.with_headers(*self._headers), self._token.credentials())
        response: Response | None = None
        step = next(flow)
        while True:
            answer: Response | Token
            if isinstance(step, TokenNeeded):
                answer = self._token.get(step, exchange if step.grant.rotating else ask)
            else:
                answer = response = self._at_shard(self._answer(step, tally, scope), step, tally, scope)
            try:
                step = flow.send(answer)
            except StopIteration:
                assert response is not None
                if endpoint is not None and endpoint.downloads and response.status in _REDIRECTS:
                    response = self._downloaded(response, request, endpoint.downloads, tally)
                # A token may have led to another host of the vendor; the page belongs to what was asked for.
                return replace(response, url=request.url)

    def _at_shard(self, told: Response, request: Request, tally: Tally, scope: Scope) -> Response:
        """The answer of the vendor's host that has this account, where another of its hosts leads there. Only the host
        is taken from what it says, and only one of those that are declared.
        """
        shards = self.connection.service.shards
        if not shards or told.status not in _REDIRECTS or self.connection.address.is_own:
            return told
        url = moved(request.url, told.headers.get("location", ""), shards)
        return told if url is None else self._answer(replace(request, url=url), tally, scope)

    def _downloaded(self, told: Response, request: Request, hosts: tuple[str, ...], tally: Tally) -> Response:
        """What lies where an answer leads. The address is a key to it, so it is stored nowhere, and no other key goes
        along.

        Raises TableFailed for an address that is not the vendor's, and where nothing is to be had.
        """
        connection = self.connection
        try:
            address = urljoin(request.url, told.headers.get("location", ""))
            own = connection.address.is_own and origin(address) == origin(connection.base_url)
        except ValueError:
            raise TableFailed("The vendor leads to a file at what is no address.") from None
        if not own and not is_under(address, hosts):
            raise TableFailed("The file that the vendor leads to is on a host that is not the vendor's.")
        found = self._answer(Request("GET", address, headers=(("Accept", "*/*"),)), tally, ACCOUNT)
        if not self.verdict(found).is_good:
            raise TableFailed(f"The file that the vendor leads to is not to be had ({found.status}).")
        return found

    def get(self, request: Request, tally: Tally) -> Response:
        """The answer, if it is a success. Raises what `retry.failure` makes of any other."""
        response = self.send(request, tally)
        if not self.verdict(response).is_good:
            raise self.refusal(response)
        return response

    def verdict(self, response: Response) -> Verdict:
        """What an answer means, by its body where the service declares that, else by its status."""
        return classify(response, self.connection.service.errors)

    def refusal(self, response: Response, *, alone: bool = False) -> AvesaError:
        """The error that an answer means; with `alone` a refusal of the credentials is about the table alone."""
        service = self.connection.service
        attempts = service.retry.attempts if self.verdict(response).passes else 1
        errors = replace(service.errors, service=frozenset()) if alone else service.errors
        error = failure(response, errors, attempts=attempts, hide=self.hidden())
        return error.located(self.connection.where)

    def hidden(self) -> tuple[str, ...]:
        """The secrets and tokens in use, which nothing that is stored or shown may hold."""
        return self._token.hidden()

    def close(self) -> None:
        self._limiter.close()
        self._transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _answer(self, request: Request, tally: Tally, scope: Scope, *, whatever_stops: bool = False) -> Response:
        service = self.connection.service
        began = self._monotonic()
        attempt = 1
        while True:
            self._refuse_if_unreachable()
            response, verdict, reason = self._attempt(request, scope, tally, whatever_stops)
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
            if response is not None and not verdict.passes:
                self._breaker.good()
                return response
            if response is not None and verdict.means == "limit":
                seconds = self._slow_down(response, verdict, scope, seconds)
            if seconds is None or self._breaker.down() is not None:
                return self._given_up(response, reason, attempt, began)
            tally.add(retries=1)
            attempt += 1
            self._wait(seconds)

    def _attempt(
        self, request: Request, scope: Scope, tally: Tally, whatever_stops: bool
    ) -> tuple[Response | None, Verdict, str]:
        """The answer and what it means; or None, and the kind of failure."""
        with self._limiter.turn(scope):
            if self.stop():
                raise Stopped
            try:
                response = self._once(request, tally, whatever_stops)
            except NoAnswer as error:
                return None, NO_ANSWER, str(error)
            except TooLong:
                raise TableFailed(
                    f"The vendor's answer is longer than {MOST_BYTES // 2**20} MB, and is not read.",
                    where=self.connection.where,
                ) from None
            verdict = self.verdict(response)
            limited = verdict.means == "limit"
            if limited:
                self._count(tally, throttled=1)
            rest = self._rest(response, verdict) if limited else 0.0
            self._limiter.heard(response, scope, at=self.clock(), limited=limited, rest=rest)
            refuses = verdict.means == "service" if verdict.declared else None
            return replace(response, refuses=refuses), verdict, ""

    def _slow_down(self, response: Response, verdict: Verdict, scope: Scope, seconds: float | None) -> float | None:
        """All who are slowed down by a refusal as one too many wait; so does this request, if it is tried again.
        Raises AllowanceSpent where the vendor names a time that is too long to wait.
        """
        rest = self._rest(response, verdict)
        if rest > self.connection.service.limits.longest_wait.total_seconds():
            raise self._limiter.spent(rest).located(self.connection.where)
        slowed = slowed_scope(self.connection.service.limits, response, scope)
        self._limiter.pause(max(rest, seconds or 0.0), slowed)
        return None if seconds is None else max(rest, seconds)

    def _rest(self, response: Response, verdict: Verdict) -> float:
        """Seconds for which a refusal as one too many forbids to ask: as it says, or as is declared where it says
        nothing.
        """
        service = self.connection.service
        asked = asked_to_wait(response.headers, verdict, self.clock())
        if asked is None:
            return service.limits.rest.total_seconds()
        too_long = asked > service.limits.longest_wait.total_seconds()
        return asked if too_long else min(asked, service.retry.longest_retry_after)

    def _refuse_if_unreachable(self) -> None:
        down = self._breaker.down()
        if down is not None and down.message is not None:
            raise self._unavailable(down.message)

    def _given_up(self, response: Response | None, reason: str, attempt: int, began: float) -> Response:
        if response is not None:
            self._breaker.failed(began, None)
            return response
        message = f"The vendor could not be reached: {reason}, {attempt} times in a row."
        self._breaker.failed(began, message)
        self._refuse_if_unreachable()
        raise self._unavailable(message) from None

    def _unavailable(self, message: str) -> Unavailable:
        return Unavailable(message, where=self.connection.where, hint="The next run goes on from where this one is.")

    def _count(self, tally: Tally, *, calls: int = 0, throttled: int = 0) -> None:
        for one in (tally, self._spent):
            one.add(calls=calls, throttled=throttled)

    def _once(self, request: Request, tally: Tally, whatever_stops: bool) -> Response:
        checked_url(request.url, self.connection.where)
        self._count(tally, calls=1)
        sent_at = self.clock()
        answer = self._transport.send(request, whatever_stops=whatever_stops)
        tally.add(bytes_=answer.wire_bytes)
        authorization = request.value("header", "authorization") or ""
        proof = authorization.rpartition(" ")[2] or None
        return Response(answer.status, answer.headers, answer.body, request.url, sent_at, self.clock(), proof=proof)
