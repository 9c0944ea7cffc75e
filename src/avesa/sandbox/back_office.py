"""What happens around the tickets: contracts and billing, approvals, people and devices that come and go."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from functools import partial

from avesa.sandbox.entities import Addition, Agreement, CatalogItem, Contact, Device, Expense, Invoice
from avesa.sandbox.founding import (
    add_addition,
    add_agreement,
    add_contact,
    add_device,
    clients,
    next_month,
    people,
    phone,
    technicians,
)
from avesa.sandbox.references import Ref
from avesa.sandbox.simulation import Simulation
from avesa.sandbox.work import Board, Member, Ticket, TimeEntry

KEEPER = "mkeeper"


def approve_time_and_expenses(sim: Simulation) -> None:
    """The manager approves everything of the day at once, so many records change within the same second."""
    for entry in sim.all(TimeEntry):
        if entry.status == "Open" and sim.chance(0.8):
            sim.put(replace(entry, status="ApprovedByTierOne"), "moduya")
    for expense in sim.all(Expense):
        if expense.status == "Open" and sim.chance(0.7):
            sim.put(replace(expense, status="ApprovedByTierOne"), "moduya")


def bill(sim: Simulation) -> None:
    """The weekly billing: one invoice for each client with approved work; its entries are billed in that second."""
    work: dict[int, list[TimeEntry]] = defaultdict(list)
    for entry in sim.all(TimeEntry):
        if entry.status == "ApprovedByTierOne":
            work[entry.company.id].append(entry)
    for entries in work.values():
        services = sum(e.rate * (e.hours - e.deducted) for e in entries if e.billable == "Billable")
        costs = [e for e in sim.all(Expense) if e.company == entries[0].company and e.status == "ApprovedByTierOne"]
        invoice = _invoice(
            sim, entries[0].company, "Standard", services=services, expenses=sum(c.amount for c in costs)
        )
        ref = Ref(invoice.id, invoice.number)
        for entry in entries:
            status = "BilledAgreement" if entry.agreement else "Billed"
            sim.put(replace(entry, status=status, invoice=ref), "billing")
        for cost in costs:
            sim.put(replace(cost, status="Billed", invoice=ref), "billing")


def bill_agreements(sim: Simulation) -> None:
    """The monthly invoices of the agreements."""
    for agreement in sim.all(Agreement):
        if agreement.cancelled_at or (agreement.next_invoice_at and agreement.next_invoice_at > sim.now):
            continue
        ref = Ref(agreement.id, agreement.name, agreement.type)
        _invoice(sim, agreement.company, "Agreement", agreement=ref, amount=agreement.amount)
        sim.put(replace(agreement, next_invoice_at=next_month(sim.now)), "billing")


def _invoice(
    sim: Simulation,
    company: Ref,
    type_: str,
    *,
    services: float = 0.0,
    expenses: float = 0.0,
    amount: float = 0.0,
    agreement: Ref | None = None,
) -> Invoice:
    record_id = sim.new_id(Invoice)
    today = sim.now.replace(hour=0, minute=0, second=0)
    invoice = Invoice(
        id=record_id,
        number=f"INV{record_id:06d}",
        type=type_,
        status="New",
        company=company,
        agreement=agreement,
        issued_at=today,
        due_at=today + timedelta(days=30),
        services=round(services, 2),
        agreement_amount=round(amount, 2),
        expenses=round(expenses, 2),
        tax=round(0.05 * amount, 2),
    )
    sim.put(invoice, "billing")
    sim.after(1, 8, partial(_send_invoice, sim, record_id))
    return invoice


def _send_invoice(sim: Simulation, record_id: int) -> None:
    invoice = sim.get(Invoice, record_id)
    if invoice is None:
        return
    if sim.chance(0.08):
        for entry in sim.all(TimeEntry):
            if entry.invoice and entry.invoice.id == record_id:
                sim.put(replace(entry, status="ApprovedByTierOne", invoice=None), "billing")
        for cost in sim.all(Expense):
            if cost.invoice and cost.invoice.id == record_id:
                sim.put(replace(cost, status="ApprovedByTierOne", invoice=None), "billing")
        sim.delete(invoice, "billing")
        return
    sim.put(replace(invoice, status="Sent"), "billing")
    sim.after(20, 300, partial(_pay_invoice, sim, record_id))


def _pay_invoice(sim: Simulation, record_id: int) -> None:
    invoice = sim.get(Invoice, record_id)
    if invoice is None:
        return
    if sim.chance(0.25) and not invoice.paid:
        sim.put(replace(invoice, status="Partially Paid", paid=round(invoice.total / 2, 2)), "billing")
        sim.after(20, 100, partial(_pay_invoice, sim, record_id))
    else:
        sim.put(replace(invoice, status="Paid", paid=invoice.total, closed_by="billing"), "billing")


def change_company(sim: Simulation) -> None:
    company = sim.pick(clients(sim))
    match sim.random.randint(0, 2):
        case 0:
            company = replace(company, phone=phone(sim))
        case 1:
            company = replace(company, employees=company.employees + sim.random.randint(1, 9))
        case _:
            company = replace(company, revenue=round(sim.random.uniform(4e5, 2.5e7), 2))
    sim.put(company, "pnakamura")


def leave_company(sim: Simulation) -> None:
    """A client without open tickets leaves: flagged as deleted, as companies are never really removed."""
    busy = {t.company.id for t in sim.all(Ticket) if t.status != "Closed"}
    idle = [c for c in clients(sim) if c.id not in busy]
    if len(clients(sim)) > 4 and idle:
        company = sim.pick(idle)
        sim.put(replace(company, status="Inactive", deleted_at=sim.now, deleted_by="moduya"), "moduya")


def new_contact(sim: Simulation) -> None:
    add_contact(sim, sim.pick(clients(sim)))


def change_contact(sim: Simulation) -> None:
    contact = sim.pick(sim.all(Contact))
    match sim.random.randint(0, 3):
        case 0:
            contact = replace(contact, phone=phone(sim))
        case 1:
            contact = replace(contact, mobile=None if contact.mobile else phone(sim))
        case 2:
            contact = replace(contact, title=sim.pick(("Head of Finance", "Team Lead", None)))
        case _:
            contact = replace(contact, inactive=not contact.inactive and not contact.primary)
    sim.put(contact, KEEPER)


def remove_contact(sim: Simulation) -> None:
    used = {t.contact.id for t in sim.all(Ticket) if t.contact and t.status != "Closed"}
    spare = [c for c in sim.all(Contact) if not c.primary and c.id not in used]
    if spare:
        sim.delete(sim.pick(spare), KEEPER)


def sign_in(sim: Simulation) -> None:
    member = sim.pick([m for m in sim.all(Member) if m.inactive_at is None])
    sim.put(replace(member, last_login_at=sim.now), member.login)


def promote_member(sim: Simulation) -> None:
    member = sim.pick(technicians(sim))
    title = member.title if member.title.startswith("Lead ") else f"Lead {member.title}"
    sim.put(replace(member, title=title, hourly_rate=member.hourly_rate + 5), "moduya")


def change_board(sim: Simulation) -> None:
    board = sim.pick(sim.all(Board))
    sim.put(replace(board, auto_assign=not board.auto_assign), "moduya")


def new_device(sim: Simulation) -> None:
    add_device(sim, sim.pick(clients(sim)))


def change_device(sim: Simulation) -> None:
    devices = sim.all(Device)
    if not devices:
        return
    device = sim.pick(devices)
    staff = people(sim, device.company.id)
    match sim.random.randint(0, 3):
        case 0 if staff and device.last_user:
            device = replace(device, last_user=sim.pick(staff).first_name.lower())
        case 1 if device.os:
            device = replace(device, os_info=f"Build 26100.{sim.random.randint(2, 4000)}")
        case 2 if device.active and sim.chance(0.3):
            device = replace(device, status="Retired", active=False)
        case _:
            device = replace(device, ip=f"192.0.2.{sim.random.randint(2, 250)}")
    sim.put(device, "agent")


def remove_device(sim: Simulation) -> None:
    devices = sim.all(Device)
    if devices:
        sim.delete(sim.pick(devices), KEEPER)


def change_price(sim: Simulation) -> None:
    item = sim.pick(sim.all(CatalogItem))
    factor = 1 + sim.random.randint(1, 8) / 100
    item = replace(item, price=round(item.price * factor, 2), cost=round(item.cost * factor, 2))
    sim.put(replace(item, inactive=sim.chance(0.05)), "jabara")


def change_agreement(sim: Simulation) -> None:
    active = [a for a in sim.all(Agreement) if not a.cancelled_at]
    if not active:
        return
    agreement = sim.pick(active)
    if sim.chance(0.1):
        agreement = replace(agreement, cancelled_at=sim.now, cancel_reason="Moved to another plan")
    else:
        agreement = replace(agreement, amount=agreement.amount + 125.0)
    sim.put(agreement, KEEPER)


def new_agreement(sim: Simulation) -> None:
    add_agreement(sim, sim.pick(clients(sim)))


def change_addition(sim: Simulation) -> None:
    """A line of an agreement is added, counted anew, cancelled or deleted; the agreement itself does not change."""
    additions = [a for a in sim.all(Addition) if not a.cancelled_at]
    active = [a for a in sim.all(Agreement) if not a.cancelled_at]
    dice = sim.random.random()
    if (dice < 0.2 or not additions) and active:
        items = [i for i in sim.all(CatalogItem) if i.recurring and not i.inactive]
        if items:
            add_addition(sim, sim.pick(active), sim.pick(items))
    elif not additions:
        return
    elif dice < 0.3:
        sim.delete(sim.pick(additions), KEEPER)
    elif dice < 0.4:
        sim.put(replace(sim.pick(additions), cancelled_at=sim.now), KEEPER)
    else:
        addition = sim.pick(additions)
        sim.put(replace(addition, quantity=float(sim.random.randint(1, 60))), KEEPER)
