from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.client import Client
from avesa.connector.limits import Limits, Rate
from avesa.connector.outcome import Place, PullOutcome
from avesa.connector.pull import pull
from avesa.connector.service import Endpoint
from avesa.pipeline import ingest
from avesa.pipeline.ingest import TABLES_AT_ONCE, check_connection, choose_tables, ingest_service, ingest_table
from avesa.pipeline.ports import Ports
from avesa.shared.errors import (
    AllowanceSpent,
    Busy,
    ConfigurationError,
    InternalError,
    ServiceFailed,
    StorageError,
    TableFailed,
    Unavailable,
    UsageError,
    Where,
)
from avesa.shared.tenants import TenantService
from avesa.shared.watermarks import TableState
from tiny_vendor import SERVICE, Answer, TinyVendor, connect_tenant, landed, open_ports, receipts, record, tiny_vendor


@pytest.fixture
def vendor() -> Iterator[TinyVendor]:
    with tiny_vendor() as vendor:
        vendor.lists = {
            "/tickets": [record(1), record(2)],
            "/boards": [record(5)],
            "/events": [],
            "/tickets/1/notes": [record(10)],
            "/tickets/2/notes": [record(20)],
        }
        yield vendor


@pytest.fixture
def ports(tmp_path: Path) -> Ports:
    return open_ports(tmp_path)


def test_a_service_is_pulled_whole_with_children_after_their_parents(ports: Ports, vendor: TinyVendor) -> None:
    outcome = ingest_service(ports, connect_tenant(ports, vendor.url), run_id="r1", service=SERVICE)
    assert outcome.ok
    assert [(table.table, table.rows) for table in outcome.tables] == [
        ("tickets", 2),
        ("boards", 1),
        ("notes", 2),
        ("events", 0),
    ]
    entries = {entry.table: entry for entry in ports.run_log.latest("acme")}
    assert sorted(entries) == ["tiny/boards", "tiny/events", "tiny/notes", "tiny/tickets"]
    assert entries["tiny/notes"].figures["rows"] == 2


def test_only_the_tables_named_are_pulled(ports: Ports, vendor: TinyVendor) -> None:
    tenant = connect_tenant(ports, vendor.url)
    outcome = ingest_service(ports, tenant, run_id="r1", service=SERVICE, tables=["boards"])
    assert [table.table for table in outcome.tables] == ["boards"]


def test_an_unknown_table_is_refused_with_the_closest_name() -> None:
    with pytest.raises(UsageError, match="Did you mean tickets"):
        choose_tables(SERVICE, ["ticket"])


def test_one_failing_table_does_not_stop_the_others(ports: Ports, vendor: TinyVendor) -> None:
    vendor.bend = lambda asked, answer: Answer(403) if asked.path.endswith("/tickets") else answer
    outcome = ingest_service(ports, connect_tenant(ports, vendor.url), run_id="r1", service=SERVICE)
    told = {table.table: (table.status, type(table.error)) for table in outcome.tables}
    assert told == {
        "tickets": ("failed", TableFailed),
        "boards": ("ok", type(None)),
        "notes": ("failed", TableFailed),
        "events": ("ok", type(None)),
    }


class PanicException(BaseException):
    """As the libraries in Rust raise it."""


@pytest.mark.parametrize("kind", [ZeroDivisionError, PanicException])
def test_a_bug_in_one_table_does_not_stop_the_others_and_is_told_by_its_place(
    ports: Ports, vendor: TinyVendor, monkeypatch: pytest.MonkeyPatch, kind: type[BaseException]
) -> None:
    def broken(place: Place, client: Client, endpoint: Endpoint, **more: Any) -> PullOutcome:
        if endpoint.name == "boards":
            raise kind("s3cr3t of a payload")
        return pull(place, client, endpoint, **more)

    monkeypatch.setattr(ingest, "pull", broken)
    outcome = ingest_service(ports, connect_tenant(ports, vendor.url), run_id="r1", service=SERVICE)
    failed = {table.table: table.error for table in outcome.tables if table.status == "failed"}
    assert list(failed) == ["boards"] and isinstance(failed["boards"], InternalError)
    [entry] = [entry for entry in ports.run_log.latest("acme") if entry.table == "tiny/boards"]
    assert entry.status == "failed" and f"({kind.__name__}, ingest.py line " in (entry.error or "")
    assert "s3cr3t" not in str(failed["boards"]) + str(entry.error)


def test_a_run_log_that_cannot_be_written_is_told_for_its_table(
    ports: Ports, vendor: TinyVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant_service = connect_tenant(ports, vendor.url)
    monkeypatch.setattr(ports.run_log, "write", full)
    outcome = ingest_service(ports, tenant_service, run_id="r1", service=SERVICE)
    told = [table.error.where for table in outcome.tables if table.error is not None]
    assert told == [Where("acme", "tiny", table.name) for table in SERVICE.endpoints]


def full(*_: Any) -> None:
    raise StorageError("the disk is full.")


def test_a_refused_connection_that_cannot_be_written_down_is_told_and_stops_the_other_tables(
    ports: Ports, vendor: TinyVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant_service = connect_tenant(ports, vendor.url)
    vendor.bend = lambda asked, answer: Answer(401)
    monkeypatch.setattr(ports.run_log, "write", full)
    monkeypatch.setattr(ports.tenants, "mark", full)
    monkeypatch.setattr(ingest, "TABLES_AT_ONCE", 1)
    outcome = ingest_service(ports, tenant_service, run_id="r1", service=SERVICE)
    assert isinstance(outcome.problem, ServiceFailed)
    assert [table.status for table in outcome.tables] == ["failed", "stopped", "stopped", "stopped"]
    with pytest.raises(ServiceFailed):
        check_connection(ports, tenant_service, service=SERVICE)


def test_a_refusal_amid_a_table_is_told_where_what_came_before_it_cannot_be_saved(
    ports: Ports, vendor: TinyVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant_service = connect_tenant(ports, vendor.url)
    vendor.lists["/tickets"] = [record(number) for number in range(1, 12)]
    vendor.bend = lambda asked, answer: answer if len(vendor.asked) == 1 else Answer(401)
    monkeypatch.setattr(ports.objects, "write", full)
    outcome = ingest_service(ports, tenant_service, run_id="r1", service=SERVICE, tables=["tickets"])
    assert isinstance(outcome.problem, ServiceFailed)
    assert len(vendor.asked) > 1


def test_a_table_of_which_nobody_can_read_whether_it_is_due_does_not_stop_the_others(
    ports: Ports, vendor: TinyVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    get = ports.watermarks.get

    def unreadable(tenant: str, name: str) -> TableState:
        return get(tenant, name) if name != "tiny/boards" else full()  # type: ignore[func-returns-value]

    tenant_service = connect_tenant(ports, vendor.url)
    monkeypatch.setattr(ports.watermarks, "get", unreadable)
    outcome = ingest_service(ports, tenant_service, run_id="r1", service=SERVICE)
    assert [table.table for table in outcome.tables if table.status != "ok"] == ["boards"]


def test_who_ends_the_process_in_the_middle_of_a_table_ends_it(
    ports: Ports, vendor: TinyVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ingest, "pull", ended)
    tenant_service = connect_tenant(ports, vendor.url)
    with pytest.raises(KeyboardInterrupt):
        ingest_table(ports, tenant_service, "boards", run_id="r1", service=SERVICE)
    assert ports.run_log.latest("acme") == []


def test_one_tenants_refusal_is_that_tenants_alone(ports: Ports, vendor: TinyVendor) -> None:
    good, bad = connect_tenant(ports, vendor.url, "acme"), connect_tenant(ports, vendor.url, "globex")
    ports.secrets.put("globex", "tiny", {"private_key": "other"})
    refused = "Basic Y286b3RoZXI="
    vendor.bend = lambda asked, answer: Answer(401) if asked.headers["authorization"] == refused else answer
    outcome = ingest_service(ports, bad, run_id="r1", service=SERVICE)
    assert isinstance(outcome.problem, ServiceFailed)
    assert ports.tenants.services("globex")[0].problem is not None
    assert ingest_service(ports, good, run_id="r1", service=SERVICE).ok
    assert ports.tenants.services("acme")[0].problem is None


def test_a_second_pull_of_the_same_table_at_once_says_so_and_leaves(ports: Ports, vendor: TinyVendor) -> None:
    tenant = connect_tenant(ports, vendor.url)
    asked, go = threading.Event(), threading.Event()

    def hold(_: object, answer: Answer) -> Answer:
        asked.set()
        go.wait(10)
        return answer

    vendor.bend = hold
    first = threading.Thread(target=ingest_service, args=(ports, tenant), kwargs={"run_id": "r1", "service": SERVICE})
    first.start()
    assert asked.wait(10)
    try:
        with pytest.raises(Busy):
            ingest_service(ports, tenant, run_id="r2", service=SERVICE)
        with pytest.raises(Busy, match="tiny/tickets"):
            ingest_table(ports, tenant, "tickets", run_id="r2", service=SERVICE)
    finally:
        go.set()
        first.join()
    assert len(receipts(ports, "tickets")) == 1


def test_a_stop_before_the_beginning_asks_the_vendor_nothing(ports: Ports, vendor: TinyVendor) -> None:
    tenant = connect_tenant(ports, vendor.url)
    outcome = ingest_service(ports, tenant, run_id="r1", service=SERVICE, stop=lambda: True)
    assert {table.status for table in outcome.tables} == {"stopped"}
    assert vendor.asked == []


def test_a_stopped_service_goes_on_and_lands_everything(ports: Ports, vendor: TinyVendor) -> None:
    vendor.lists["/tickets"] = [record(i) for i in range(1, 12)]
    for i in range(1, 12):
        vendor.lists[f"/tickets/{i}/notes"] = [record(100 + i)]
    tenant = connect_tenant(ports, vendor.url)
    for pages in range(1, 60):
        seen: list[int] = []
        outcome = ingest_service(
            ports,
            tenant,
            run_id=f"r{pages}",
            service=SERVICE,
            tables=["tickets", "notes"],
            progress=lambda table, page, rows, seen=seen: seen.append(page),
            stop=lambda seen=seen, pages=pages: len(seen) >= pages,
        )
        if outcome.ok:
            break
    assert outcome.ok
    assert {row["record_id"] for row in landed(ports, "notes")} == {str(100 + i) for i in range(1, 12)}


def test_missing_credentials_are_told_before_anything_is_sent(ports: Ports, vendor: TinyVendor) -> None:
    ports.tenants.add_tenant("acme")
    with pytest.raises(ConfigurationError, match="avesa connect acme tiny"):
        ingest_service(ports, TenantService("acme", "tiny"), run_id="r1", service=SERVICE)


def test_an_address_that_answers_with_a_web_page_is_no_good_connection(ports: Ports, vendor: TinyVendor) -> None:
    vendor.bend = lambda *_: Answer(body=b"<html>Welcome</html>")
    with pytest.raises(TableFailed, match="not JSON"):
        check_connection(ports, connect_tenant(ports, vendor.url), service=SERVICE)


def test_a_budget_that_is_used_up_stops_a_table_with_a_checkpoint_and_fails_nothing(
    ports: Ports, vendor: TinyVendor
) -> None:
    vendor.lists["/tickets"] = [record(i) for i in range(1, 14)]
    tenant = connect_tenant(ports, vendor.url)
    budget = replace(SERVICE, limits=Limits(rates=(Rate(3, per=timedelta(days=1)),)))
    (table,) = ingest_service(ports, tenant, run_id="r1", service=budget, tables=["tickets"]).tables
    assert table.status == "stopped" and isinstance(table.error, AllowanceSpent)
    assert "used up until" in table.error.message and table.error.where.table == "tickets"
    assert ports.run_log.latest("acme")[0].status == "stopped"
    assert receipts(ports, "tickets") == []
    asked = len(vendor.asked)
    # The rest of the day asks for nothing more; then it goes on behind what has landed.
    assert ingest_service(ports, tenant, run_id="r2", service=budget, tables=["tickets"]).tables[0].status == "stopped"
    assert len(vendor.asked) == asked == 2
    raised = replace(SERVICE, limits=Limits(rates=(Rate(5000, per=timedelta(days=1)),)))
    (table,) = ingest_service(ports, tenant, run_id="r3", service=raised, tables=["tickets"]).tables
    assert (table.status, table.resumed, len(vendor.asked)) == ("ok", True, 5)
    assert sorted(int(row["record_id"]) for row in landed(ports, "tickets")) == list(range(1, 14))


def test_tenants_that_share_an_account_share_what_the_vendor_allows_it(ports: Ports, vendor: TinyVendor) -> None:
    both = [connect_tenant(ports, vendor.url, name) for name in ("acme", "globex")]
    budget = replace(SERVICE, limits=Limits(rates=(Rate(10, per=timedelta(days=1)),)))
    done = [
        ingest_service(ports, tenant, run_id="r1", service=budget, tables=["tickets", "boards", "events"]).ok
        for tenant in (*both, both[0])
    ]
    assert done == [True, True, True]
    left = ingest_service(ports, both[1], run_id="r2", service=budget, tables=["tickets"])
    assert isinstance(left.tables[0].error, AllowanceSpent)
    assert len(vendor.asked) == 9


def test_of_a_vendor_that_is_down_not_each_table_finds_out_for_itself(ports: Ports, vendor: TinyVendor) -> None:
    vendor.bend = lambda *_: Answer(body=b"x" * 100, cut=10)
    many = tuple(Endpoint(f"table{number}", f"/table{number}") for number in range(20))
    down = replace(SERVICE, endpoints=many)
    outcome = ingest_service(ports, connect_tenant(ports, vendor.url), run_id="r1", service=down)
    assert {type(table.error) for table in outcome.tables} == {Unavailable}
    assert len({table.error.message for table in outcome.tables if table.error}) == 1
    # Only the tables that were asked for together tried again; the others failed at once.
    assert len(vendor.asked) <= TABLES_AT_ONCE * SERVICE.retry.attempts


def test_one_table_that_is_broken_for_good_does_not_keep_the_others_from_trying(
    ports: Ports, vendor: TinyVendor
) -> None:
    vendor.bend = lambda asked, answer: Answer(500) if asked.path.endswith("/tickets") else answer
    for _ in range(3):
        outcome = ingest_service(
            ports,
            connect_tenant(ports, vendor.url),
            run_id="r1",
            service=SERVICE,
            tables=["tickets", "boards", "events"],
        )
        assert [table.status for table in outcome.tables] == ["failed", "ok", "ok"]
