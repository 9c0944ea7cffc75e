"""The building blocks of ConnectWise records: references with their `_info`, times, named values, custom fields."""

from __future__ import annotations

import zlib
from datetime import datetime
from typing import Any

from avesa.sandbox.references import Ref
from avesa.sandbox.simulation import Event

Json = dict[str, Any]

SITE = "https://api-sandbox.example.test/v4_6_release/apis/3.0"
"""What links inside records start with: the vendor's own host as the world knows it, never this server's port."""


def moment(value: datetime | None) -> str | None:
    """UTC with Z and whole seconds, as the vendor writes every time."""
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if value else None


def named_id(name: str) -> int:
    """A stable id for an entry of a setup table (statuses, types, teams) that the world knows by name only."""
    return zlib.crc32(name.encode()) % 900 + 1


def named(name: str | None, path: str, noun: str, **more: object) -> Json | None:
    """A reference to an entry of a setup table."""
    if name is None:
        return None
    record_id = named_id(name)
    return {"id": record_id, "name": name, **more, "_info": {f"{noun}_href": f"{SITE}/{path}/{record_id}"}}


def link(ref: Ref | None, path: str, noun: str, *, label: str = "name") -> Json | None:
    """A reference to a record: its id, and its name under `label`."""
    if ref is None:
        return None
    return {"id": ref.id, label: ref.name, "_info": {f"{noun}_href": f"{SITE}/{path}/{ref.id}"}}


def company(ref: Ref | None) -> Json | None:
    return _with_identifier(ref, "company/companies", "company")


def member(ref: Ref | None) -> Json | None:
    return _with_identifier(ref, "system/members", "member")


def contact(ref: Ref | None) -> Json | None:
    return link(ref, "company/contacts", "contact")


def agreement(ref: Ref | None) -> Json | None:
    shown = link(ref, "finance/agreements", "agreement")
    return {**shown, "type": ref.code, "chargeFirmFlag": False} if shown and ref else None


def catalog_item(ref: Ref) -> Json:
    info = {"catalog_href": f"{SITE}/procurement/catalog/{ref.id}"}
    return {"id": ref.id, "identifier": ref.code, "name": ref.name, "_info": info}


def invoice(ref: Ref | None) -> Json | None:
    return link(ref, "finance/invoices", "invoice", label="identifier")


def ticket(ref: Ref | None) -> Json | None:
    return link(ref, "service/tickets", "ticket", label="summary")


def _with_identifier(ref: Ref | None, path: str, noun: str) -> Json | None:
    if ref is None:
        return None
    info = {f"{noun}_href": f"{SITE}/{path}/{ref.id}"}
    return {"id": ref.id, "identifier": ref.code, "name": ref.name, "_info": info}


def location() -> Json | None:
    return named("Main Office", "system/locations", "location")


def department(name: str = "Services") -> Json | None:
    return named(name, "system/departments", "department", identifier=name)


def country() -> Json | None:
    return named("United States", "company/countries", "country", identifier="US")


def currency() -> Json:
    return {
        "id": 1,
        "symbol": "$",
        "currencyCode": "USD",
        "decimalSeparator": ".",
        "numberOfDecimals": 2,
        "thousandsSeparator": ",",
        "negativeParenthesesFlag": False,
        "displaySymbolFlag": True,
        "currencyIdentifier": "Base",
        "displayIdFlag": False,
        "rightAlign": False,
        "name": "US Dollars",
        "_info": {"currency_href": f"{SITE}/finance/currencies/1"},
    }


def site(company_ref: Ref) -> Json:
    """Every company has one site, the main one."""
    href = f"{SITE}/company/companies/{company_ref.id}/sites/{company_ref.id}"
    return {"id": company_ref.id, "name": "Main", "_info": {"site_href": href}}


def custom_field(number: int, caption: str, type_: str, value: object) -> Json:
    return {
        "id": number,
        "caption": caption,
        "type": type_,
        "entryMethod": "EntryField",
        "numberOfDecimals": 0,
        "value": value,
    }


def info(event: Event, **links: str) -> Json:
    """The `_info` of a record: when and by whom it was entered and last changed, and links to what belongs to it."""
    return {
        "lastUpdated": moment(event.at),
        "updatedBy": event.by,
        "dateEntered": moment(event.created_at),
        "enteredBy": event.created_by,
        **{name: f"{SITE}{path}" for name, path in links.items()},
    }


_SHOWN_AS_NULL = frozenset(
    {
        "annualRevenue",
        "budgetHours",
        "escalationLevel",
        "knowledgeBaseCategoryId",
        "mobileGuid",
        "applicationLimit",
        "parentTicketId",
        "hoursDeduct",
        "yearEstablished",
    }
)


def record(fields: Json) -> Json:
    """The record without what is empty; of some fields every other record says null instead, as vendors do."""
    null_shown = int(fields["id"]) % 2 == 0
    return {
        name: value for name, value in fields.items() if value is not None or (null_shown and name in _SHOWN_AS_NULL)
    }
