"""What the benchmarks' tenant, service and table are called, and how many records a page has."""

from __future__ import annotations

TENANT, SERVICE, TABLE = "acme", "vendor", "requests"

PAGE = 1_000
