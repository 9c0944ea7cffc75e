"""Jamf Pro: computers and mobile devices of Apple's, how they are grouped, enrolled, patched and licensed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from avesa.connector.completeness import Total
from avesa.connector.incremental import Changes
from avesa.connector.limits import Limits
from avesa.connector.oauth2 import ClientCredentials
from avesa.connector.paging import End, PageNumber, SinglePage
from avesa.connector.request import Params
from avesa.connector.retry import Errors
from avesa.connector.service import Endpoint, Service, Setting

DAILY = timedelta(days=1)


def pages(order: str = "id:asc", *, most: int = 1000) -> PageNumber:
    """Jamf Pro API, pagination: pages from 0 on, and the total in the body. Devices that check in while the list is
    read move in any order but that of their ids.
    """
    return PageNumber(
        "page",
        "page-size",
        most=most,
        start=0,
        order=(("sort", order),),
        end=End(total="totalCount", short=False),
    )


def reported(field: str, name: str) -> Changes:
    """Jamf Pro API, filtering: RSQL, times in UTC. A device is shown a little after it reported. What somebody edits
    moves no time: it is found by the daily listing. A server that does not know the field lists all.
    """
    return Changes(
        field,
        ask=("filter", f'{name}>="{{since}}"'),
        form="%Y-%m-%dT%H:%M:%S.000Z",
        overlap=timedelta(minutes=10),
    )


def sections(*names: str) -> Params:
    """Jamf Pro API, inventory: without a section no more than GENERAL comes."""
    return tuple(("section", name) for name in names)


def whole(name: str, path: str, **more: Any) -> Endpoint:
    """A list without pages."""
    return Endpoint(name, path, paging=SinglePage(), may_be_empty=True, **more)


def listed(name: str, path: str, **more: Any) -> Endpoint:
    return Endpoint(name, path, records="results", may_be_empty=True, **more)


SERVICE = Service(
    name="jamf",
    title="Jamf Pro",
    category="devops",
    base_url="https://{instance}",
    settings=(
        Setting("instance", help="host of your server, such as acme.jamfcloud.com"),
        Setting(
            "inventory",
            default="v4",
            help="of the computers; v3 or v1 where the server is older than 11.30",
            is_account=False,
        ),
    ),
    secrets=("client_id", "client_secret"),
    # Jamf Pro API, client credentials: how long a token lives is said by the client, and often is a minute.
    auth=ClientCredentials("https://{instance}/api/v1/oauth/token"),
    paging=pages(),
    total=Total("totalCount"),
    # Jamf Pro API, scalability: no number of requests, and five at once at most.
    limits=Limits(concurrency=5),
    errors=Errors(code="errors.0.code", message="errors.0.description"),
    account=("instance",),
    check="departments",
    endpoints=(
        # Jamf Pro changelog: v4 came with 11.30, and calls the last contact lastCheckIn. The others go on for a year
        # at least. Applications, fonts and the like are left out: they are most of the answer.
        Endpoint(
            "computers",
            "/api/{inventory}/computers-inventory",
            records="results",
            params=sections(
                "GENERAL",
                "HARDWARE",
                "OPERATING_SYSTEM",
                "USER_AND_LOCATION",
                "PURCHASING",
                "STORAGE",
                "DISK_ENCRYPTION",
                "SECURITY",
                "EXTENSION_ATTRIBUTES",
                "GROUP_MEMBERSHIPS",
            ),
            paging=pages(most=200),
            changes=reported("general.reportDate", "general.reportDate"),
            secret_fields=("general.remoteManagement.managementPassword",),
            canonical="devices",
            may_be_empty=True,
        ),
        # Some servers call the id of a mobile device `id`.
        Endpoint(
            "mobile_devices",
            "/api/v2/mobile-devices/detail",
            records="results",
            key=("mobileDeviceId|id",),
            params=sections(
                "GENERAL",
                "HARDWARE",
                "USER_AND_LOCATION",
                "PURCHASING",
                "SECURITY",
                "NETWORK",
                "EXTENSION_ATTRIBUTES",
            ),
            paging=pages("mobileDeviceId:asc", most=200),
            changes=reported("general.lastInventoryUpdateDate", "lastInventoryUpdateDate"),
            secret_fields=("general.airPlayPassword",),
            canonical="devices",
            may_be_empty=True,
        ),
        listed("mobile_devices_summary", "/api/v2/mobile-devices"),
        whole("computer_groups", "/api/v1/computer-groups"),
        whole("mobile_device_groups", "/api/v1/mobile-device-groups"),
        whole("static_user_groups", "/api/v1/static-user-groups"),
        listed("departments", "/api/v1/departments"),
        listed("buildings", "/api/v1/buildings"),
        whole("sites", "/api/v1/sites", canonical="companies"),
        listed("categories", "/api/v1/categories"),
        # People write passwords into scripts.
        listed("scripts", "/api/v1/scripts", secret_fields=("scriptContents",), every=DAILY),
        listed("packages", "/api/v1/packages", canonical="products", every=DAILY),
        listed(
            "computer_prestages",
            "/api/v3/computer-prestages",
            secret_fields=("recoveryLockPassword", "accountSettings.adminPassword"),
            every=DAILY,
        ),
        listed("mobile_device_prestages", "/api/v2/mobile-device-prestages", every=DAILY),
        listed("volume_purchasing_locations", "/api/v1/volume-purchasing-locations", canonical="agreements"),
        listed("patch_policies", "/api/v2/patch-policies"),
        whole("patch_software_titles", "/api/v2/patch-software-title-configurations"),
        listed(
            "managed_software_update_plans",
            "/api/v1/managed-software-updates/plans",
            key=("planUuid",),
            paging=pages("planUuid:asc"),
        ),
        whole(
            "managed_software_update_statuses",
            "/api/v1/managed-software-updates/update-statuses",
            records="results",
            key=("osUpdatesStatusId",),
        ),
    ),
)
