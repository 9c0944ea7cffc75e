"""Answers to requests, some of them fetched ahead of need: a walk then does not wait for the vendor page by page."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from avesa.connector.client import Client, Tally
from avesa.connector.request import Request, Response
from avesa.connector.service import Endpoint


class Fetcher:
    """Fetches answers, some of them ahead of need, `depth` at most. They count in the limits of `endpoint`, whatever
    their addresses. Use it as a context manager.
    """

    def __init__(self, client: Client, tally: Tally, depth: int, endpoint: Endpoint | None = None) -> None:
        self._client = client
        self._tally = tally
        self._endpoint = endpoint
        self.depth = depth
        self._pool = ThreadPoolExecutor(depth, thread_name_prefix="avesa-page") if depth > 0 else None
        self._ahead: dict[Request, Future[Response]] = {}
        self._early: frozenset[Request] = frozenset()

    def hint(self, requests: Iterator[Request]) -> None:
        """These will be asked for next: begin with as many as there is room for."""
        if self._pool is None:
            return
        for request in requests:
            if len(self._ahead) >= self.depth:
                return
            if request not in self._ahead:
                self._ahead[request] = self._pool.submit(self._client.send, request, self._tally, self._endpoint)

    def fetch(self, request: Request) -> Response:
        future = self._ahead.pop(request, None)
        response = self._client.send(request, self._tally, self._endpoint) if future is None else future.result()
        self._early = frozenset(self._ahead)
        return response

    def is_early(self, request: Request) -> bool:
        """Whether this was asked for before the answer that was fetched last had come."""
        return request in self._early

    def forget(self) -> None:
        """What was fetched ahead is not what follows."""
        for future in self._ahead.values():
            future.cancel()
        self._ahead.clear()

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
