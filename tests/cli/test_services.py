"""`avesa services`."""

from __future__ import annotations

from avesa_program import Avesa


def test_the_list_describes_each_service_as_programs_expect_it(avesa: Avesa) -> None:
    (connectwise,) = [one for one in avesa.json("services") if one["name"] == "connectwise"]
    assert set(connectwise) == {"name", "title", "category", "auth", "settings", "secrets", "endpoints"}
    assert (connectwise["title"], connectwise["category"], connectwise["auth"]) == ("ConnectWise PSA", "psa", "basic")
    assert {"name": "company_id", "required": True, "default": None} in connectwise["settings"]
    assert {"name": "base_url", "required": False, "default": None} in connectwise["settings"]
    assert connectwise["secrets"] == ["public_key", "private_key", "client_id"]
    endpoints = {one["name"]: one for one in connectwise["endpoints"]}
    assert len(endpoints) == 20
    assert endpoints["tickets"] == {"name": "tickets", "canonical": "tickets", "changes": True, "parent": None}
    assert endpoints["ticket_notes"]["parent"] == "tickets"


def test_one_service_is_one_object(avesa: Avesa) -> None:
    assert avesa.json("services", "connectwise") in avesa.json("services")


def test_people_see_settings_secrets_and_tables(avesa: Avesa) -> None:
    assert "ConnectWise PSA" in avesa("services").stdout
    shown = avesa("services", "connectwise").stdout
    for word in ("company_id", "private_key", "agreement_additions", "avesa connect TENANT connectwise"):
        assert word in shown


def test_an_unknown_service_is_wrong_usage_and_the_closest_is_named(avesa: Avesa) -> None:
    assert "Did you mean connectwise?" in avesa("services", "conectwise", code=2).stderr
