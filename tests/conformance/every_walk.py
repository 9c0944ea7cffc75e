"""The walks of all vendors, by their services."""

from __future__ import annotations

from conformance.walks_business import BUSINESS
from conformance.walks_devices import DEVICES
from conformance.walks_helpdesk import HELPDESK
from conformance.walks_rmm import RMM
from conformance.walks_sales import SALES
from conformance.walks_software import SOFTWARE
from conformance.walks_workplace import WORKPLACE

WALKS = BUSINESS | DEVICES | HELPDESK | RMM | SALES | SOFTWARE | WORKPLACE
