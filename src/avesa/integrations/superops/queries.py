"""The GraphQL queries of SuperOps, one for each list. What a record is associated with (its client, its technician) is
a JSON scalar: it has no selection of its own, and comes as an object.
"""

from __future__ import annotations

from typing import Any

from avesa.connector.json_template import Body, graphql


def listed(operation: str, records: str, fields: str, *, takes: str = "ListInfoInput!", **given: Any) -> Body:
    """A list in pages, whose input is of the type that it `takes`; `given` stands in it beside the page."""
    query = f"""
query {operation}($input: {takes}) {{
  {operation}(input: $input) {{ {records} {{ {fields} }} listInfo {{ page pageSize hasMore totalCount }} }}
}}
"""
    return graphql(query, input=given)


def whole(operation: str, fields: str) -> Body:
    """A list that comes whole."""
    return graphql(f"query {operation} {{ {operation} {{ {fields} }} }}")


_TICKET = """
    ticketId displayId subject ticketType requestType source client site requester techGroup technician status priority
    impact urgency category subcategory cause resolutionCode sla createdTime updatedTime firstResponseDueTime
    firstResponseTime firstResponseViolated resolutionDueTime resolutionTime resolutionViolated worklogTimespent
    customFields
"""


def tickets(attribute: str, order: str) -> Body:
    """SuperOps API, tickets: sorted by the time of making or of change; no other list can be."""
    return listed("getTicketList", "tickets", _TICKET, sort=[{"attribute": attribute, "order": order}])


CLIENTS = listed(
    "getClientList",
    "clients",
    """
    accountId name stage status emailDomains accountManager primaryContact secondaryContact hqSite technicianGroups
    customFields
    """,
)
CLIENT_USERS = listed(
    "getClientUserList",
    "userList",
    "userId firstName lastName name email contactNumber reportingManager site role client customFields",
    takes="GetClientUserListInput!",
)
CLIENT_SITES = listed(
    "getClientSiteList",
    "sites",
    """
    id name timezoneCode working24x7 line1 line2 city postalCode countryCode stateCode contactNumber client hq
    """,
    takes="GetClientSiteListInput!",
)
TECHNICIANS = listed(
    "getTechnicianList",
    "userList",
    "userId firstName lastName name email contactNumber designation role team",
)
TECHNICIAN_GROUPS = whole("getTechnicianGroupList", "groupId name")
ASSETS = listed(
    "getAssetList",
    "assets",
    """
    assetId name assetClass client site requester primaryMac loggedInUser serialNumber manufacturer model hostName
    publicIp gateway platform domain status sysUptime lastCommunicatedTime agentVersion platformFamily platformCategory
    platformVersion patchStatus warrantyExpiryDate purchasedDate customFields lastReportedTime deviceCategory
    """,
)
ALERTS = listed("getAlertList", "alerts", "id message createdTime status severity description asset policy")
WORKLOG_ENTRIES = listed(
    "getWorklogEntries",
    "entries",
    "itemId status serviceItem billable afterHours qty unitPrice billDateTime technician notes workItem",
    takes="GetWorklogEntriesInput!",
)
CLIENT_CONTRACTS = listed(
    "getClientContractList",
    "clientContracts",
    """
    contractId client contract { contractId name description contractType } startDate endDate contractStatus
    """,
    takes="ListInfoInput",
)
INVOICES = listed(
    "getInvoiceList",
    "invoices",
    """
    invoiceId displayId client site invoiceDate dueDate statusEnum sentToClient totalAmount notes title memo footer
    invoicePaymentTerm paymentDate paymentMethod paymentReference
    """,
)
SERVICE_ITEMS = listed(
    "getServiceItemList",
    "items",
    """
    itemId name description quantityType useAsWorklogItem unitPrice businessHoursUnitPrice afterHoursUnitPrice
    roundUpValue quantity amount salesTaxEnabled category { categoryId name }
    salesTax { taxId name rates { rateId name rateValue } }
    """,
)
TASKS = listed(
    "getTaskList",
    "tasks",
    """
    taskId displayId title description status estimatedTime scheduledStartDate dueDate overdue actualStartDate
    actualEndDate technician techGroup ticket workItem
    """,
    takes="GetTaskListInput!",
)
SLAS = whole("getSLAList", "id name")
