"""The world before its first day: staff, boards, clients with their people and devices, contracts, a catalogue."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from avesa.sandbox import names
from avesa.sandbox.entities import Addition, Agreement, CatalogItem, Company, Contact, Device
from avesa.sandbox.references import Address, Ref
from avesa.sandbox.simulation import Simulation
from avesa.sandbox.work import Board, Member

BOARDS = ("Help Desk", "Network", "Security", "Monitoring", "Projects")


def found(sim: Simulation, companies: int) -> None:
    """Put everything in place that was there long before the world starts to move."""
    _hire(sim)
    _open_boards(sim)
    _fill_catalogue(sim)
    for name in names.VENDORS:
        add_company(sim, name, "Wholesale", at=long_ago(sim, 900, 1500), vendor=True)
    for number in range(companies):
        name, market = names.COMPANIES[number % len(names.COMPANIES)]
        round_ = number // len(names.COMPANIES)
        add_client(sim, f"{name} {round_ + 1}" if round_ else name, market, at=long_ago(sim, 60, 900))


def add_client(sim: Simulation, name: str, market: str, *, at: datetime | None = None) -> Company:
    """A client with two to five contacts, its devices and one or two agreements."""
    company = add_company(sim, name, market, at=at)
    for number in range(sim.random.randint(2, 5)):
        contact = add_contact(sim, company, primary=number == 0, at=at)
        if number == 0:
            primary = Ref(contact.id, full_name(contact))
            company = sim.put(replace(company, primary_contact=primary), "mkeeper", at=at)
    for _ in range(sim.random.randint(2, 4)):
        add_device(sim, company, at=at)
    add_agreement(sim, company, at=at)
    return company


def add_company(
    sim: Simulation, name: str, market: str, *, at: datetime | None = None, vendor: bool = False
) -> Company:
    seller = next(m for m in sim.all(Member) if m.role == "Sales")
    code = "".join(c for c in name if c.isalnum())[:20]
    city, state, zip_code = sim.pick(names.CITIES)
    line2 = f"Suite {sim.random.randint(2, 40)}" if sim.chance(0.4) else None
    return sim.put(
        Company(
            id=sim.new_id(Company),
            code=code,
            name=name,
            status="Active",
            type="Vendor" if vendor else "Client",
            address=Address(f"{sim.random.randint(2, 990)} {sim.pick(names.STREETS)}", line2, city, state, zip_code),
            phone=phone(sim),
            website=f"https://{code.lower()}.example.com",
            market=market,
            employees=sim.random.randint(6, 420),
            revenue=round(sim.random.uniform(4e5, 2.5e7), 2) if sim.chance(0.6) else None,
            territory_manager=member_ref(seller),
            acquired_at=(at or sim.now).replace(hour=0, minute=0, second=0),
            vendor=vendor,
            tax_number=f"EX-{sim.random.randint(10**6, 10**7)}" if sim.chance(0.5) else None,
        ),
        seller.login,
        at=at,
    )


def add_contact(sim: Simulation, company: Company, *, primary: bool = False, at: datetime | None = None) -> Contact:
    first, last = sim.pick(names.FIRST_NAMES), sim.pick(names.LAST_NAMES)
    return sim.put(
        Contact(
            id=sim.new_id(Contact),
            first_name=first,
            last_name=last,
            company=company_ref(company),
            address=company.address,
            title=sim.pick(names.TITLES),
            department=sim.pick(names.DEPARTMENTS),
            email=f"{first}.{last}@{company.code}.example.com".lower().replace("'", "").replace("ø", "o"),
            phone=phone(sim) if sim.chance(0.85) else None,
            mobile=phone(sim) if sim.chance(0.4) else None,
            primary=primary,
        ),
        "mkeeper",
        at=at,
    )


def add_device(sim: Simulation, company: Company, *, at: datetime | None = None) -> Device:
    type_, maker, model, os, memory = sim.pick(names.DEVICES)
    people = [c for c in sim.all(Contact) if c.company.id == company.id]
    user = sim.pick(people) if people and type_ in ("Workstation", "Laptop") else None
    record_id = sim.new_id(Device)
    bought = (at or sim.now) - timedelta(days=sim.random.randint(1, 700))
    bought = bought.replace(hour=0, minute=0, second=0)
    return sim.put(
        Device(
            id=record_id,
            name=f"{company.code[:4].upper()}-{type_[:3].upper()}-{record_id}",
            type=type_,
            status="Active",
            company=company_ref(company),
            contact=Ref(user.id, full_name(user)) if user else None,
            manufacturer=maker,
            model=model,
            serial=f"{sim.random.getrandbits(40):010X}",
            tag=f"T{record_id}" if sim.chance(0.7) else None,
            mac=":".join(f"{sim.random.getrandbits(8):02x}" for _ in range(6)),
            ip=f"192.0.2.{sim.random.randint(2, 250)}" if sim.chance(0.8) else None,
            os=os,
            os_info="Build 26100.1" if os else None,
            memory=memory,
            last_user=user.first_name.lower() if user else None,
            purchased_at=bought,
            warranty_until=bought + timedelta(days=1095) if sim.chance(0.8) else None,
        ),
        "mkeeper",
        at=at,
    )


def add_agreement(sim: Simulation, company: Company, *, at: datetime | None = None) -> Agreement:
    starts = (at or sim.now).replace(hour=0, minute=0, second=0)
    block = sim.chance(0.3)
    agreement = sim.put(
        Agreement(
            id=sim.new_id(Agreement),
            name=f"{'Block of hours' if block else 'Managed services'} - {company.name}",
            type="Block Time" if block else "Managed Services",
            company=company_ref(company),
            contact=company.primary_contact,
            amount=float(sim.random.randint(8, 60) * 125),
            included_hours=40.0 if block else None,
            starts_at=starts,
            ends_at=starts + timedelta(days=1095) if sim.chance(0.5) else None,
            next_invoice_at=next_month(sim.now),
        ),
        "mkeeper",
        at=at,
    )
    for item in sim.random.sample([i for i in sim.all(CatalogItem) if i.recurring], sim.random.randint(1, 3)):
        add_addition(sim, agreement, item, at=at)
    return agreement


def add_addition(sim: Simulation, agreement: Agreement, item: CatalogItem, *, at: datetime | None = None) -> Addition:
    return sim.put(
        Addition(
            id=sim.new_id(Addition),
            agreement_id=agreement.id,
            item=Ref(item.id, item.description, item.code),
            description=item.description,
            quantity=float(sim.random.randint(1, 60)),
            price=item.price,
            cost=item.cost,
            effective_at=(at or sim.now).replace(hour=0, minute=0, second=0),
        ),
        "mkeeper",
        at=at,
    )


def _hire(sim: Simulation) -> None:
    chief: Ref | None = None
    for first, last, title, role, rate, cost in names.TEAM:
        hired = long_ago(sim, 1500, 2500)
        member = Member(
            id=sim.new_id(Member),
            login=f"{first[0]}{last}".lower(),
            first_name=first,
            last_name=last,
            title=title,
            email=f"{first}.{last}@msp.example.com".lower(),
            phone=phone(sim),
            role=role,
            hourly_rate=rate,
            hourly_cost=cost,
            hired_at=hired.replace(hour=0, minute=0, second=0),
            manager=chief,
            admin=chief is None,
        )
        sim.put(member, "setup", at=hired)
        chief = chief or member_ref(member)


def _open_boards(sim: Simulation) -> None:
    manager = member_ref(sim.all(Member)[0])
    for name in BOARDS:
        address = f"{name.lower().replace(' ', '')}@msp.example.com"
        board = Board(sim.new_id(Board), name, name == "Projects", manager, address, auto_assign=name == "Help Desk")
        sim.put(board, "setup", at=long_ago(sim, 1500, 2000))


def _fill_catalogue(sim: Simulation) -> None:
    for code, text, category, class_, maker, price, cost, recurring in names.CATALOG:
        item = CatalogItem(
            sim.new_id(CatalogItem), code, text, category, class_, maker, price, cost, recurring, class_ != "Service"
        )
        sim.put(item, "setup", at=long_ago(sim, 300, 900))


def long_ago(sim: Simulation, low: int, high: int) -> datetime:
    """A moment of a working day, `low` to `high` days ago."""
    day = sim.now.replace(hour=8, minute=0, second=0) - timedelta(days=sim.random.randint(low, high))
    return day + timedelta(seconds=sim.random.randint(0, 36_000))


def phone(sim: Simulation) -> str:
    return f"503555{sim.random.randint(100, 199):04d}"


def next_month(moment: datetime) -> datetime:
    """The first of the month after `moment`, at midnight."""
    first = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)


def full_name(person: Member | Contact) -> str:
    return f"{person.first_name} {person.last_name}"


def member_ref(member: Member) -> Ref:
    return Ref(member.id, full_name(member), member.login)


def company_ref(company: Company) -> Ref:
    return Ref(company.id, company.name, company.code)


def clients(sim: Simulation) -> list[Company]:
    """The companies that are served now."""
    return [c for c in sim.all(Company) if not c.vendor and c.deleted_at is None and c.status == "Active"]


def people(sim: Simulation, company_id: int) -> list[Contact]:
    return [c for c in sim.all(Contact) if c.company.id == company_id and not c.inactive]


def technicians(sim: Simulation) -> list[Member]:
    return [m for m in sim.all(Member) if m.role in ("Engineer", "Technician") and m.inactive_at is None]


def board_ref(sim: Simulation, name: str) -> Ref:
    return next(Ref(b.id, b.name) for b in sim.all(Board) if b.name == name)
