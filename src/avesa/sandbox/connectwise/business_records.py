"""Companies, contacts, devices, contracts, money and goods, as ConnectWise shows them."""

from __future__ import annotations

from avesa.sandbox.connectwise import shapes
from avesa.sandbox.connectwise.shapes import Json, custom_field, info, moment, named, record
from avesa.sandbox.entities import (
    Addition,
    Agreement,
    Company,
    Contact,
    Device,
    Expense,
    Invoice,
    Opportunity,
)
from avesa.sandbox.references import Ref
from avesa.sandbox.simulation import Event


def company(event: Event, c: Company) -> Json:
    return record(
        {
            "id": c.id,
            "identifier": c.code,
            "name": c.name,
            "status": named(c.status, "company/companies/statuses", "status"),
            "addressLine1": c.address.line1,
            "addressLine2": c.address.line2,
            "city": c.address.city,
            "state": c.address.state,
            "zip": c.address.postal_code,
            "country": shapes.country(),
            "phoneNumber": c.phone,
            "website": c.website,
            "territory": shapes.location(),
            "market": named(c.market, "company/marketDescriptions", "market"),
            "accountNumber": f"A{c.id:05d}",
            "defaultContact": shapes.contact(c.primary_contact),
            "dateAcquired": moment(c.acquired_at),
            "parentCompany": shapes.company(c.parent),
            "annualRevenue": c.revenue,
            "numberOfEmployees": c.employees,
            "yearEstablished": None,
            "timeZoneSetup": named("UTC", "system/timeZoneSetups", "timeZoneSetup"),
            "leadFlag": False,
            "unsubscribeFlag": False,
            "taxIdentifier": c.tax_number,
            "billingTerms": named("Net 30", "finance/billingTerms", "billingTerms"),
            "billToCompany": shapes.company(Ref(c.id, c.name, c.code)),
            "deletedFlag": c.deleted_at is not None,
            "dateDeleted": moment(c.deleted_at),
            "deletedBy": c.deleted_by,
            "mobileGuid": None,
            "currency": shapes.currency(),
            "territoryManager": shapes.member(c.territory_manager),
            "isVendorFlag": c.vendor,
            "types": [named(c.type, "company/companies/types", "type")],
            "site": shapes.site(Ref(c.id, c.name, c.code)),
            "integratorTags": [],
            "_info": info(event, contacts_href=f"/company/contacts?conditions=company/id={c.id}"),
            "customFields": [custom_field(31, "Backup tier", "Text", "Gold" if c.employees > 100 else None)],
        }
    )


def contact(event: Event, c: Contact) -> Json:
    return record(
        {
            "id": c.id,
            "firstName": c.first_name,
            "lastName": c.last_name,
            "company": shapes.company(c.company),
            "site": shapes.site(c.company),
            "addressLine1": c.address.line1,
            "addressLine2": c.address.line2,
            "city": c.address.city,
            "state": c.address.state,
            "zip": c.address.postal_code,
            "country": shapes.country(),
            "department": named(c.department, "company/contacts/departments", "department"),
            "inactiveFlag": c.inactive,
            "title": c.title,
            "portalSecurityLevel": 6,
            "disablePortalLoginFlag": True,
            "unsubscribeFlag": False,
            "mobileGuid": None,
            "defaultPhoneType": "Direct" if c.phone else None,
            "defaultPhoneNbr": c.phone,
            "defaultBillingFlag": False,
            "defaultFlag": c.primary,
            "companyLocation": shapes.location(),
            "communicationItems": _communication_items(c),
            "types": [named("End User", "company/contacts/types", "type")],
            "integratorTags": [],
            "customFields": [],
            "ignoreDuplicates": False,
            "_info": info(event),
        }
    )


def _communication_items(c: Contact) -> list[Json]:
    ways = [("Email", "Email", c.email, True), ("Direct", "Phone", c.phone, True), ("Mobile", "Phone", c.mobile, False)]
    items: list[Json] = []
    for number, (label, kind, value, default) in enumerate(ways):
        if value is None:
            continue
        item: Json = {
            "id": c.id * 10 + number,
            "type": named(label, "company/communicationTypes", "type"),
            "value": value,
            "defaultFlag": default,
            "communicationType": kind,
        }
        if kind == "Email":
            item["domain"] = "@" + value.split("@")[1]
        items.append(item)
    return items


def configuration(event: Event, d: Device) -> Json:
    return record(
        {
            "id": d.id,
            "name": d.name,
            "type": named(d.type, "company/configurations/types", "type"),
            "status": named(d.status, "company/configurations/statuses", "status"),
            "company": shapes.company(d.company),
            "contact": shapes.contact(d.contact),
            "site": shapes.site(d.company),
            "locationId": 11,
            "location": shapes.location(),
            "department": shapes.department(),
            "serialNumber": d.serial,
            "modelNumber": d.model,
            "tagNumber": d.tag,
            "purchaseDate": moment(d.purchased_at),
            "warrantyExpirationDate": moment(d.warranty_until),
            "macAddress": d.mac,
            "lastLoginName": d.last_user,
            "billFlag": True,
            "ipAddress": d.ip,
            "osType": d.os,
            "osInfo": d.os_info,
            "ram": d.memory,
            "manufacturer": named(d.manufacturer, "procurement/manufacturers", "manufacturer"),
            "questions": [],
            "activeFlag": d.active,
            "mobileGuid": None,
            "_info": info(event),
            "customFields": [],
        }
    )


def agreement(event: Event, a: Agreement) -> Json:
    return record(
        {
            "id": a.id,
            "name": a.name,
            "type": named(a.type, "finance/agreements/types", "type"),
            "company": shapes.company(a.company),
            "contact": shapes.contact(a.contact),
            "site": shapes.site(a.company),
            "location": shapes.location(),
            "department": shapes.department(),
            "startDate": moment(a.starts_at),
            "endDate": moment(a.ends_at),
            "noEndingDateFlag": a.ends_at is None,
            "cancelledFlag": a.cancelled_at is not None,
            "dateCancelled": moment(a.cancelled_at),
            "reasonCancelled": a.cancel_reason,
            "applicationUnits": "Hours" if a.included_hours else "Amount",
            "applicationLimit": a.included_hours,
            "applicationUnlimitedFlag": a.included_hours is None,
            "billingCycle": named("Monthly", "finance/billingCycles", "billingCycle"),
            "billingTerms": named("Net 30", "finance/billingTerms", "billingTerms"),
            "billToCompany": shapes.company(a.company),
            "billAmount": a.amount,
            "taxable": True,
            "currency": shapes.currency(),
            "nextInvoiceDate": moment(a.next_invoice_at),
            "agreementStatus": "Cancelled" if a.cancelled_at else "Active",
            "_info": info(event, additions_href=f"/finance/agreements/{a.id}/additions"),
            "customFields": [],
        }
    )


def addition(event: Event, a: Addition) -> Json:
    href = f"{shapes.SITE}/procurement/catalog/{a.item.id}"
    return record(
        {
            "id": a.id,
            "product": {"id": a.item.id, "identifier": a.item.code, "_info": {"catalog_href": href}},
            "quantity": a.quantity,
            "lessIncluded": 0.0,
            "unitPrice": a.price,
            "unitCost": a.cost,
            "billCustomer": "Billable",
            "effectiveDate": moment(a.effective_at),
            "cancelledDate": moment(a.cancelled_at),
            "taxableFlag": True,
            "agreementId": a.agreement_id,
            "description": a.description,
            "invoiceDescription": a.description,
            "extPrice": round(a.price * a.quantity, 2),
            "extCost": round(a.cost * a.quantity, 2),
            "margin": round((a.price - a.cost) * a.quantity, 2),
            "uom": "Each",
            "agreementStatus": "Cancelled" if a.cancelled_at else "Active",
            "_info": info(event),
            "customFields": [],
        }
    )


def invoice(event: Event, i: Invoice) -> Json:
    return record(
        {
            "id": i.id,
            "invoiceNumber": i.number,
            "type": i.type,
            "status": named(i.status, "finance/billingStatuses", "status", isClosed=i.status == "Paid"),
            "company": shapes.company(i.company),
            "billToCompany": shapes.company(i.company),
            "applyToType": "Agreement" if i.agreement else "All",
            "applyToId": i.agreement.id if i.agreement else None,
            "billingTerms": named("Net 30", "finance/billingTerms", "billingTerms"),
            "date": moment(i.issued_at),
            "dueDate": moment(i.due_at),
            "locationId": 11,
            "departmentId": 10,
            "taxableFlag": i.tax > 0,
            "currency": shapes.currency(),
            "serviceTotal": i.services,
            "expenseTotal": i.expenses,
            "productTotal": 0.0,
            "agreementAmount": i.agreement_amount,
            "subtotal": i.subtotal,
            "salesTax": i.tax,
            "total": i.total,
            "payments": i.paid,
            "credits": 0.0,
            "balance": round(i.total - i.paid, 2),
            "closedBy": i.closed_by,
            "agreement": shapes.agreement(i.agreement),
            "_info": info(event),
            "customFields": [],
        }
    )


def opportunity(event: Event, o: Opportunity) -> Json:
    return record(
        {
            "id": o.id,
            "name": o.name,
            "expectedCloseDate": moment(o.expected_close_at),
            "type": named(o.type, "sales/opportunities/types", "type"),
            "stage": named(o.stage, "sales/stages", "stage"),
            "status": named(o.status, "sales/opportunities/statuses", "status"),
            "notes": o.notes,
            "probability": named(f"{o.probability}%", "sales/probabilities", "probability"),
            "source": o.source,
            "primarySalesRep": shapes.member(o.seller),
            "company": shapes.company(o.company),
            "contact": shapes.contact(o.contact),
            "site": shapes.site(o.company),
            "dateBecameLead": moment(o.lead_at),
            "closedDate": moment(o.closed_at),
            "closedBy": shapes.member(o.closed_by),
            "currency": shapes.currency(),
            "_info": info(event),
            "customFields": [],
        }
    )


def expense_entry(event: Event, e: Expense) -> Json:
    return record(
        {
            "id": e.id,
            "company": shapes.company(e.company),
            "chargeToId": e.ticket.id if e.ticket else None,
            "chargeToType": "ServiceTicket" if e.ticket else None,
            "type": named(e.type, "expense/types", "type"),
            "member": shapes.member(e.member),
            "paymentMethod": named("Personal card", "expense/paymentTypes", "paymentMethod"),
            "amount": e.amount,
            "billableOption": e.billable,
            "date": moment(e.spent_at),
            "notes": e.notes,
            "invoice": shapes.invoice(e.invoice),
            "mobileGuid": None,
            "taxes": [],
            "currency": shapes.currency(),
            "status": e.status,
            "ticket": shapes.ticket(e.ticket),
            "_info": info(event),
            "customFields": [],
        }
    )
