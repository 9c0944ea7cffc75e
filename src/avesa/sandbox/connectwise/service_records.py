"""Tickets and the work on them, projects, boards and members, as ConnectWise shows them."""

from __future__ import annotations

from avesa.sandbox.connectwise import shapes
from avesa.sandbox.connectwise.shapes import Json, custom_field, info, link, moment, named, record
from avesa.sandbox.simulation import Event
from avesa.sandbox.work import Board, Member, Note, ScheduleEntry, Ticket, TimeEntry

PRIORITIES = {1: "Priority 1 - Critical", 2: "Priority 2 - High", 3: "Priority 3 - Medium", 4: "Priority 4 - Low"}
STATUS_ORDER = ("New", "Assigned", "In Progress", "Escalated", "Waiting on Client", "Re-Opened", "Resolved", "Closed")


def ticket(event: Event, t: Ticket) -> Json:
    closed = t.status == "Closed"
    board = f"service/boards/{t.board.id}"
    return record(
        {
            "id": t.id,
            "summary": t.summary,
            "recordType": "ServiceTicket",
            "board": link(t.board, "service/boards", "board"),
            "status": named(t.status, f"{board}/statuses", "status", sort=STATUS_ORDER.index(t.status)),
            "workRole": named("Engineer", "time/workRoles", "workRole") if t.owner else None,
            "workType": named("Remote", "time/workTypes", "workType", utilizationFlag=True),
            "company": shapes.company(t.company),
            "site": shapes.site(t.company),
            "siteName": "Main",
            "addressLine1": t.address.line1,
            "addressLine2": t.address.line2,
            "city": t.address.city,
            "stateIdentifier": t.address.state,
            "zip": t.address.postal_code,
            "country": shapes.country(),
            "contact": shapes.contact(t.contact),
            "contactName": t.contact.name if t.contact else None,
            "contactPhoneNumber": t.contact_phone,
            "contactEmailAddress": t.contact_email,
            "type": named(t.type, f"{board}/types", "type"),
            "subType": named(t.subtype, f"{board}/subtypes", "subType"),
            "item": named(t.item, f"{board}/items", "item"),
            "team": named(t.team, f"{board}/teams", "team"),
            "owner": shapes.member(t.owner),
            "priority": named(
                PRIORITIES[t.priority], "service/priorities", "priority", sort=t.priority, level=str(t.priority)
            ),
            "serviceLocation": named("Remote", "service/locations", "location"),
            "source": named(t.source, "service/sources", "source"),
            "requiredDate": moment(t.required_at),
            "budgetHours": t.budget_hours,
            "agreement": shapes.agreement(t.agreement),
            "agreementType": t.agreement.code if t.agreement else None,
            "severity": t.severity,
            "impact": t.impact,
            "knowledgeBaseCategoryId": None,
            "allowAllClientsPortalView": False,
            "customerUpdatedFlag": t.customer_updated,
            "automaticEmailContactFlag": t.contact is not None,
            "initialDescription": t.description,
            "closedDate": moment(t.closed_at),
            "closedBy": t.closed_by,
            "closedFlag": closed,
            "actualHours": t.actual_hours,
            "approved": True,
            "billingMethod": "ActualRates",
            "dateResolved": moment(t.resolved_at),
            "dateResponded": moment(t.responded_at),
            "respondMinutes": _minutes(event, t.responded_at.timestamp() if t.responded_at else None),
            "resolveMinutes": _minutes(event, t.resolved_at.timestamp() if t.resolved_at else None),
            "isInSla": t.escalation_level == 0,
            "resources": t.owner.code if t.owner else None,
            "parentTicketId": None,
            "hasChildTicket": t.merged_children,
            "hasMergedChildTicketFlag": t.merged_children,
            "billTime": "NoDefault",
            "billExpenses": "Billable",
            "billProducts": "Billable",
            "location": shapes.location(),
            "department": shapes.department(),
            "mobileGuid": None,
            "sla": named("Standard SLA", "service/SLAs", "sla"),
            "slaStatus": "Resolved" if t.resolved_at else "Respond by" if not t.responded_at else "Resolve by",
            "currency": shapes.currency(),
            "integratorTags": [],
            "escalationStartDateUTC": moment(t.escalated_at),
            "escalationLevel": t.escalation_level or None,
            "minutesWaiting": t.minutes_waiting,
            "respondedBy": t.responded_by,
            "resolvedBy": t.resolved_by,
            "_info": info(event, notes_href=f"/service/tickets/{t.id}/notes"),
            "customFields": [
                custom_field(21, "Root cause", "Text", t.item),
                custom_field(22, "Times reopened", "Number", t.reopened),
            ],
        }
    )


def _minutes(event: Event, until: float | None) -> int | None:
    return int((until - event.created_at.timestamp()) // 60) if until is not None else None


def note(event: Event, n: Note) -> Json:
    return record(
        {
            "id": n.id,
            "ticketId": n.ticket_id,
            "text": n.text,
            "detailDescriptionFlag": not n.internal and not n.resolution,
            "internalAnalysisFlag": n.internal,
            "resolutionFlag": n.resolution,
            "issueFlag": False,
            "member": shapes.member(n.member),
            "contact": shapes.contact(n.contact),
            "customerUpdatedFlag": n.contact is not None,
            "dateCreated": moment(event.created_at),
            "createdBy": event.created_by,
            "internalFlag": n.internal,
            "externalFlag": not n.internal,
            "_info": info(event),
        }
    )


def time_entry(event: Event, e: TimeEntry) -> Json:
    charged = e.ticket or e.task
    billed = e.hours - e.deducted if e.billable == "Billable" else 0.0
    return record(
        {
            "id": e.id,
            "company": shapes.company(e.company),
            "companyType": "Client",
            "chargeToId": charged.id if charged else None,
            "chargeToType": "ServiceTicket" if e.ticket else "ProjectTicket",
            "member": shapes.member(e.member),
            "locationId": 11,
            "businessUnitId": 10,
            "location": link_location(),
            "department": named("Services", "system/departments", "department"),
            "workType": named(e.work_type, "time/workTypes", "workType", utilizationFlag=True),
            "workRole": named(e.work_role, "time/workRoles", "workRole"),
            "agreement": shapes.agreement(e.agreement),
            "agreementType": e.agreement.code if e.agreement else None,
            "timeStart": moment(e.starts_at),
            "timeEnd": moment(e.ends_at),
            "hoursDeduct": e.deducted or None,
            "actualHours": e.hours,
            "billableOption": e.billable,
            "notes": e.notes,
            "internalNotes": e.internal_notes,
            "addToDetailDescriptionFlag": False,
            "addToInternalAnalysisFlag": e.internal_notes is not None,
            "addToResolutionFlag": False,
            "emailResourceFlag": False,
            "emailContactFlag": False,
            "hoursBilled": billed,
            "invoiceHours": billed if e.invoice else 0.0,
            "hourlyCost": f"{e.cost:.2f}",
            "enteredBy": event.created_by,
            "dateEntered": moment(event.created_at),
            "invoice": shapes.invoice(e.invoice),
            "mobileGuid": None,
            "hourlyRate": e.rate,
            "extendedInvoiceAmount": round(billed * e.rate, 2) if e.invoice else None,
            "timeSheet": named(f"{e.member.code} week {e.starts_at:%G-%V}", "time/sheets", "timeSheet"),
            "status": e.status,
            "ticket": shapes.ticket(e.ticket) or link(e.task, "project/tickets", "ticket", label="summary"),
            "project": link(e.project, "project/projects", "project"),
            "phase": named(e.task.code, "project/phases", "phase") if e.task else None,
            "invoiceFlag": True,
            "locationName": "Main Office",
            "_info": info(event),
        }
    )


def link_location() -> Json | None:
    return named("Main Office", "system/ownerLevels", "ownerLevel")


def schedule_entry(event: Event, e: ScheduleEntry) -> Json:
    kind = {"id": 4, "identifier": e.type, "_info": {"type_href": f"{shapes.SITE}/schedule/types/4"}}
    span = {"id": 2, "identifier": "Period", "_info": {"span_href": f"{shapes.SITE}/schedule/spans/2"}}
    return record(
        {
            "id": e.id,
            "objectId": e.object_id,
            "name": e.name,
            "member": shapes.member(e.member),
            "where": named("Remote", "service/locations", "location"),
            "dateStart": moment(e.starts_at),
            "dateEnd": moment(e.ends_at),
            "status": named(e.status, "schedule/statuses", "status"),
            "type": kind,
            "span": span,
            "doneFlag": e.done,
            "acknowledgedFlag": e.acknowledged_at is not None,
            "acknowledgedDate": moment(e.acknowledged_at),
            "closeDate": moment(e.closed_at),
            "ownerFlag": True,
            "meetingFlag": False,
            "mobileGuid": None,
            "hours": (e.ends_at - e.starts_at).total_seconds() / 3600,
            "_info": info(event),
        }
    )


def board(event: Event, b: Board) -> Json:
    return record(
        {
            "id": b.id,
            "name": b.name,
            "location": shapes.location(),
            "department": shapes.department(),
            "inactiveFlag": b.inactive,
            "projectFlag": b.project,
            "serviceManagerMember": shapes.member(b.manager),
            "dispatchMember": shapes.member(b.manager),
            "billTime": "NoDefault",
            "billExpense": "NoDefault",
            "billProduct": "NoDefault",
            "autoAssignNewTicketsFlag": b.auto_assign,
            "notifyEmailFrom": b.notify_from,
            "notifyEmailFromName": b.name,
            "problemSort": "Ascending",
            "resolutionSort": "Descending",
            "_info": info(event),
        }
    )


def member(event: Event, m: Member) -> Json:
    return record(
        {
            "id": m.id,
            "identifier": m.login,
            "firstName": m.first_name,
            "lastName": m.last_name,
            "title": m.title,
            "licenseClass": "F",
            "inactiveFlag": m.inactive_at is not None,
            "inactiveDate": moment(m.inactive_at),
            "lastLogin": moment(m.last_login_at),
            "hireDate": moment(m.hired_at),
            "officeEmail": m.email,
            "primaryEmail": m.email,
            "defaultEmail": "Office",
            "officePhone": m.phone,
            "defaultPhone": "Office",
            "securityRole": named("Admin" if m.admin else "Technician", "system/securityRoles", "securityRole"),
            "type": named("Employee", "system/members/types", "type"),
            "timeZone": named("UTC", "system/timeZoneSetups", "timeZoneSetup"),
            "adminFlag": m.admin,
            "reportsTo": shapes.member(m.manager),
            "workRole": named(m.role, "time/workRoles", "workRole"),
            "workType": named("Remote", "time/workTypes", "workType", utilizationFlag=True),
            "defaultLocation": shapes.location(),
            "defaultDepartment": shapes.department(),
            "dailyCapacity": 8.0,
            "hourlyCost": m.hourly_cost,
            "hourlyRate": m.hourly_rate,
            "teams": [1, 2] if m.role == "Engineer" else [1],
            "memberPersonas": [],
            "_info": info(event),
            "customFields": [],
        }
    )
