"""What the canonical tables should say of the world: each entity as the columns of a row, in no vendor's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from avesa.sandbox.entities import Agreement, CatalogItem, Company, Contact, Device, Entity, Invoice, Opportunity
from avesa.sandbox.mapped import canonical_business, canonical_work
from avesa.sandbox.mapped.canonical_row import Wanted
from avesa.sandbox.simulation import Event
from avesa.sandbox.work import Activity, Member, Project, ProjectTask, Ticket, TimeEntry

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


_COLUMNS: dict[type[Entity], Callable[[Any], dict[str, Any]]] = {
    Company: canonical_business.company,
    Contact: canonical_business.contact,
    Member: canonical_business.user,
    Ticket: canonical_work.ticket,
    TimeEntry: canonical_work.time_entry,
    Device: canonical_business.device,
    CatalogItem: canonical_business.product,
    Agreement: canonical_business.agreement,
    Invoice: canonical_business.invoice,
    Opportunity: canonical_business.opportunity,
    Project: canonical_work.project,
    ProjectTask: canonical_work.project_task,
    Activity: canonical_work.activity,
}
