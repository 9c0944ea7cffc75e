"""Tickets, time, projects and tasks as columns of their canonical tables."""

from __future__ import annotations

from typing import Any

from avesa.sandbox.entities import Agreement, Company, Contact, Invoice
from avesa.sandbox.mapped.canonical_row import CURRENCY, day_of, key_of, name_of, of_company, person
from avesa.sandbox.work import Activity, Project, ProjectTask, Ticket, TimeEntry

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
_PROJECT = {"Open": "planned", "In Progress": "active", "Closed": "completed"}
_TASK = {"New": "open", "Open": "open", "In Progress": "in_progress", "Closed": "done"}


def ticket(one: Ticket) -> dict[str, Any]:
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
        **of_company(one.company),
        "contact_id": key_of(Contact, one.contact),
        "contact_name": name_of(one.contact),
        "board_name": one.board.name,
        "team_name": one.team,
        **person("owner", one.owner),
        "agreement_id": key_of(Agreement, one.agreement),
        "responded_at": one.responded_at,
        "resolved_at": one.resolved_at,
        "closed_at": one.closed_at,
        "closed_by": one.closed_by,
        "due_at": one.required_at,
        "budget_hours": one.budget_hours,
        "actual_hours": one.actual_hours,
        "is_escalated": one.escalation_level > 0,
    }


def time_entry(one: TimeEntry) -> dict[str, Any]:
    return {
        "ticket_id": key_of(Ticket, one.ticket),
        "project_id": key_of(Project, one.project),
        "task_id": key_of(ProjectTask, one.task),
        **of_company(one.company),
        **person("user", one.member),
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
        "agreement_id": key_of(Agreement, one.agreement),
        "agreement_name": name_of(one.agreement),
        "invoice_id": key_of(Invoice, one.invoice),
        "status": one.status,
        "is_approved": one.status != "Open",
        "notes": one.notes,
        "internal_notes": one.internal_notes,
        "currency": CURRENCY,
    }


def project(one: Project) -> dict[str, Any]:
    return {
        "name": one.name,
        "status": one.status,
        "status_category": _PROJECT.get(one.status),
        "type": one.type,
        **of_company(one.company),
        "contact_id": key_of(Contact, one.contact),
        **person("manager", one.manager),
        "board_name": one.board.name,
        "starts_on": one.starts_at.date(),
        "ends_on": one.ends_at.date(),
        "actual_starts_on": day_of(one.actual_starts_at),
        "actual_ends_on": day_of(one.actual_ends_at),
        "budget_hours": one.budget_hours,
        "actual_hours": one.actual_hours,
        "percent_complete": round(one.percent * 100, 2),
        "description": one.description,
    }


def project_task(one: ProjectTask) -> dict[str, Any]:
    return {
        "name": one.summary,
        "status": one.status,
        "status_category": _TASK.get(one.status),
        "project_id": key_of(Project, one.project),
        "company_id": key_of(Company, one.company),
        **person("owner", one.owner),
        "starts_at": one.starts_at,
        "due_at": one.ends_at,
        "completed_at": one.closed_at,
        "budget_hours": one.budget_hours,
        "actual_hours": one.actual_hours,
    }


def activity(one: Activity) -> dict[str, Any]:
    return {
        "name": one.name,
        "description": one.notes,
        "status": one.status,
        "status_category": _TASK.get(one.status),
        "type": one.type,
        "company_id": key_of(Company, one.company),
        "contact_id": key_of(Contact, one.contact),
        **person("owner", one.assigned_to),
        "starts_at": one.starts_at,
        "due_at": one.ends_at,
    }
