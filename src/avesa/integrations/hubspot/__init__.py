"""HubSpot CRM: companies, contacts, deals, tickets, and what is sold and done around them."""

from __future__ import annotations

from datetime import timedelta

from avesa.connector.auth import Bearer, OneOf
from avesa.connector.in_turn import InTurn
from avesa.connector.incremental import Changes, InParams
from avesa.connector.limits import Limits, Rate, Told
from avesa.connector.oauth2 import RefreshToken
from avesa.connector.paging import SinglePage
from avesa.connector.retry import Errors
from avesa.connector.service import Deleted, Endpoint, Parent, Service, Setting
from avesa.integrations.hubspot.associations import INPUTS, RestOfEach
from avesa.integrations.hubspot.crm_objects import BY_CURSOR, V3, V4, crm_object

# HubSpot API, associations: what hangs on a deal changes without the deal being stamped, or with it. Those of the
# deals that changed are read with each sync, all of them once a day.
OF_CHANGED_DEALS = Changes(field=None, ask=InParams(()))

SERVICE = Service(
    name="hubspot",
    title="HubSpot CRM",
    category="crm",
    base_url="https://api.hubapi.com",
    settings=(
        # HubSpot API, properties: a record holds those asked for by name, and unknown names are left out in silence,
        # so one list can serve all objects. hs_object_id is in every record anyway.
        Setting("more_properties", default="hs_object_id", help="properties of your own to read, separated by commas"),
        Setting("requests_in_10_seconds", default="100", help="of your plan: 100, 190 or 250"),
        Setting("requests_a_day", default="250000", help="of your plan: 250000, 650000 or 1000000"),
    ),
    secrets=("access_token", "client_id", "client_secret", "refresh_token"),
    # HubSpot API, authentication: a private app's token does not end; an OAuth app's lives half an hour.
    auth=OneOf((Bearer("{access_token}"), RefreshToken("https://api.hubapi.com/oauth/2026-03/token"))),
    paging=BY_CURSOR,
    # HubSpot API, usage limits: by plan, over ten seconds and a day. Searches are counted apart, 5 a second by the
    # newer documents and 4 by older ones; AVESA's share is within both. Their answers tell nothing of what is left.
    limits=Limits(
        rates=(
            Rate(100, per=timedelta(seconds=10), setting="requests_in_10_seconds"),
            Rate(250_000, per=timedelta(days=1), setting="requests_a_day"),
            Rate(5, group="search"),
        ),
        told=(
            Told("X-HubSpot-RateLimit-Remaining", limit="X-HubSpot-RateLimit-Max", per=timedelta(seconds=10)),
            Told("X-HubSpot-RateLimit-Daily-Remaining", limit="X-HubSpot-RateLimit-Daily", per=timedelta(hours=1)),
        ),
        rest=timedelta(seconds=10),
    ),
    # HubSpot API, errors: beside the usual ones 423 (locked), 477 (the account moves) and 523, 524 (unreachable) pass.
    errors=Errors(retry=Errors().retry | {423, 477, 523, 524}, code="category"),
    check="companies",
    endpoints=(
        crm_object(
            "companies",
            "name domain industry city state zip country address address2 phone website description type lifecyclestage"
            " numberofemployees annualrevenue hubspot_owner_id hs_parent_company_id createdate closedate"
            " hs_lastmodifieddate hs_object_id hs_merged_object_ids",
            canonical="companies",
        ),
        crm_object(
            "contacts",
            "email firstname lastname phone mobilephone jobtitle company website address city state zip country"
            " lifecyclestage hs_lead_status hubspot_owner_id associatedcompanyid createdate lastmodifieddate"
            " hs_object_id hs_merged_object_ids",
            canonical="contacts",
            # HubSpot API, properties: contacts alone have this name for it.
            modified="lastmodifieddate",
        ),
        crm_object(
            "deals",
            "dealname amount amount_in_home_currency deal_currency_code dealstage pipeline dealtype closedate"
            " description hubspot_owner_id hs_is_closed hs_is_closed_won hs_deal_stage_probability hs_forecast_amount"
            " hs_priority createdate hs_lastmodifieddate hs_object_id",
            canonical="opportunities",
            associations="companies,contacts,line_items",
        ),
        crm_object(
            "tickets",
            "subject content hs_pipeline hs_pipeline_stage hs_ticket_priority hs_ticket_category hubspot_owner_id"
            " source_type closed_date time_to_close first_agent_reply_date hs_resolution createdate"
            " hs_lastmodifieddate hs_object_id",
            canonical="tickets",
            associations="companies,contacts",
        ),
        crm_object(
            "products",
            "name description price hs_sku hs_cost_of_goods_sold hs_recurring_billing_period recurringbillingfrequency"
            " hs_product_type createdate hs_lastmodifieddate hs_object_id",
            canonical="products",
        ),
        crm_object(
            "line_items",
            "name quantity price amount discount hs_discount_percentage hs_sku hs_product_id"
            " hs_line_item_currency_code recurringbillingfrequency hs_recurring_billing_period"
            " hs_recurring_billing_start_date createdate hs_lastmodifieddate hs_object_id",
        ),
        crm_object(
            "invoices",
            "hs_number hs_invoice_status hs_currency hs_amount_billed hs_balance_due hs_invoice_date hs_due_date"
            " hs_payment_date hs_title hs_createdate hs_lastmodifieddate hs_object_id",
            canonical="invoices",
            associations="companies,contacts,line_items",
        ),
        # Not hs_public_url_key: who has it can open the quote.
        crm_object(
            "quotes",
            "hs_title hs_status hs_quote_amount hs_currency hs_expiration_date hs_quote_number hs_createdate"
            " hs_lastmodifieddate hs_object_id",
            associations="companies,contacts,deals",
        ),
        crm_object(
            "subscriptions",
            "hs_name hs_status hs_currency_code hs_recurring_revenue hs_next_payment_due_date hs_last_payment_date"
            " hs_start_date hs_createdate hs_lastmodifieddate hs_object_id",
            canonical="agreements",
            associations="companies,contacts",
        ),
        crm_object(
            "tasks",
            "hs_task_subject hs_task_body hs_task_status hs_task_priority hs_task_type hs_timestamp hubspot_owner_id"
            " hs_task_completion_date hs_createdate hs_lastmodifieddate hs_object_id",
            canonical="tasks",
            associations="companies,contacts,tickets",
        ),
        crm_object(
            "calls",
            "hs_call_title hs_call_body hs_call_duration hs_call_status hs_call_direction hs_timestamp hubspot_owner_id"
            " hs_createdate hs_lastmodifieddate hs_object_id",
            associations="companies,contacts",
        ),
        crm_object(
            "meetings",
            "hs_meeting_title hs_meeting_body hs_meeting_start_time hs_meeting_end_time hs_meeting_outcome hs_timestamp"
            " hubspot_owner_id hs_createdate hs_lastmodifieddate hs_object_id",
            associations="companies,contacts",
        ),
        # HubSpot API, owners: deactivated ones are in a list of their own. Records go on naming them, so they are
        # people who are no longer active, and not gone.
        Endpoint(
            "owners",
            f"{V3}/owners",
            records="results",
            updated_at="updatedAt",
            paging=InTurn(BY_CURSOR, "archived", ("false", "true")),
            canonical="users",
        ),
        Endpoint(
            "deal_pipelines",
            f"{V3}/pipelines/deals",
            records="results",
            updated_at="updatedAt",
            paging=SinglePage(),
            deleted=Deleted("archived", at="archivedAt"),
        ),
        Endpoint(
            "ticket_pipelines",
            f"{V3}/pipelines/tickets",
            records="results",
            updated_at="updatedAt",
            paging=SinglePage(),
            deleted=Deleted("archived", at="archivedAt"),
        ),
        # Companies and contacts come with each deal in listings; here are the labels of its line items. HubSpot API,
        # associations: up to a thousand deals at once, those that are gone are left out of the answer. The list of one
        # deal's associations ends with v4 in March 2027, this goes on under another version.
        Endpoint(
            "deal_associations",
            f"{V4}/associations/deals/line_items/batch/read",
            method="POST",
            records="results.*.to",
            key=("toObjectId",),
            parent=Parent("deals", INPUTS, into="body", at_once=1000, key="from.id", element="id"),
            unique_under_parent=True,
            changes=OF_CHANGED_DEALS,
            paging=RestOfEach(),
        ),
    ),
)
