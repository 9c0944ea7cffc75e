"""What stays known of a service after it was disconnected from a tenant whose data it left behind.

The history rests on what listings were allowed to delete, so the settings that said so hold on. And the account that
the data came from is known by its settings, so that another one is not connected in its place by mistake. It lies in
the state `disconnected/{service}`; where the service is connected again that says nothing any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

import msgspec

from avesa.shared.guard import is_guard_setting
from avesa.shared.tenants import TenantService
from avesa.shared.watermarks import TableState, Watermarks

BELOW = "disconnected/"


class LeftBehind(msgspec.Struct, frozen=True):
    """`guard` are the settings of the deletion guard, `account` those that lead to the account; both as they were set,
    without defaults. `at` is None where nothing was left behind.
    """

    at: datetime | None = None
    guard: dict[str, str] = {}
    account: dict[str, str] = {}


def left_behind(watermarks: Watermarks, tenant: str, service: str) -> LeftBehind:
    return _decoded(watermarks.get(tenant, BELOW + service))


def all_left_behind(states: Iterable[TableState]) -> dict[str, LeftBehind]:
    """By service, from all states of a tenant."""
    found = {one.table_name.removeprefix(BELOW): _decoded(one) for one in states if one.table_name.startswith(BELOW)}
    return {service: left for service, left in found.items() if left.at is not None}


def leave_behind(watermarks: Watermarks, connected: TenantService, leading: Iterable[str], at: datetime) -> None:
    """`leading` are the names of the settings that lead to an account. Can be repeated."""
    settings = connected.settings
    left = LeftBehind(
        at=at,
        guard={name: value for name, value in settings.items() if is_guard_setting(name)},
        account={name: settings[name] for name in leading if name in settings},
    )
    state = watermarks.get(connected.tenant_id, BELOW + connected.service)
    watermarks.put(replace(state, details=msgspec.json.encode(left).decode()))


def _decoded(state: TableState) -> LeftBehind:
    return msgspec.json.decode(state.details, type=LeftBehind) if state.details else LeftBehind()
