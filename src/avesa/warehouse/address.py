"""Where a warehouse is: `duckdb:///path`, `postgresql://user@host/database` or `clickhouse://user@host/database`.

An address that is typed may hold no password, since all users of a machine can read what its programs were started
with. From the environment it may.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlencode, urlsplit

from avesa.shared.errors import ConfigurationError, UsageError
from avesa.warehouse import postgres_uri
from avesa.warehouse.postgres_uri import plain

VARIABLE = "AVESA_WAREHOUSE_URL"
_KINDS = {"duckdb": "duckdb", "postgresql": "postgresql", "postgres": "postgresql", "clickhouse": "clickhouse"}
PASSWORD_VARIABLES = ("PGPASSWORD", "CLICKHOUSE_PASSWORD")
_SECRET = (
    *("password", "sslpassword", "passwd", "pwd", "secret", "token"),
    *("oauth_client_secret", "scram_client_key", "scram_server_key"),
)
_TELLING = ("host", "port", "dbname", "user")
_UNCLEAR = re.compile(r"%(?![0-9A-Fa-f]{2})|%00|#")
_UNCLEAR_FILE = re.compile(rf"{_UNCLEAR.pattern}|[?\x00-\x1f]")
_NO_FILE = re.compile(r"(.*/)?:memory:.*|\w{2,}:.*", re.ASCII | re.DOTALL)
"""What stands for something else than a file in DuckDB: memory, another program's database, a service."""
_FILE = "duckdb:///srv/warehouse.duckdb"
_HOW = {
    "postgresql": "Leave it out and set PGPASSWORD, or write it into ~/.pgpass",
    "clickhouse": "Leave it out and set CLICKHOUSE_PASSWORD",
}


@dataclass(frozen=True)
class Address:
    """`shown` is for people and logs; `url` may hold a password and is in no repr."""

    kind: str
    shown: str
    url: str = field(repr=False)

    @property
    def digest(self) -> str:
        """The same for the same warehouse, and nothing else can be told from it."""
        place = os.path.realpath(self.path) if self.kind == "duckdb" else self.shown
        return hashlib.sha256(place.encode()).hexdigest()[:12]

    @property
    def path(self) -> str:
        """The file of a DuckDB warehouse: `duckdb:///srv/w.duckdb` is /srv/w.duckdb, `duckdb:w.duckdb` lies here.

        As in any URL, `%23` stands for #, `%3F` for ? and `%25` for %.
        """
        return unquote(urlsplit(self.url).path)

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or "localhost"

    @property
    def port(self) -> int | None:
        return urlsplit(self.url).port

    @property
    def user(self) -> str | None:
        name = urlsplit(self.url).username
        return None if name is None else unquote(name)

    @property
    def password(self) -> str | None:
        word = _split(self.url).password
        return None if word is None else plain(word)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no message may show: passwords in the address, and those that the environment gives beside it."""
        return (*secrets_in(self.url), *(os.environ.get(name, "") for name in PASSWORD_VARIABLES))

    @property
    def database(self) -> str:
        return unquote(urlsplit(self.url).path.strip("/"))

    @property
    def options(self) -> dict[str, str]:
        return {name: plain(value) for name, value in _split(self.url).options}

    @property
    def is_here(self) -> bool:
        """Whether the host is this machine."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def warehouse_address(typed: str | None) -> Address:
    """The address that was typed, or else that of AVESA_WAREHOUSE_URL.

    Raises UsageError for a typed one with a password in it, for one that is no address of a warehouse, and for none.
    """
    if typed is not None:
        return _parsed(typed, typed=True)
    found = os.environ.get(VARIABLE)
    if not found:
        raise UsageError("no warehouse is named.", hint=f"Say --to duckdb:///srv/warehouse.duckdb, or set {VARIABLE}.")
    return _parsed(found, typed=False)


def secrets_in(url: str) -> tuple[str, ...]:
    """The passwords in an address, as they are written and as they are; all of it where it is not clear."""
    try:
        parts = _split(url)
    except ValueError:
        return (url,)
    if parts.authority and not _is_clear(url, parts.authority):
        return (url,)
    secret = (value for name, value in parts.options if name.lower() in _SECRET)
    written = [word for word in (parts.password or "", *secret) if word]
    return (*written, *(plain(word) for word in written))


@dataclass(frozen=True)
class _Parts:
    """What stands in an address, as it is written but for the names of its options."""

    kind: str | None
    authority: str
    user: str | None
    password: str | None
    place: str
    """Hosts and ports."""
    path: str
    options: tuple[tuple[str, str], ...]


def _split(url: str) -> _Parts:
    """Raises ValueError for what is no address at all."""
    kind = _KINDS.get(url.strip().partition(":")[0].lower())
    if kind == "postgresql" and "://" in url:
        uri = postgres_uri.parsed(url)
        place = uri.place if "%" in uri.place else uri.place.lower()
        return _Parts(kind, uri.authority, uri.user, uri.password, place, uri.path, uri.options)
    parts = urlsplit(url)
    host = parts.hostname or ""
    place = (f"[{host}]" if ":" in host else host) + (f":{parts.port}" if parts.port else "")
    pairs = (pair.partition("=") for pair in parts.query.split("&"))
    options = tuple((unquote(name), value) for name, _, value in pairs)
    return _Parts(kind, parts.netloc, parts.username, parts.password, place, parts.path, options)


def _parsed(url: str, *, typed: bool) -> Address:
    try:
        url.encode()
        parts = _split(url)
    except ValueError:
        raise _no_address() from None
    kind = parts.kind
    if kind is None:
        raise _no_address()
    if kind != "duckdb" and not _is_clear(url, parts.authority):
        raise _unclear()
    secret = parts.password is not None or any(name.lower() in _SECRET for name, _ in parts.options)
    if secret and typed:
        raise UsageError(
            "the address holds a password, which every user of this machine can see while the command runs.",
            hint=f"{_HOW.get(kind, 'Leave it out')}, or set {VARIABLE} instead of typing the address.",
        )
    if kind == "duckdb":
        _check_file(url, parts)
    if kind == "clickhouse" and not parts.place.partition(":")[0]:
        raise UsageError("the address names no host.", hint="Write clickhouse://user@host/database")
    return Address(kind, _shown(url, parts), url)


def _check_file(url: str, parts: _Parts) -> None:
    """Raises UsageError unless the address names one file, and all who read it find the same."""
    if parts.authority or parts.path in ("", "/"):
        raise UsageError("a DuckDB warehouse is a file.", hint=f"Write {_FILE}")
    try:
        name = unquote(parts.path, errors="strict")
    except UnicodeDecodeError:
        name = None
    if name is None or _UNCLEAR_FILE.search(url):
        raise UsageError(
            "the name of the file can be read in more than one way.",
            hint="In the address write %23 for #, %3F for ?, %25 for %, and other bytes as they are in UTF-8.",
        )
    if _NO_FILE.fullmatch(name):
        raise UsageError(
            "a DuckDB warehouse is a file: memory is gone when the command ends, and a service is none.",
            hint=f"Name a file: {_FILE}, or duckdb:./NAME for a name with a colon.",
        )


def _shown(url: str, parts: _Parts) -> str:
    """The address without what may be secret. One way of writing for one place, so that it tells warehouses apart."""
    user = f"{parts.user}@" if parts.user else ""
    kept = [(name, plain(value)) for name, value in parts.options if name.lower() in _TELLING]
    query = urlencode(kept, quote_via=quote, safe="", errors="surrogateescape")
    place = f"{user}{parts.place}{parts.path}{'?' if kept else ''}{query}"
    return f"{parts.kind}:{'//' if '://' in url else ''}{place}"


def _is_clear(url: str, place: str) -> bool:
    """Whether all who read the address find the same password and host in it, so that neither is taken for another."""
    _, slashes, rest = url.partition("://")
    return bool(slashes) and rest.count("@") == place.count("@") < 2 and not _UNCLEAR.search(rest)


def _unclear() -> UsageError:
    return UsageError(
        "the address can be read in more than one way.",
        hint="Write //, and in user, password and database %40 for @, %2F for /, %3F for ?, %23 for # and %25 for %.",
    )


def _no_address() -> UsageError:
    return UsageError(
        "that is no address of a warehouse.",
        hint="Write duckdb:///srv/w.duckdb, postgresql://user@host/database or clickhouse://user@host/database.",
    )


def not_installed(name: str) -> ConfigurationError:
    return ConfigurationError(
        f"what talks to {name} is not installed.",
        hint="Install it: pip install 'avesa[warehouse]', or in a clone -r requirements-warehouse.txt",
    )
