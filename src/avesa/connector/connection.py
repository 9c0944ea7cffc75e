"""One tenant's way into one service: its address and credentials, complete and checked before anything is sent."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from avesa.connector.pull_settings import check_pull_setting, is_pull_setting
from avesa.connector.request import fill
from avesa.connector.service import Service
from avesa.shared.errors import ConfigurationError, UsageError, Where
from avesa.shared.guard import check_guard_setting, is_guard_setting

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Connection:
    """`credentials` are settings and secrets by name; `secret_values` what must never be shown."""

    service: Service
    base_url: str
    credentials: Mapping[str, str] = field(repr=False)
    secret_values: tuple[str, ...] = field(repr=False)
    where: Where


def connection(
    service: Service, settings: Mapping[str, str], secrets: Mapping[str, str], *, where: Where
) -> Connection:
    """Settings over their defaults, secrets, and the address that they make.

    Raises ConfigurationError that names what is missing or unusable, and the command that stores it.
    """
    check_settings(service, settings, where=where)
    values = {**service.defaults(), **{name: value.strip() for name, value in settings.items()}}
    missing_settings = [s.name for s in service.settings if not values.get(s.name)]
    missing_secrets = [name for name in service.secrets if not secrets.get(name)]
    if missing_settings or missing_secrets:
        raise ConfigurationError(
            "Not connected: missing "
            + " and ".join(
                f"{what}{'s' if len(names) > 1 else ''} {', '.join(names)}"
                for what, names in (("setting", missing_settings), ("secret", missing_secrets))
                if names
            )
            + ".",
            where=where,
            hint=_connect_hint(service, where, missing_settings),
        )
    for name in service.secrets:
        if not secrets[name].isprintable():
            raise ConfigurationError(
                f"The secret {name} holds a line break or another character that no request can carry.",
                where=where,
                hint=_connect_hint(service, where, []),
            )
    own = {name: secrets[name] for name in service.secrets}
    address = values.get("base_url") or fill(
        service.base_url, {name: value.strip("/") for name, value in values.items()}
    )
    return Connection(service, checked_url(address.rstrip("/"), where), {**values, **own}, tuple(own.values()), where)


def check_settings(service: Service, settings: Mapping[str, str], *, where: Where) -> None:
    """Raises UsageError for a setting that the service does not have.

    `base_url`, the settings of the deletion guard (shared/guard.py) and those of a tenant's pulls (pull_settings.py)
    are allowed for each of them.
    """
    names = [*(setting.name for setting in service.settings), "base_url"]
    for name, value in settings.items():
        if is_guard_setting(name):
            _check_table_of(service, name, where)
            check_guard_setting(name, value)
        elif is_pull_setting(name) and name not in names:
            _check_table_of(service, name, where)
            check_pull_setting(name, value)
        elif name not in names:
            close = difflib.get_close_matches(name, names, n=1)
            raise UsageError(
                f"{service.title} has no setting {name!r}.",
                where=where,
                hint=f"Did you mean {close[0]!r}?" if close else f"It has {', '.join(names)}.",
            )


def _check_table_of(service: Service, name: str, where: Where) -> None:
    table = name.partition(".")[2]
    if table and table not in [endpoint.name for endpoint in service.endpoints]:
        raise UsageError(f"the setting {name} names no table of {service.title}.", where=where)


def checked_url(address: str, where: Where) -> str:
    """The address itself if credentials may be sent there: https, or plain http to this very machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or parts.username or parts.scheme not in ("https", "http"):
        raise ConfigurationError(
            "The service's address is not a web address.",
            where=where,
            hint="Settings such as site hold a host alone, base_url a whole https address.",
        )
    if parts.scheme == "http" and host not in LOOPBACK:
        raise ConfigurationError(
            f"Plain http to {host} is refused, since it would show the credentials on the way.",
            where=where,
            hint="Use https; http is for a server on this machine alone.",
        )
    return address


def _connect_hint(service: Service, where: Where, settings: list[str]) -> str:
    sets = "".join(f" --set {name}=…" for name in settings)
    return f"Run: avesa connect {where.tenant or 'TENANT'} {service.name}{sets} --secrets-from FILE"
