"""Run a sandbox for people: worlds that began some days ago and go on with the real time, until it is told to stop."""

from __future__ import annotations

import json
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from types import FrameType
from typing import TextIO

from avesa.sandbox.clock import SandboxClock
from avesa.sandbox.server import HAND_WRITTEN, Sandbox
from avesa.sandbox.world import World
from avesa.shared.clock import Clock, system_clock, to_iso

DAYS_AHEAD = 366
"""How long a served world goes on beyond the moment it was started."""
DAYS_AGO = 30
"""When it began, where nobody says."""
MOST_DAYS_AGO = 3650

Connection = Callable[[Sandbox, str, str], tuple[dict[str, str], dict[str, str]]]
"""The settings and the secrets by which a tenant connects to a service of a sandbox."""


def of_connectwise(sandbox: Sandbox, tenant: str, service: str) -> tuple[dict[str, str], dict[str, str]]:
    """The connection to the one service whose settings the sandbox knows itself."""
    return sandbox.settings(service, tenant), sandbox.secrets(service, tenant)


def serve(
    *,
    port: int = 0,
    host: str = "127.0.0.1",
    seed: int = 7,
    tenants: Sequence[str] = ("acme",),
    services: Sequence[str] = (HAND_WRITTEN,),
    connection: Connection = of_connectwise,
    days: int = DAYS_AGO,
    began: datetime | None = None,
    speed: float = 1.0,
    out: TextIO | None = None,
    now: Clock = system_clock,
) -> None:
    """Serve one world for each tenant, through all of the services, until SIGINT or SIGTERM; print the addresses and
    the commands to connect.

    The clock starts `days` ago, or at `began`, which with one seed gives the same world at all times, and runs
    `speed` times as fast as real time, never past the real now. Raises ValueError for a host that is not loopback, a
    name given twice, and numbers or a beginning that make no sense, KeyError for a service that the sandbox does not
    have, and OSError if the port is taken.
    """
    if not tenants or len(set(tenants)) != len(tenants):
        raise ValueError("name at least one tenant, each of them once")
    if days < 0 or speed < 0:
        raise ValueError("days and speed cannot be negative")
    start = began or now().replace(microsecond=0) - timedelta(days=days)
    days = (now() - start).days
    if start > now() or days > MOST_DAYS_AGO:
        raise ValueError(f"a sandbox begins within the last {MOST_DAYS_AGO:,} days")
    worlds = {
        name: World(seed=seed + number, start=start, days=days + DAYS_AHEAD) for number, name in enumerate(tenants)
    }
    clock = SandboxClock(start, speed=speed, limit=now)
    stop = threading.Event()
    with (
        Sandbox(worlds=worlds, services=services, clock=clock, host=host, port=port) as sandbox,
        _Signals(stop.set),
    ):
        stream = out or sys.stdout
        stream.write(introduction(sandbox, connection))
        stream.flush()
        stop.wait()
        stream.write("The sandbox has stopped.\n")
        stream.flush()


def introduction(sandbox: Sandbox, connection: Connection) -> str:
    """What a person needs: the address, and for each tenant the commands that connect it to each service."""
    now = to_iso(sandbox.clock().replace(microsecond=0))
    lines = [
        f"The sandbox serves {', '.join(sandbox.services)} at {sandbox.url}, where it is {now}.",
        "The keys below are invented and open nothing but this sandbox.",
        "",
    ]
    for tenant in sandbox.worlds:
        name = shlex.quote(tenant)
        lines.append(f"avesa tenant add {name}")
        for service in sandbox.services:
            settings, secrets = connection(sandbox, tenant, service)
            told = " ".join(f"--set {shlex.quote(f'{k}={v}')}" for k, v in settings.items())
            held = shlex.quote(json.dumps(secrets))
            lines.append(f"echo {held} | avesa connect {name} {service} {told} --secrets-from -")
        lines += [f"avesa sync {name}", ""]
    lines += [
        "Move the time by a day:",
        f"curl -s -X POST {sandbox.url}/_sandbox/clock -d '{{\"advance_seconds\": 86400}}'",
        "",
        "Stop with Ctrl-C.",
        "",
    ]
    return "\n".join(lines)


class _Signals:
    """While it is open, SIGINT and SIGTERM call `action`; afterwards they mean what they meant before."""

    def __init__(self, action: Callable[[], None]) -> None:
        self._action = action
        self._before: dict[int, object] = {}

    def __enter__(self) -> None:
        def handle(number: int, frame: FrameType | None) -> None:
            self._action()

        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, handle)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
