"""`avesa status`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from avesa.cli.health import Finding, findings
from avesa.sandbox.server import Sandbox
from avesa_program import Avesa

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_without_tenants_it_says_how_to_add_one(avesa: Avesa) -> None:
    assert "avesa tenant add" in avesa("status").stdout
    assert avesa.json("status") == []


def test_a_tenant_that_was_never_synced_says_so(synced: Avesa) -> None:
    assert "never synced. Run: avesa sync globex" in synced("status", "globex").stdout
    (found,) = synced.json("status", "globex")
    assert found["synced"] is False
    assert {table["status"] for table in found["services"][0]["tables"]} == {None}


def test_a_tenant_without_a_service_says_so(avesa: Avesa) -> None:
    avesa("tenant", "add", "acme")
    assert "avesa connect acme SERVICE" in avesa("status").stdout


def test_it_tells_how_far_every_table_is(synced: Avesa) -> None:
    (found,) = synced.json("status", "acme")
    (service,) = found["services"]
    assert service["problem"] is None and len(service["tables"]) == 20
    tickets = service["tables"][0]
    assert set(tickets) == {
        *("table", "status", "kind", "rows", "finished_at", "pulled_at", "every_seconds", "watermark"),
        *("unfinished", "error", "warning"),
    }
    assert (tickets["status"], tickets["kind"], tickets["unfinished"], tickets["error"]) == (
        "ok",
        "listing",
        None,
        None,
    )
    assert tickets["watermark"].startswith("2026-03-") and tickets["watermark"].endswith("Z")


def test_it_counts_current_rows_and_closed_versions_as_the_tables_have_them(synced: Avesa) -> None:
    for one in synced.json("status", "acme")[0]["canonical"]:
        count = f"SELECT count(*) FILTER (is_current) AS a, count(*) FILTER (NOT is_current) AS b FROM {one['table']}"
        assert synced.json("query", "acme", count) == [{"a": one["current"], "b": one["closed"]}]
        assert (one["status"], one["quarantined"], one["held"]) == ("ok", 0, [])


def test_people_see_a_table_of_it(synced: Avesa) -> None:
    shown = synced("status").stdout
    for words in ("connectwise ", "\nticket_notes ", "canonical ", "\ntime_entries ", "watermark (UTC)"):
        assert words in shown
    assert max(len(line) for line in shown.splitlines()) <= 80, "it fits into the smallest terminal of our days"


def test_what_is_to_be_said_of_a_table_stands_below_and_breaks_no_line_of_it(
    connected: Avesa, sandbox: Sandbox
) -> None:
    sandbox.faults.push("status", "boards", status=403, times=None)
    connected("sync", "acme", "--table", "boards", code=1)
    shown = connected("status", "acme").stdout.splitlines()
    (row,) = [line for line in shown if line.startswith("boards ")]
    assert len(row) <= 80 and " failed " in row
    assert [line for line in shown if line.startswith("  boards: The credentials lack the right")]


def test_a_check_is_good_where_nothing_is_wrong_and_names_what_is(synced: Avesa) -> None:
    assert "Nothing is wrong." in synced("status", "acme", "--check", "--late", "2d").stdout
    assert synced.json("status", "acme", "--check") == {"ok": True, "problems": []}
    assert "Nothing is wrong." in synced("status", "globex", "--check").stdout
    late = synced("status", "globex", "--check", "--late", "2d", code=1)
    assert late.stdout.count("never pulled to its end") == 20
    assert "--check" in synced("status", "--late", "2h", code=2).stderr
    assert "no span of time" in synced("status", "--check", "--late", "soon", code=2).stderr


def one_tenant(**service: Any) -> dict[str, Any]:
    rest = {"service": "connectwise", "enabled": True, "problem": None, "tables": []}
    return {"tenant": "acme", "services": [{**rest, **service}], "disconnected": [], "canonical": [], "mappings": []}


def test_a_check_tells_that_nothing_is_pulled_unless_that_is_on_purpose(avesa: Avesa) -> None:
    told = avesa.json("status", "--check", code=1)
    problem = f"there is no tenant yet in {avesa.home}. Add one: avesa tenant add NAME"
    assert told == {"ok": False, "problems": [{"tenant": None, "table": None, "problem": problem}]}
    assert problem in avesa("status", "--check", code=1).stdout
    avesa("tenant", "add", "acme")
    (wrong,) = avesa.json("status", "--check", code=1)["problems"]
    assert wrong["tenant"] == "acme" and "no service is connected" in wrong["problem"]
    avesa.connect("acme", {"company_id": "acme"}, {"public_key": "a", "private_key": "b", "client_id": "c"})
    avesa("status", "--check")
    avesa("connect", "acme", "connectwise", "--pause")
    avesa("status", "--check", "--late", "2h")
    shown = avesa("status").stdout
    assert shown.endswith("connectwise is paused\n\n") and "Run: avesa sync" not in shown


def test_a_service_that_was_left_on_purpose_is_nothing_wrong() -> None:
    status = {**one_tenant(), "services": [], "disconnected": [{"service": "connectwise", "at": NOW}]}
    assert list(findings(status, now=NOW, late=timedelta(hours=2))) == []


def table(error: str | None = None, ago: timedelta | None = None, every: int = 0) -> dict[str, Any]:
    pulled = None if ago is None else NOW - ago
    return {"table": "tickets", "error": error, "pulled_at": pulled, "every_seconds": every}


LATE = Finding("acme", "connectwise/tickets", "last pulled to its end at 2026-03-02 09:59:59 UTC")


@pytest.mark.parametrize(
    ("service", "found"),
    [
        ({"problem": "refused", "tables": [table("refused")]}, [Finding("acme", "connectwise", "refused")]),
        ({"tables": [table("no right")]}, [Finding("acme", "connectwise/tickets", "no right")]),
        ({"tables": [table(ago=timedelta(hours=2))]}, []),
        ({"tables": [table(ago=timedelta(hours=2, seconds=1))]}, [LATE]),
        ({"tables": [table(ago=timedelta(hours=7), every=21_600)]}, []),
        ({"tables": [table(ago=timedelta(days=9))], "enabled": False, "problem": "refused"}, []),
    ],
)
def test_what_a_check_finds_of_a_service(service: dict[str, Any], found: list[Finding]) -> None:
    assert list(findings(one_tenant(**service), now=NOW, late=timedelta(hours=2))) == found


def test_what_a_check_finds_of_tables_and_mappings() -> None:
    status = one_tenant()
    status["canonical"] = [
        {"table": "tickets", "error": "no memory", "held": []},
        {"table": "users", "error": None, "held": ["20260302T…"]},
    ]
    status["mappings"] = [
        {"level": "warning", "table": None, "message": "no effect"},
        {"level": "note", "table": "users", "message": "not yet"},
        {"level": "error", "table": "tickets", "message": "no JSON, which the fold has told"},
        {"level": "error", "table": "users", "message": "no JSON, which no fold has seen"},
    ]
    assert list(findings(status, now=NOW, late=None)) == [
        Finding("acme", "tickets", "no memory"),
        Finding("acme", "users", "deletions wait. See: avesa deletes list acme"),
        Finding("acme", None, "no effect"),
        Finding("acme", "users", "no JSON, which no fold has seen"),
    ]
