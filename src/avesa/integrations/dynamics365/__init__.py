"""Microsoft Dynamics 365 through the Dataverse Web API: accounts, cases, and what is sold and done around them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from avesa.connector.incremental import Changes, InParams
from avesa.connector.limits import Limits, Rate, Told
from avesa.connector.oauth2 import ClientCredentials
from avesa.connector.paging import NextUrl
from avesa.connector.retry import Errors
from avesa.connector.service import Endpoint, Service, Setting

# Dataverse, page results: the next page is a whole address with a cookie in it, called as it is and with the same
# Prefer header; only its query is taken, so that nothing goes to another host. $skip does not exist, and $top limits
# the whole list rather than a page. $count stops at 5,000, so nothing is held against it.
PAGES = NextUrl(("@odata.nextLink",))

# Dataverse, annotation: a file lies in the note itself, as text in documentbody. It is not asked for.
NOTE_FIELDS = (
    "annotationid,subject,notetext,filename,filesize,mimetype,isdocument,objecttypecode,_objectid_value,createdon,"
    "modifiedon,versionnumber,overriddencreatedon,_ownerid_value,_createdby_value,_modifiedby_value"
)


def table(name: str, key: str, *, path: str | None = None, **more: Any) -> Endpoint:
    """The rows of an entity set. All columns come unless some are named, those that a tenant added too; a row that was
    deactivated (statecode) stays in the list.

    Dataverse, filter rows: times are bare, in UTC, and answers have whole seconds. In the order of change a row that
    changes meanwhile moves to the end, where it is met again. Deletions come from listings: change tracking would tell
    them, but only of tables for which somebody has turned it on, and to a user that may read the whole organisation.
    """
    return Endpoint(
        name,
        f"/{path or name}",
        records="value",
        key=(key,),
        changes=Changes(
            "modifiedon",
            ask=InParams((("$filter", "modifiedon ge {since}"), ("$orderby", f"modifiedon asc,{key} asc"))),
            overlap=timedelta(seconds=1),
        ),
        **more,
    )


SERVICE = Service(
    name="dynamics365",
    title="Microsoft Dynamics 365 (Dataverse Web API)",
    category="crm",
    base_url="https://{host}/api/data/v9.2",
    settings=(
        Setting("host", help="of your organisation: contoso.crm4.dynamics.com"),
        Setting("tenant_id", help="directory id (a GUID) or a verified domain"),
        Setting("login_host", default="login.microsoftonline.com", help="login.microsoftonline.us, …"),
    ),
    secrets=("client_id", "client_secret"),
    # Microsoft identity platform, client credentials: the scope is the organisation's own address. The client must be
    # an application user of the environment, with a security role.
    auth=ClientCredentials(
        "https://{login_host}/{tenant_id}/oauth2/v2.0/token", fields=(("scope", "https://{host}/.default"),)
    ),
    # Dataverse, page results: 5,000 rows at most; more are asked for in vain. Choices and references are numbers and
    # GUIDs; the annotations beside them hold the words and names, and which table a reference leads to.
    headers=(
        ("OData-MaxVersion", "4.0"),
        ("OData-Version", "4.0"),
        ("Prefer", 'odata.include-annotations="*",odata.maxpagesize=5000'),
    ),
    # Dataverse, service protection limits: counted for each user and server.
    account=("host", "client_id"),
    paging=PAGES,
    # 6,000 requests and 20 minutes of work in 5 minutes. What is left of the work is told too, and waited for by 429.
    # Whoever goes on asking is made to wait longer.
    limits=Limits(
        rates=(Rate(6000, per=timedelta(minutes=5)),),
        told=(Told("x-ms-ratelimit-burst-remaining-xrm-requests", per=timedelta(minutes=5)),),
    ),
    errors=Errors(code="error.code", message="error.message"),
    check="accounts",
    # Tables of Sales and of Customer Service are there where these are installed. Elsewhere they answer 404, and fail
    # alone: a list that is not there proves no deletion.
    endpoints=(
        table("accounts", "accountid", canonical="companies"),
        # Power Pages keep the password of a visitor in its contact.
        table(
            "contacts",
            "contactid",
            secret_fields=("adx_identity_passwordhash", "adx_identity_securitystamp", "adx_identity_newpassword"),
            canonical="contacts",
        ),
        table("cases", "incidentid", path="incidents", canonical="tickets", may_be_empty=True),
        # Users are disabled, hardly ever deleted.
        table("users", "systemuserid", path="systemusers", canonical="users"),
        table("opportunities", "opportunityid", canonical="opportunities", may_be_empty=True),
        table("leads", "leadid", may_be_empty=True),
        table("products", "productid", canonical="products", may_be_empty=True),
        table("invoices", "invoiceid", canonical="invoices", may_be_empty=True),
        table("invoice_lines", "invoicedetailid", path="invoicedetails", may_be_empty=True),
        table("sales_orders", "salesorderid", path="salesorders", may_be_empty=True),
        table("quotes", "quoteid", may_be_empty=True),
        table("entitlements", "entitlementid", canonical="agreements", may_be_empty=True),
        table("tasks", "activityid", canonical="tasks", may_be_empty=True),
        table("phone_calls", "activityid", path="phonecalls", may_be_empty=True),
        table("appointments", "activityid", may_be_empty=True),
        table("notes", "annotationid", path="annotations", params=(("$select", NOTE_FIELDS),), may_be_empty=True),
        table("teams", "teamid"),
    ),
)
