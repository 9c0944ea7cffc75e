"""`serve` as a person runs it: in a process of its own, stopped by a signal."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from datetime import UTC, datetime
from functools import partial

import httpx2
import pytest

from avesa.sandbox.serve import serve

PROGRAM = "from avesa.sandbox.serve import serve; serve(tenants=('acme', 'glo bex'), days=3, seed=5, speed=10.0)"


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_what_is_needed_to_connect_and_stops_cleanly_at_a_signal(stop: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None and process.stderr is not None
    try:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("Stop with"):
                break
        connects = [line for line in lines if " avesa connect " in line]
        assert [shlex.split(line)[5] for line in connects] == ["acme", "glo bex"]
        words = shlex.split(connects[0])
        secrets = json.loads(words[1])
        settings = dict(w.split("=", 1) for w in words if "=" in w and not w.startswith("{"))
        answer = httpx2.get(
            f"{settings['base_url']}/service/tickets",
            auth=(f"{settings['company_id']}+{secrets['public_key']}", secrets["private_key"]),
            headers={"clientId": secrets["client_id"]},
            timeout=30,
        )
        assert answer.status_code == 200 and answer.json()
        assert re.search(r"_sandbox/clock", "".join(lines))
        process.send_signal(stop)
        rest, errors = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert "stopped" in rest
    assert errors == ""


class Enough(io.StringIO):
    """Ends the serving once all is told."""

    def flush(self) -> None:
        raise EOFError


def test_one_that_is_told_when_it_began_is_there_whenever_it_is_started() -> None:
    began = datetime(2026, 3, 2, 8, tzinfo=UTC)
    out = Enough()
    with pytest.raises(EOFError):
        serve(out=out, began=began, speed=0, now=lambda: datetime(2031, 1, 1, tzinfo=UTC))
    assert "where it is 2026-03-02T08:00:00Z." in out.getvalue()
    for year in (2025, 2046):
        with pytest.raises(ValueError, match="within the last 3,650 days"):
            serve(began=began, now=partial(datetime, year, 3, 2, tzinfo=UTC))


def test_what_makes_no_sense_is_refused_before_anything_is_served() -> None:
    out = io.StringIO()
    for wrong in ({"host": "0.0.0.0"}, {"tenants": ()}, {"tenants": ("a", "a")}, {"days": -1}, {"speed": -1}):
        with pytest.raises(ValueError):
            serve(out=out, **wrong)  # type: ignore[arg-type]
    assert out.getvalue() == ""
