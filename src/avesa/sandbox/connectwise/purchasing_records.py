"""What is bought and sold, as ConnectWise shows it: the catalogue, purchase orders and product items."""

from __future__ import annotations

from avesa.sandbox.connectwise import shapes
from avesa.sandbox.connectwise.shapes import Json, info, link, moment, named, record
from avesa.sandbox.entities import (
    CatalogItem,
    LineItem,
    PurchaseOrder,
)
from avesa.sandbox.simulation import Event


def catalog_item(event: Event, i: CatalogItem) -> Json:
    return record(
        {
            "id": i.id,
            "identifier": i.code,
            "description": i.description,
            "inactiveFlag": i.inactive,
            "subcategory": named(f"{i.category} - General", "procurement/subcategories", "subcategory"),
            "type": named("Recurring" if i.recurring else "Product", "procurement/types", "type"),
            "productClass": i.product_class,
            "serializedFlag": i.product_class == "Inventory",
            "unitOfMeasure": named("Each", "procurement/unitOfMeasures", "unitOfMeasure"),
            "price": i.price,
            "cost": i.cost,
            "taxableFlag": i.taxable,
            "customerDescription": i.description,
            "manufacturer": named(i.manufacturer, "procurement/manufacturers", "manufacturer"),
            "recurringFlag": i.recurring,
            "recurringRevenue": i.price if i.recurring else None,
            "recurringCost": i.cost if i.recurring else None,
            "recurringBillCycle": named("Monthly", "finance/billingCycles", "billingCycle") if i.recurring else None,
            "category": named(i.category, "procurement/categories", "category"),
            "billableOption": "Billable",
            "_info": info(event),
            "customFields": [],
        }
    )


def purchase_order(event: Event, o: PurchaseOrder) -> Json:
    return record(
        {
            "id": o.id,
            "poNumber": o.number,
            "poDate": moment(o.ordered_at),
            "status": named(o.status, "procurement/purchaseOrderStatuses", "status"),
            "closedFlag": o.closed_at is not None,
            "closedBy": o.closed_by,
            "dateClosed": moment(o.closed_at),
            "customerCompany": shapes.company(o.customer),
            "vendorCompany": shapes.company(o.vendor),
            "enteredBy": event.created_by,
            "freightCost": o.freight,
            "salesTax": o.tax,
            "subTotal": o.subtotal,
            "total": round(o.subtotal + o.tax + o.freight, 2),
            "shipmentDate": moment(o.shipped_at),
            "trackingNumber": o.tracking,
            "location": shapes.location(),
            "terms": named("Net 30", "finance/billingTerms", "billingTerms"),
            "currency": shapes.currency(),
            "_info": info(event),
            "customFields": [],
        }
    )


def product_item(event: Event, i: LineItem) -> Json:
    return record(
        {
            "id": i.id,
            "catalogItem": shapes.catalog_item(i.item),
            "description": i.description,
            "quantity": i.quantity,
            "unitOfMeasure": named("Each", "procurement/unitOfMeasures", "unitOfMeasure"),
            "price": i.price,
            "cost": i.cost,
            "extPrice": round(i.price * i.quantity, 2),
            "extCost": round(i.cost * i.quantity, 2),
            "discount": 0.0,
            "billableOption": "Billable",
            "taxableFlag": i.taxable,
            "cancelledFlag": i.cancelled_at is not None,
            "cancelledDate": moment(i.cancelled_at),
            "cancelledReason": i.cancel_reason,
            "quantityCancelled": i.quantity if i.cancelled_at else 0.0,
            "vendor": shapes.company(i.vendor),
            "ticket": shapes.ticket(i.ticket),
            "invoice": link(i.invoice, "finance/invoices", "invoice", label="identifier"),
            "purchaseDate": moment(i.bought_at),
            "serialNumbers": list(i.serials),
            "company": shapes.company(i.company),
            "_info": info(event),
            "customFields": [],
        }
    )
