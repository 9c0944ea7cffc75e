"""Companies, people, things and money as columns of their canonical tables."""

from __future__ import annotations

from typing import Any

from avesa.sandbox.entities import Agreement, CatalogItem, Company, Contact, Device, Invoice, Opportunity
from avesa.sandbox.mapped.canonical_row import CURRENCY, address, day_of, key_of, of_company, person
from avesa.sandbox.work import Member

_DEVICE = {
    "Workstation": "workstation",
    "Laptop": "workstation",
    "Server": "server",
    "Printer": "printer",
    "Switch": "network",
    "Firewall": "network",
}
_SEAT = 125.0
"""What a month of managed services costs for each person at the client."""
_INVOICE = {"New": "draft", "Sent": "open", "Partially Paid": "open", "Paid": "paid"}


def company(one: Company) -> dict[str, Any]:
    return {
        "name": one.name,
        "identifier": one.code,
        "type": one.type,
        "status": one.status,
        "status_category": {"Active": "active", "Inactive": "inactive"}.get(one.status),
        "is_active": one.status == "Active",
        "industry": one.market,
        "website": one.website,
        "phone": one.phone,
        **address(one.address),
        **person("owner", one.territory_manager),
        "parent_company_id": key_of(Company, one.parent),
        "annual_revenue": one.revenue,
        "employee_count": one.employees,
        "tax_number": one.tax_number,
        "currency": CURRENCY,
        "is_customer": not one.vendor,
        "is_vendor": one.vendor,
    }


def contact(one: Contact) -> dict[str, Any]:
    return {
        **of_company(one.company),
        "first_name": one.first_name,
        "last_name": one.last_name,
        "full_name": f"{one.first_name} {one.last_name}",
        "title": one.title,
        "department": one.department,
        "email": one.email,
        "phone": one.phone,
        "mobile": one.mobile,
        **address(one.address),
        "is_primary": one.primary,
        "is_active": not one.inactive,
    }


def user(one: Member) -> dict[str, Any]:
    return {
        "name": f"{one.first_name} {one.last_name}",
        "first_name": one.first_name,
        "last_name": one.last_name,
        "username": one.login,
        "email": one.email,
        "phone": one.phone,
        "title": one.title,
        "manager_id": key_of(Member, one.manager),
        "role": one.role,
        "is_admin": one.admin,
        "is_active": one.inactive_at is None,
        "last_login_at": one.last_login_at,
        "hire_date": one.hired_at.date(),
        "termination_date": day_of(one.inactive_at),
    }


def device(one: Device) -> dict[str, Any]:
    gigabytes = (one.memory or "").removesuffix(" GB")
    return {
        "name": one.name,
        "type": one.type,
        "type_category": _DEVICE.get(one.type, "other"),
        "status": one.status,
        **of_company(one.company),
        "contact_id": key_of(Contact, one.contact),
        "manufacturer": one.manufacturer,
        "model": one.model,
        "serial_number": one.serial,
        "asset_tag": one.tag,
        "mac_addresses": None if one.mac is None else [one.mac],
        "ip_addresses": None if one.ip is None else [one.ip],
        "os": one.os,
        "os_version": one.os_info,
        "memory_bytes": int(gigabytes) * 1024**3 if gigabytes.isdigit() else None,
        "purchased_at": one.purchased_at.date(),
        "warranty_until": day_of(one.warranty_until),
        **_backup(one),
    }


def _backup(one: Device) -> dict[str, Any]:
    """Of what can be backed up; by a number, as in a list of choices: 1 is a good one today, 2 an old one, 3 none."""
    if _DEVICE.get(one.type) not in ("server", "workstation") or not one.active:
        return {}
    return {"backup_status": "1" if one.id % 7 > 1 else "2" if one.id % 7 else "3"}


def product(one: CatalogItem) -> dict[str, Any]:
    return {
        "name": one.description,
        "identifier": one.code,
        "category": one.category,
        "type": one.product_class,
        "manufacturer": one.manufacturer,
        "unit_price": one.price,
        "unit_cost": one.cost,
        "currency": CURRENCY,
        "is_taxable": one.taxable,
        "is_recurring": one.recurring,
        "is_active": not one.inactive,
    }


def agreement(one: Agreement) -> dict[str, Any]:
    return {
        "name": one.name,
        "type": one.type,
        "status_category": "active" if one.cancelled_at is None else "ended",
        **of_company(one.company),
        "contact_id": key_of(Contact, one.contact),
        "starts_on": one.starts_at.date(),
        "ends_on": day_of(one.ends_at),
        "cancelled_at": one.cancelled_at,
        "amount": one.amount,
        "included_hours": one.included_hours,
        **_seats(one),
        "next_invoice_on": day_of(one.next_invoice_at),
        "currency": CURRENCY,
    }


def _seats(one: Agreement) -> dict[str, Any]:
    """Those paid for, and those that somebody sits on. A block of hours has none."""
    if one.included_hours is not None:
        return {}
    seats = int(one.amount / _SEAT)
    return {"quantity": seats, "quantity_used": seats - one.id % 4 if one.cancelled_at is None else 0}


def invoice(one: Invoice) -> dict[str, Any]:
    return {
        "number": one.number,
        "type": "invoice",
        "status": one.status,
        "status_category": _INVOICE.get(one.status),
        **of_company(one.company),
        "agreement_id": key_of(Agreement, one.agreement),
        "issued_on": one.issued_at.date(),
        "due_on": one.due_at.date(),
        "subtotal": one.subtotal,
        "tax": one.tax,
        "total": one.total,
        "balance": round(one.total - one.paid, 2),
        "currency": CURRENCY,
    }


def opportunity(one: Opportunity) -> dict[str, Any]:
    return {
        "name": one.name,
        "stage": one.stage,
        "status": one.status,
        "status_category": one.status.lower() if one.status in ("Open", "Won", "Lost") else None,
        **of_company(one.company),
        "contact_id": key_of(Contact, one.contact),
        **person("owner", one.seller),
        "source": one.source,
        "probability": one.probability,
        "expected_close_on": one.expected_close_at.date(),
        "closed_at": one.closed_at,
    }
