"""Which limits a request counts in."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from avesa.connector.connection import Connection, connection
from avesa.connector.demand import ACCOUNT, Scope, Scopes, demand_of
from avesa.connector.limits import AtOnce, Limits, Rate, read_share
from avesa.connector.service import Endpoint, Service, Setting
from avesa.shared.errors import ConfigurationError, Where
from tiny_vendor import SERVICE, with_endpoint

MINUTE = timedelta(minutes=1)


def connected(service: Service, **settings: str) -> Connection:
    return connection(
        service, {"company_id": "acme", **settings}, {"private_key": "s3cr3t-key"}, where=Where("acme", service.name)
    )


def test_a_request_belongs_to_the_endpoint_whose_path_it_has() -> None:
    service = replace(
        SERVICE,
        limits=Limits(rates=(Rate(5, group="search"),)),
        endpoints=(
            *SERVICE.endpoints,
            Endpoint("late", "/tickets/late/notes", limit_group="search", cost=3),
        ),
    )
    scopes = Scopes(connected(service, base_url="https://v.example/api"))
    assert scopes.of("https://v.example/api/tickets") == Scope("tickets")
    assert scopes.of("https://v.example/api/tickets/") == Scope("tickets")
    assert scopes.of("https://v.example/api/tickets/7%2F8/notes") == Scope("notes")
    assert scopes.of("https://v.example/api/tickets/late/notes") == Scope("late", ("search",), 3)
    assert scopes.of("https://v.example/oauth/token") == ACCOUNT


def test_an_endpoint_is_known_on_a_host_of_its_own_and_with_settings_in_its_path() -> None:
    service = with_endpoint(SERVICE, "boards", base_url="https://b.example/v1", path="/{company_id}/boards")
    vendor = Scopes(connected(service))
    assert vendor.of("https://b.example/v1/acme/boards?page=2") == Scope("boards")
    assert vendor.of("https://tiny.example/v1/acme/boards") == ACCOUNT
    own = Scopes(connected(service, base_url="http://127.0.0.1:8080/proxy/api"))
    assert own.of("http://127.0.0.1:8080/proxy/v1/acme/boards") == Scope("boards")
    assert own.of("http://127.0.0.1:8080/proxy/api/tickets/7/notes") == Scope("notes")


def test_a_share_of_a_rate_is_at_least_one_request() -> None:
    limits = Limits(rates=(Rate(1, per=MINUTE), Rate(100, per=MINUTE)))
    assert [window.most for window in demand_of(limits, ACCOUNT, share=0.9, settings={}).windows] == [1, 90]


def test_a_tenants_own_number_takes_the_place_of_the_published_one() -> None:
    limits = Limits(rates=(Rate(200, per=MINUTE, setting="requests_a_minute"),))
    asked = {"requests_a_minute": "700"}
    assert demand_of(limits, ACCOUNT, share=0.5, settings=asked).windows[0].most == 350
    assert demand_of(limits, ACCOUNT, share=0.5, settings={}).windows[0].most == 100
    with pytest.raises(ConfigurationError, match="requests_a_minute is not a number"):
        demand_of(limits, ACCOUNT, share=0.5, settings={"requests_a_minute": "many"})


def test_an_endpoint_can_count_in_several_groups() -> None:
    limits = Limits(
        rates=(Rate(10, group="heavy"), Rate(30_000, per=timedelta(days=1), group="daily"), Rate(9, group="x"))
    )
    heavy, intensive = (
        demand_of(limits, Scope(name, groups), share=1.0, settings={})
        for name, groups in (("users", ("heavy", "daily")), ("reports", ("daily",)))
    )
    assert [window.most for window in heavy.windows] == [10, 30_000]
    assert intensive.windows == heavy.windows[1:]
    with_endpoint(replace(SERVICE, limits=limits), "tickets", limit_group=("heavy", "daily"))
    with pytest.raises(ValueError, match="no group light"):
        with_endpoint(replace(SERVICE, limits=limits), "tickets", limit_group=("heavy", "light"))


def test_places_can_depend_on_the_plan_too() -> None:
    limits = Limits(concurrency=25, at_once=(AtOnce(5, setting="at_once"),))
    assert [place.most for place in demand_of(limits, ACCOUNT, share=0.9, settings={"at_once": "20"}).places] == [
        25,
        20,
    ]


def test_tenants_with_different_shares_count_in_the_same_window() -> None:
    limits = Limits(rates=(Rate(100, per=MINUTE),))
    half, whole = (demand_of(limits, ACCOUNT, share=share, settings={}).windows[0] for share in (0.5, 1.0))
    assert half.key == whole.key and (half.most, whole.most) == (50, 100)


@pytest.mark.parametrize("text", ["0", "-1", "1.1", "nan", "half"])
def test_a_share_is_above_nothing_and_at_most_all(text: str) -> None:
    with pytest.raises(ValueError):
        read_share(text)
    assert (read_share(None), read_share("0.5")) == (0.9, 0.5)


def test_a_declaration_whose_limits_do_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="no group search"):
        with_endpoint(SERVICE, "tickets", limit_group="search")
    with pytest.raises(ValueError, match="unknown setting or secret: plan"):
        replace(SERVICE, limits=Limits(rates=(Rate(5, setting="plan"),)))
    with pytest.raises(ValueError, match="unknown setting or secret: nobody"):
        replace(SERVICE, account=("nobody",))
    replace(
        SERVICE, settings=(*SERVICE.settings, Setting("plan", "5")), limits=Limits(rates=(Rate(5, setting="plan"),))
    )
    with pytest.raises(ValueError, match="midnight"):
        Rate(5, per=MINUTE, zone="UTC")
