"""From the declaration of an endpoint to the bare request for its list, before paging and change window."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import quote

from avesa.connector.connection import Connection
from avesa.connector.request import Params, Request
from avesa.connector.service import Endpoint, Parent
from avesa.connector.template import fill_names
from avesa.shared.errors import TableFailed

ParentId = str | tuple[str, ...] | None
"""The parent that a list is asked for under, or several at once."""


def bare_request(connection: Connection, endpoint: Endpoint, parent_id: ParentId) -> Request:
    """The request for an endpoint's list, under its parent or parents where it has such. Only settings are filled in,
    never a secret, since a request may be stored.

    Raises TableFailed where the parent's key does not have the parts that the endpoint is asked by.
    """
    settings = _settings(connection)
    filled = ((name, value, fill_names(value, settings)) for name, value in endpoint.params)
    # A setting that may stay empty is then not sent at all.
    params = tuple((name, text) for name, value, text in filled if text or not value)
    headers: Params = ()
    body = None
    if endpoint.method == "POST":
        headers = (("Content-Type", "application/json"),)
        body = endpoint.body.filled(settings) if endpoint.body is not None else "{}"
    parent = endpoint.parent
    if parent is not None and isinstance(parent_id, tuple):
        address = address_of(connection, endpoint, {})
        request = Request(endpoint.method, address, params, headers, body)
        if parent.into == "query":
            return request.with_params((parent.params[0], ",".join(parent_id)))
        ids = list(parent_id) if parent.element is None else [{parent.element: id_} for id_ in parent_id]
        return request.with_value("body", parent.params[0], ids)
    parts = _parts(parent, parent_id) if parent is not None and isinstance(parent_id, str) else {}
    in_path = parts if parent is not None and parent.into == "path" else {}
    if parent is not None and parent.slashes_twice:
        slashed = {name for name, value in in_path.items() if value.startswith("/") or "//" in value}
        in_path = {name: quote(value, safe="") if name in slashed else value for name, value in in_path.items()}
    if endpoint.each is not None and isinstance(parent_id, str):
        in_path = {endpoint.each.param: parent_id}
    request = Request(endpoint.method, address_of(connection, endpoint, in_path), params, headers, body)
    if parent is not None and parent.into != "path":
        for name, value in parts.items():
            request = request.with_value(parent.into, name, value)
    return request


def address_of(connection: Connection, endpoint: Endpoint, in_path: Mapping[str, str]) -> str:
    """Where the endpoint's list is; a name of its path that is neither a setting nor in `in_path` stays in braces."""
    values = {**_settings(connection), **in_path}
    path = fill_names(endpoint.path, {name: _in_path(value) for name, value in values.items()})
    return base_of(connection, endpoint) + path


def _in_path(value: str) -> str:
    """A value as one segment of a path; one of dots alone must not lead to the segment before it."""
    return quote(value, safe="") if value.strip(".") else value.replace(".", "%2E")


def base_of(connection: Connection, endpoint: Endpoint) -> str:
    """The address that the endpoint's path is put behind.

    A tenant's own base_url stands for every host of the service. Another host then keeps its path there, behind what
    a proxy has put in front of the service's own path.
    """
    if endpoint.base_url is None:
        return connection.base_url
    hosts = {name: value.strip("/") for name, value in _settings(connection).items()}
    return connection.address.of(fill_names(endpoint.base_url, hosts).rstrip("/"))


def _settings(connection: Connection) -> Mapping[str, str]:
    names = [setting.name for setting in connection.service.settings]
    return {name: connection.credentials[name] for name in names if name in connection.credentials}


def _parts(parent: Parent, parent_id: str) -> dict[str, str]:
    """The parent's key by the names that it is asked by; a compound key is a JSON array of texts."""
    if isinstance(parent.param, str):
        return {parent.param: parent_id}
    try:
        parts = json.loads(parent_id)
    except (ValueError, RecursionError):
        parts = None
    if not isinstance(parts, list) or len(parts) != len(parent.param):
        raise TableFailed(f"A record of {parent.endpoint} does not have the {len(parent.param)} keys it is asked by.")
    return dict(zip(parent.param, (str(part) for part in parts), strict=True))
