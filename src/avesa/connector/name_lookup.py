"""Looks up the addresses of a host without being held up: the system's own lookup hears of no stop and of no limit in
time, so a thread of its own waits for it.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from socket import AI_NUMERICHOST, SOCK_STREAM, AddressFamily, gaierror, getaddrinfo
from typing import Any

from avesa.connector.patience import TooSlow, Watch

Found = list[tuple[Any, Any, int, str, Any]]
"""As `getaddrinfo` has it."""

Name = tuple[str, int | None, AddressFamily]


@dataclass(frozen=True)
class _Lookup:
    until: float
    found: Future[Found] = field(default_factory=Future)


_UNDER_WAY: dict[Name, _Lookup] = {}
"""Whoever asks for the same name meanwhile waits for the same lookup, so that one that hangs is one thread."""


def addresses(host: str, port: int | None, family: AddressFamily, watch: Watch) -> Found:
    """Raises gaierror or UnicodeError where there is no such name, TooSlow where nobody says so in time, and Stopped as
    soon as asked to stop.
    """
    try:
        return getaddrinfo(host, port, family, SOCK_STREAM, flags=AI_NUMERICHOST)
    except gaierror:
        pass  # a name, not an address
    until = time.monotonic() + watch.patience.connect
    lookup = _under_way((host, port, family), until)
    while not wait([lookup.found], watch.patience.look).done:
        watch.stopping()
        if time.monotonic() >= until:
            raise TooSlow("looking up a name took too long")
    return lookup.found.result()


def _under_way(name: Name, until: float) -> _Lookup:
    known = _UNDER_WAY.get(name)
    if known is not None and time.monotonic() < known.until:
        return known
    lookup = _UNDER_WAY[name] = _Lookup(until)
    # A daemon, since a process does not wait for it when it ends.
    threading.Thread(target=_look_up, args=(name, lookup), name="avesa-name", daemon=True).start()
    return lookup


def _look_up(name: Name, lookup: _Lookup) -> None:
    host, port, family = name
    try:
        lookup.found.set_result(getaddrinfo(host, port, family, SOCK_STREAM))
    except BaseException as error:  # noqa: BLE001 - it is raised in the other thread
        lookup.found.set_exception(error)
    finally:
        if _UNDER_WAY.get(name) is lookup:
            _UNDER_WAY.pop(name, None)
