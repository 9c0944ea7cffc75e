"""Harvest: time and expenses on clients' projects, who works on them, and what is invoiced for it."""

from __future__ import annotations

from datetime import timedelta

from avesa.connector.auth import Bearer, OneOf
from avesa.connector.completeness import Total
from avesa.connector.incremental import Changes
from avesa.connector.limits import Limits, Rate
from avesa.connector.oauth2 import RefreshToken
from avesa.connector.paging import NextUrl
from avesa.connector.service import Endpoint, Parent, Service, Setting

API = "/v2"
DAY = timedelta(days=1)

# Harvest API, pagination: the next page lies at an address that goes by number or by cursor as the vendor likes; it
# alone tells whether there is one. Without a size a page is as large as can be.
BY_LINK = NextUrl(at="links.next")

# Harvest API: it is not said whether what changed at that very moment comes too.
UPDATED = Changes("updated_at", ask=("updated_since", "{since}"), overlap=timedelta(minutes=1))


def changing(name: str, *, canonical: str | None = None, secret: tuple[str, ...] = ()) -> Endpoint:
    """A list that can be asked for what changed. Archived records are in it, as what is no longer active."""
    return Endpoint(name, f"{API}/{name}", records=name, changes=UPDATED, secret_fields=secret, canonical=canonical)


SERVICE = Service(
    name="harvest",
    title="Harvest",
    category="productivity",
    base_url="https://api.harvestapp.com",
    settings=(
        Setting("account_id", help="of the Harvest account, as it stands beside the token"),
        Setting("contact", help="mail address that Harvest may write to about the requests", is_account=False),
    ),
    secrets=("personal_access_token", "client_id", "client_secret", "refresh_token"),
    # Harvest API, authentication: a person's token does not end; one by OAuth lives for two weeks. The person has to be
    # an administrator or manager, or only its own time entries come.
    auth=OneOf((Bearer("{personal_access_token}"), RefreshToken("https://id.getharvest.com/api/v2/oauth2/token"))),
    # Harvest API, general: requests are refused by 400 without a name and a contact.
    headers=(("Harvest-Account-Id", "{account_id}"), ("User-Agent", "AVESA ({contact})")),
    account=("account_id",),
    paging=BY_LINK,
    total=Total("total_entries"),
    limits=Limits(
        rates=(
            Rate(100, per=timedelta(seconds=15)),
            Rate(100, per=timedelta(minutes=15), group="reports"),
        ),
    ),
    check="clients",
    endpoints=(
        changing("time_entries", canonical="time_entries"),
        # Whoever knows its key can open a client's statement, an invoice or an estimate.
        changing("clients", secret=("statement_key",), canonical="companies"),
        changing("contacts", canonical="contacts"),
        changing("projects", canonical="projects"),
        changing("tasks"),
        changing("task_assignments"),
        changing("user_assignments"),
        changing("users", canonical="users"),
        Endpoint("roles", f"{API}/roles", records="roles"),
        changing("invoices", secret=("client_key",), canonical="invoices"),
        # A payment moves the time of its invoice. One that was taken back is looked for once a week.
        Endpoint(
            "invoice_payments",
            f"{API}/invoices/{{invoiceId}}/payments",
            records="invoice_payments",
            parent=Parent("invoices", "invoiceId"),
            changes=UPDATED,
            relist=timedelta(days=7),
        ),
        changing("estimates", secret=("client_key",)),
        changing("expenses", secret=("receipt.url",)),
        changing("expense_categories"),
        changing("invoice_item_categories"),
        # A rate does not move the time of its user.
        Endpoint(
            "billable_rates",
            f"{API}/users/{{userId}}/billable_rates",
            records="billable_rates",
            parent=Parent("users", "userId"),
            every=DAY,
        ),
        Endpoint(
            "project_budget_report",
            f"{API}/reports/project_budget",
            records="results",
            key=("project_id",),
            limit_group="reports",
        ),
    ),
)
