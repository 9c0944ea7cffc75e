"""Signals, killed processes and two syncs at once, with programs of their own."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from avesa.sandbox.answer import Answer, Request
from avesa.sandbox.server import Sandbox
from avesa_program import Avesa

PAGES_BEFORE = 5


def wait_for(process: subprocess.Popen[str], start: str, *, err: bool = False) -> None:
    """Until the program writes a line that begins so."""
    stream = process.stderr if err else process.stdout
    assert stream is not None
    for line in stream:
        if line.startswith(start):
            return
    raise AssertionError(f"it never said {start!r}: {process.stderr.read() if process.stderr else ''}")


def in_the_middle_of_notes(avesa: Avesa, sandbox: Sandbox, *, seconds: float) -> subprocess.Popen[str]:
    """A sync of acme that has had the notes of some tickets; each further answer takes so long."""
    sandbox.faults.push("slow", "ticket_notes", seconds=seconds, times=None, after=PAGES_BEFORE)
    asked = threading.Event()
    answer = sandbox.answer

    def watched(request: Request) -> Answer:
        if sum(one.path.endswith("/notes") for one in sandbox.requests) >= PAGES_BEFORE:
            asked.set()
        return answer(request)

    sandbox.answer = watched  # type: ignore[method-assign]
    process = avesa.start("sync", "acme")
    assert asked.wait(timeout=60)
    return process


def true_notes(sandbox: Sandbox) -> int:
    shown = sandbox.history("acme", "ticket_notes").values()
    return sum(history[-1][1] is not None for history in shown)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_stops_between_pages_and_the_next_sync_goes_on_from_there(
    connected: Avesa, sandbox: Sandbox, number: signal.Signals
) -> None:
    process = in_the_middle_of_notes(connected, sandbox, seconds=0.2)
    process.send_signal(number)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "the next sync goes on from here" in told and "Traceback" not in told
    sandbox.faults.clear()
    asked = len(sandbox.requests)
    unfinished = {t["table"]: t["unfinished"] for t in connected.json("status", "acme")[0]["services"][0]["tables"]}
    assert unfinished["ticket_notes"]["pages"] > 0
    done = connected.json("sync", "acme")
    (notes,) = [table for table in done["tenants"][0]["tables"] if table["table"] == "ticket_notes"]
    assert notes["resumed"] and notes["rows"] == true_notes(sandbox)
    pages = len([request for request in sandbox.requests[asked:] if request.path.endswith("/notes")])
    assert pages == notes["pages"] - unfinished["ticket_notes"]["pages"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_does_not_wait_for_a_vendor_that_takes_its_time(
    connected: Avesa, sandbox: Sandbox, number: signal.Signals
) -> None:
    process = in_the_middle_of_notes(connected, sandbox, seconds=60)
    process.send_signal(number)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "the next sync goes on from here" in told and "Traceback" not in told


def test_the_second_ctrl_c_ends_at_once(connected: Avesa, sandbox: Sandbox) -> None:
    process = in_the_middle_of_notes(connected, sandbox, seconds=60)
    process.send_signal(signal.SIGINT)
    wait_for(process, "Stopping", err=True)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == -signal.SIGINT


def test_a_second_sync_of_a_tenant_says_so_and_leaves_while_others_go_on(connected: Avesa, sandbox: Sandbox) -> None:
    process = in_the_middle_of_notes(connected, sandbox, seconds=60)
    try:
        result = connected("sync", "acme", "--json", code=1)
        assert result.stderr.startswith("Error: tenant acme")
        assert json.loads(result.stdout)["tenants"][0]["tables"] == []
        done = connected.json("sync", "--table", "boards", code=1)
        assert [(one["tenant"], one["complete"]) for one in done["tenants"]] == [("acme", False), ("globex", True)]
    finally:
        process.kill()
        process.communicate()
    sandbox.faults.clear()
    after = connected.json("sync", "acme")
    assert after["complete"]
    (notes,) = [table for table in after["tenants"][0]["tables"] if table["table"] == "ticket_notes"]
    assert notes["rows"] == true_notes(sandbox)


def test_secrets_are_nowhere_but_in_the_secrets_file(connected: Avesa, sandbox: Sandbox, tmp_path: Path) -> None:
    private = sandbox.secrets(tenant="acme")["private_key"]
    said = []
    for args in (
        ("sync", "acme"),
        ("status", "acme", "--json"),
        ("tenant", "list", "--json"),
        ("check", "acme", "connectwise"),
    ):
        process = connected.start(*args)
        said += process.communicate(timeout=60)
        assert process.returncode == 0
    assert not [text for text in said if private in text]
    holding = [file.name for file in tmp_path.rglob("*") if file.is_file() and private.encode() in file.read_bytes()]
    assert holding == ["secrets.json"]


def test_as_a_program_of_its_own_it_exits_with_its_status_and_speaks_json(connected: Avesa) -> None:
    process = connected.start("sync", "acme", "--table", "boards", "--json")
    said, told = process.communicate(timeout=60)
    assert (process.returncode, told) == (0, "")
    assert json.loads(said)["complete"]
    process = connected.start("sync", "nobody")
    said, told = process.communicate(timeout=60)
    assert (process.returncode, said) == (2, "")
    assert told.startswith("Error: there is no tenant 'nobody'")
