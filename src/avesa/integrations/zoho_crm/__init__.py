"""Zoho CRM: accounts, contacts, deals, cases, and what is planned, sold and invoiced around them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from avesa.connector.auth import OneOf
from avesa.connector.in_turn import InTurn
from avesa.connector.incremental import Changes, Deletions, InHeader
from avesa.connector.limits import Limits, Rate, Told
from avesa.connector.oauth2 import ClientCredentials, RefreshToken
from avesa.connector.paging import Cursor, End, Expired, PageNumber
from avesa.connector.request import Params
from avesa.connector.retry import Errors
from avesa.connector.service import Deleted, Endpoint, Service, Setting
from avesa.integrations.zoho_crm.fields import FIELDS

V8 = "/crm/v8"
MORE = End(more="info.more_records")

# Zoho CRM API v8, get records: a number reaches 2,000 records, the token of each answer 100,000; it lives a day, and
# `page` must not go with it. More than that fails the table: the answer says that more follow, and names no token.
PAGES = Cursor(
    at="info.next_page_token", param="page_token", size="per_page", most=200, end=MORE, expired=(Expired(400),)
)
BY_NUMBER = PageNumber(size="per_page", most=200, end=MORE)

# Zoho CRM API v8, get records: strictly later than a moment with an offset, and 304 where nothing is. Times of records
# have whole seconds, in the zone of whoever reads them.
SINCE = InHeader("If-Modified-Since")
FORM = "%Y-%m-%dT%H:%M:%S+00:00"
LAG = timedelta(seconds=2)


def module(name: str, api_name: str, *, params: Params = (), **more: Any) -> Endpoint:
    """A module's records. Without a word those come that are approved, and leads that are not converted.

    Zoho CRM API v8, get records: `fields` has to be sent, and names 50 at most; the tenant names its own as
    `Accounts.My_Field`. In the order of change what changes meanwhile moves to the end, where it is met again.
    Zoho CRM API v8, deleted records: the recycle bin of 60 days, and what was deleted for good.
    """
    return Endpoint(
        name,
        f"{V8}/{api_name}",
        records="data",
        params=(
            ("fields", f"{FIELDS[api_name]}{{more_fields:{api_name}}}"),
            ("approved", "both"),
            ("sort_by", "Modified_Time"),
            ("sort_order", "asc"),
            *params,
        ),
        changes=Changes("Modified_Time", ask=SINCE, form=FORM, overlap=LAG),
        deletions=Deletions(
            f"{V8}/{api_name}/deleted",
            key=("id",),
            at="deleted_time",
            records="data",
            params=(("type", "all"),),
            changes=Changes("deleted_time", ask=SINCE, form=FORM, overlap=LAG, kept_for=timedelta(days=60)),
            paging=BY_NUMBER,
        ),
        **{"may_be_empty": True, **more},
    )


SERVICE = Service(
    name="zoho_crm",
    title="Zoho CRM",
    category="crm",
    base_url="https://{api_host}",
    settings=(
        # Zoho CRM API v8, multi-DC: each data centre has hosts of its own; Canada's are zohoapis.ca and zohocloud.ca.
        Setting(
            "api_host", default="www.zohoapis.com", help="of your data centre: www.zohoapis.eu, www.zohoapis.in, …"
        ),
        Setting("accounts_host", default="accounts.zoho.com", help="accounts.zoho.eu, accounts.zohocloud.ca, …"),
        Setting("org_id", default="", help="number of your organisation, for a client without a refresh token"),
        Setting(
            "scope",
            default="ZohoCRM.modules.READ,ZohoCRM.users.READ",
            help="of a client without a refresh token",
            is_account=False,
        ),
        Setting("more_fields", default="", help="your own fields: Accounts.My_Field, Deals.My_Field"),
        Setting("credits_a_day", default="50000", help="of your edition: 5000, 50000 and more for each user"),
    ),
    secrets=("client_id", "client_secret", "refresh_token"),
    # Zoho OAuth: a refresh token does not change, and makes ten tokens in ten minutes at most. Where it is refused the
    # answer is a 200 without a token. A token is sent behind Zoho's own word, not Bearer.
    auth=OneOf(
        (
            RefreshToken("https://{accounts_host}/oauth/v2/token", prefix="Zoho-oauthtoken "),
            ClientCredentials(
                "https://{accounts_host}/oauth/v2/token",
                fields=(("scope", "{scope}"), ("soid", "ZohoCRM.{org_id}")),
                prefix="Zoho-oauthtoken ",
            ),
        )
    ),
    account=("api_host", "org_id", "client_id"),
    paging=PAGES,
    # Zoho CRM API v8, limits: credits over a day that rolls, one for a list; 5 requests at once in the least edition.
    # What is left is told once half of it is used; a 429 names no time.
    limits=Limits(
        concurrency=4,
        rates=(Rate(50_000, per=timedelta(days=1), setting="credits_a_day"),),
        told=(Told("X-API-CREDITS-REMAINING", per=timedelta(hours=1)),),
        rest=timedelta(seconds=30),
    ),
    errors=Errors(code="code", message="message"),
    check="accounts",
    endpoints=(
        module("accounts", "Accounts", canonical="companies", may_be_empty=False),
        module("contacts", "Contacts", canonical="contacts"),
        module("deals", "Deals", canonical="opportunities"),
        module("leads", "Leads", params=(("converted", "both"),)),
        module("cases", "Cases", canonical="tickets"),
        module("tasks", "Tasks", canonical="tasks"),
        module("events", "Events"),
        module("calls", "Calls"),
        module("products", "Products", canonical="products"),
        module("quotes", "Quotes"),
        module("sales_orders", "Sales_Orders"),
        module("invoices", "Invoices", canonical="invoices"),
        module("campaigns", "Campaigns"),
        module("notes", "Notes"),
        # Whether all users are those that were deleted too is not said: these are asked for by themselves.
        Endpoint(
            "users",
            f"{V8}/users",
            records="users",
            paging=InTurn(BY_NUMBER, "type", ("AllUsers", "DeletedUsers")),
            changes=Changes("Modified_Time", ask=SINCE, form=FORM, overlap=LAG),
            deleted=Deleted("status", ("deleted",)),
            canonical="users",
        ),
    ),
)
