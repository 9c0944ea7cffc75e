"""`avesa disconnect`: the connection goes, what it brought stays."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.sandbox.server import Sandbox
from avesa.shared.errors import StorageError
from avesa.shared.sqlite_state import SqliteState
from avesa.shared.sqlite_watermarks import SqliteWatermarks
from avesa.shared.tenants import TenantService
from avesa.shared.watermarks import TableState
from avesa_program import Avesa

HISTORY = "SELECT * EXCLUDE recorded_at FROM companies ORDER BY source_id, valid_from"
DISCONNECT = ("disconnect", "acme", "connectwise")


def sync(avesa: Avesa, *more: str) -> Any:
    """Of acme's companies alone, a table that is quickly pulled."""
    return avesa.json("sync", "acme", "--table", "companies", *more)["tenants"][0]


def connect_again(avesa: Avesa, sandbox: Sandbox, *more: str, code: int = 0) -> str:
    """What it says."""
    sets = [f"--set={name}={value}" for name, value in sandbox.settings(tenant="acme").items()]
    secrets = json.dumps(sandbox.secrets(tenant="acme"))
    words = ("connect", "acme", "connectwise", *sets, *more, "--secrets-from", "-")
    return avesa(*words, stdin=secrets, code=code).output


def files(avesa: Avesa, below: str = "acme") -> list[Path]:
    return sorted((avesa.home / "data" / below).rglob("*"))


def test_all_that_reaches_the_vendor_goes_and_all_that_was_pulled_stays(connected: Avesa) -> None:
    sync(connected)
    before, lying = connected.json("query", "acme", HISTORY), files(connected)
    told = connected(*DISCONNECT, "--yes").stdout
    assert "disconnected from connectwise" in told and "as they were last known" in told and "revoke" in told
    assert str(connected.home / "data" / "acme" / "raw" / "connectwise") in told
    assert connected.json("query", "acme", HISTORY) == before and files(connected) == lying
    assert set(json.loads((connected.home / "secrets.json").read_text())) == {"globex"}
    with SqliteState(connected.home / "state.db") as state:
        assert state.tenants.services("acme") == []
        assert state.watermarks.all("acme", "connectwise/") == []
        assert [one for one in state.run_log.entries("acme") if one.stage == "ingest"] == []
        assert len(state.tenants.services("globex")) == 1


def test_a_tenant_without_the_service_is_seen_proved_and_made_anew_as_before(connected: Avesa) -> None:
    sync(connected)
    before = connected.json("query", "acme", HISTORY)
    connected(*DISCONNECT, "--yes")
    (status,) = connected.json("status", "acme")
    assert status["services"] == [] and [one["service"] for one in status["disconnected"]] == ["connectwise"]
    assert "connectwise was disconnected at" in connected("status", "acme").stdout
    assert connected.json("plan", "acme")["services"] == []
    assert "is not connected to any service" in connected("plan", "acme").stdout
    assert all(check["ok"] for check in connected.json("verify", "acme"))
    connected("rebuild", "acme")
    assert connected.json("query", "acme", HISTORY) == before
    assert "has no service" in connected("sync", "acme", code=2).stderr
    told = connected(*DISCONNECT, "--yes", code=2).stderr
    assert "not connected" in told and "It was disconnected at" in told


def test_connected_again_everything_is_listed_anew_and_what_went_meanwhile_is_deleted(
    connected: Avesa, sandbox: Sandbox
) -> None:
    sync(connected)
    known = connected.json("query", "acme", "SELECT count(*) AS n FROM companies WHERE is_current")
    connected(*DISCONNECT, "--yes")
    sandbox.clock.advance(timedelta(days=3))
    assert "the next sync lists everything anew" in connect_again(connected, sandbox)
    (status,) = connected.json("status", "acme")
    assert status["disconnected"] == [] and {one["status"] for one in status["services"][0]["tables"]} == {None}
    (pulled,) = sync(connected)["tables"]
    assert pulled["kind"] == "listing" and pulled["rows"] >= known[0]["n"]
    assert all(check["ok"] for check in connected.json("verify", "acme", "companies"))


def test_connected_again_to_another_account_is_refused(connected: Avesa, sandbox: Sandbox) -> None:
    sync(connected)
    connected(*DISCONNECT, "--yes")
    assert "another company_id is another account" in connect_again(
        connected, sandbox, "--set", "company_id=other", code=2
    )
    assert connected.json("tenant", "list")[0]["services"] == []
    connect_again(connected, sandbox, "--set", "company_id=other", "--same-account")


def test_an_account_that_never_gave_anything_leaves_nothing_behind(connected: Avesa, sandbox: Sandbox) -> None:
    told = connected.json(*DISCONNECT, "--yes")
    assert (told["disconnected"], told["data"], told["unfinished"]) == (True, None, [])
    assert connected.json("status", "acme")[0]["disconnected"] == []
    connect_again(connected, sandbox, "--set", "company_id=other")


def test_what_a_listing_may_delete_is_still_what_it_might(connected: Avesa, sandbox: Sandbox) -> None:
    """By the limits of everybody what waits would be deleted."""
    connected("connect", "acme", "connectwise", "--set=deletes_share=0", "--set=deletes_records=0")
    connected("sync", "acme", "--table", "contacts")
    sandbox.faults.push("shrunken", "contacts", times=None)
    connected("sync", "acme", "--table", "contacts", "--full")
    history = "SELECT * EXCLUDE recorded_at FROM contacts ORDER BY ALL"
    before = connected.json("query", "acme", history)
    assert before and not any(one["is_deleted"] for one in before)
    connected(*DISCONNECT, "--yes")
    connected("transform", "acme")
    assert connected.json("query", "acme", history) == before
    assert all(check["ok"] for check in connected.json("verify", "acme", "contacts"))
    connect_again(connected, sandbox)
    connected("transform", "acme")
    assert connected.json("query", "acme", history) == before, "also where it is connected again"
    connected(*DISCONNECT, "--yes")
    assert "deletions wait" in connected("status", "--check", "acme", code=1).stdout, "somebody has to decide"
    connected("deletes", "approve", "acme", "connectwise/contacts")
    assert any(one["is_deleted"] for one in connected.json("query", "acme", history))


def test_what_an_unfinished_pull_has_landed_counts(connected: Avesa, sandbox: Sandbox) -> None:
    connected("sync", "acme", "--table", "tickets")
    sandbox.faults.push("status", "ticket_notes", status=401, after=5, times=None)
    connected("sync", "acme", "--table", "ticket_notes", code=1)
    left_lying = files(connected, "acme/raw/connectwise/ticket_notes")
    assert [path.suffix for path in left_lying] == [".parquet"]
    assert connected.json(*DISCONNECT, "--yes")["unfinished"] == ["connectwise/ticket_notes"]
    receipt = next(path for path in files(connected, "acme/raw/connectwise/ticket_notes") if path not in left_lying)
    told = json.loads(receipt.read_text())
    assert (told["complete"], told["files"], told["tenant_id"]) == (False, [left_lying[0].name], "acme")
    assert "disconnected" in told["reason"] and told["rows"] > 0


def test_who_thinks_better_of_it_after_it_died_goes_on_with_what_was_handed_over(
    connected: Avesa, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise StorageError("the line is dead.")

    connected("sync", "acme", "--table", "tickets")
    sandbox.faults.push("status", "ticket_notes", status=401, after=5, times=None)
    connected("sync", "acme", "--table", "ticket_notes", code=1)
    with monkeypatch.context() as broken:
        broken.setattr("avesa.shared.secret_file.FileSecrets.remove", dies)
        connected(*DISCONNECT, "--yes", code=1)
    sandbox.faults.clear()
    (pulled,) = connected.json("sync", "acme", "--table", "ticket_notes")["tenants"][0]["tables"]
    assert (pulled["status"], pulled["resumed"]) == ("ok", True)
    raw = files(connected, "acme/raw/connectwise/ticket_notes")
    told = [json.loads(path.read_text()) for path in raw if path.suffix == ".json"]
    assert [receipt["complete"] for receipt in told] == [False, True]
    assert set(told[0]["files"]) < set(told[1]["files"])
    assert all(check["ok"] for check in connected.json("verify", "acme"))


def test_while_it_is_pulled_it_is_refused_and_nothing_changes(connected: Avesa) -> None:
    sync(connected)
    keys = (connected.home / "secrets.json").read_text()
    with SqliteState(connected.home / "state.db") as state:
        # On one machine a sync holds the first of these, on AWS each function that of its table.
        for lease in ("sync", "connectwise", "connectwise/companies", "connectwise/tickets"):
            states = state.watermarks.all("acme")
            with state.watermarks.lease("acme", lease):
                told = connected(*DISCONNECT, "--yes", code=1).stderr
            assert "tenant acme, connectwise" in told and f"{lease} is in work" in told
            assert state.watermarks.all("acme") == states and len(state.tenants.services("acme")) == 1
    assert (connected.home / "secrets.json").read_text() == keys
    connected(*DISCONNECT, "--yes")


def test_a_sync_that_begins_as_the_service_is_disconnected_pulls_nothing(
    connected: Avesa, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = SqliteWatermarks.lease

    def lease(self: SqliteWatermarks, tenant: str, name: str) -> AbstractContextManager[None]:
        if name == "sync":
            with SqliteState(connected.home / "state.db") as state:
                state.tenants.remove(tenant, "connectwise")
        return held(self, tenant, name)

    monkeypatch.setattr(SqliteWatermarks, "lease", lease)
    assert "has no service" in connected("sync", "acme", code=2).stderr
    assert files(connected) == []


STEPS = (
    "sqlite_watermarks.SqliteWatermarks.put",
    "secret_file.FileSecrets.remove",
    "sqlite_watermarks.SqliteWatermarks.forget",
    "sqlite_run_log.SqliteRunLog.forget",
    "sqlite_tenants.SqliteTenantServices.remove",
)


@pytest.mark.parametrize("step", STEPS)
def test_who_dies_on_the_way_does_it_again(connected: Avesa, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*_: object) -> None:
        raise StorageError("the line is dead.")

    sync(connected)
    with monkeypatch.context() as broken:
        broken.setattr(f"avesa.shared.{step}", dies)
        connected(*DISCONNECT, "--yes", code=1)
    assert [one["service"] for one in connected.json("status", "acme")[0]["services"]] == ["connectwise"]
    connected(*DISCONNECT, "--yes")
    assert "acme" not in json.loads((connected.home / "secrets.json").read_text())
    with SqliteState(connected.home / "state.db") as state:
        assert state.tenants.services("acme") == state.watermarks.all("acme", "connectwise/") == []


def test_other_services_of_the_tenant_are_left_alone(avesa: Avesa) -> None:
    """Also one whose name begins alike."""
    avesa("tenant", "add", "acme")
    halo = ("--set=host=acme.halopsa.com", "--secrets-from=-")
    keys = json.dumps({"client_id": "id", "client_secret": "guid"})
    avesa("connect", "acme", "halopsa", *halo, stdin=keys)
    with SqliteState(avesa.home / "state.db") as state:
        state.tenants.put(TenantService("acme", "halo"))
        for table in ("halo/tickets", "halopsa/tickets"):
            state.watermarks.put(TableState("acme", table))
    avesa("disconnect", "acme", "halo", "--yes")
    with SqliteState(avesa.home / "state.db") as state:
        assert [one.table_name for one in state.watermarks.all("acme")] == ["halopsa/tickets"]
    assert [one["service"] for one in avesa.json("tenant", "list")[0]["services"]] == ["halopsa"]
    assert json.loads((avesa.home / "secrets.json").read_text())["acme"]["halopsa"] == json.loads(keys)


def test_what_the_environment_lends_is_told_by_name(avesa: Avesa, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVESA_SECRET_ACME_IT_CONNECTWISE_PRIVATE_KEY", "prv-lent")
    leave = ("disconnect", "acme-it", "connectwise", "--yes")
    avesa.connect("acme-it", {"company_id": "acme"}, {"public_key": "a", "client_id": "c"})
    told = avesa(*leave).stdout
    assert "The environment still has AVESA_SECRET_ACME_IT_CONNECTWISE_PRIVATE_KEY.\n" in told
    assert "prv-lent" not in told
    avesa.connect("acme-it", {"company_id": "acme"}, {"public_key": "a", "client_id": "c"})
    assert avesa.json(*leave)["environment"] == ["AVESA_SECRET_ACME_IT_CONNECTWISE_PRIVATE_KEY"]


def test_a_service_whose_declaration_is_gone_can_be_left(avesa: Avesa) -> None:
    avesa("tenant", "add", "acme")
    with SqliteState(avesa.home / "state.db") as state:
        state.tenants.put(TenantService("acme", "gone"))
    assert avesa.json("disconnect", "acme", "gone", "--yes")["disconnected"]
    assert avesa.json("tenant", "list")[0]["services"] == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("acme", "connectwise"), "Add --yes."),
        (("acme", "jira", "--yes"), "Connected are connectwise."),
        (("acne", "connectwise", "--yes"), "Known are acme, globex."),
    ],
)
def test_what_makes_no_sense_is_refused(connected: Avesa, words: tuple[str, ...], told: str) -> None:
    assert told in connected("disconnect", *words, code=2).stderr
    assert len(connected.json("tenant", "list")[0]["services"]) == 1
