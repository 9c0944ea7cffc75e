"""Kaseya BMS, once Vorex: accounts and contacts, tickets and time, contracts, invoices, opportunities and projects."""

from __future__ import annotations

from datetime import timedelta

from avesa.connector.completeness import Total
from avesa.connector.incremental import Changes, InBody
from avesa.connector.json_template import json_body
from avesa.connector.limits import Limits, Rate
from avesa.connector.paging import End, InTurn, PageNumber, Paging, SinglePage
from avesa.connector.retry import Errors, Inside
from avesa.connector.service import Endpoint, Service, Setting
from avesa.connector.session_token import SessionToken
from avesa.connector.times import Iso
from avesa.connector.tokens import TokenFields

# BMS API, paging: some lists tell how many records there are, others end with an empty page. The largest page is not
# published, so a short one is never taken for the last.
IN_FULL = End(total="TotalRecords", short=False)
BY_NUMBER = PageNumber("PageNumber", size="PageSize", most=100, order=(("Sort", "Id asc"),), end=IN_FULL)
BY_POST = PageNumber("PageNumber", size="PageSize", most=100, into="body", end=IN_FULL)

# BMS API, accounts, contacts, employees, assets: it is not published whether those that are not active come by
# themselves, so they are asked for beside those that come. They stay what they are.
WITH_INACTIVE = InTurn(BY_NUMBER, "Filter.IsActive", (None, "false"))

# BMS API: no zone of times is published. A day makes up for any.
ANY_ZONE = timedelta(days=1)

MODIFIED = Changes("ModifiedOn", ask=("Filter.ModifiedOnFrom", "{since}"), overlap=ANY_ZONE)

# BMS API, ticket search: the filter compares LastActivityUpdate, which moves more often than ModifiedOn.
ACTIVE = Changes("LastActivityUpdate", ask=InBody((("Filter.LastActivityUpdateFrom", "{since}"),)), overlap=ANY_ZONE)


def listed(
    name: str,
    path: str,
    *,
    updated_at: str | None = None,
    paging: Paging | None = None,
    canonical: str | None = None,
) -> Endpoint:
    """A list that cannot be asked for what changed."""
    return Endpoint(
        name,
        f"/v2/{path}",
        records="Result",
        key=("Id",),
        changes=None,
        updated_at=updated_at,
        paging=paging,
        canonical=canonical,
    )


def changing(name: str, path: str, *, canonical: str, paging: Paging | None = None) -> Endpoint:
    return Endpoint(
        name, f"/v2/{path}", records="Result", key=("Id",), changes=MODIFIED, paging=paging, canonical=canonical
    )


SERVICE = Service(
    name="kaseya_bms",
    title="Kaseya BMS (Vorex)",
    category="psa",
    base_url="https://{host}",
    settings=(
        Setting("host", default="api.bms.kaseya.com", help="or api.bmsemea.kaseya.com, api.bmsapac.kaseya.com"),
        Setting("tenant", help="company name, as it is given at the login"),
        Setting("timezone", default="UTC", help="of the times that BMS shows, such as America/New_York"),
    ),
    secrets=("username", "password"),
    # BMS API, authenticate: a form in parts is all that it takes. The user needs the API role, or no second factor.
    auth=SessionToken(
        "https://{host}/v2/security/authenticate",
        fields=(
            ("GrantType", "password"),
            ("UserName", "{username}"),
            ("Password", "{password}"),
            ("Tenant", "{tenant}"),
        ),
        encoding="multipart",
        answer=TokenFields(
            "Result.AccessToken",
            None,
            until="Result.AccessTokenExpireOn",
            accepted="Success",
            why="Error.Message",
        ),
    ),
    account=("host", "tenant"),
    paging=BY_NUMBER,
    times=Iso("{timezone}"),
    total=Total("TotalRecords"),
    # BMS API, rate limits: for each endpoint by itself.
    limits=Limits(rates=(Rate(1500, per=timedelta(hours=1), each=True),), slows="endpoint", rest=timedelta(seconds=30)),
    # BMS API: a failure may come with status 200.
    errors=Errors(
        code="Error.Code",
        message="Error.Message",
        inside=(Inside("Success", (False,)),),
    ),
    check="accounts",
    endpoints=(
        # The list by GET is deprecated; a search gives the same rows. Completed ones are left out if it is said so.
        Endpoint(
            "tickets",
            "/v2/servicedesk/tickets/search",
            method="POST",
            body=json_body({"Sort": "Id asc", "Filter": {"ExcludeCompleted": 0}}),
            records="Result",
            key=("Id",),
            paging=BY_POST,
            changes=ACTIVE,
            canonical="tickets",
        ),
        changing("time_logs", "timelogs", canonical="time_entries"),
        changing("accounts", "crm/accounts/summary", canonical="companies", paging=WITH_INACTIVE),
        changing("contacts", "crm/contacts/summary", canonical="contacts", paging=WITH_INACTIVE),
        changing("opportunities", "crm/opportunities", canonical="opportunities"),
        listed("employees", "hr/employees/searchselect", paging=WITH_INACTIVE, canonical="users"),
        listed(
            "hardware_assets",
            "servicedesk/hardwareasset/searchselect",
            paging=WITH_INACTIVE,
            canonical="devices",
        ),
        listed("software_assets", "servicedesk/softwareAssets/searchselect"),
        listed("products", "inventory/products/searchselect", canonical="products"),
        Endpoint(
            "services",
            "/v2/admin/finance/services/search",
            method="POST",
            body=json_body({"Sort": "Id asc", "Filter": {}}),
            records="Result",
            key=("Id",),
            paging=BY_POST,
            changes=None,
            updated_at="ModifiedOn",
            canonical="products",
        ),
        listed("contracts", "finance/contracts/summary", canonical="agreements"),
        # These can be asked for by the day on which they were made or begin, and not by what changed.
        listed("invoices", "finance/invoices/summary", updated_at="ModifiedOn", canonical="invoices"),
        listed("projects", "project/projects/summary", canonical="projects"),
        listed("quotes", "crm/quotes/summary"),
        listed("product_quotes", "crm/productquotes/summary"),
        listed("queues", "system/queues/lookup", paging=SinglePage()),
        listed("ticket_statuses", "system/statuses/lookup", paging=SinglePage()),
        listed("priorities", "system/priorities/lookup", paging=SinglePage()),
        listed("work_types", "system/worktypes/lookup", paging=SinglePage()),
    ),
)
