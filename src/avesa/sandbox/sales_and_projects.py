"""Selling, buying and projects: opportunities and activities, orders and their goods, project tasks, expenses."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from avesa.sandbox import names
from avesa.sandbox.entities import CatalogItem, Company, Expense, LineItem, Opportunity, PurchaseOrder
from avesa.sandbox.founding import (
    add_client,
    board_ref,
    clients,
    company_ref,
    full_name,
    member_ref,
    people,
    technicians,
)
from avesa.sandbox.references import Ref
from avesa.sandbox.simulation import Simulation
from avesa.sandbox.work import Activity, Member, Project, ProjectTask, Ticket, TimeEntry

SELLER = "pnakamura"
STAGES = (("Prospect", 20), ("Qualification", 40), ("Quote", 60), ("Negotiation", 80))


def new_opportunity(sim: Simulation) -> None:
    company = sim.pick(clients(sim))
    staff = people(sim, company.id)
    seller = _seller(sim)
    contact = Ref(staff[0].id, full_name(staff[0])) if staff else None
    what = sim.pick(("Network refresh", "Endpoint protection", "Mail migration", "New notebooks", "Backup"))
    opportunity = Opportunity(
        id=sim.new_id(Opportunity),
        name=f"{what} for {company.name}",
        type=sim.pick(("Hardware", "Managed Services", "Project")),
        stage=STAGES[0][0],
        status="Open",
        company=company_ref(company),
        contact=contact,
        seller=member_ref(seller),
        source=sim.pick(("Referral", "Existing client", "Event")),
        probability=STAGES[0][1],
        expected_close_at=_day(sim, sim.random.randint(14, 90)),
        lead_at=_day(sim, 0),
        notes="Ask about the budget year." if sim.chance(0.4) else None,
    )
    sim.put(opportunity, SELLER)
    _activity(sim, opportunity)
    sim.after(10, 80, partial(_advance, sim, opportunity.id, 1))


def _advance(sim: Simulation, record_id: int, stage: int) -> None:
    opportunity = sim.get(Opportunity, record_id)
    if opportunity is None:
        return
    if stage < len(STAGES) and sim.chance(0.75):
        name, probability = STAGES[stage]
        sim.put(replace(opportunity, stage=name, probability=probability), SELLER)
        if sim.chance(0.5):
            _activity(sim, opportunity)
        sim.after(10, 80, partial(_advance, sim, record_id, stage + 1))
        return
    if sim.chance(0.12):
        sim.delete(opportunity, SELLER)
        return
    won = stage == len(STAGES) and sim.chance(0.7)
    sim.put(
        replace(
            opportunity,
            status="Won" if won else "Lost",
            probability=100 if won else 0,
            closed_at=sim.now,
            closed_by=opportunity.seller,
        ),
        SELLER,
    )
    if won:
        sim.after(2, 20, partial(new_project, sim))


def _activity(sim: Simulation, opportunity: Opportunity) -> None:
    starts = sim.now.replace(minute=0, second=0) + timedelta(hours=sim.random.randint(3, 50))
    activity = Activity(
        id=sim.new_id(Activity),
        name=f"Follow up: {opportunity.name}",
        type=sim.pick(("Call", "Meeting", "Email")),
        status="Open",
        company=opportunity.company,
        contact=opportunity.contact,
        opportunity=Ref(opportunity.id, opportunity.name),
        assigned_by=opportunity.seller,
        assigned_to=opportunity.seller,
        starts_at=starts,
        ends_at=starts + timedelta(minutes=30),
    )
    sim.put(activity, SELLER)
    sim.after(4, 50, partial(_finish_activity, sim, activity.id))


def _finish_activity(sim: Simulation, record_id: int) -> None:
    activity = sim.get(Activity, record_id)
    if activity is None:
        return
    if sim.chance(0.12):
        sim.delete(activity, SELLER)
    else:
        sim.put(replace(activity, status="Closed", notes="Spoke on the phone; sends the numbers."), SELLER)


def new_client(sim: Simulation) -> None:
    taken = {c.name for c in sim.all(Company)}
    free = [pair for pair in names.COMPANIES if pair[0] not in taken]
    if free:
        add_client(sim, *sim.pick(free))


def new_project(sim: Simulation) -> None:
    company = sim.pick(clients(sim))
    title, description, phases = sim.pick(names.PROJECTS)
    board = board_ref(sim, "Projects")
    manager = next(m for m in sim.all(Member) if m.title == "Project Manager")
    staff = people(sim, company.id)
    project = Project(
        id=sim.new_id(Project),
        name=f"{title} - {company.name}",
        type="Implementation",
        status="Open",
        company=company_ref(company),
        contact=Ref(staff[0].id, full_name(staff[0])) if staff else None,
        manager=member_ref(manager),
        board=board,
        description=description,
        starts_at=_day(sim, 1),
        ends_at=_day(sim, 45),
        budget_hours=12.0 * len(phases),
    )
    sim.put(project, manager.login)
    for number, phase in enumerate(phases):
        task = ProjectTask(
            id=sim.new_id(ProjectTask),
            summary=f"{phase}: {title.lower()}",
            status="New",
            project=Ref(project.id, project.name),
            phase=phase,
            company=project.company,
            board=board,
            owner=member_ref(sim.pick(technicians(sim))),
            budget_hours=12.0,
            starts_at=_day(sim, 1 + 7 * number),
            ends_at=_day(sim, 8 + 7 * number),
        )
        sim.put(task, manager.login)
        sim.after(10 + 60 * number, 60 + 60 * number, partial(_work_on_task, sim, task.id))


def _work_on_task(sim: Simulation, record_id: int) -> None:
    task = sim.get(ProjectTask, record_id)
    project = sim.get(Project, task.project.id) if task else None
    owner = sim.get(Member, task.owner.id) if task else None
    if task is None or project is None or owner is None:
        return
    if sim.chance(0.04):
        sim.delete(task, project.manager.code)
        return
    hours = sim.random.randint(4, 16) / 4
    _log_project_time(sim, project, task, owner, hours)
    task = replace(task, status="In Progress", actual_hours=task.actual_hours + hours)
    if task.actual_hours > task.budget_hours * 0.6:
        task = replace(task, status="Closed", closed_at=sim.now, closed_by=owner.login)
    else:
        sim.after(6, 40, partial(_work_on_task, sim, record_id))
    sim.put(task, owner.login)
    _roll_up(sim, project, hours)


def _roll_up(sim: Simulation, project: Project, hours: float) -> None:
    """The project's own figures follow its tasks."""
    tasks = [t for t in sim.all(ProjectTask) if t.project.id == project.id]
    closed = sum(1 for t in tasks if t.closed_at)
    done = closed == len(tasks)
    sim.put(
        replace(
            project,
            status="Closed" if done else "In Progress",
            actual_hours=project.actual_hours + hours,
            percent=round(closed / len(tasks), 2),
            actual_starts_at=project.actual_starts_at or sim.now,
            actual_ends_at=sim.now if done else None,
        ),
        project.manager.code,
    )


def _log_project_time(sim: Simulation, project: Project, task: ProjectTask, owner: Member, hours: float) -> None:
    entry = TimeEntry(
        id=sim.new_id(TimeEntry),
        company=project.company,
        ticket=None,
        project=Ref(project.id, project.name),
        task=Ref(task.id, task.summary, task.phase),
        member=member_ref(owner),
        work_role=owner.role,
        work_type="On-site",
        starts_at=sim.now - timedelta(hours=hours),
        ends_at=sim.now,
        hours=hours,
        deducted=0.0,
        billable="Billable",
        rate=owner.hourly_rate,
        cost=owner.hourly_cost,
        notes=f"{task.phase} for {project.name}",
    )
    sim.put(entry, owner.login)


def new_expense(sim: Simulation) -> None:
    recent = sim.all(Ticket)[-20:]
    if not recent:
        return
    ticket = sim.pick(recent)
    member = sim.pick(technicians(sim))
    expense = Expense(
        id=sim.new_id(Expense),
        company=ticket.company,
        ticket=Ref(ticket.id, ticket.summary),
        member=member_ref(member),
        type=sim.pick(("Mileage", "Parking", "Parts")),
        amount=round(sim.random.uniform(4, 140), 2),
        billable=sim.pick(("Billable", "DoNotBill")),
        spent_at=_day(sim, 0),
        notes="Visit at the client." if sim.chance(0.5) else None,
    )
    sim.put(expense, member.login)
    if sim.chance(0.15):
        sim.after(0.5, 3, partial(_withdraw_expense, sim, expense.id))


def _withdraw_expense(sim: Simulation, record_id: int) -> None:
    expense = sim.get(Expense, record_id)
    if expense and expense.status == "Open":
        sim.delete(expense, expense.member.code)


def order_goods(sim: Simulation) -> None:
    """Goods for a client are bought from a vendor: a product line and the purchase order behind it."""
    customer = sim.pick(clients(sim))
    vendor = company_ref(sim.pick([c for c in sim.all(Company) if c.vendor]))
    item = sim.pick([i for i in sim.all(CatalogItem) if not i.recurring])
    quantity = float(sim.random.randint(1, 6))
    line = LineItem(
        id=sim.new_id(LineItem),
        item=Ref(item.id, item.description, item.code),
        description=item.description,
        quantity=quantity,
        price=item.price,
        cost=item.cost,
        company=company_ref(customer),
        vendor=vendor,
        ticket=None,
        bought_at=_day(sim, 0),
        taxable=item.taxable,
    )
    sim.put(line, SELLER)
    order_id = sim.new_id(PurchaseOrder)
    order = PurchaseOrder(
        id=order_id,
        number=f"PO-{order_id}",
        status="New",
        vendor=vendor,
        customer=line.company,
        ordered_at=_day(sim, 0),
        subtotal=round(item.cost * quantity, 2),
        tax=round(item.cost * quantity * 0.05, 2),
        freight=18.0,
    )
    sim.put(order, SELLER)
    sim.after(8, 50, partial(_ship, sim, order_id, line.id))


def _ship(sim: Simulation, order_id: int, line_id: int) -> None:
    order, line = sim.get(PurchaseOrder, order_id), sim.get(LineItem, line_id)
    if order is None or line is None:
        return
    if sim.chance(0.12):
        sim.delete(order, SELLER)
        sim.put(replace(line, cancelled_at=sim.now, cancel_reason="Client withdrew"), SELLER)
        if sim.chance(0.5):
            sim.after(5, 30, partial(_discard_line, sim, line_id))
        return
    tracking = f"EX{sim.random.randint(10**8, 10**9)}"
    sim.put(replace(order, status="Shipped", tracking=tracking, shipped_at=sim.now), SELLER)
    sim.after(20, 70, partial(_receive, sim, order_id, line_id))


def _discard_line(sim: Simulation, line_id: int) -> None:
    line = sim.get(LineItem, line_id)
    if line:
        sim.delete(line, SELLER)


def _receive(sim: Simulation, order_id: int, line_id: int) -> None:
    order, line = sim.get(PurchaseOrder, order_id), sim.get(LineItem, line_id)
    if order is None or line is None:
        return
    sim.put(replace(order, status="Closed", closed_at=sim.now, closed_by=SELLER), SELLER)
    serials = tuple(f"SN{sim.random.getrandbits(32):08X}" for _ in range(int(line.quantity)))
    sim.put(replace(line, serials=serials), SELLER)


def _seller(sim: Simulation) -> Member:
    return next(m for m in sim.all(Member) if m.role == "Sales")


def _day(sim: Simulation, days: int) -> datetime:
    return sim.now.replace(hour=0, minute=0, second=0) + timedelta(days=days)
