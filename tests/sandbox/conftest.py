"""A running sandbox and a plain HTTP client that signs in as the vendor's document says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from avesa.sandbox.server import Sandbox
from avesa.sandbox.world import World
from sandbox_client import API, Get, links

START = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture(scope="session")
def worlds() -> dict[str, World]:
    return {"acme": World(seed=7, start=START), "globex": World(seed=8, start=START)}


@pytest.fixture
def sandbox(worlds: dict[str, World]) -> Iterator[Sandbox]:
    with Sandbox(worlds=worlds) as running:
        yield running


@pytest.fixture(scope="session")
def client() -> Iterator[httpx2.Client]:
    with httpx2.Client() as shared:
        yield shared


@pytest.fixture
def get(sandbox: Sandbox, client: httpx2.Client) -> Get:
    """GET a path below the API's root (or an absolute URL) as a tenant."""

    def ask(path: str, tenant: str = "acme", headers: dict[str, str] | None = None, **params: Any) -> httpx2.Response:
        keys = sandbox.credentials("connectwise", tenant)
        url = path if path.startswith("http") else f"{sandbox.base_url('connectwise')}{API}{path}"
        return client.get(
            url,
            params=params or None,
            auth=(f"{keys['company_id']}+{keys['public_key']}", keys["private_key"]),
            headers={"clientId": keys["client_id"], **(headers or {})},
        )

    return ask


@pytest.fixture
def pages(get: Get) -> Callable[..., list[list[dict[str, Any]]]]:
    """Follow the links to the next page to the end."""

    def follow(path: str, headers: dict[str, str] | None = None, **params: Any) -> list[list[dict[str, Any]]]:
        response = get(path, headers=headers, **params)
        found = [response.json()]
        while following := links(response).get("next"):
            response = get(following, headers=headers)
            found.append(response.json())
        return found

    return follow
