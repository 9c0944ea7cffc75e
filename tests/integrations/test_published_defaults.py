"""What a vendor does where a parameter is not sent is published for some of them. A default that leaves rows out is how
a list loses what is closed, archived or old without a word: each is sent, or listed here with what it does.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from avesa.connector.service import Endpoint, Service
from avesa.integrations import load_service, service_names
from avesa.sandbox.vendor.contract import Contract

SERVICES = service_names()

PAGES_AND_ORDER = re.compile(
    r"page|limit|offset|count|top|size|sort|order|direction|fields|select|skip|cursor|max|totals?$", re.IGNORECASE
)
NOTHING: tuple[Any, ...] = ("", [], None)
"""Defaults that are no condition at all."""

LEAVES_NOTHING_OUT = {
    "asana": {"resource_subtype": "a condition only where it is sent"},
    "bamboohr": {"action": "what may be seen"},
    "clickup": {"include_applied_objects": "where a field is used, not rows"},
    "cloudflare": {
        "match": "how several conditions go together",
        "tag_match": "how several conditions go together",
        "proxied": "a condition only where it is sent",
        "hide_user_logs": "false hides none",
    },
    "datadog": {
        "is_deleted": "deleted ones alone, which are missed",
        "include_cells": "true leaves none out",
        "includeDiscovered": "what nobody has described has no entity",
        "filter[include_descendants]": "organizations below have tenants of their own",
        "filter[include_breakdown]": "the parts of what is counted",
    },
    "github": {
        "filter": "all",
        "role": "all",
        "team_type": "all",
        "exclude_pull_requests": "false leaves none out",
        "is_publicly_leaked": "a condition only where it is true",
        "is_multi_repo": "a condition only where it is true",
    },
    "google_workspace": {"viewType": "what an administrator sees"},
    "jira": {
        "action": "what may be seen",
        "componentSource": "Jira's own",
        "failFast": "how errors are told",
        "onlyDefault": "false",
    },
    "ninjaone": {"class": "all"},
    "okta": {"useOptimization": "false", "alwaysIncludeVpnSettings": "settings, not rows"},
    "pagerduty": {"is_overview": "false leaves none out"},
    "servicenow": {
        "sysparm_exclude_reference_link": "links, not rows",
        "sysparm_suppress_pagination_header": "false",
        "sysparm_query_no_domain": "rows of other domains are for those who belong to one above them",
    },
    "zoom": {
        "mc": "of a master account",
        "query_date_type": "which time a window is about",
        "trash": "what was deleted",
        "trash_type": "of the trash alone",
        "report_meetings.type": "past ones, of which the others are a part",
        "webinars.type": "scheduled ones, of which the others are a part",
        "unassigned_rooms": "a condition only where it is true",
    },
}


def sent(service: Service, endpoint: Endpoint) -> str:
    """All that a request for the table may say."""
    pagings = [service.paging_of(endpoint, listing=listing) for listing in (True, False)]
    return repr((endpoint, pagings, service.changes_of(endpoint)))


def left_unsaid(service: Service) -> set[str]:
    """The parameters with a default that is none of pages and order, by table, which no request sends."""
    contract, found = Contract(service.name), set()
    for endpoint in service.endpoints:
        said = sent(service, endpoint)
        for operation in contract.operations:
            if endpoint.name in {table.name for table in operation.tables}:
                for parameter in operation.facts["parameters"]:
                    name, default = parameter["name"], parameter.get("default")
                    conditional = parameter["in"] == "query" and not PAGES_AND_ORDER.search(name)
                    if conditional and default not in NOTHING and f"'{name}'" not in said:
                        found.add(f"{endpoint.name}.{name}")
    return found


@pytest.mark.parametrize("name", SERVICES)
def test_no_default_of_a_parameter_leaves_rows_out_unseen(name: str) -> None:
    known, found = LEAVES_NOTHING_OUT.get(name, {}), left_unsaid(load_service(name))
    assert sorted(one for one in found if not {one, one.rpartition(".")[2]} & set(known)) == []
    assert sorted(set(known) - found - {one.rpartition(".")[2] for one in found}) == [], "no such default any more"


def test_a_default_that_is_not_sent_is_found() -> None:
    zoom = load_service("zoom")
    plain = [replace(one, paging=None) if one.name == "report_telephone" else one for one in zoom.endpoints]
    assert left_unsaid(replace(zoom, endpoints=tuple(plain))) - left_unsaid(zoom) == {"report_telephone.type"}
