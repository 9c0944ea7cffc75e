"""Credentials and answers for tests of what is asked for a token and what is made of the answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from avesa.connector.address import Address
from avesa.connector.credentials import Credentials
from avesa.connector.request import Request, Response
from avesa.connector.tokens import Grant, Renewed

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
VENDOR = "https://api.vendor.example"


def credentials(own: str | None = None, **values: str) -> Credentials:
    """All of them secret. `own` is the tenant's own address, in place of the vendor's."""
    return Credentials(values, frozenset(values), NOW, Address(own or VENDOR, VENDOR if own else None))


def answer(body: object, status: int = 200) -> Response:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, {}, data, "https://login.vendor.example/token", NOW, NOW)


def asked(grant: Grant, known: Credentials) -> Request:
    """What is sent first to get a token."""
    return next(grant.renew(known))


def renewed(grant: Grant, known: Credentials, body: object, status: int = 200) -> Renewed:
    """What one answer makes."""
    renewal = grant.renew(known)
    next(renewal)
    with pytest.raises(StopIteration) as end:
        renewal.send(answer(body, status))
    made: Renewed = end.value.value
    return made
