"""`avesa services`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from avesa.cli import services
from avesa.connector.auth import Basic, Bearer, OneOf
from avesa.connector.connection import check_settings
from avesa.connector.limits import SHARE_SETTING
from avesa.connector.service import Endpoint, Service, Setting
from avesa.integrations import load_service
from avesa.shared.errors import Where
from avesa_program import Avesa

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "write_services.py"


def test_the_list_describes_each_service_as_programs_expect_it(avesa: Avesa) -> None:
    (connectwise,) = [one for one in avesa.json("services") if one["name"] == "connectwise"]
    assert set(connectwise) == {
        *("name", "title", "category", "auth", "settings", "settings_of_every_service", "secrets", "ways", "endpoints"),
    }
    assert (connectwise["title"], connectwise["category"], connectwise["auth"]) == ("ConnectWise PSA", "psa", "basic")
    company, *_, base_url = connectwise["settings"][1:]
    assert company == {"name": "company_id", "required": True, "default": None, "help": "login company id"}
    assert base_url == {"name": "base_url", "required": False, "default": None, "help": services.BASE_URL_HELP}
    assert connectwise["secrets"] == ["public_key", "private_key", "client_id"]
    assert connectwise["ways"] == []
    endpoints = {one["name"]: one for one in connectwise["endpoints"]}
    assert len(endpoints) == 20
    assert endpoints["tickets"] == {"name": "tickets", "canonical": "tickets", "changes": True, "parent": None}
    assert endpoints["ticket_notes"]["parent"] == "tickets"


def test_the_catalogue_in_the_documentation_is_what_the_services_declare() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_people_see_of_each_service_how_much_comes_as_changes_and_how_much_it_feeds(avesa: Avesa) -> None:
    lines = avesa("services").stdout.splitlines()
    (line,) = [line for line in lines if line.startswith("xero ")]
    assert line.split() == ["xero", "Xero", "finance", "20", "12", "8"]
    assert max(map(len, lines)) <= 110, "a service is a line on most terminals"


def test_one_service_is_one_object(avesa: Avesa) -> None:
    assert avesa.json("services", "connectwise") in avesa.json("services")


def test_people_see_settings_secrets_and_tables(avesa: Avesa) -> None:
    assert "ConnectWise PSA" in avesa("services").stdout
    shown = avesa("services", "connectwise").stdout
    for word in ("company_id", "private_key", "agreement_additions", "avesa connect TENANT connectwise"):
        assert word in shown


def test_of_several_ways_to_prove_who_asks_one_is_enough(avesa: Avesa, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(
        name="two_ways",
        title="Two Ways",
        category="psa",
        base_url="https://{site}.example",
        settings=(Setting("site"), Setting("user")),
        secrets=("password", "token", "app_key"),
        headers=(("X-App", "{app_key}"),),
        auth=OneOf((Basic("{user}", "{password}"), Bearer("{token}"))),
        endpoints=(Endpoint("things", "/things"),),
    )
    monkeypatch.setattr(services, "load_service", lambda _: service)
    described = avesa.json("services", "two_ways")
    assert described["ways"] == [
        {"auth": "basic", "needs": ["user", "password"]},
        {"auth": "bearer", "needs": ["token"]},
    ]
    assert {one["name"]: one["required"] for one in described["settings"]} == {
        "site": True,
        "user": False,
        "base_url": False,
    }
    lines = [line.strip() for line in avesa("services", "two_ways").stdout.splitlines()]
    assert "secrets: app_key" in lines
    assert {"basic: user, password", "bearer: token"} <= set(lines)
    assert "Connect it: avesa connect TENANT two_ways --set site=… --secrets-from FILE" in lines


def test_an_unknown_service_is_wrong_usage_and_the_closest_is_named(avesa: Avesa) -> None:
    assert "Did you mean connectwise?" in avesa("services", "conectwise", code=2).stderr


def test_an_unknown_word_that_is_like_a_command_is_told_of_the_command(avesa: Avesa) -> None:
    assert "Did you mean 'new'?" in avesa("services", "nwe", code=2).stderr
    shown = avesa("services", "nothing_like_it", code=2).stderr
    assert "There is no service 'nothing_like_it'." in shown and "avesa services" in shown


def test_what_every_service_takes_is_told_and_taken(avesa: Avesa) -> None:
    shown = avesa("services", "xero").stdout
    for name, _, what in services.OF_EVERY_SERVICE:
        assert name in shown and what in shown
    assert "--set every." in shown
    connectwise = load_service("connectwise")
    told = {"every": "6h", "relist": "7d"}
    for name, _, _ in services.OF_EVERY_SERVICE:
        value = told.get(name, "1")
        check_settings(connectwise, {name: value}, where=Where("acme"))
        if name != SHARE_SETTING:
            check_settings(connectwise, {f"{name}.tickets": value}, where=Where("acme"))


def test_no_command_is_told_of_that_nobody_types(avesa: Avesa) -> None:
    told = avesa("services", "connectwise", "extra", code=2).stderr
    assert told.startswith("Usage: avesa services [OPTIONS] NAME\nTry 'avesa services --help' for help.")
    assert avesa("services", "connectwise", "--help").stdout.startswith("Usage: avesa services [OPTIONS] NAME\n")
