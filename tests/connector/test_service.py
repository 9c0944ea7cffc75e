from __future__ import annotations

from dataclasses import replace

import pytest

from avesa.connector.checkpoint import fingerprint
from avesa.connector.connection import connection
from avesa.connector.paging import Cursor, NextUrl, SinglePage
from avesa.connector.service import Each, Endpoint, Parent, Setting
from avesa.shared.errors import ConfigurationError, UsageError, Where
from tiny_vendor import SERVICE, with_endpoint

ACME = Where("acme", "tiny")
GOOD = {"company_id": "co"}
SECRET = {"private_key": "s3cr3t"}


@pytest.mark.parametrize(
    ("endpoints", "said"),
    [
        ((Endpoint("a", "/a"), Endpoint("a", "/b")), "endpoint named twice: a"),
        ((Endpoint("a", "/{parentId}", parent=Parent("b")),), "unknown parent b"),
        ((Endpoint("b", "/b"), Endpoint("a", "/a", parent=Parent("b"))), "has no {parentId}"),
        (
            (
                Endpoint("a", "/{parentId}", parent=Parent("b")),
                Endpoint("b", "/{parentId}", parent=Parent("a")),
            ),
            "its own ancestor",
        ),
        ((Endpoint("a", "/{word}", each=Each("words", "word")),), "no setting is named words"),
        ((Endpoint("a", "/a", each=Each("company_id", "word")),), "has no {word}"),
        (
            (Endpoint("b", "/b"), Endpoint("a", "/{w}/{parentId}", parent=Parent("b"), each=Each("site", "w"))),
            "go with",
        ),
        ((Endpoint("a", "/a", downloads=("files.example",)),), "begin with a dot"),
    ],
)
def test_a_declaration_that_does_not_fit_together_is_refused(endpoints: tuple[Endpoint, ...], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        replace(SERVICE, endpoints=endpoints)


def test_a_name_is_either_a_setting_or_a_secret() -> None:
    with pytest.raises(ValueError, match="named twice: private_key"):
        replace(SERVICE, settings=(*SERVICE.settings, Setting("private_key")))


def test_an_endpoint_takes_from_the_service_what_it_does_not_say() -> None:
    tickets, boards, _, events = SERVICE.endpoints
    assert SERVICE.changes_of(tickets) is SERVICE.changes
    assert SERVICE.changes_of(events) is None
    assert SERVICE.updated_at_of(events) == "_info.lastUpdated"
    assert SERVICE.paging_of(tickets, listing=True) is SERVICE.paging
    assert SERVICE.paging_of(boards, listing=True) is boards.listing_paging
    assert SERVICE.paging_of(boards, listing=False) is SERVICE.paging


def test_a_connection_fills_the_address_and_shows_no_secret() -> None:
    made = connection(SERVICE, GOOD, SECRET, where=ACME)
    assert made.base_url == "https://tiny.example/api"
    assert "s3cr3t" not in repr(made)


def test_what_is_missing_is_named_with_the_command_that_stores_it() -> None:
    with pytest.raises(ConfigurationError) as caught:
        connection(SERVICE, {}, {}, where=ACME)
    said = str(caught.value)
    assert "missing setting company_id and secret private_key" in said
    assert "avesa connect acme tiny --set company_id=… --secrets-from FILE" in said


def test_an_unknown_setting_is_refused_with_the_closest_name() -> None:
    with pytest.raises(UsageError, match="Did you mean 'company_id'"):
        connection(SERVICE, {"companyid": "x"}, SECRET, where=ACME)


def test_a_tenant_can_take_another_share_of_what_the_vendor_allows() -> None:
    assert connection(SERVICE, {**GOOD, "limit_share": "0.5"}, SECRET, where=ACME).credentials["limit_share"] == "0.5"
    with pytest.raises(UsageError, match="above 0 and at most 1, not '90'"):
        connection(SERVICE, {**GOOD, "limit_share": "90"}, SECRET, where=ACME)


@pytest.mark.parametrize(
    "url", ["http://tiny.example", "http://127.0.0.1.evil.example", "ftp://127.0.0.1", "tiny.example", "https://u:p@h"]
)
def test_credentials_go_only_over_https_or_to_this_machine(url: str) -> None:
    with pytest.raises(ConfigurationError):
        connection(SERVICE, {**GOOD, "base_url": url}, SECRET, where=ACME)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x", "http://localhost:1", "http://[::1]:1", "https://any.example"])
def test_a_tenants_own_base_url_stands_for_the_vendors(url: str) -> None:
    assert connection(SERVICE, {**GOOD, "base_url": url + "/"}, SECRET, where=ACME).base_url == url


def test_a_secret_with_a_line_break_is_refused_without_being_shown() -> None:
    with pytest.raises(ConfigurationError, match="private_key") as caught:
        connection(SERVICE, GOOD, {"private_key": "hunter2\r\nX: y"}, where=ACME)
    assert "hunter2" not in str(caught.value)


def test_a_fingerprint_changes_with_the_way_an_endpoint_is_asked() -> None:
    tickets = SERVICE.endpoints[0]
    same = fingerprint(SERVICE, tickets, "https://a")
    other = with_endpoint(SERVICE, "tickets", paging=SinglePage())
    assert fingerprint(SERVICE, tickets, "https://a") == same
    assert fingerprint(SERVICE, tickets, "https://b") != same
    assert fingerprint(other, other.endpoints[0], "https://a") != same


@pytest.mark.parametrize("paging", [NextUrl(), Cursor("next", "cursor")])
def test_a_fingerprint_stays_where_only_what_is_held_against_the_answers_changes(paging: NextUrl | Cursor) -> None:
    """An unfinished pull goes on behind a release that only knows better whether the rows of a list shift."""
    before, after = (with_endpoint(SERVICE, "tickets", paging=one) for one in (paging, replace(paging, numbered=True)))
    assert fingerprint(before, before.endpoints[0], "") == fingerprint(after, after.endpoints[0], "")
    assert "numbered" not in repr(paging)  # checkpoints of before there was such a word
