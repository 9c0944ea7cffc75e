"""`avesa connect` and `avesa check`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from avesa.sandbox.server import Sandbox
from avesa_program import Avesa

SECRETS = {"public_key": "pub-4711", "private_key": "prv-0815-hidden", "client_id": "guid-1234"}


def keys_file(folder: Path, content: str, mode: int = 0o600) -> Path:
    path = folder / "keys.json"
    path.write_text(content)
    path.chmod(mode)
    return path


@pytest.fixture
def acme(avesa: Avesa) -> Avesa:
    avesa("tenant", "add", "acme")
    return avesa


def test_it_stores_settings_and_secrets_and_says_what_comes_next(acme: Avesa, tmp_path: Path) -> None:
    keys = keys_file(tmp_path, json.dumps(SECRETS))
    result = acme("connect", "acme", "connectwise", "--set", "company_id=acme", "--secrets-from", str(keys))
    assert "avesa check acme connectwise" in result.stdout and "avesa sync acme" in result.stdout
    assert result.stderr == ""
    assert json.loads((acme.home / "secrets.json").read_text()) == {"acme": {"connectwise": SECRETS}}
    assert (acme.home / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_called_again_it_keeps_what_is_not_given(acme: Avesa) -> None:
    acme.connect("acme", {"company_id": "acme"}, SECRETS)
    again = acme.json("connect", "acme", "connectwise", "--set", "site=api-eu.myconnectwise.net")
    assert again["settings"] == {"company_id": "acme", "site": "api-eu.myconnectwise.net"}
    one = json.dumps({"private_key": "prv-new"})
    acme("connect", "acme", "connectwise", "--secrets-from", "-", stdin=one)
    stored = json.loads((acme.home / "secrets.json").read_text())["acme"]["connectwise"]
    assert stored == {**SECRETS, "private_key": "prv-new"}


def test_a_setting_can_be_taken_back_and_is_what_it_is_by_default(acme: Avesa) -> None:
    acme.connect("acme", {"company_id": "acme", "every": "6h", "every.boards": "1d"}, SECRETS)
    change = ("connect", "acme", "connectwise")
    left = {"company_id": "acme", "every.boards": "1d", "limit_share": "0.5"}
    assert acme.json(*change, "--unset", "every", "--set", "limit_share=0.5")["settings"] == left
    assert "Set are company_id, every.boards, limit_share." in acme(*change, "--unset", "every", code=2).stderr
    assert "missing setting company_id" in acme(*change, "--unset", "company_id", code=2).stderr
    assert "Did you mean 'limit_share'?" in acme(*change, "--unset", "limt_share", code=2).stderr
    assert "private_key is a secret" in acme(*change, "--unset", "private_key", code=2).stderr
    both = acme(*change, "--unset", "limit_share", "--set", "limit_share=0.9", code=2)
    assert "limit_share is in --set and in --unset" in both.stderr
    assert acme.json(*change, "--unset", "every.boards", "--unset", "limit_share")["settings"] == {"company_id": "acme"}


def test_a_setting_may_be_set_to_nothing_where_the_service_takes_that(acme: Avesa) -> None:
    key = json.dumps({"access_token": "asana-token"})
    acme("connect", "acme", "asana", "--set", "portfolio_owner=", "--secrets-from", "-", stdin=key)
    again = acme.json("connect", "acme", "asana", "--set", "requests_a_minute=1500")
    assert again["settings"] == {"portfolio_owner": "", "requests_a_minute": "1500"}


def test_what_the_environment_lends_is_not_written_down(acme: Avesa, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVESA_SECRET_ACME_CONNECTWISE_PRIVATE_KEY", "prv-lent")
    rest = json.dumps({name: value for name, value in SECRETS.items() if name != "private_key"})
    acme("connect", "acme", "connectwise", "--set", "company_id=acme", "--secrets-from", "-", stdin=rest)
    assert "prv-lent" not in (acme.home / "secrets.json").read_text()


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("--set", "compny_id=acme"), "Did you mean 'company_id'?"),
        (("--set", "company_id"), "KEY=VALUE"),
        (("--set", "=acme"), "KEY=VALUE"),
        (("--set", "every=soon"), "tenant acme, connectwise: the setting every is a duration"),
        (("--unset", "every"), "the setting every is not set.\n  None is set."),
        (("--set", "company_id="), "no usable value"),
        (("--set", "site=api-eu.myconnectwise.net"), "missing setting company_id"),
        (("--set", "company_id=acme", "--set", "base_url=http://example.test"), "Plain http"),
        (("--set", "company_id=acme", "--set", "base_url=example"), "not a web address"),
    ],
)
def test_settings_are_checked_against_what_the_service_needs(acme: Avesa, args: tuple[str, ...], told: str) -> None:
    stdin = json.dumps(SECRETS)
    result = acme("connect", "acme", "connectwise", *args, "--secrets-from", "-", stdin=stdin, code=2)
    assert told in result.stderr
    assert acme.json("tenant", "list") == [{"tenant": "acme", "services": []}]
    assert not (acme.home / "secrets.json").exists()


@pytest.mark.parametrize("zone", ["Mars/Olympus", "berlin", "Europe", "+02:00", "../UTC"])
def test_a_time_zone_that_nobody_knows_is_not_stored(acme: Avesa, zone: str) -> None:
    keys = json.dumps({"api_token": "jira-token"})
    args = ("connect", "acme", "jira", "--set", "site=acme", "--set", "email=a@b.test", "--secrets-from", "-")
    told = acme(*args, "--set", f"timezone={zone}", stdin=keys, code=2).stderr
    assert f"the setting timezone: {zone!r} is not the name of a time zone" in told and "Europe/Berlin" in told
    assert acme.json("tenant", "list") == [{"tenant": "acme", "services": []}]
    acme(*args, "--set", "timezone=Europe/Berlin", stdin=keys)
    acme("connect", "acme", "jira", "--set", f"timezone={zone}", code=2)
    assert acme.json("connect", "acme", "jira", "--set", "every=15m")["settings"]["timezone"] == "Europe/Berlin"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("prv-0815-hidden", "not a JSON object"),
        ('["prv-0815-hidden"]', "not a JSON object"),
        ('{"private_key": {"is": "prv-0815-hidden"}}', "not a JSON object"),
        ('{"privat_key": "prv-0815-hidden"}', "Did you mean 'private_key'?"),
        ('{"prv-0815-hidden": "private_key"}', "has no secret"),
        ('{"public_key": "x", "private_key": "prv-0815-hidden"}', "missing secret client_id"),
        ('{"public_key": "", "private_key": "prv-0815-hidden"}', "public_key is empty"),
        ('{"public_key": "x", "private_key": "prv-0815-hidden\\n", "client_id": "y"}', "line break"),
    ],
)
def test_secrets_are_checked_and_never_shown(acme: Avesa, tmp_path: Path, content: str, told: str) -> None:
    keys = keys_file(tmp_path, content)
    args = ("--set", "company_id=acme", "--secrets-from", str(keys))
    result = acme("connect", "acme", "connectwise", *args, code=2)
    assert told in result.stderr
    assert "prv-0815-hidden" not in result.stdout + result.stderr
    assert not (acme.home / "secrets.json").exists()


def test_a_secret_on_the_command_line_is_refused_with_the_reason(acme: Avesa) -> None:
    result = acme("connect", "acme", "connectwise", "--set", "private_key=prv-0815-hidden", code=2)
    assert "--secrets-from" in result.stderr and "others can read" in result.stderr
    assert "prv-0815-hidden" not in result.stderr


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_a_secrets_file_that_others_can_read_is_used_with_a_warning(acme: Avesa, tmp_path: Path) -> None:
    keys = keys_file(tmp_path, json.dumps(SECRETS), mode=0o644)
    result = acme("connect", "acme", "connectwise", "--set", "company_id=acme", "--secrets-from", str(keys))
    assert f"chmod 600 {keys}" in result.stderr


def test_a_secrets_file_that_is_not_there_is_wrong_usage(acme: Avesa) -> None:
    assert "No such file" in acme("connect", "acme", "connectwise", "--secrets-from", "none.json", code=2).stderr


def test_an_unknown_tenant_is_told_how_to_be_added(avesa: Avesa) -> None:
    assert "avesa tenant add nobody" in avesa("connect", "nobody", "connectwise", code=2).stderr


def test_connecting_calls_no_vendor_and_checking_asks_for_one_page(connected: Avesa, sandbox: Sandbox) -> None:
    assert sandbox.requests == []
    assert "good" in connected("check", "acme", "connectwise").stdout
    assert len(sandbox.requests) == 1
    assert connected.json("check", "acme", "connectwise")["ok"] is True


def test_wrong_credentials_are_told_marked_and_forgotten_when_replaced(connected: Avesa, sandbox: Sandbox) -> None:
    wrong = json.dumps({"private_key": "prv-0815-hidden"})
    connected("connect", "acme", "connectwise", "--secrets-from", "-", stdin=wrong)
    result = connected("check", "acme", "connectwise", "--json", code=1)
    assert json.loads(result.stdout)["ok"] is False
    assert "tenant acme" in result.stderr and "401" in result.stderr
    assert "prv-0815-hidden" not in result.stdout + result.stderr
    assert "401" in connected("status", "acme").stdout
    right = json.dumps(sandbox.secrets(tenant="acme"))
    connected("connect", "acme", "connectwise", "--secrets-from", "-", stdin=right)
    assert connected.json("tenant", "list")[0]["services"][0]["problem"] is None


def settings_of(avesa: Avesa) -> dict[str, str]:
    """What is stored of acme, as connecting without a change tells it."""
    return dict(avesa.json("connect", "acme", "connectwise")["settings"])


@pytest.mark.parametrize("name", ["company_id", "site", "base_url"])
def test_a_tenant_with_data_of_one_account_is_not_led_to_another(connected: Avesa, name: str) -> None:
    connected("sync", "acme", "--table", "boards")
    before, keys = settings_of(connected), (connected.home / "secrets.json").read_text()
    change = ("connect", "acme", "connectwise", "--set", f"{name}=https://other.example")
    new_key = json.dumps({"private_key": "prv-new"})
    told = connected(*change, "--secrets-from", "-", stdin=new_key, code=2).stderr
    assert f"another {name} is another account" in told
    assert "avesa tenant add" in told and "--same-account" in told and "avesa tenant remove acme" in told
    assert settings_of(connected) == before and (connected.home / "secrets.json").read_text() == keys
    assert connected.json(*change, "--same-account")["settings"] == {**before, name: "https://other.example"}


def test_raw_data_alone_are_of_an_account_too(connected: Avesa) -> None:
    folder = connected.home / "data" / "acme" / "raw" / "connectwise" / "boards"
    folder.mkdir(parents=True)
    (folder / "20260302T000000000000Z-00000000.receipt.json").write_text("{}")
    connected("connect", "acme", "connectwise", "--set", "company_id=other", code=2)


def test_secrets_pace_and_whatever_leads_to_no_account_change_freely(connected: Avesa, sandbox: Sandbox) -> None:
    connected("sync", "acme", "--table", "boards")
    before = settings_of(connected)
    free = {"limit_share": "0.5", "every.boards": "6h", "codebase": "v2026_1", "company_id": before["company_id"]}
    sets = [word for name, value in free.items() for word in ("--set", f"{name}={value}")]
    new_key = json.dumps({"private_key": "prv-new"})
    connected("connect", "acme", "connectwise", *sets, "--secrets-from", "-", stdin=new_key)
    assert settings_of(connected) == {**before, **free}


def test_an_account_that_never_gave_anything_is_corrected_freely(connected: Avesa, sandbox: Sandbox) -> None:
    right = settings_of(connected)["company_id"]
    connected("connect", "acme", "connectwise", "--set", "company_id=mistyped")
    connected("sync", "acme", code=1)
    connected("connect", "acme", "connectwise", "--set", f"company_id={right}")
    connected("sync", "acme", "--table", "boards")
    # globex has none of what acme has.
    connected("connect", "globex", "connectwise", "--set", "company_id=other")


def test_after_a_lost_state_the_tenant_is_connected_again_to_what_it_was(connected: Avesa, sandbox: Sandbox) -> None:
    connected("sync", "acme", "--table", "boards")
    connected("tenant", "remove", "acme", "--yes")
    connected.connect("acme", sandbox.settings(tenant="acme"), sandbox.secrets(tenant="acme"))
    connected("sync", "acme", "--table", "boards")


def test_checking_what_is_not_connected_is_wrong_usage(acme: Avesa) -> None:
    assert "avesa connect acme connectwise" in acme("check", "acme", "connectwise", code=2).stderr


def tables_of(avesa: Avesa, *told: str) -> list[str] | None:
    found: list[str] | None = avesa.json("connect", "acme", "connectwise", *told)["tables"]
    return found


def test_the_tables_that_are_pulled_can_be_chosen(acme: Avesa) -> None:
    acme.connect("acme", {"company_id": "acme"}, SECRETS)
    assert tables_of(acme) is None
    assert tables_of(acme, "--table", "tickets", "--table", "companies") == ["tickets", "companies"]
    assert tables_of(acme, "--set", "limit_share=0.5") == ["tickets", "companies"]
    (service,) = acme.json("status", "acme")[0]["services"]
    assert [one["table"] for one in service["tables"]] == ["tickets", "companies"]
    assert tables_of(acme, "--all-tables") is None
    rest = tables_of(acme, "--without", "boards", "--without", "purchase_orders")
    assert rest is not None and len(rest) == 18 and "boards" not in rest
    assert "18 of 20 tables" in acme("connect", "acme", "connectwise").stdout
    fewer = tables_of(acme, "--without", "invoices", "--without", "boards")
    assert fewer is not None and len(fewer) == 17, "what was left out before stays so"
    assert tables_of(acme, "--all-tables") is None


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("--table", "tikets"), "Did you mean tickets"),
        (("--table", "ticket_notes"), "Name tickets too."),
        (("--without", "tickets"), "Leave out ticket_notes too."),
        (("--table", "tickets", "--all-tables"), "exclude each other"),
    ],
)
def test_a_choice_of_tables_that_makes_no_sense_is_refused(acme: Avesa, asked: tuple[str, ...], told: str) -> None:
    acme.connect("acme", {"company_id": "acme"}, SECRETS)
    assert told in acme("connect", "acme", "connectwise", *asked, code=2).stderr
    assert tables_of(acme) is None


def test_a_service_that_is_paused_is_not_synced_until_it_is_taken_up_again(acme: Avesa) -> None:
    acme.connect("acme", {"company_id": "acme"}, SECRETS)
    assert "--resume" in acme("connect", "acme", "connectwise", "--pause").stdout
    assert "connectwise (paused)" in acme("tenant", "list").stdout
    assert "connectwise is paused" in acme("status").stdout
    for asked in (("sync",), ("sync", "acme"), ("sync", "acme", "--service", "connectwise", "--table", "tickets")):
        assert "connectwise of tenant acme is paused." in acme(*asked, code=2).stderr
    assert acme.json("connect", "acme", "connectwise", "--set", "limit_share=0.5")["enabled"] is False
    assert acme.json("connect", "acme", "connectwise", "--resume")["enabled"] is True
