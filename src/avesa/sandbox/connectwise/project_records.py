"""Projects, their tickets and sales activities, as ConnectWise shows them."""

from __future__ import annotations

from avesa.sandbox.connectwise import shapes
from avesa.sandbox.connectwise.service_records import PRIORITIES, STATUS_ORDER
from avesa.sandbox.connectwise.shapes import Json, info, link, moment, named, record
from avesa.sandbox.simulation import Event
from avesa.sandbox.work import Activity, Project, ProjectTask


def activity(event: Event, a: Activity) -> Json:
    return record(
        {
            "id": a.id,
            "name": a.name,
            "type": named(a.type, "sales/activities/types", "type"),
            "company": shapes.company(a.company),
            "contact": shapes.contact(a.contact),
            "status": named(a.status, "sales/activities/statuses", "status"),
            "opportunity": link(a.opportunity, "sales/opportunities", "opportunity"),
            "notes": a.notes,
            "dateStart": moment(a.starts_at),
            "dateEnd": moment(a.ends_at),
            "assignedBy": shapes.member(a.assigned_by),
            "assignTo": shapes.member(a.assigned_to),
            "notifyFlag": False,
            "mobileGuid": None,
            "currency": shapes.currency(),
            "_info": info(event),
            "customFields": [],
        }
    )


def project(event: Event, p: Project) -> Json:
    return record(
        {
            "id": p.id,
            "name": p.name,
            "description": p.description,
            "type": named(p.type, "project/projectTypes", "type"),
            "status": named(p.status, "project/statuses", "status"),
            "closedFlag": p.status == "Closed",
            "company": shapes.company(p.company),
            "contact": shapes.contact(p.contact),
            "site": shapes.site(p.company),
            "manager": shapes.member(p.manager),
            "board": link(p.board, "service/boards", "projectBoard"),
            "estimatedStart": moment(p.starts_at),
            "estimatedEnd": moment(p.ends_at),
            "actualStart": moment(p.actual_starts_at),
            "actualEnd": moment(p.actual_ends_at),
            "budgetHours": p.budget_hours,
            "estimatedHours": p.budget_hours,
            "actualHours": p.actual_hours,
            "percentComplete": p.percent,
            "billingMethod": "ActualRates",
            "billingRateType": "WorkRole",
            "billTime": "Billable",
            "location": shapes.location(),
            "department": shapes.department(),
            "currency": shapes.currency(),
            "_info": info(event),
            "customFields": [],
        }
    )


def project_ticket(event: Event, t: ProjectTask) -> Json:
    return record(
        {
            "id": t.id,
            "summary": t.summary,
            "isIssueFlag": False,
            "board": link(t.board, "service/boards", "board"),
            "status": named(t.status, "service/statuses", "status", sort=STATUS_ORDER.index(t.status)),
            "project": link(t.project, "project/projects", "project"),
            "phase": named(t.phase, "project/phases", "phase"),
            "company": shapes.company(t.company),
            "owner": shapes.member(t.owner),
            "priority": named(PRIORITIES[3], "service/priorities", "priority", sort=3, level="3"),
            "budgetHours": t.budget_hours,
            "actualHours": t.actual_hours,
            "estimatedStartDate": moment(t.starts_at),
            "scheduleStartDate": moment(t.starts_at),
            "scheduleEndDate": moment(t.ends_at),
            "closedDate": moment(t.closed_at),
            "closedBy": t.closed_by,
            "closedFlag": t.closed_at is not None,
            "billTime": "Billable",
            "resources": t.owner.code,
            "mobileGuid": None,
            "_info": info(event),
            "customFields": [],
        }
    )
