"""What the canonical tables should say of the world: each entity as the columns of a row, in no vendor's words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from avesa.sandbox.entities import Agreement, CatalogItem, Company, Contact, Device, Entity, Invoice, Opportunity
from avesa.sandbox.references import Address, Ref
from avesa.sandbox.simulation import Event
from avesa.sandbox.work import Activity, Member, Project, ProjectTask, Ticket, TimeEntry


@dataclass(frozen=True)
class Key:
    """The id that another entity's record has at the vendor."""

    kind: type[Entity]
    id: int


@dataclass(frozen=True)
class Wanted:
    """A row of a canonical table. None in `columns` says that there is nothing, no column that nothing is known."""

    table: str
    columns: dict[str, Any]


KINDS: dict[type[Entity], str] = {
    Company: "companies",
    Contact: "contacts",
    Member: "users",
    Ticket: "tickets",
    TimeEntry: "time_entries",
    Device: "devices",
    CatalogItem: "products",
    Agreement: "agreements",
    Invoice: "invoices",
    Opportunity: "opportunities",
    Project: "projects",
    ProjectTask: "tasks",
    Activity: "tasks",
}
"""The kinds of entities that have a canonical table."""

CURRENCY = "USD"
_TICKET = {
    "New": "new",
    "Assigned": "in_progress",
    "In Progress": "in_progress",
    "Escalated": "in_progress",
    "Re-Opened": "in_progress",
    "Waiting on Client": "waiting",
    "Resolved": "resolved",
    "Closed": "closed",
}
_PRIORITY = {1: "Critical", 2: "High", 3: "Medium", 4: "Low"}
_DEVICE = {
    "Workstation": "workstation",
    "Laptop": "workstation",
    "Server": "server",
    "Printer": "printer",
    "Switch": "network",
    "Firewall": "network",
}
_INVOICE = {"New": "draft", "Sent": "open", "Partially Paid": "open", "Paid": "paid"}
_PROJECT = {"Open": "planned", "In Progress": "active", "Closed": "completed"}
_TASK = {"New": "open", "Open": "open", "In Progress": "in_progress", "Closed": "done"}


def provider() -> Wanted:
    """The managed service provider itself, for a vendor's record of the account."""
    name = "Lantern Hill IT"
    columns = {"name": name, "website": "https://lanternhill.example.com", "email": "office@msp.example.com"}
    return Wanted("companies", columns)


def is_gone(entity: Entity | None) -> bool:
    """Whether the record is deleted: taken away, or flagged so."""
    return entity is None or (isinstance(entity, Company) and entity.deleted_at is not None)


def wanted_of(event: Event) -> Wanted | None:
    """The row of an entity from an event on, None for kinds that have no canonical table."""
    entity = event.entity
    if entity is None or event.kind not in KINDS:
        return None
    columns = _COLUMNS[event.kind](entity)
    columns |= {"created_at": event.created_at, "created_by": event.created_by, "updated_by": event.by}
    return Wanted(KINDS[event.kind], columns)


def _company(one: Company) -> dict[str, Any]:
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
        **_address(one.address),
        **_person("owner", one.territory_manager),
        "parent_company_id": _key(Company, one.parent),
        "annual_revenue": one.revenue,
        "employee_count": one.employees,
        "tax_number": one.tax_number,
        "currency": CURRENCY,
        "is_customer": not one.vendor,
        "is_vendor": one.vendor,
    }


def _contact(one: Contact) -> dict[str, Any]:
    return {
        **_of_company(one.company),
        "first_name": one.first_name,
        "last_name": one.last_name,
        "full_name": f"{one.first_name} {one.last_name}",
        "title": one.title,
        "department": one.department,
        "email": one.email,
        "phone": one.phone,
        "mobile": one.mobile,
        **_address(one.address),
        "is_primary": one.primary,
        "is_active": not one.inactive,
    }


def _user(one: Member) -> dict[str, Any]:
    return {
        "name": f"{one.first_name} {one.last_name}",
        "first_name": one.first_name,
        "last_name": one.last_name,
        "username": one.login,
        "email": one.email,
        "phone": one.phone,
        "title": one.title,
        "manager_id": _key(Member, one.manager),
        "role": one.role,
        "is_admin": one.admin,
        "is_active": one.inactive_at is None,
        "last_login_at": one.last_login_at,
        "hire_date": one.hired_at.date(),
        "termination_date": _day(one.inactive_at),
    }


def _ticket(one: Ticket) -> dict[str, Any]:
    return {
        "ticket_number": str(one.id),
        "summary": one.summary,
        "description": one.description,
        "status": one.status,
        "status_category": _TICKET.get(one.status),
        "is_closed": one.closed_at is not None,
        "priority": _PRIORITY[one.priority],
        "priority_level": one.priority,
        "severity": one.severity,
        "impact": one.impact,
        "type": one.type,
        "subtype": one.subtype,
        "item": one.item,
        "channel": one.source,
        **_of_company(one.company),
        "contact_id": _key(Contact, one.contact),
        "contact_name": _name(one.contact),
        "board_name": one.board.name,
        "team_name": one.team,
        **_person("owner", one.owner),
        "agreement_id": _key(Agreement, one.agreement),
        "responded_at": one.responded_at,
        "resolved_at": one.resolved_at,
        "closed_at": one.closed_at,
        "closed_by": one.closed_by,
        "due_at": one.required_at,
        "budget_hours": one.budget_hours,
        "actual_hours": one.actual_hours,
        "is_escalated": one.escalation_level > 0,
    }


def _time_entry(one: TimeEntry) -> dict[str, Any]:
    return {
        "ticket_id": _key(Ticket, one.ticket),
        "project_id": _key(Project, one.project),
        "task_id": _key(ProjectTask, one.task),
        **_of_company(one.company),
        **_person("user", one.member),
        "started_at": one.starts_at,
        "ended_at": one.ends_at,
        "work_date": one.starts_at.date(),
        "hours": one.hours,
        "hours_deducted": one.deducted,
        "billable_option": one.billable,
        "is_billable": {"Billable": True, "DoNotBill": False, "NoCharge": False}.get(one.billable),
        "hourly_rate": one.rate,
        "cost_rate": one.cost,
        "work_type": one.work_type,
        "work_role": one.work_role,
        "agreement_id": _key(Agreement, one.agreement),
        "agreement_name": _name(one.agreement),
        "invoice_id": _key(Invoice, one.invoice),
        "status": one.status,
        "is_approved": one.status != "Open",
        "notes": one.notes,
        "internal_notes": one.internal_notes,
        "currency": CURRENCY,
    }


def _device(one: Device) -> dict[str, Any]:
    gigabytes = (one.memory or "").removesuffix(" GB")
    return {
        "name": one.name,
        "type": one.type,
        "type_category": _DEVICE.get(one.type, "other"),
        "status": one.status,
        **_of_company(one.company),
        "contact_id": _key(Contact, one.contact),
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
        "warranty_until": _day(one.warranty_until),
    }


def _product(one: CatalogItem) -> dict[str, Any]:
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


def _agreement(one: Agreement) -> dict[str, Any]:
    return {
        "name": one.name,
        "type": one.type,
        "status_category": "active" if one.cancelled_at is None else "ended",
        **_of_company(one.company),
        "contact_id": _key(Contact, one.contact),
        "starts_on": one.starts_at.date(),
        "ends_on": _day(one.ends_at),
        "cancelled_at": one.cancelled_at,
        "amount": one.amount,
        "included_hours": one.included_hours,
        "next_invoice_on": _day(one.next_invoice_at),
        "currency": CURRENCY,
    }


def _invoice(one: Invoice) -> dict[str, Any]:
    return {
        "number": one.number,
        "type": "invoice",
        "status": one.status,
        "status_category": _INVOICE.get(one.status),
        **_of_company(one.company),
        "agreement_id": _key(Agreement, one.agreement),
        "issued_on": one.issued_at.date(),
        "due_on": one.due_at.date(),
        "subtotal": one.subtotal,
        "tax": one.tax,
        "total": one.total,
        "balance": round(one.total - one.paid, 2),
        "currency": CURRENCY,
    }


def _opportunity(one: Opportunity) -> dict[str, Any]:
    return {
        "name": one.name,
        "stage": one.stage,
        "status": one.status,
        "status_category": one.status.lower() if one.status in ("Open", "Won", "Lost") else None,
        **_of_company(one.company),
        "contact_id": _key(Contact, one.contact),
        **_person("owner", one.seller),
        "source": one.source,
        "probability": one.probability,
        "expected_close_on": one.expected_close_at.date(),
        "closed_at": one.closed_at,
    }


def _project(one: Project) -> dict[str, Any]:
    return {
        "name": one.name,
        "status": one.status,
        "status_category": _PROJECT.get(one.status),
        "type": one.type,
        **_of_company(one.company),
        "contact_id": _key(Contact, one.contact),
        **_person("manager", one.manager),
        "board_name": one.board.name,
        "starts_on": one.starts_at.date(),
        "ends_on": one.ends_at.date(),
        "actual_starts_on": _day(one.actual_starts_at),
        "actual_ends_on": _day(one.actual_ends_at),
        "budget_hours": one.budget_hours,
        "actual_hours": one.actual_hours,
        "percent_complete": round(one.percent * 100, 2),
        "description": one.description,
    }


def _project_task(one: ProjectTask) -> dict[str, Any]:
    return {
        "name": one.summary,
        "status": one.status,
        "status_category": _TASK.get(one.status),
        "project_id": _key(Project, one.project),
        "company_id": _key(Company, one.company),
        **_person("owner", one.owner),
        "starts_at": one.starts_at,
        "due_at": one.ends_at,
        "completed_at": one.closed_at,
        "budget_hours": one.budget_hours,
        "actual_hours": one.actual_hours,
    }


def _activity(one: Activity) -> dict[str, Any]:
    return {
        "name": one.name,
        "description": one.notes,
        "status": one.status,
        "status_category": _TASK.get(one.status),
        "type": one.type,
        "company_id": _key(Company, one.company),
        "contact_id": _key(Contact, one.contact),
        **_person("owner", one.assigned_to),
        "starts_at": one.starts_at,
        "due_at": one.ends_at,
    }


def _address(one: Address) -> dict[str, Any]:
    return {
        "address_line1": one.line1,
        "address_line2": one.line2,
        "city": one.city,
        "state": one.state,
        "postal_code": one.postal_code,
    }


def _of_company(ref: Ref) -> dict[str, Any]:
    return {"company_id": Key(Company, ref.id), "company_name": ref.name}


def _person(column: str, ref: Ref | None) -> dict[str, Any]:
    return {f"{column}_id": _key(Member, ref), f"{column}_name": _name(ref)}


def _key(kind: type[Entity], ref: Ref | None) -> Key | None:
    return None if ref is None else Key(kind, ref.id)


def _name(ref: Ref | None) -> str | None:
    return None if ref is None else ref.name


def _day(moment: datetime | None) -> Any:
    return None if moment is None else moment.date()


_COLUMNS: dict[type[Entity], Callable[[Any], dict[str, Any]]] = {
    Company: _company,
    Contact: _contact,
    Member: _user,
    Ticket: _ticket,
    TimeEntry: _time_entry,
    Device: _device,
    CatalogItem: _product,
    Agreement: _agreement,
    Invoice: _invoice,
    Opportunity: _opportunity,
    Project: _project,
    ProjectTask: _project_task,
    Activity: _activity,
}
