"""What is special to the ports in DynamoDB; what both sides do alike is in tests/shared."""

from __future__ import annotations

import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from avesa.aws import dynamodb_leases
from avesa.aws.clients import Aws
from avesa.aws.dynamodb_allowance import DynamoAllowances
from avesa.aws.state import DynamoState
from avesa.shared.errors import AvesaError, Busy, ConfigurationError, StaleState, StorageError, Unavailable, UsageError
from avesa.shared.run_log import RunEntry
from avesa.shared.tenants import TenantService
from avesa.shared.watermarks import TableState
from bent_client import BentClient
from port_sides import DynamoSide

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ENTRY = RunEntry("r0", "acme", "ingest", "connectwise/tickets", "ok", NOW, NOW)


@pytest.fixture
def client(side: DynamoSide) -> BentClient:
    return BentClient(side.client)


@pytest.fixture
def state(side: DynamoSide, client: BentClient) -> DynamoState:
    return DynamoState(client, side.installation)  # type: ignore[arg-type]


def test_a_state_whose_answer_was_lost_is_stored_once_and_not_stale(state: DynamoState, client: BentClient) -> None:
    for _ in range(2):
        before = state.watermarks.get("acme", "x/y")
        client.lose_the_answer_to("put_item")
        stored = state.watermarks.put(replace(before, watermark=NOW))
        assert stored == state.watermarks.get("acme", "x/y")
    assert stored.version == 2


def test_a_state_that_somebody_else_stored_meanwhile_is_stale_though_the_version_fits(
    state: DynamoState, side: DynamoSide, client: BentClient
) -> None:
    before = state.watermarks.put(TableState("acme", "x/y"))
    with side.open() as other:
        client.before("put_item", lambda: other.watermarks.put(replace(before, checkpoint="theirs")))
        with pytest.raises(StaleState):
            state.watermarks.put(replace(before, checkpoint="ours"))
        assert other.watermarks.get("acme", "x/y").checkpoint == "theirs"


def test_a_lease_whose_answer_was_lost_is_held_by_the_one_who_asked(
    state: DynamoState, side: DynamoSide, client: BentClient
) -> None:
    client.lose_the_answer_to("put_item")
    with state.watermarks.lease("acme", "connectwise"):
        assert side.leases() == [("acme", "connectwise")]
        with side.open() as other, pytest.raises(Busy):
            other.watermarks.lease("acme", "connectwise").__enter__()
    assert side.leases() == []


def test_a_lease_that_cannot_be_given_back_is_no_failure_and_ends_with_its_time_for_other_processes(
    side: DynamoSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dynamodb_leases, "has_ended", lambda token: False)
    client = BentClient(side.client)
    now = [NOW]
    state = DynamoState(client, side.installation, lambda: now[0])  # type: ignore[arg-type]
    client.refuse("delete_item", "InternalServerError")
    with state.watermarks.lease("acme", "connectwise"):
        pass
    with pytest.raises(Busy):
        state.watermarks.lease("acme", "connectwise").__enter__()
    now[0] += timedelta(seconds=60)
    with state.watermarks.lease("acme", "connectwise"):
        pass


def test_a_book_whose_answer_was_lost_is_changed_once(state: DynamoState, client: BentClient) -> None:
    for expected in (1, 2):
        client.lose_the_answer_to("put_item")
        count = state.allowances.change("a", lambda t: (str(int(t or b"0") + 1).encode(), int(t or b"0") + 1))
        assert count == expected


def test_a_book_that_others_change_all_the_time_is_given_up_as_a_thing_to_try_later(side: DynamoSide) -> None:
    with side.open() as other:
        client = BentClient(side.client)
        allowances = DynamoAllowances(
            client,  # type: ignore[arg-type]
            side.installation.allowances,
            pause=lambda _: None,
            attempts=5,
        )
        for _ in range(5):
            client.before("put_item", lambda: other.allowances.change("a", lambda t: ((t or b"") + b"theirs ", None)))
        with pytest.raises(Unavailable):
            allowances.change("a", lambda _: (b"ours", None))
        assert other.allowances.change("a", lambda t: (t or b"", t)) == b"theirs " * 5


def test_a_book_expires_a_week_after_it_last_changed_and_is_not_written_where_it_stays_as_it_was(
    side: DynamoSide,
) -> None:
    seconds = iter((1000.0, 1001.0, 1002.0))
    allowances = DynamoAllowances(side.client, side.installation.allowances, now=lambda: next(seconds))
    for document in (b"x", b"y", b"y"):
        allowances.change("a", lambda _, new=document: (new, None))  # type: ignore[misc]
    (item,) = side.client.scan(TableName=side.installation.allowances)["Items"]
    assert (int(item["expires_at"]["N"]), item["version"]["N"]) == (1001 + 7 * 86400, "2")


def test_listing_the_tenants_reads_nothing_of_theirs(state: DynamoState, client: BentClient) -> None:
    for tenant in ("globex", "acme"):
        state.tenants.add_tenant(tenant)
        state.tenants.put(TenantService(tenant, "connectwise", settings={"company_id": "x" * 50_000}))
    client.calls.clear()
    assert state.tenants.tenants() == ["acme", "globex"]
    assert client.calls == ["query"]


def test_more_tenants_than_one_answer_holds_are_all_listed(state: DynamoState, side: DynamoSide) -> None:
    names = [f"{number:04}-{'x' * 58}" for number in range(40)]
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(state.tenants.add_tenant, names))

    class Pages:
        """A table whose answers hold seven items."""

        def query(self, **request: object) -> object:
            return side.client.query(**{**request, "Limit": 7})

    paged = DynamoState(Pages(), side.installation)  # type: ignore[arg-type]
    assert paged.tenants.tenants() == names


def test_a_tenant_that_is_removed_while_a_service_is_put_leaves_none_behind(
    state: DynamoState, side: DynamoSide, client: BentClient
) -> None:
    state.tenants.add_tenant("acme")
    with side.open() as other:
        client.before("transact_write_items", lambda: other.tenants.put(TenantService("acme", "connectwise")))
        state.tenants.remove_tenant("acme")
        with pytest.raises(UsageError):
            other.tenants.put(TenantService("acme", "connectwise"))
        other.tenants.add_tenant("acme")
        assert other.tenants.services("acme") == []


def test_who_may_not_list_the_tenants_is_told_of_the_unknown_one_alone(state: DynamoState, client: BentClient) -> None:
    state.tenants.add_tenant("globex")

    def denied(call: object, request: object) -> object:
        client.refuse("query", "AccessDeniedException")
        return client.query()

    client.bends["query"] = [lambda call, request: call(**request), denied]
    with pytest.raises(UsageError) as caught:
        state.tenants.services("acme")
    assert "'acme'" in str(caught.value)
    assert "globex" not in str(caught.value)


def test_an_entry_of_the_log_expires_and_the_newest_of_its_table_does_not(side: DynamoSide) -> None:
    with side.open() as state:
        state.run_log.write(ENTRY)
    items = side.client.scan(TableName=side.installation.run_log)["Items"]
    expiring = {item["entry"]["S"].partition("#")[0]: "expires_at" in item for item in items}
    assert expiring == {"run": True, "latest": False}


def test_an_entry_written_late_does_not_take_the_place_of_a_newer_one(
    state: DynamoState, side: DynamoSide, client: BentClient
) -> None:
    """Two puts make an entry; another worker's come between them."""
    with side.open() as other:
        client.bends["put_item"] = [
            lambda call, request: call(**request),
            lambda call, request: (other.run_log.write(replace(ENTRY, run_id="newer")), call(**request)),
        ]
        state.run_log.write(replace(ENTRY, run_id="older"))
    assert [entry.run_id for entry in state.run_log.latest("acme")] == ["newer"]
    assert {entry.run_id for entry in state.run_log.entries("acme")} == {"older", "newer"}


def test_long_histories_are_read_in_pages_and_forgotten_whole(state: DynamoState) -> None:
    for number in range(60):
        state.run_log.write(replace(ENTRY, run_id=f"r{number}"))
    assert [e.run_id for e in state.run_log.entries("acme", limit=50)] == [f"r{n}" for n in range(59, 9, -1)]
    state.run_log.forget("acme")
    assert state.run_log.entries("acme") == []
    assert state.run_log.latest("acme") == []


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        ("AccessDeniedException", StorageError, "has no right"),
        ("ExpiredTokenException", StorageError, "not good any more"),
        ("ResourceNotFoundException", ConfigurationError, "no such table"),
        ("ProvisionedThroughputExceededException", StorageError, "ProvisionedThroughputExceededException"),
    ],
)
def test_what_dynamodb_refuses_is_told_without_its_words(
    state: DynamoState, client: BentClient, code: str, kind: type[AvesaError], words: str
) -> None:
    client.refuse("get_item", code)
    with pytest.raises(kind, match=words) as caught:
        state.watermarks.get("acme", "connectwise/tickets")
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))
    assert "tenant acme" in str(caught.value)


def test_no_answer_is_an_error_to_try_again(state: DynamoState, client: BentClient) -> None:
    client.cut("put_item")
    with pytest.raises(StorageError, match="no answer") as caught:
        state.watermarks.put(TableState("acme", "x/y"))
    assert caught.value.retry


def test_a_table_that_is_not_there_is_a_matter_of_configuration(side: DynamoSide) -> None:
    missing = replace(side.installation, last_updated="nowhere")
    with pytest.raises(ConfigurationError, match="no such table"):
        DynamoState(Aws("us-east-1").dynamodb(), missing).watermarks.get("acme", "x/y")
