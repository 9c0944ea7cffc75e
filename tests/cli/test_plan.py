"""`avesa plan`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from avesa.pipeline.home import open_home
from avesa_program import Avesa


def test_it_tells_what_each_table_costs_a_day(synced: Avesa) -> None:
    found = synced.json("plan", "acme", "--every", "15")
    (service,) = found["services"]
    assert (found["tenant"], service["service"], service["every_minutes"]) == ("acme", "connectwise", 15)
    assert len(service["tables"]) == 20
    tickets = next(one for one in service["tables"] if one["table"] == "tickets")
    assert set(tickets) == {
        *("table", "changes_a_day", "listings_a_day", "calls_of_changes", "calls_of_listing", "calls_a_day", "known")
    }
    assert (tickets["changes_a_day"], tickets["listings_a_day"]) == (95, 1)
    assert service["calls_a_day"] >= 96 * 18
    assert service["budgets"] == [] and service["warnings"] == []


def test_people_see_the_dearest_table_first(synced: Avesa) -> None:
    shown = synced("plan", "acme").stdout
    assert "connectwise: " in shown and "calls a day, synced every" in shown
    assert "The vendor publishes no number" in shown
    lines = shown.splitlines()
    costs = [float(line.split()[-1].lstrip("~").replace(",", "")) for line in lines if line.startswith(("tick", "boa"))]
    assert len(costs) == 3 and costs == sorted(costs, reverse=True)


def test_a_tenant_all_of_whose_services_are_paused_is_not_told_to_connect(avesa: Avesa) -> None:
    avesa.connect("acme", {"company_id": "acme"}, {"public_key": "a", "private_key": "b", "client_id": "c"})
    avesa("connect", "acme", "connectwise", "--pause")
    assert avesa("plan", "acme").stdout == "connectwise of acme is paused, so no sync asks anything.\n"
    assert avesa.json("plan", "acme") == {"tenant": "acme", "services": [], "errors": []}


def test_a_tenant_without_history_gets_an_estimate(synced: Avesa) -> None:
    shown = synced("plan", "globex").stdout
    assert "which is a guess: there is no history yet" in shown and "~" in shown


def test_a_service_whose_settings_cannot_be_used_is_told(connected: Avesa) -> None:
    with open_home(connected.home) as ports:
        (service,) = ports.tenants.services("acme")
        ports.tenants.put(replace(service, settings={**service.settings, "limit_share": "a lot"}))
    told = connected.json("plan", "acme", code=1)
    assert told["services"] == [] and [one["service"] for one in told["errors"]] == ["connectwise"]
    found = connected("plan", "acme", code=1)
    assert found.stdout == "" and found.stderr.startswith("Error: tenant acme, connectwise: ")


@pytest.mark.parametrize("every", ["nan", "inf", "-inf", "1e-300", "1e300", "0"])
def test_a_time_between_two_syncs_that_makes_no_sense_is_wrong_usage(synced: Avesa, every: str) -> None:
    assert "Invalid value for '--every'" in synced("plan", "acme", "--every", every, code=2).stderr


def test_an_unknown_tenant_is_wrong_usage(avesa: Avesa) -> None:
    assert "acme" in avesa("plan", "acme", code=2).stderr
