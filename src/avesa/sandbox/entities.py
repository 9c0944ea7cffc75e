"""What a managed service provider keeps about its work, in no vendor's words.

Every entity is a frozen value; a change makes a new one. A `Ref` carries the name that the other record had when
the reference was written, so that what an API shows of a record changes only when that record itself changes.
Money is in US dollars, hours are decimal hours, times are aware UTC with whole seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from avesa.sandbox.references import Address, Ref
from avesa.sandbox.work import (
    Activity,
    Board,
    Member,
    Note,
    Project,
    ProjectTask,
    ScheduleEntry,
    Ticket,
    TimeEntry,
)


@dataclass(frozen=True, slots=True)
class Company:
    id: int
    code: str
    name: str
    status: str
    type: str
    address: Address
    phone: str
    website: str
    market: str
    employees: int
    revenue: float | None
    territory_manager: Ref
    acquired_at: datetime
    vendor: bool = False
    parent: Ref | None = None
    primary_contact: Ref | None = None
    tax_number: str | None = None
    deleted_at: datetime | None = None
    deleted_by: str | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    id: int
    first_name: str
    last_name: str
    company: Ref
    address: Address
    title: str | None
    department: str | None
    email: str
    phone: str | None
    mobile: str | None
    primary: bool
    inactive: bool = False


@dataclass(frozen=True, slots=True)
class Device:
    id: int
    name: str
    type: str
    status: str
    company: Ref
    contact: Ref | None
    manufacturer: str
    model: str
    serial: str
    tag: str | None
    mac: str | None
    ip: str | None
    os: str | None
    os_info: str | None
    memory: str | None
    last_user: str | None
    purchased_at: datetime
    warranty_until: datetime | None
    active: bool = True


@dataclass(frozen=True, slots=True)
class CatalogItem:
    id: int
    code: str
    description: str
    category: str
    product_class: str
    manufacturer: str
    price: float
    cost: float
    recurring: bool
    taxable: bool
    inactive: bool = False


@dataclass(frozen=True, slots=True)
class Agreement:
    id: int
    name: str
    type: str
    company: Ref
    contact: Ref | None
    amount: float
    included_hours: float | None
    starts_at: datetime
    ends_at: datetime | None
    next_invoice_at: datetime | None
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Addition:
    id: int
    agreement_id: int
    item: Ref
    description: str
    quantity: float
    price: float
    cost: float
    effective_at: datetime
    cancelled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Invoice:
    id: int
    number: str
    type: str
    status: str
    company: Ref
    agreement: Ref | None
    issued_at: datetime
    due_at: datetime
    services: float
    agreement_amount: float
    expenses: float
    tax: float
    paid: float = 0.0
    closed_by: str | None = None

    @property
    def subtotal(self) -> float:
        return round(self.services + self.agreement_amount + self.expenses, 2)

    @property
    def total(self) -> float:
        return round(self.subtotal + self.tax, 2)


@dataclass(frozen=True, slots=True)
class Opportunity:
    id: int
    name: str
    type: str
    stage: str
    status: str
    company: Ref
    contact: Ref | None
    seller: Ref
    source: str
    probability: int
    expected_close_at: datetime
    lead_at: datetime
    notes: str | None = None
    closed_at: datetime | None = None
    closed_by: Ref | None = None


@dataclass(frozen=True, slots=True)
class Expense:
    id: int
    company: Ref
    ticket: Ref | None
    member: Ref
    type: str
    amount: float
    billable: str
    spent_at: datetime
    notes: str | None
    status: str = "Open"
    invoice: Ref | None = None


@dataclass(frozen=True, slots=True)
class PurchaseOrder:
    id: int
    number: str
    status: str
    vendor: Ref
    customer: Ref
    ordered_at: datetime
    subtotal: float
    tax: float
    freight: float
    tracking: str | None = None
    shipped_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None


@dataclass(frozen=True, slots=True)
class LineItem:
    """A product sold to a client."""

    id: int
    item: Ref
    description: str
    quantity: float
    price: float
    cost: float
    company: Ref
    vendor: Ref
    ticket: Ref | None
    bought_at: datetime
    taxable: bool = True
    serials: tuple[str, ...] = ()
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    invoice: Ref | None = None


Entity = (
    Member
    | Board
    | Company
    | Contact
    | Device
    | CatalogItem
    | Agreement
    | Addition
    | Invoice
    | Opportunity
    | Project
    | ProjectTask
    | Ticket
    | Note
    | TimeEntry
    | ScheduleEntry
    | Activity
    | Expense
    | PurchaseOrder
    | LineItem
)
