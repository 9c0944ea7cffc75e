"""`avesa verify`, `deletes`, `quarantine`, and queries of another time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from avesa.sandbox.server import Sandbox
from avesa_program import Avesa


def test_verify_says_what_was_compared_and_ends_well(synced: Avesa) -> None:
    *lines, last = synced("verify", "acme").stdout.splitlines()
    assert len(lines) == 12 and last == "12 tables are what the raw files say."
    table = next(line for line in lines if line.startswith("ok      tickets "))
    figures = {check["what"]: check for check in synced.json("verify", "acme", "tickets")}
    rebuilt = figures["a rebuild from raw gives the same rows"]
    for number in (f"{rebuilt['compared']} versions from {rebuilt['raw_rows']:,} raw rows", "of 3 receipts"):
        assert number in table
    tasks = {check["what"]: check for check in synced.json("verify", "acme", "tasks")}
    raw = synced.home / "data/acme/raw/connectwise"
    receipts = [*raw.glob("activities/*.receipt.json"), *raw.glob("project_tickets/*.receipt.json")]
    rows = sum(json.loads(receipt.read_text())["rows"] for receipt in receipts)
    assert tasks["a rebuild from raw gives the same rows"]["raw_rows"] == rows
    verbose = synced("verify", "acme", "tickets", "--verbose").stdout.splitlines()
    assert len(verbose) == len(figures) + 1 and "intervals are well formed" in verbose[3]
    assert verbose[-1] == "1 table is what the raw files say."
    assert all(check["ok"] and check["compared"] > 0 for check in synced.json("verify", "acme", "tickets"))


def test_verify_names_what_differs_and_ends_with_1(synced: Avesa, tmp_path: Path) -> None:
    raw = synced.home / "data/acme/raw/connectwise/contacts"
    receipt = max(raw.glob("*.receipt.json"))
    before = receipt.read_bytes()
    receipt.write_bytes(before.replace(b'"rows": ', b'"rows": 9'))
    try:
        shown = synced("verify", "acme", code=1).stdout
        assert shown.count("WRONG") == 1 and receipt.name in shown and shown.count("\nok ") == 10
        assert "1 of 12 tables differs from what the raw files say.\n  What to do about each: docs/runbook.md" in shown
    finally:
        receipt.write_bytes(before)


@pytest.fixture
def own(connected: Avesa) -> Avesa:
    """acme was synced once, by the sandbox of this test."""
    connected("sync", "acme")
    return connected


def test_deletes_are_listed_and_decided(own: Avesa, sandbox: Sandbox) -> None:
    assert "No listing waits" in own("deletes", "list").stdout
    sandbox.faults.push("empty", "contacts", times=None)
    try:
        own("sync", "acme", "--table", "contacts", "--full", "--allow-empty")
        (held,) = own.json("deletes", "list")
        assert (held["tenant"], held["table"], held["listed"]) == ("acme", "contacts", 0)
        assert "connectwise/contacts" in own("deletes", "list", "acme").stdout
        assert "kept" in own("deletes", "reject", "acme", "connectwise/contacts").stdout
        assert own.json("deletes", "list") == []
        assert "waits for a decision" in own("deletes", "approve", "acme", "connectwise/contacts", code=2).stderr
    finally:
        sandbox.faults.clear()
    assert own.json("query", "acme", "SELECT count(*) AS n FROM contacts WHERE is_deleted") == [{"n": 0}]


def test_the_guard_is_a_setting(connected: Avesa) -> None:
    message = connected("connect", "acme", "connectwise", "--set", "deletes_share.nothing=0.5", code=2).stderr
    assert "deletes_share.nothing" in message
    assert "0 to 1" in connected("connect", "acme", "connectwise", "--set", "deletes_share=7", code=2).stderr
    connected("connect", "acme", "connectwise", "--set", "deletes_share.tickets=0.5")


def test_the_quarantine_is_shown_with_reasons(own: Avesa, sandbox: Sandbox) -> None:
    assert "Nothing is in quarantine" in own("quarantine", "acme").stdout
    sandbox.faults.push("bad_time", "companies", times=None)
    try:
        own("sync", "acme", "--table", "companies", "--full")
    finally:
        sandbox.faults.clear()
    assert "companies" in own("quarantine", "acme").stdout
    (row,) = own.json("quarantine", "acme", "companies")
    assert row["reason"] and "payload" not in row
    assert own.json("quarantine", "acme", "companies", "--payload")[0]["payload"]


def test_a_query_of_another_time(synced: Avesa) -> None:
    count = "SELECT count(*) AS n FROM tickets"
    assert synced.json("query", "acme", count, "--as-of", "2001-01-01") == [{"n": 0}]
    assert synced.json("query", "acme", count, "--known-at", "2001-01-01T00:00:00Z") == [{"n": 0}]
    assert synced.json("query", "acme", count, "--known-at", "2999-01-01")[0]["n"] > 0
    assert "is no time" in synced("query", "acme", count, "--as-of", "yesterday", code=2).stderr


def test_the_data_can_lie_elsewhere(tmp_path: Path, sandbox: Sandbox) -> None:
    avesa = Avesa(tmp_path / "home")
    avesa.connect("acme", sandbox.settings("connectwise", "acme"), sandbox.secrets("connectwise", "acme"))
    root = tmp_path / "elsewhere"
    avesa("sync", "acme", "--table", "companies", "--root", str(root))
    assert (root / "acme/canonical/companies/_delta_log").is_dir()
    assert not list((tmp_path / "home").rglob("*.parquet"))
    (row,) = avesa.json("query", "acme", "SELECT count(*) AS n FROM companies", "--root", str(root))
    assert row["n"] > 0
