"""Run a sandbox for people: worlds that began some days ago and go on with the real time, until it is told to stop."""

from __future__ import annotations

import json
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from types import FrameType
from typing import TextIO

from avesa.sandbox.clock import SandboxClock
from avesa.sandbox.server import Sandbox
from avesa.sandbox.world import World
from avesa.shared.clock import Clock, system_clock, to_iso

DAYS_AHEAD = 366
"""How long a served world goes on beyond the moment it was started."""


def serve(
    *,
    port: int = 0,
    host: str = "127.0.0.1",
    seed: int = 7,
    tenants: Sequence[str] = ("acme",),
    days: int = 30,
    speed: float = 1.0,
    out: TextIO | None = None,
    now: Clock = system_clock,
) -> None:
    """Serve one world for each tenant until SIGINT or SIGTERM; print the addresses and the commands to connect.

    The clock starts `days` ago and runs `speed` times as fast as real time, never past the real now. Raises
    ValueError for a host that is not loopback, a name given twice, and numbers that make no sense, and OSError if
    the port is taken.
    """
    if not tenants or len(set(tenants)) != len(tenants):
        raise ValueError("name at least one tenant, each of them once")
    if days < 0 or speed < 0:
        raise ValueError("days and speed cannot be negative")
    start = now().replace(microsecond=0) - timedelta(days=days)
    worlds = {
        name: World(seed=seed + number, start=start, days=days + DAYS_AHEAD) for number, name in enumerate(tenants)
    }
    clock = SandboxClock(start, speed=speed, limit=now)
    stop = threading.Event()
    with Sandbox(worlds=worlds, clock=clock, host=host, port=port) as sandbox, _Signals(stop.set):
        stream = out or sys.stdout
        stream.write(introduction(sandbox))
        stream.flush()
        stop.wait()
        stream.write("The sandbox has stopped.\n")
        stream.flush()


def introduction(sandbox: Sandbox) -> str:
    """What a person needs: the addresses, and for each tenant the commands that connect it."""
    now = to_iso(sandbox.clock().replace(microsecond=0))
    lines = [
        f"ConnectWise PSA is served at {sandbox.base_url('connectwise')}, where it is {now}.",
        "The keys below are invented and open nothing but this sandbox.",
        "",
    ]
    for tenant in sandbox.worlds:
        secrets = shlex.quote(json.dumps(sandbox.secrets(tenant=tenant)))
        settings = " ".join(f"--set {shlex.quote(f'{k}={v}')}" for k, v in sandbox.settings(tenant=tenant).items())
        name = shlex.quote(tenant)
        lines += [
            f"avesa tenant add {name}",
            f"echo {secrets} | avesa connect {name} connectwise {settings} --secrets-from -",
            f"avesa sync {name}",
            "",
        ]
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
