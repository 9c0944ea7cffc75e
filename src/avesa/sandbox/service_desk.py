"""How a ticket lives: opened, triaged, worked on, escalated, waiting, resolved, closed, sometimes opened again.

On its way it leaves time entries, notes and schedule entries, some of which are corrected or deleted later.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from avesa.sandbox import names
from avesa.sandbox.entities import Agreement
from avesa.sandbox.founding import board_ref, clients, full_name, member_ref, people, technicians
from avesa.sandbox.references import Ref
from avesa.sandbox.simulation import Simulation
from avesa.sandbox.work import Member, Note, ScheduleEntry, Ticket, TimeEntry

TEAMS = {"Help Desk": "Service Team", "Network": "Network Team", "Security": "Security Team", "Monitoring": "NOC"}
DONE = ("Resolved", "Closed")


def open_ticket(sim: Simulation) -> None:
    """A client or a monitor reports something."""
    company = sim.pick(clients(sim))
    staff = people(sim, company.id)
    contact = sim.pick(staff) if staff else None
    what = sim.pick(names.COMPLAINTS)
    agreement = next((a for a in sim.all(Agreement) if a.company.id == company.id and not a.cancelled_at), None)
    monitored = what.board == "Monitoring"
    ticket = Ticket(
        id=sim.new_id(Ticket),
        summary=what.summary,
        description=what.description,
        board=board_ref(sim, what.board),
        status="New",
        company=Ref(company.id, company.name, company.code),
        address=company.address,
        contact=Ref(contact.id, full_name(contact)) if contact and not monitored else None,
        contact_email=contact.email if contact and not monitored else None,
        contact_phone=contact.phone if contact and not monitored else None,
        type=what.type,
        subtype=what.subtype,
        item=what.item,
        priority=what.priority,
        severity=sim.pick(("Low", "Medium", "High")),
        impact=sim.pick(("Low", "Medium", "High")),
        source="Monitoring" if monitored else sim.pick(("Email", "Phone", "Portal")),
        required_at=_midnight(sim, 7) if sim.chance(0.5) else None,
        agreement=Ref(agreement.id, agreement.name, agreement.type) if agreement else None,
        budget_hours=float(sim.random.randint(1, 6)) if sim.chance(0.3) else None,
    )
    sim.put(ticket, "monitor" if monitored else "emailconnector")
    if contact and sim.chance(0.6):
        _note(sim, ticket.id, what.description, contact=Ref(contact.id, full_name(contact)))
    sim.after(0.1, 3, partial(_triage, sim, ticket.id))


def _triage(sim: Simulation, ticket_id: int) -> None:
    ticket = sim.get(Ticket, ticket_id)
    if ticket is None:
        return
    if sim.chance(0.03):
        _merge_or_discard(sim, ticket)
        return
    owner = sim.pick(technicians(sim))
    duplicate = sim.chance(0.08)
    sim.put(
        replace(
            ticket,
            status="Assigned",
            team=TEAMS.get(ticket.board.name),
            owner=member_ref(owner),
            responded_at=sim.now,
            responded_by=owner.login,
        ),
        "moduya",
    )
    if sim.chance(0.35):
        _schedule(sim, ticket, owner)
    if duplicate:  # found out only after others have seen the ticket
        sim.after(14, 60, partial(_merge_later, sim, ticket_id))
    else:
        sim.after(0.5, 10, partial(_work, sim, ticket_id))


def _merge_later(sim: Simulation, ticket_id: int) -> None:
    if ticket := sim.get(Ticket, ticket_id):
        _merge_or_discard(sim, ticket)


def _merge_or_discard(sim: Simulation, ticket: Ticket) -> None:
    """A second report of the same thing is merged away; anything else of this kind was spam."""
    other = next(
        (
            t
            for t in sim.all(Ticket)
            if t.company.id == ticket.company.id and t.id != ticket.id and t.status not in DONE
        ),
        None,
    )
    if other:
        sim.put(replace(other, merged_children=True), "moduya")
    for note in [n for n in sim.all(Note) if n.ticket_id == ticket.id]:
        sim.delete(note, "moduya")
    sim.delete(ticket, "moduya")


def _work(sim: Simulation, ticket_id: int) -> None:
    ticket = sim.get(Ticket, ticket_id)
    if ticket is None or ticket.owner is None or ticket.status in DONE:
        return
    hours = _log_time(sim, ticket)
    ticket = replace(ticket, status="In Progress", actual_hours=round(ticket.actual_hours + hours, 2))
    dice = sim.random.random()
    if dice < 0.18 and ticket.escalation_level < 2:
        ticket = _escalated(sim, ticket)
        sim.after(1, 8, partial(_work, sim, ticket_id))
    elif dice < 0.40 and ticket.contact:
        ticket = replace(ticket, status="Waiting on Client", customer_updated=False)
        sim.after(4, 40, partial(_client_answers, sim, ticket_id))
    elif dice < 0.60:
        sim.after(2, 20, partial(_work, sim, ticket_id))
    else:
        sim.after(0.2, 5, partial(_resolve, sim, ticket_id))
    if ticket.owner:
        sim.put(ticket, ticket.owner.code)
        if sim.chance(0.3):
            _note(sim, ticket_id, sim.pick(names.WORK_DONE), member=ticket.owner, internal=sim.chance(0.5))


def _escalated(sim: Simulation, ticket: Ticket) -> Ticket:
    """The ticket with a higher priority and another owner, and often on another board."""
    engineers = [m for m in technicians(sim) if m.role == "Engineer"]
    board = sim.pick(("Network", "Security")) if sim.chance(0.5) else ticket.board.name
    return replace(
        ticket,
        status="Escalated",
        priority=max(1, ticket.priority - 1),
        board=board_ref(sim, board),
        team=TEAMS[board],
        owner=member_ref(sim.pick(engineers)),
        escalation_level=ticket.escalation_level + 1,
        escalated_at=ticket.escalated_at or sim.now,
    )


def _client_answers(sim: Simulation, ticket_id: int) -> None:
    ticket = sim.get(Ticket, ticket_id)
    if ticket is None or ticket.status in DONE:
        return
    _note(sim, ticket_id, sim.pick(names.CLIENT_REPLIES), contact=ticket.contact)
    waited = ticket.minutes_waiting + sim.random.randint(60, 900)
    sim.put(replace(ticket, status="In Progress", customer_updated=True, minutes_waiting=waited), "emailconnector")
    sim.after(0.5, 8, partial(_work if sim.chance(0.5) else _resolve, sim, ticket_id))


def _resolve(sim: Simulation, ticket_id: int) -> None:
    ticket = sim.get(Ticket, ticket_id)
    if ticket is None or ticket.owner is None or ticket.status in DONE:
        return
    by = ticket.owner.code
    if sim.chance(0.4):
        _note(sim, ticket_id, "Solved: " + sim.pick(names.WORK_DONE), member=ticket.owner, resolution=True)
    sim.put(replace(ticket, status="Resolved", resolved_at=sim.now, resolved_by=by), by)
    sim.after(4, 50, partial(_reopen if sim.chance(0.12) and ticket.reopened < 2 else _close, sim, ticket_id))


def _reopen(sim: Simulation, ticket_id: int) -> None:
    ticket = sim.get(Ticket, ticket_id)
    if ticket is None:
        return
    sim.put(
        replace(
            ticket,
            status="Re-Opened",
            resolved_at=None,
            resolved_by=None,
            closed_at=None,
            closed_by=None,
            reopened=ticket.reopened + 1,
            customer_updated=True,
        ),
        "emailconnector",
    )
    sim.after(0.5, 10, partial(_work, sim, ticket_id))


def _close(sim: Simulation, ticket_id: int) -> None:
    ticket = sim.get(Ticket, ticket_id)
    if ticket is None or ticket.status != "Resolved":
        return
    sim.put(replace(ticket, status="Closed", closed_at=sim.now, closed_by="moduya"), "moduya")
    if sim.chance(0.06):
        sim.after(10, 60, partial(_reopen, sim, ticket_id))


def _log_time(sim: Simulation, ticket: Ticket) -> float:
    """Log what the owner has just done; give back the hours."""
    owner = sim.get(Member, ticket.owner.id) if ticket.owner else None
    if owner is None:
        return 0.0
    hours = sim.random.randint(1, 10) / 4
    covered = ticket.agreement is not None and sim.chance(0.6)
    entry = TimeEntry(
        id=sim.new_id(TimeEntry),
        company=ticket.company,
        ticket=Ref(ticket.id, ticket.summary),
        project=None,
        task=None,
        member=member_ref(owner),
        work_role=owner.role,
        work_type="Remote" if sim.chance(0.8) else "On-site",
        starts_at=sim.now - timedelta(hours=hours),
        ends_at=sim.now,
        hours=hours,
        deducted=0.25 if hours > 2 and sim.chance(0.3) else 0.0,
        billable="Billable" if not covered else sim.pick(("DoNotBill", "NoCharge")),
        rate=owner.hourly_rate,
        cost=owner.hourly_cost,
        notes=sim.pick(names.WORK_DONE),
        agreement=ticket.agreement if covered else None,
        internal_notes="Check the asset list." if sim.chance(0.2) else None,
    )
    sim.put(entry, owner.login)
    if sim.chance(0.12):
        sim.after(1, 12, partial(_correct_time, sim, entry.id))
    elif sim.chance(0.05):
        sim.after(1, 12, partial(_delete_time, sim, entry.id))
    return hours


def _correct_time(sim: Simulation, entry_id: int) -> None:
    entry = sim.get(TimeEntry, entry_id)
    if entry and entry.status == "Open":
        longer = entry.hours + 0.25
        ends_at = entry.starts_at + timedelta(hours=longer)
        sim.put(replace(entry, hours=longer, ends_at=ends_at), entry.member.code)


def _delete_time(sim: Simulation, entry_id: int) -> None:
    entry = sim.get(TimeEntry, entry_id)
    if entry is None or entry.status != "Open":
        return
    sim.delete(entry, entry.member.code)
    ticket = sim.get(Ticket, entry.ticket.id) if entry.ticket else None
    if ticket:
        sim.put(replace(ticket, actual_hours=round(ticket.actual_hours - entry.hours, 2)), entry.member.code)


def _note(
    sim: Simulation,
    ticket_id: int,
    text: str,
    *,
    member: Ref | None = None,
    contact: Ref | None = None,
    internal: bool = False,
    resolution: bool = False,
) -> None:
    by = member.code if member else "emailconnector"
    note = sim.put(Note(sim.new_id(Note), ticket_id, text, member, contact, internal, resolution), by)
    if sim.chance(0.1):
        sim.after(0.2, 10, partial(_edit_note, sim, note.id, by))


def _edit_note(sim: Simulation, note_id: int, by: str) -> None:
    """A correction, or now and then a deletion. The ticket itself does not change by it."""
    note = sim.get(Note, note_id)
    if note is None:
        return
    if sim.chance(0.3):
        sim.delete(note, by)
    else:
        sim.put(replace(note, text=note.text + " (corrected)"), by)


def _schedule(sim: Simulation, ticket: Ticket, owner: Member) -> None:
    starts = sim.now.replace(minute=0, second=0) + timedelta(hours=sim.random.randint(2, 26))
    entry = ScheduleEntry(
        id=sim.new_id(ScheduleEntry),
        object_id=ticket.id,
        name=f"{ticket.company.name} / {ticket.summary}",
        type="Service",
        member=member_ref(owner),
        starts_at=starts,
        ends_at=starts + timedelta(hours=sim.random.randint(1, 3)),
    )
    sim.put(entry, "moduya")
    sim.after(1, 30, partial(_finish_schedule, sim, entry.id))


def _finish_schedule(sim: Simulation, entry_id: int) -> None:
    entry = sim.get(ScheduleEntry, entry_id)
    if entry is None:
        return
    if sim.chance(0.2):
        sim.delete(entry, "moduya")
    elif entry.acknowledged_at is None:
        sim.put(replace(entry, acknowledged_at=sim.now), entry.member.code)
        sim.after(2, 30, partial(_finish_schedule, sim, entry_id))
    else:
        sim.put(replace(entry, done=True, closed_at=sim.now), entry.member.code)


def _midnight(sim: Simulation, days: int) -> datetime:
    return sim.now.replace(hour=0, minute=0, second=0) + timedelta(days=days)
