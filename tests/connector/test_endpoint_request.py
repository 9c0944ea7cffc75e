from __future__ import annotations

import json
from dataclasses import replace

import pytest

from avesa.connector.checkpoint import fingerprint
from avesa.connector.connection import Connection, connection
from avesa.connector.endpoint_request import bare_request
from avesa.connector.incremental import Changes, Deletions
from avesa.connector.json_template import graphql, json_body
from avesa.connector.service import Endpoint, Parent, Setting
from avesa.shared.errors import TableFailed, Where
from tiny_vendor import SERVICE

WHERE = Where("acme", "tiny")
SETTINGS = {"company_id": "co mp"}
SINCE = Changes("at", ask=("since", "{since}"))


def linked(endpoint: Endpoint, **settings: str) -> Connection:
    parents = tuple(Endpoint(endpoint.parent.endpoint, "/above") for _ in "x" if endpoint.parent)
    service = replace(
        SERVICE,
        settings=(*SERVICE.settings, Setting("customer", default="my_customer"), Setting("region", default="eu")),
        endpoints=(endpoint, *parents),
        check=None,
    )
    return connection(service, {**SETTINGS, **settings}, {"private_key": "s3cr3t-key"}, where=WHERE)


def test_settings_fill_the_path_and_the_parameters() -> None:
    endpoint = Endpoint("a", "/customer/{company_id}/users", params=(("customer", "{customer}"), ("x", "{}")))
    request = bare_request(linked(endpoint), endpoint, None)
    assert request.url == "https://tiny.example/api/customer/co%20mp/users"
    assert request.params == (("customer", "my_customer"), ("x", "{}"))


def test_an_endpoint_may_lie_on_another_host_of_the_service() -> None:
    endpoint = Endpoint("a", "/alerts", base_url="https://alerts.{region}.example/v1beta1/")
    assert bare_request(linked(endpoint), endpoint, None).url == "https://alerts.eu.example/v1beta1/alerts"


@pytest.mark.parametrize(
    ("own", "asked"),
    [
        ("http://127.0.0.1:8080/api", "http://127.0.0.1:8080/v1beta1/alerts"),
        ("http://127.0.0.1:8080/proxy/api/", "http://127.0.0.1:8080/proxy/v1beta1/alerts"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v1beta1/alerts"),
    ],
)
def test_a_tenants_own_address_stands_for_every_host_with_the_path_of_each(own: str, asked: str) -> None:
    endpoint = Endpoint("a", "/alerts", base_url="https://alerts.{region}.example/v1beta1")
    assert bare_request(linked(endpoint, base_url=own), endpoint, None).url == asked


def test_a_body_is_json_with_whole_texts_filled_in() -> None:
    body = json_body({"filter": [{"op": "eq", "value": "{company_id}"}], "note": "is {company_id}", "max": 500})
    endpoint = Endpoint("a", "/query", method="POST", body=body)
    request = bare_request(linked(endpoint), endpoint, None)
    assert (request.method, request.headers) == ("POST", (("Content-Type", "application/json"),))
    assert json.loads(request.body or "") == {
        "filter": [{"op": "eq", "value": "co mp"}],
        "note": "is {company_id}",
        "max": 500,
    }


def test_in_a_list_a_value_can_stand_for_several() -> None:
    body = json_body({"properties": ["name", "{*company_id}"], "note": "{*company_id}"})
    endpoint = Endpoint("a", "/search", method="POST", body=body)
    link = linked(endpoint)
    several = replace(link, credentials={**link.credentials, "company_id": "city, zip,"})
    assert json.loads(bare_request(several, endpoint, None).body or "") == {
        "properties": ["name", "city", "zip"],
        "note": "{*company_id}",
    }


def test_a_parameter_of_a_setting_that_may_be_empty_is_sent_where_it_is_not() -> None:
    endpoint = Endpoint("a", "/a", params=(("team", "{team}"), ("q", "team:{team}"), ("none", "")))
    only = replace(
        SERVICE, endpoints=(endpoint,), check=None, settings=(*SERVICE.settings, Setting("team", default=""))
    )
    for given, sent in (
        ({}, (("q", "team:"), ("none", ""))),
        ({"team": "T1"}, (("team", "T1"), ("q", "team:T1"), ("none", ""))),
    ):
        link = connection(only, {"company_id": "co", **given}, {"private_key": "s3cr3t"}, where=Where("acme"))
        assert bare_request(link, endpoint, None).params == sent


def test_a_graphql_query_keeps_its_braces() -> None:
    endpoint = Endpoint("a", "", method="POST", body=graphql("query { users { id } }", limit=100))
    asked = json.loads(bare_request(linked(endpoint), endpoint, None).body or "")
    assert asked == {"query": "query { users { id } }", "variables": {"limit": 100}}


def test_no_secret_is_ever_filled_in() -> None:
    endpoint = Endpoint("a", "/a", method="POST", body=json_body({"key": "{private_key}"}))
    assert "s3cr3t" not in bare_request(linked(endpoint), endpoint, None).to_json()
    with pytest.raises(ValueError, match="no setting is named private_key"):
        linked(Endpoint("a", "/a", params=(("key", "{private_key}"),)))


def test_a_parent_goes_into_the_path_the_query_or_the_body() -> None:
    in_path = Endpoint("a", "/channels/{channel}/members", parent=Parent("channels", "channel"))
    assert bare_request(linked(in_path), in_path, "C/1").url.endswith("/channels/C%2F1/members")
    assert bare_request(linked(in_path), in_path, "..").url.endswith("/channels/%2E%2E/members")
    assert bare_request(linked(in_path), in_path, "a\nb c").url.endswith("/channels/a%0Ab%20c/members")
    in_query = Endpoint("a", "/members", parent=Parent("channels", "channel", into="query"))
    assert bare_request(linked(in_query), in_query, "C/1").params == (("channel", "C/1"),)
    in_body = Endpoint(
        "a",
        "",
        method="POST",
        body=graphql("query ($ids: [ID!]) { boards (ids: $ids) { id } }"),
        parent=Parent("boards", "variables.ids", into="body"),
    )
    assert json.loads(bare_request(linked(in_body), in_body, "7").body or "")["variables"] == {"ids": "7"}


def test_several_parents_go_into_the_body_as_a_list() -> None:
    endpoint = Endpoint(
        "a",
        "",
        method="POST",
        body=graphql("query ($ids: [ID!]) { items (ids: $ids) { id parts { id } } }"),
        records="data.items.*.parts",
        parent=Parent("items", "variables.ids", into="body", at_once=100),
    )
    request = bare_request(linked(endpoint), endpoint, ("7", "8"))
    assert json.loads(request.body or "")["variables"] == {"ids": ["7", "8"]}
    assert json.loads(bare_request(linked(endpoint), endpoint, None).body or "")["variables"] == {}


def test_several_ids_that_a_field_names_lie_between_commas_in_a_parameter() -> None:
    endpoint = Endpoint("a", "/items", parent=Parent("b", "ids", into="query", at_once=100, field="item"))
    assert bare_request(linked(endpoint), endpoint, ("7", "8")).params == (("ids", "7,8"),)
    assert bare_request(linked(endpoint), endpoint, None).params == ()


def test_a_compound_key_of_a_parent_gives_several_values() -> None:
    endpoint = Endpoint("a", "/replies", parent=Parent("messages", ("channel", "ts"), into="query"))
    request = bare_request(linked(endpoint), endpoint, '["C1","1512085950.000216"]')
    assert request.params == (("channel", "C1"), ("ts", "1512085950.000216"))
    for other in ("C1", '["C1"]', "[", "[" * 100_000, '{"a":1,"b":2}'):
        with pytest.raises(TableFailed, match="does not have the 2 keys"):
            bare_request(linked(endpoint), endpoint, other)


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [
        (Endpoint("a", "/{nothing}"), "no setting is named nothing"),
        (Endpoint("a", "/a", base_url="https://{nothing}.example"), "no setting is named nothing"),
        (Endpoint("a", "/a", changes=replace(SINCE, path="/{nothing}")), "no setting is named nothing"),
        (Endpoint("a", "/a", deletions=Deletions("/{nothing}", ("id",), SINCE)), "no setting is named nothing"),
        (Endpoint("a", "/a", body=json_body({})), "a GET has no body"),
        (Endpoint("a", "/a", parent=Parent("b", "x", into="body")), "a GET has no body"),
        (Endpoint("a", "/{x}", parent=Parent("b", ("x", "y"))), "has no {y}"),
        (Endpoint("a", "/{x}", records="*.y", parent=Parent("b", "x", at_once=2)), "a list in the body and one"),
        (
            Endpoint("a", "/a", method="POST", parent=Parent("b", "x", into="body", at_once=2)),
            "a list in the body and one",
        ),
        (
            Endpoint(
                "a",
                "/a",
                method="POST",
                records="a.*.b",
                parent=Parent("b", "x", into="body", at_once=2, gives=(("y", "z"),)),
            ),
            "several parents at once give no parameters",
        ),
        (Endpoint("a", "/{x}", parent=Parent("b", "x", at_once=2, field="y")), "a list in the body and one"),
        (Endpoint("a", "/{x}", parent=Parent("b", "x", field="y"), unique_under_parent=True), "below no parent"),
        (Endpoint("a", "/a", parent=Parent("b", ("x", "y"), into="query", field="z")), "below no parent"),
        (Endpoint("a", "/a", records=()), "records names no place"),
    ],
)
def test_a_request_that_cannot_be_is_refused_when_it_is_declared(endpoint: Endpoint, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        linked(endpoint)


def test_a_setting_that_changes_the_request_changes_the_fingerprint() -> None:
    endpoint = Endpoint("a", "/a", params=(("customer", "{customer}"),))

    def made(customer: str) -> str:
        link = linked(endpoint, customer=customer)
        return fingerprint(link.service, endpoint, bare_request(link, endpoint, None).to_json())

    assert made("x") == made("x") != made("y")
