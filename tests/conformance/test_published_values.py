"""The values that a vendor lists for a field, beside the maps of ours that read it. A value without a place in a map
becomes null: each is one on purpose, with its reason here, and a value that a vendor adds shows in this suite.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

import pytest

from avesa.canonical_transform.mapping import load_mapping, mapping_names
from avesa.canonical_transform.mapping_rules import FromPath, leaves
from avesa.sandbox.vendor.contract import Contract
from avesa.sandbox.vendor.contract import service_names as contracts

SERVICES = contracts()

LEFT_NULL = {
    "asana": {
        "projects.status_category: green": "how it goes; active until it is archived",
        "projects.status_category: yellow": "how it goes; active until it is archived",
        "projects.status_category: red": "how it goes; active until it is archived",
        "time_entries.is_billable: notApplicable": "neither",
    },
    "connectwise": {
        "agreements.status_category: Inactive": "not told apart from one that is not active yet",
        "tickets.is_billable: NoDefault": "each time entry says so itself",
        "time_entries.is_billable: NoDefault": "not said",
        "time_entries.is_approved: WrittenOff": "was not to be billed, whoever approved it",
    },
    "datadog": {
        "tickets.priority_level: NOT_DEFINED": "not said",
        "tickets.priority_level: UNKNOWN": "not said",
    },
    "datto_rmm": {
        "devices.type_category: device": "deviceType tells more",
        "devices.type_category: unknown": "the vendor does not know",
    },
    "jamf": {
        "devices.is_encrypted: NOT_APPLICABLE": "has no disk to encrypt",
        "devices.is_encrypted: SOME_ENCRYPTED": "neither",
    },
    "github": {"tickets.status_category: reopened": "is open, as its state says"},
    "monday": {
        "projects.status_category: archived": "put away, whatever became of it",
        "projects.status_category: deleted": "is gone",
        "projects.status_category: all": "a word for asking",
    },
    "ninjaone": {
        "devices.is_managed: *": "two classes alone say so",
        "devices.type_category: MANAGED_DEVICE": "of any kind",
        "devices.type_category: UNMANAGED_DEVICE": "of any kind",
    },
    "okta": {"devices.type_category: WINDOWS": "a workstation or a server"},
    "pax8": {"opportunities.status_category: closed": "won or lost"},
    "sentinelone": {
        "devices.is_online: *connecting": "on its way",
        "devices.type_category: unknown": "the vendor does not know",
        "devices.type_category: storage": "a machine of a kind of its own",
        "devices.type_category: kubernetes*": "a machine of a kind of its own",
        "devices.type_category: ecs task": "a machine of a kind of its own",
    },
    "xero": {
        "invoices.type: *PAYMENT": "paid in advance or too much, and no invoice",
        "tasks.status_category: INVOICED": "billed, whether it is done or not",
        "tasks.status_category: LOCKED": "fixed with its project, whether it is done or not",
        "users.is_active: UNKNOWN": "the vendor does not know",
    },
    "zoom": {"devices.is_online: UnderConstruction": "not said"},
}
"""By service, `table.column: value`; a `*` stands for any value, or its beginning."""


def without_a_place(service: str) -> Iterator[str]:
    """`table.column: value` of each value that a vendor lists for a field and no map of the column's rule knows."""
    contract = Contract(service)
    for table in mapping_names():
        for (source, endpoint), rules in load_mapping(table).sources.items():
            listed = contract.tables[endpoint].facts.get("values", {}) if source == service else {}
            for column, rule in rules.items():
                mapped = [leaf for leaf in leaves(rule) if leaf.values]
                for path in {path_of(leaf) for leaf in mapped} & set(listed):
                    maps = [leaf for leaf in mapped if path_of(leaf) == path]
                    known = {theirs.lower() for leaf in maps for theirs, _ in leaf.values}
                    if all(leaf.default is None for leaf in maps):
                        yield from (f"{table}.{column}: {one}" for one in listed[path] if one.lower() not in known)


def path_of(leaf: FromPath) -> str:
    return ".".join((*(step for step in leaf.path.steps if not step.isdecimal()), *leaf.path.within))


@pytest.mark.parametrize("service", SERVICES)
def test_every_value_that_a_vendor_lists_has_a_place_or_a_reason_to_be_null(service: str) -> None:
    known, found = LEFT_NULL.get(service, {}), set(without_a_place(service))
    assert sorted(one for one in found if not any(fnmatchcase(one, entry) for entry in known)) == []
    unused = {entry for entry in known if not any(fnmatchcase(one, entry) for one in found)}
    assert sorted(unused) == [], "mapped, or listed no more"


def test_there_are_values_to_look_at() -> None:
    looked_at = {
        (service, table, column)
        for table in mapping_names()
        for (service, endpoint), rules in load_mapping(table).sources.items()
        if service in SERVICES
        for column, rule in rules.items()
        for leaf in leaves(rule)
        if leaf.values and path_of(leaf) in Contract(service).tables[endpoint].facts.get("values", {})
    }
    assert len(looked_at) > 50
