"""The work of a managed service provider: its people, boards, tickets, projects and the time spent on them.

Hours are decimal hours, times are aware UTC with whole seconds, a priority goes from 1 (critical) to 4 (low).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from avesa.sandbox.references import Address, Ref


@dataclass(frozen=True, slots=True)
class Member:
    id: int
    login: str
    first_name: str
    last_name: str
    title: str
    email: str
    phone: str
    role: str
    hourly_rate: float
    hourly_cost: float
    hired_at: datetime
    manager: Ref | None
    admin: bool = False
    last_login_at: datetime | None = None
    inactive_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Board:
    id: int
    name: str
    project: bool
    manager: Ref
    notify_from: str
    auto_assign: bool = False
    inactive: bool = False


@dataclass(frozen=True, slots=True)
class Ticket:
    id: int
    summary: str
    description: str
    board: Ref
    status: str
    company: Ref
    address: Address
    contact: Ref | None
    contact_email: str | None
    contact_phone: str | None
    type: str
    subtype: str | None
    item: str | None
    priority: int
    severity: str
    impact: str
    source: str
    required_at: datetime | None
    team: str | None = None
    owner: Ref | None = None
    agreement: Ref | None = None
    budget_hours: float | None = None
    actual_hours: float = 0.0
    escalation_level: int = 0
    escalated_at: datetime | None = None
    minutes_waiting: int = 0
    responded_at: datetime | None = None
    responded_by: str | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    customer_updated: bool = False
    merged_children: bool = False
    reopened: int = 0


@dataclass(frozen=True, slots=True)
class Note:
    id: int
    ticket_id: int
    text: str
    member: Ref | None
    contact: Ref | None
    internal: bool
    resolution: bool = False


@dataclass(frozen=True, slots=True)
class TimeEntry:
    id: int
    company: Ref
    ticket: Ref | None
    project: Ref | None
    task: Ref | None
    member: Ref
    work_role: str
    work_type: str
    starts_at: datetime
    ends_at: datetime
    hours: float
    deducted: float
    billable: str
    rate: float
    cost: float
    notes: str
    status: str = "Open"
    agreement: Ref | None = None
    internal_notes: str | None = None
    invoice: Ref | None = None


@dataclass(frozen=True, slots=True)
class ScheduleEntry:
    id: int
    object_id: int
    name: str
    type: str
    member: Ref
    starts_at: datetime
    ends_at: datetime
    status: str = "Firm"
    done: bool = False
    acknowledged_at: datetime | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Activity:
    id: int
    name: str
    type: str
    status: str
    company: Ref
    contact: Ref | None
    opportunity: Ref | None
    assigned_by: Ref
    assigned_to: Ref
    starts_at: datetime
    ends_at: datetime
    notes: str | None = None


@dataclass(frozen=True, slots=True)
class Project:
    id: int
    name: str
    type: str
    status: str
    company: Ref
    contact: Ref | None
    manager: Ref
    board: Ref
    description: str
    starts_at: datetime
    ends_at: datetime
    budget_hours: float
    actual_hours: float = 0.0
    percent: float = 0.0
    actual_starts_at: datetime | None = None
    actual_ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProjectTask:
    id: int
    summary: str
    status: str
    project: Ref
    phase: str
    company: Ref
    board: Ref
    owner: Ref
    budget_hours: float
    starts_at: datetime
    ends_at: datetime
    actual_hours: float = 0.0
    closed_at: datetime | None = None
    closed_by: str | None = None
