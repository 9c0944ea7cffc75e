"""`avesa status`."""

from __future__ import annotations

from avesa_program import Avesa


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
        *("table", "status", "kind", "rows", "finished_at", "watermark", "unfinished", "error", "warning"),
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
    assert "connectwise/ticket_notes" in shown and "time_entries" in shown and "watermark (UTC)" in shown
