"""One tenant's way into one service: its address and credentials, complete and checked before anything is sent."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from avesa.connector.address import Address, origin
from avesa.connector.auth import At, Auth, OneOf, all_names
from avesa.connector.credentials import Credentials
from avesa.connector.jwt_assertion import JwtAssertion
from avesa.connector.limits import SHARE_SETTING, read_share
from avesa.connector.pull_settings import check_pull_setting, is_pull_setting
from avesa.connector.service import Service
from avesa.connector.stored_secrets import StoredSecrets
from avesa.connector.template import fill, names_in
from avesa.connector.times import zone_of
from avesa.shared.errors import ConfigurationError, UsageError, Where
from avesa.shared.guard import check_guard_setting, is_guard_setting

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Connection:
    """`credentials` are settings and secrets by name; `secret_values` what must never be shown.

    `auth` is the scheme that the tenant has credentials for. `vendor_base_url` is what `base_url` stands for where
    that is the tenant's own. `stored` is where secrets that the vendor exchanges are kept.
    """

    service: Service
    base_url: str
    credentials: Mapping[str, str] = field(repr=False)
    secret_values: tuple[str, ...] = field(repr=False)
    where: Where
    auth: Auth
    vendor_base_url: str | None = None
    stored: StoredSecrets | None = None

    @property
    def address(self) -> Address:
        return Address(self.base_url, self.vendor_base_url)

    def credentials_at(self, now: datetime, secrets: Mapping[str, str] | None = None) -> Credentials:
        """What an auth scheme may know, with `secrets` in place of those that the connection was made with."""
        newer = {name: value for name, value in (secrets or {}).items() if name in self.service.secrets}
        return Credentials({**self.credentials, **newer}, frozenset(self.service.secrets), now, self.address)

    def is_of_the_service(self, url: str) -> bool:
        """Whether credentials may be sent to this address: its host is that of `base_url`, or one that an endpoint
        declares. The tenant's own address stands for all of these.
        """
        return origin(url) == origin(self.base_url) or (
            not self.address.is_own and origin(url) in _endpoint_origins(self.service, self.credentials)
        )


def connection(
    service: Service,
    settings: Mapping[str, str],
    secrets: Mapping[str, str],
    *,
    where: Where,
    stored: StoredSecrets | None = None,
) -> Connection:
    """Settings over their defaults, secrets, and the address that they make.

    Raises ConfigurationError that names what is missing or unusable, and the command that stores it.
    """
    check_settings(service, settings, where=where)
    values = {**service.defaults(), **{name: value.strip() for name, value in settings.items()}}
    given = {name: secrets[name] for name in service.secrets if secrets.get(name)}
    way = _chosen(service, {**values, **given}, where)
    unused = _needed_by_others(service, way)
    needed = [s.name for s in service.settings if s.default != "" and not s.may_be_empty and s.name not in unused]
    missing_settings = [name for name in needed if not values.get(name)]
    missing_secrets = [name for name in service.secrets if name not in given and name not in unused]
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
    never_sent = way.auth.never_sent if isinstance(way.auth, JwtAssertion) else frozenset()
    for name, value in given.items():
        if not value.isprintable() and name not in never_sent and name not in unused:
            raise ConfigurationError(
                f"The secret {name} holds a line break or another character that no request can carry.",
                where=where,
                hint=_connect_hint(service, where, []),
            )
    own = values.get("base_url", "").rstrip("/")
    hosts = {name: value.strip("/") for name, value in values.items()}
    if own:  # of the vendor's address only the path is of interest then
        hosts = {**dict.fromkeys(names_in(way.base_url), ""), **hosts}
    vendor = fill(way.base_url, hosts).rstrip("/")
    return Connection(
        service,
        checked_url(own or vendor, where),
        {**values, **given},
        tuple(given.values()),
        where,
        way.auth,
        vendor if own else None,
        stored,
    )


def _chosen(service: Service, given: Mapping[str, str], where: Where) -> At:
    """The scheme that the tenant has credentials for, and the address that it is used at.

    Raises ConfigurationError that tells which credentials would do.
    """
    chosen = service.auth.chosen(given) if isinstance(service.auth, OneOf) else service.auth
    if chosen is not None:
        return chosen if isinstance(chosen, At) else At(service.base_url, chosen)
    assert isinstance(service.auth, OneOf)
    settings = [setting.name for setting in service.settings]
    in_common = service.auth.names
    ways = (
        " and ".join(
            f"{'setting' if name in settings else 'secret'} {name}"
            for name in (*settings, *service.secrets)
            if name in scheme.names - in_common
        )
        for scheme in service.auth.schemes
    )
    raise ConfigurationError(
        f"Not connected: {service.title} needs either {', or '.join(ways)}.",
        where=where,
        hint=_connect_hint(service, where, []),
    )


def _endpoint_origins(service: Service, settings: Mapping[str, str]) -> set[str]:
    """The hosts of endpoints that have a `base_url` of their own."""
    named = {template for e in service.endpoints if (template := e.base_url)}
    hosts = {name: value.strip("/") for name, value in settings.items()}
    return {origin(fill(template, hosts)) for template in named if names_in(template) <= hosts.keys()}


def _needed_by_others(service: Service, way: At) -> frozenset[str]:
    """The settings and secrets that only other ways into the service need than the one that is used."""
    of_every_way = all_names(service.auth) | names_in(service.base_url)
    return of_every_way - way.names - names_in(*(value for _, value in service.headers))


def check_settings(service: Service, settings: Mapping[str, str], *, where: Where) -> None:
    """Raises UsageError for a setting that the service does not have, and for a time zone that nobody knows.

    `base_url`, `limit_share`, the settings of the deletion guard (shared/guard.py) and those of a tenant's pulls
    (pull_settings.py) are allowed for each of them.
    """
    names = [*(setting.name for setting in service.settings), "base_url"]
    for name, value in settings.items():
        if is_guard_setting(name):
            _check_table_of(service, name, where)
            check_guard_setting(name, value)
        elif name == SHARE_SETTING:
            _check_share(value, where)
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
    _check_zones(service, settings, where)


def _check_table_of(service: Service, name: str, where: Where) -> None:
    table = name.partition(".")[2]
    if table and table not in [endpoint.name for endpoint in service.endpoints]:
        raise UsageError(f"the setting {name} names no table of {service.title}.", where=where)


def _check_zones(service: Service, settings: Mapping[str, str], where: Where) -> None:
    """Of the settings that are there, those that name a time zone."""
    for template in {zone: None for endpoint in service.endpoints for zone in service.zones_of(endpoint)}:
        names = names_in(template)
        if names and names <= settings.keys():
            try:
                zone_of(template, settings)
            except ConfigurationError as error:
                named = f"the setting {', '.join(sorted(names))}: {error.message}"
                raise UsageError(named, where=where, hint=error.hint) from None


def _check_share(value: str, where: Where) -> None:
    try:
        read_share(value)
    except ValueError:
        raise UsageError(
            f"the setting {SHARE_SETTING} is a share above 0 and at most 1, not {value!r}.", where=where
        ) from None


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
