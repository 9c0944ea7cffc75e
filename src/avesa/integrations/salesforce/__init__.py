"""Salesforce (Sales and Service Cloud), REST API: accounts, contacts, cases, opportunities, contracts, orders."""

from __future__ import annotations

from datetime import timedelta

from avesa.connector.auth import OneOf
from avesa.connector.completeness import Total
from avesa.connector.incremental import Changes, InParams
from avesa.connector.limits import Limits, Told
from avesa.connector.oauth2 import ClientCredentials, RefreshToken
from avesa.connector.paging import End, NextUrl
from avesa.connector.retry import Code, Errors
from avesa.connector.service import Deleted, Endpoint, Service, Setting
from avesa.connector.tokens import TokenFields
from avesa.integrations.salesforce.deleted_records import ObjectByObject
from avesa.integrations.salesforce.fields import FIELDS

# REST API, Query More Results: the next page is a path of its own, without parameters. A page may hold fewer rows than
# 2000, or none; `done` tells the end. The rows are those of the moment at which the query began.
BY_LOCATOR = NextUrl(at="nextRecordsUrl", path="/services/data", end=End(last="done", short=False, empty=False))

# OAuth: the answer tells no life of the token (it is used until it is refused), and the host of the organisation.
TOKEN = TokenFields(seconds=None, host="instance_url", hosts=(".salesforce.com",))


def table(name: str, sobject: str, canonical: str | None = None) -> Endpoint:
    """One sObject, by SOQL. QueryAll also gives the rows that lie in the Recycle Bin (15 days, then they vanish), and
    archived tasks and events. Users are deactivated, never deleted, and have no such flag.

    SOQL reference, date formats: times are bare, in UTC. SystemModstamp also moves with changes by the system, tells
    whole seconds, and is set before a transaction ends, hence the overlap.
    """
    query = f"SELECT {FIELDS[sobject]}{{custom_fields:{sobject}}} FROM {sobject}"
    changed = "{filter} WHERE SystemModstamp >= {since} ORDER BY SystemModstamp ASC, Id ASC"
    return Endpoint(
        name,
        "/services/data/{api_version}/queryAll",
        records="records",
        key=("Id",),
        params=(("q", query),),
        changes=Changes(field="SystemModstamp", ask=("q", changed), overlap=timedelta(minutes=1)),
        deleted=Deleted("IsDeleted") if "IsDeleted" in FIELDS[sobject] else None,
        total=Total("totalSize"),
        canonical=canonical,
    )


TABLES = (
    table("accounts", "Account", "companies"),
    table("contacts", "Contact", "contacts"),
    table("cases", "Case", "tickets"),
    table("case_comments", "CaseComment"),
    table("users", "User", "users"),
    table("opportunities", "Opportunity", "opportunities"),
    table("opportunity_line_items", "OpportunityLineItem"),
    table("leads", "Lead"),
    table("tasks", "Task", "tasks"),
    table("events", "Event"),
    table("products", "Product2", "products"),
    table("pricebooks", "Pricebook2"),
    table("pricebook_entries", "PricebookEntry"),
    table("contracts", "Contract", "agreements"),
    table("assets", "Asset", "devices"),
    table("orders", "Order", "invoices"),
    table("campaigns", "Campaign"),
)

# REST API, sObject Get Deleted: one sObject at a time, a beginning and an end (seconds do not count), 15 days back at
# most. It also knows what was taken out of the Recycle Bin.
DELETABLE = tuple(sobject for sobject, fields in FIELDS.items() if "IsDeleted" in fields)
DELETED_RECORDS = Endpoint(
    "deleted_records",
    f"/services/data/{{api_version}}/sobjects/{DELETABLE[0]}/deleted/",
    records="deletedRecords",
    key=("id",),
    paging=ObjectByObject(DELETABLE),
    changes=Changes(
        field="deletedDate",
        ask=InParams((("start", "{since}"), ("end", "{until}"))),
        form="%Y-%m-%dT%H:%M:00+00:00",
        overlap=timedelta(minutes=5),
        kept_for=timedelta(days=14),
        only=True,
    ),
)

SERVICE = Service(
    name="salesforce",
    title="Salesforce (Sales/Service Cloud)",
    category="crm",
    base_url="https://{my_domain}.my.salesforce.com",
    settings=(
        Setting("my_domain", help="part before .my.salesforce.com; of a sandbox domain--name.sandbox"),
        Setting(
            "login_host", default="login.salesforce.com", help="for refresh tokens; sandboxes: test.salesforce.com"
        ),
        Setting("api_version", default="v62.0", help="version of the REST API", is_account=False),
        # SOQL reference, FIELDS(): all fields of an object come 200 rows at a time and no more, so those of an
        # organisation's own making are asked for by name, as all others are.
        Setting("custom_fields", default="", help="fields of your own to read: Account.Tier__c, Case.Root_Cause__c"),
    ),
    secrets=("client_id", "client_secret", "refresh_token"),
    # OAuth: client credentials are taken at the organisation's own host only.
    auth=OneOf(
        (
            RefreshToken("https://{login_host}/services/oauth2/token", answer=TOKEN),
            ClientCredentials("https://{my_domain}.my.salesforce.com/services/oauth2/token", answer=TOKEN),
        )
    ),
    # The allocation is that of the organisation.
    account=("my_domain",),
    paging=BY_LOCATOR,
    # API request limits: a number for each organisation in 24 rolling hours (100,000 and more for each licence), which
    # every answer tells: `api-usage=18/5000`. What was used an hour ago may be free again.
    limits=Limits(told=(Told(used_of="Sforce-Limit-Info", per=timedelta(hours=1)),)),
    errors=Errors(
        code="0.errorCode",
        message="0.message",
        codes=(
            # Sent with 403 when the allocation is used up, or too many long requests run at once.
            Code("REQUEST_LIMIT_EXCEEDED", "limit"),
            # A cursor ends two days after its query, and the oldest one where a user has more than ten.
            Code("INVALID_QUERY_LOCATOR", "expired"),
            Code("QUERY_TIMEOUT", "retry"),
        ),
    ),
    check="accounts",
    endpoints=(*TABLES, DELETED_RECORDS),
)
