"""`avesa tenant`."""

from __future__ import annotations

import json

import pytest

from avesa.sandbox.server import Sandbox
from avesa_program import Avesa


def test_a_tenant_is_added_once(avesa: Avesa) -> None:
    assert "avesa connect acme" in avesa("tenant", "add", "acme").stdout
    assert "already" in avesa("tenant", "add", "acme").stdout
    assert avesa.json("tenant", "add", "acme") == {"tenant": "acme", "added": False}
    assert avesa.json("tenant", "list") == [{"tenant": "acme", "services": []}]


def test_a_name_that_is_no_folder_name_is_refused(avesa: Avesa) -> None:
    assert "not a valid tenant name" in avesa("tenant", "add", "../acme", code=2).stderr
    assert avesa.json("tenant", "list") == []


def test_the_list_shows_services_and_no_secret(connected: Avesa, sandbox: Sandbox) -> None:
    shown = connected("tenant", "list").stdout
    assert "acme" in shown and "globex" in shown and "connectwise" in shown
    assert not [value for value in sandbox.secrets().values() if value in shown]


def test_removing_forgets_tenant_secrets_and_watermarks_and_keeps_the_data(connected: Avesa) -> None:
    connected("sync", "acme", "--table", "boards")
    data = connected.home / "data" / "acme"
    before = sorted(data.rglob("*"))
    assert before
    assert str(data) in connected("tenant", "remove", "acme", "--yes").stdout
    assert [one["tenant"] for one in connected.json("tenant", "list")] == ["globex"]
    assert set(json.loads((connected.home / "secrets.json").read_text())) == {"globex"}
    assert sorted(data.rglob("*")) == before
    connected("tenant", "add", "acme")
    assert connected.json("status", "acme") == [
        {"tenant": "acme", "synced": False, "services": [], "disconnected": [], "canonical": [], "mappings": []}
    ]


def test_a_tenant_that_comes_back_goes_on_with_its_data(connected: Avesa, sandbox: Sandbox) -> None:
    connected("sync", "acme", "--table", "companies")
    versions = "SELECT * EXCLUDE recorded_at FROM companies ORDER BY source_id, valid_from"
    before = connected.json("query", "acme", versions)
    connected("tenant", "remove", "acme", "--yes")
    connected.connect("acme", sandbox.settings(tenant="acme"), sandbox.secrets(tenant="acme"))
    connected("sync", "acme", "--table", "companies")
    assert connected.json("query", "acme", versions) == before


def test_removing_asks_first_or_needs_yes_where_nobody_can_answer(avesa: Avesa) -> None:
    avesa("tenant", "add", "acme")
    assert "--yes" in avesa("tenant", "remove", "acme", code=2).stderr
    assert avesa.json("tenant", "list")


def test_an_unknown_tenant_is_wrong_usage_and_the_known_are_named(avesa: Avesa) -> None:
    avesa("tenant", "add", "acme")
    for command in (
        ("tenant", "remove", "acne", "--yes"),
        ("sync", "acne"),
        ("ingest", "acne"),
        ("transform", "acne"),
        ("rebuild", "acne"),
        ("status", "acne"),
        ("history", "acne", "tickets", "1"),
        ("query", "acne", "SELECT 1"),
        ("check", "acne", "connectwise"),
        ("connect", "acne", "connectwise"),
    ):
        assert "acme" in avesa(*command, code=2).stderr, command


@pytest.mark.parametrize("command", [("sync",), ("ingest",), ("transform",)])
def test_without_any_tenant_it_says_how_to_add_one_and_where_it_has_looked(
    avesa: Avesa, command: tuple[str, ...]
) -> None:
    told = avesa(*command, code=2).stderr
    assert told == f"Error: there is no tenant yet in {avesa.home}.\n  Add one: avesa tenant add NAME\n"
    assert f"There is none yet in {avesa.home}: add one first." in avesa(*command, "acme", code=2).stderr
    for shows in (("status",), ("tenant", "list")):
        assert avesa(*shows).stdout.startswith(f"There is no tenant yet in {avesa.home}. Add one")


def test_a_tenant_that_leaves_for_good_takes_its_data_along(connected: Avesa) -> None:
    for tenant in ("acme", "globex"):
        connected("sync", tenant, "--table", "boards")
    data = connected.home / "data"
    (data / "acme" / "raw" / ".unfinished").write_text("left by a killed writer")
    assert "--yes" in connected("tenant", "remove", "acme", "--with-data", code=2).stderr
    assert (data / "acme").is_dir()
    told = connected.json("tenant", "remove", "acme", "--with-data", "--yes")
    assert (told["removed"], told["data"]) == (True, None) and told["deleted"] > 1
    assert [path.name for path in data.iterdir()] == ["globex"]
    assert set(json.loads((connected.home / "secrets.json").read_text())) == {"globex"}
    assert connected.json("tenant", "remove", "globex", "--yes")["deleted"] == 0
    assert (data / "globex").is_dir()


def test_on_aws_raw_files_are_not_deleted(avesa: Avesa) -> None:
    told = Avesa(avesa.home, place=("--aws", "dev"))("tenant", "remove", "acme", "--with-data", code=2)
    assert "on AWS nothing of AVESA may delete raw files" in told.stderr
