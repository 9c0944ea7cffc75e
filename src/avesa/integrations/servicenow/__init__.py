"""ServiceNow, Table API: incidents, changes, problems, requests, companies, people, configuration items, contracts."""

from __future__ import annotations

from datetime import timedelta

from avesa.connector.auth import Basic, OneOf
from avesa.connector.incremental import Changes
from avesa.connector.limits import Limits
from avesa.connector.oauth2 import ClientCredentials, RefreshToken
from avesa.connector.paging import End, Header, InFilter, Keyset
from avesa.connector.retry import Errors, Inside
from avesa.connector.service import Endpoint, Service, Setting

# Table API, sysparm_offset: offsets drift while rows change, and without an explicit order rows have none; so each page
# begins behind the last sys_id, within the filter that was there. The limit is applied before the access rules: a page
# may be short or empty in the middle, and only X-Total-Count (of the rows behind that sys_id) tells the end.
BY_ID = Keyset(
    ("sys_id",),
    InFilter("sysparm_query", "sys_id>{0}^{filter}"),
    size="sysparm_limit",
    most=1000,
    offset="sysparm_offset",
    end=End(total=Header("X-Total-Count"), short=False, empty=False),
)


def since(field: str) -> Changes:
    """Table API, sysparm_query: plain texts of times are UTC in whole seconds. A row is seen a little later than it was
    stamped, hence the overlap. Only for fields that a table has: an unknown one is ignored, and all rows come.
    """
    return Changes(
        field=field,
        ask=("sysparm_query", f"{field}>={{since}}^ORDERBYsys_id"),
        form="%Y-%m-%d %H:%M:%S",
        overlap=timedelta(seconds=10),
    )


def table(
    name: str, of: str, canonical: str | None = None, *, secret: tuple[str, ...] = (), changes: Changes | None = None
) -> Endpoint:
    """One table of the instance.

    Stored values are asked for, since display values have the time zone and the language of the user.
    """
    return Endpoint(
        name,
        f"/api/now/table/{of}",
        records="result",
        key=("sys_id",),
        changes=changes or "inherit",
        params=(("sysparm_query", "ORDERBYsys_id"), ("sysparm_display_value", "false")),
        secret_fields=secret,
        canonical=canonical,
    )


SERVICE = Service(
    name="servicenow",
    title="ServiceNow",
    category="itsm",
    base_url="https://{instance}.service-now.com",
    settings=(Setting("instance", help="name of the instance, the part before .service-now.com"),),
    secrets=("username", "password", "client_id", "client_secret", "refresh_token"),
    auth=OneOf(
        (
            Basic("{username}", "{password}"),
            RefreshToken("https://{instance}.service-now.com/oauth_token.do"),
            ClientCredentials("https://{instance}.service-now.com/oauth_token.do"),
        )
    ),
    # Rate limits are counted by user; refresh tokens change.
    account=("instance", "username", "client_id"),
    paging=BY_ID,
    changes=since("sys_updated_on"),
    # Each instance has rules of its own, in requests an hour; a refusal tells in Retry-After when to come again.
    limits=Limits(concurrency=4),
    # A query that runs too long is cut off, with status 200 and this at the end of what was sent so far.
    errors=Errors(
        code="error.message",
        message="error.detail",
        inside=(Inside(tail="Transaction cancelled: maximum execution time exceeded", means="retry"),),
    ),
    check="incidents",
    # Deleted rows vanish, and a daily listing looks for them. The log of deletions is a table of its own here: few
    # users may read it, it knows audited tables alone, and by the names of their subclasses.
    endpoints=(
        table("incidents", "incident", "tickets"),
        table("users", "sys_user", "users", secret=("user_password",)),
        table("companies", "core_company", "companies"),
        # Accounts and contacts of customers, time cards, contracts and projects come with plugins: where these are not
        # there, the table is invalid and fails alone.
        table("accounts", "customer_account", "companies", secret=("registration_code",)),
        table("contacts", "customer_contact", "contacts", secret=("user_password",)),
        table("time_cards", "time_card", "time_entries"),
        # All kinds of tasks together, those of the tables below once more; sys_class_name tells them apart.
        table("task_all", "task"),
        table("change_requests", "change_request", "tickets"),
        table("change_tasks", "change_task", "tasks"),
        table("problems", "problem", "tickets"),
        table("catalog_requests", "sc_request", "tickets"),
        table("requested_items", "sc_req_item", "tickets"),
        table("catalog_tasks", "sc_task", "tasks"),
        table("groups", "sys_user_group"),
        table("configuration_items", "cmdb_ci", "devices"),
        table("assets", "alm_asset", "devices"),
        table("contracts", "ast_contract", "agreements"),
        table("catalog_items", "sc_cat_item", "products"),
        table("projects", "pm_project", "projects"),
        # The payload is the whole record that was deleted, with a user's password too.
        table("deleted_records", "sys_audit_delete", secret=("payload",), changes=since("sys_created_on")),
    ),
)
