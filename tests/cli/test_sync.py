"""`avesa sync`, `ingest`, `transform` and `rebuild` over real HTTP."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from avesa.pipeline.home import open_home
from avesa.sandbox.server import Sandbox
from avesa.shared.layout import timestamp_name
from avesa_program import Avesa
from raw_files import PullOf, land


def rows_of(avesa: Avesa, tenant: str = "acme") -> list[object]:
    order = "ORDER BY source_table, source_id, valid_from"
    return [
        avesa.json("query", tenant, f"SELECT * FROM {table} {order}")
        for table in ("companies", "contacts", "tickets", "time_entries")
    ]


def test_a_sync_of_all_tenants_tells_a_line_for_each_table_and_a_summary(connected: Avesa) -> None:
    result = connected("sync")
    lines = result.stdout.splitlines()
    for tenant in ("acme", "globex"):
        assert len([line for line in lines if line.startswith(f"{tenant}  connectwise/")]) == 20
        assert [line for line in lines if line.startswith(f"{tenant}: 20 of 20 tables")]
    (tickets,) = [line for line in lines if line.startswith("acme  connectwise/tickets ")]
    assert "listing" in tickets and "1 page" in tickets and " rows" in tickets and tickets.endswith(" s")
    assert "versions new or changed" in result.stdout
    assert result.stderr == ""


def test_json_is_one_document_with_every_table_and_fold(connected: Avesa) -> None:
    done = connected.json("sync", "acme")
    assert (done["complete"], done["stopped"]) == (True, False)
    (acme,) = done["tenants"]
    assert acme["tenant"] == "acme" and acme["errors"] == []
    assert len(acme["tables"]) == 20
    tickets = acme["tables"][0]
    assert (tickets["table"], tickets["status"], tickets["kind"]) == ("tickets", "ok", "listing")
    assert tickets["rows"] > 0 and tickets["watermark"].endswith("Z")
    assert all(one["seconds"] >= 0 for one in (*acme["tables"], *acme["canonical"]))
    folds = {fold["table"]: fold for fold in acme["canonical"]}
    assert folds["tickets"]["added"] == tickets["rows"]


def test_one_service_one_table_and_full_are_obeyed(connected: Avesa, sandbox: Sandbox) -> None:
    connected("sync", "acme", "--service", "connectwise", "--table", "boards")
    (table,) = connected.json("sync", "--table", "boards")["tenants"][0]["tables"]
    assert (table["table"], table["kind"], table["rows"]) == ("boards", "changes", 0)
    (table,) = connected.json("sync", "acme", "--table", "boards", "--full")["tenants"][0]["tables"]
    assert table["kind"] == "listing" and table["rows"] > 0
    assert {request.path.rpartition("/")[2] for request in sandbox.requests} == {"boards"}


def test_ingest_folds_nothing_and_transform_folds_it_later(connected: Avesa) -> None:
    connected("ingest", "acme", "--table", "companies")
    assert connected.json("query", "acme", "SELECT * FROM companies") == []
    assert "nothing" not in connected("transform", "acme").stdout
    assert connected.json("query", "acme", "SELECT * FROM companies")
    (fold,) = connected.json("transform", "acme", "--table", "companies")["tenants"][0]["canonical"]
    assert (fold["added"], fold["commits"]) == (0, 0)
    assert "nothing has landed yet" in connected("transform", "globex").stdout


def test_a_rebuild_gives_the_same_tables(connected: Avesa, sandbox: Sandbox) -> None:
    connected("sync", "acme")
    sandbox.clock.advance(timedelta(days=2))
    connected("sync", "acme")
    before = rows_of(connected)
    shown = connected("rebuild", "acme").stdout
    assert shown.count("rebuilt from") == shown.count("identical to the table before") == 12
    assert rows_of(connected) == before
    (fold,) = connected.json("rebuild", "acme", "tickets")["tenants"][0]["canonical"]
    assert fold["table"] == "tickets" and fold["rebuilt"] and fold["identical"]


def test_unknown_services_and_tables_are_wrong_usage(connected: Avesa) -> None:
    for args, told in (
        (("sync", "acme", "--service", "conectwise"), "Did you mean connectwise?"),
        (("sync", "--service", "conectwise"), "Did you mean connectwise?"),
        (("sync", "acme", "--table", "tickts"), "Did you mean tickets"),
        (("sync", "--table", "tickts"), "Did you mean tickets"),
        (("transform", "acme", "--table", "tickts"), "Did you mean tickets?"),
        (("rebuild", "acme", "tickts"), "Did you mean tickets?"),
    ):
        assert told in connected(*args, code=2).stderr, args


def test_a_tenant_without_a_service_is_told_when_named_and_passed_over_otherwise(connected: Avesa) -> None:
    connected("tenant", "add", "newcomer")
    assert "avesa connect newcomer" in connected("sync", "newcomer", code=2).stderr
    tenants = connected.json("sync", "--table", "boards")["tenants"]
    assert [one["tenant"] for one in tenants] == ["acme", "globex"]


def test_a_refused_tenant_is_named_once_and_the_others_go_on(connected: Avesa) -> None:
    wrong = json.dumps({"private_key": "prv-0815-hidden"})
    connected("connect", "acme", "connectwise", "--secrets-from", "-", stdin=wrong)
    result = connected("sync", code=1)
    assert result.stderr.count("Error: ") == 1
    assert "tenant acme, connectwise" in result.stderr and "401" in result.stderr
    assert "globex: 20 of 20 tables" in result.stdout
    assert "prv-0815-hidden" not in result.stdout + result.stderr


def test_a_table_that_fails_is_named_and_the_others_are_folded(connected: Avesa, sandbox: Sandbox) -> None:
    sandbox.faults.push("status", "contacts", status=403, tenant="acme", times=None)
    result = connected("sync", "acme", code=1)
    assert "tenant acme, connectwise/contacts" in result.stderr and "403" in result.stderr
    assert "acme: 19 of 20 tables" in result.stdout
    assert connected.json("query", "acme", "SELECT * FROM tickets")
    (contacts,) = [t for t in connected.json("status", "acme")[0]["services"][0]["tables"] if t["table"] == "contacts"]
    assert contacts["status"] == "failed" and "403" in contacts["error"]


def test_what_befalls_many_tables_alike_is_told_once(connected: Avesa, sandbox: Sandbox) -> None:
    for table in ("boards", "members"):
        sandbox.faults.push("not_json", table, times=None)
    result = connected("sync", "acme", code=1)
    assert result.stderr.count("Error: ") == 1
    assert "2 tables: members, boards" in result.stderr


def test_a_clock_that_was_wrong_is_told_once_for_all_tables_of_a_service(connected: Avesa) -> None:
    tables = ("companies", "members", "boards")
    with open_home(connected.home) as ports:
        (service,) = ports.tenants.services("acme")
        ports.tenants.put(replace(service, tables=tables))
        for number, table in enumerate(tables, 1):
            then = ports.clock() + timedelta(days=number)
            land(ports.objects, "acme", "connectwise", table, PullOf((), then, name=timestamp_name(then)))
    told = connected("sync", "acme", code=1).stderr
    assert told.startswith("Error: tenant acme, connectwise: The clock says ") and told.count("Error: ") == 1
    assert "already. Nothing was asked. (companies; alike 2 more: members, boards)\n  Set this machine's" in told
    (errors,) = [one["errors"] for one in connected.json("sync", "acme", code=1)["tenants"]]
    assert {one["table"] for one in errors} == set(tables) and len({one["message"] for one in errors}) == 3


def test_values_that_cannot_be_cast_and_rows_without_a_key_are_counted(connected: Avesa, sandbox: Sandbox) -> None:
    sandbox.faults.push("no_id", "companies")
    sandbox.faults.push("wrong_type", "time_entries")
    result = connected("sync", "acme")
    assert "1 row in quarantine" in result.stdout
    found = {one["table"]: one for one in connected.json("status", "acme")[0]["canonical"]}
    assert found["companies"]["quarantined"] == 1


def test_a_sync_out_of_time_stops_cleanly_and_the_next_goes_on(connected: Avesa) -> None:
    result = connected("sync", "acme", "--max-seconds", "0", code=1)
    assert "the next sync goes on from here" in result.stderr
    assert connected.json("sync", "acme", "--max-seconds", "600")["complete"]


def test_a_listing_that_lacks_too_much_deletes_nothing_and_is_told(connected: Avesa, sandbox: Sandbox) -> None:
    connected("sync", "acme")
    before = rows_of(connected)
    sandbox.faults.push("empty", "contacts")
    told = connected("sync", "acme", "--table", "contacts", "--full", "--allow-empty").stdout
    assert "deletions held" in told
    assert rows_of(connected) == before
    (contacts,) = [one for one in connected.json("status", "acme")[0]["canonical"] if one["table"] == "contacts"]
    assert len(contacts["held"]) == 1
    assert "deletions held" in connected("status", "acme").stdout


def test_a_listing_that_came_back_empty_fails_until_it_is_allowed_or_has_rows_again(
    connected: Avesa, sandbox: Sandbox
) -> None:
    connected("sync", "acme")
    before = rows_of(connected)
    sandbox.faults.push("empty", "contacts")
    result = connected("sync", "acme", "--table", "contacts", "--full", code=1)
    assert "came back empty" in result.stderr
    assert "avesa sync acme --service connectwise --table contacts --full --allow-empty" in result.stderr
    assert "came back empty" in connected("status", "acme").stdout
    assert rows_of(connected) == before
    connected("ingest", "acme", "--table", "contacts", "--full")
    assert "came back empty" not in connected("status", "acme").stdout


def test_an_ingest_out_of_time_says_that_the_next_goes_on(connected: Avesa) -> None:
    result = connected("ingest", "acme", "--max-seconds", "0", code=1)
    assert "the next sync goes on from here" in result.stderr


def test_a_table_that_is_not_due_is_left_out_and_told_unless_it_is_named(connected: Avesa) -> None:
    connected("connect", "acme", "connectwise", "--set", "every.boards=6h")
    assert "duration such as 15m" in connected("connect", "acme", "connectwise", "--set", "every=x", code=2).stderr
    connected("sync", "acme")
    result = connected("sync", "acme")
    assert "1 table not due" in result.stdout
    tables = connected.json("sync", "acme")["tenants"][0]["tables"]
    assert [table["table"] for table in tables if table["status"] == "not_due"] == ["boards"]
    assert "not due" not in connected("sync", "acme", "--table", "boards").stdout
    assert "not due" not in connected("sync", "acme", "--full").stdout
