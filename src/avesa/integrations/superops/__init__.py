"""SuperOps: clients and their people, tickets and tasks, assets and alerts, contracts and invoices. All by GraphQL."""

from __future__ import annotations

from datetime import timedelta

from avesa.connector.auth import Bearer
from avesa.connector.completeness import Total
from avesa.connector.incremental import Changes, InParams
from avesa.connector.json_template import Body
from avesa.connector.limits import Limits, Rate
from avesa.connector.paging import End, PageNumber, SinglePage
from avesa.connector.retry import Code, Errors, Inside
from avesa.connector.service import Endpoint, Service, Setting
from avesa.integrations.superops import queries

PATH = "/{edition}"


def pages(operation: str, *, wrapped: bool = False) -> PageNumber:
    """SuperOps API, ListInfo: page and size stand in the input, for some lists in a `listInfo` of it. `hasMore` is null
    on the last page more often than it is false.
    """
    at = "variables.input.listInfo" if wrapped else "variables.input"
    more = f"data.{operation}.listInfo.hasMore"
    return PageNumber(f"{at}.page", size=f"{at}.pageSize", most=100, into="body", end=End(more=more, short=False))


def listed(
    name: str,
    body: Body,
    operation: str,
    records: str,
    key: str,
    *,
    wrapped: bool = False,
    canonical: str | None = None,
) -> Endpoint:
    """A list that cannot be asked for changes, and whose records do not say when they changed."""
    return Endpoint(
        name,
        PATH,
        method="POST",
        body=body,
        records=f"data.{operation}.{records}",
        key=(key,),
        paging=pages(operation, wrapped=wrapped),
        total=Total(f"data.{operation}.listInfo.totalCount"),
        canonical=canonical,
    )


# SuperOps API, tickets: nobody has seen a filter by an absolute time, so those that changed last come first, and are
# read until they are old.
CHANGED_LAST = Changes(
    "updatedTime",
    ask=InParams(()),
    body=queries.tickets("updatedTime", "DESC"),
    newest_first=True,
    overlap=timedelta(minutes=5),
)

SERVICE = Service(
    name="superops",
    title="SuperOps",
    category="psa",
    base_url="https://{host}",
    settings=(
        Setting("host", default="api.superops.ai", help="or euapi.superops.ai"),
        Setting("subdomain", help="of the account, before .superops.ai"),
        Setting("edition", default="msp", help="msp, or it for the edition of IT teams"),
        # The vendor's pages say 100 or 800 a minute.
        Setting("requests_a_minute", default="100", help="what your token is allowed: 100 or 800"),
    ),
    secrets=("api_token",),
    auth=Bearer("{api_token}"),
    headers=(("CustomerSubDomain", "{subdomain}"),),
    limits=Limits(
        rates=(Rate(100, per=timedelta(minutes=1), setting="requests_a_minute"),),
        rest=timedelta(seconds=30),
    ),
    # SuperOps API, errors: 401 means a wrong token and 400 a wrong subdomain; all else comes with status 200.
    errors=Errors(
        service=frozenset({400, 401}),
        code="errors.0.extensions.clientError.0.code",
        message="errors.0.message",
        inside=(Inside("errors"),),
        codes=(
            Code("rate_limit_exceeded", "limit"),
            Code("internal_error", "retry"),
        ),
    ),
    check="clients",
    endpoints=(
        Endpoint(
            "tickets",
            PATH,
            method="POST",
            body=queries.tickets("createdTime", "ASC"),
            records="data.getTicketList.tickets",
            key=("ticketId",),
            paging=pages("getTicketList"),
            changes=CHANGED_LAST,
            total=Total("data.getTicketList.listInfo.totalCount"),
            canonical="tickets",
        ),
        listed("clients", queries.CLIENTS, "getClientList", "clients", "accountId", canonical="companies"),
        listed(
            "client_users",
            queries.CLIENT_USERS,
            "getClientUserList",
            "userList",
            "userId",
            wrapped=True,
            canonical="contacts",
        ),
        listed("client_sites", queries.CLIENT_SITES, "getClientSiteList", "sites", "id", wrapped=True),
        listed("technicians", queries.TECHNICIANS, "getTechnicianList", "userList", "userId", canonical="users"),
        Endpoint(
            "technician_groups",
            PATH,
            method="POST",
            body=queries.TECHNICIAN_GROUPS,
            records="data.getTechnicianGroupList",
            key=("groupId",),
            paging=SinglePage(),
        ),
        listed("assets", queries.ASSETS, "getAssetList", "assets", "assetId", canonical="devices"),
        listed("alerts", queries.ALERTS, "getAlertList", "alerts", "id"),
        listed(
            "worklog_entries",
            queries.WORKLOG_ENTRIES,
            "getWorklogEntries",
            "entries",
            "itemId",
            wrapped=True,
            canonical="time_entries",
        ),
        listed(
            "client_contracts",
            queries.CLIENT_CONTRACTS,
            "getClientContractList",
            "clientContracts",
            "contractId",
            canonical="agreements",
        ),
        listed("invoices", queries.INVOICES, "getInvoiceList", "invoices", "invoiceId", canonical="invoices"),
        listed("service_items", queries.SERVICE_ITEMS, "getServiceItemList", "items", "itemId", canonical="products"),
        listed("tasks", queries.TASKS, "getTaskList", "tasks", "taskId", wrapped=True, canonical="tasks"),
        Endpoint(
            "slas",
            PATH,
            method="POST",
            body=queries.SLAS,
            records="data.getSLAList",
            paging=SinglePage(),
        ),
    ),
)
