"""Addresses of PostgreSQL as libpq reads them: several hosts, sockets' folders, and a `+` that is a plus.

`urllib` reads them otherwise: it takes one host, one port, and `+` for a blank. The grammar is that of libpq's
documentation, "Connection URIs"; of an option that is named twice the last one counts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

_URI = re.compile(r"postgres(?:ql)?://(?P<place>[^/?]*)(?P<path>/[^?]*)?(?:\?(?P<query>.*))?", re.IGNORECASE)
_HOST = re.compile(r"(?:\[(?P<inside>[^\]]+)\]|(?P<name>[^\[\]:]*))(?::(?P<port>[^\[\]:]*))?")
_BREAKS = re.compile(r"[\t\r\n]")


@dataclass(frozen=True)
class PostgresUri:
    """The parts as they are written, which `plain` reads. `user` and `password` are None where nothing says them."""

    authority: str = field(repr=False)
    """User, password and place, all together."""
    user: str | None
    password: str | None = field(repr=False)
    place: str
    """The hosts with their ports."""
    path: str
    """The database, behind its stroke; without one empty."""
    options: tuple[tuple[str, str], ...] = field(repr=False)
    """The names are plain."""

    @property
    def settings(self) -> dict[str, str]:
        """What libpq takes from it, by the names of its options, plain."""
        hosts = [_HOST.fullmatch(host) for host in self.place.split(",")]
        found = {
            "user": self.user or "",
            "password": self.password or "",
            "host": ",".join(host["inside"] or host["name"] or "" for host in hosts if host),
            "port": ",".join(host["port"] or "" for host in hosts if host),
            "dbname": self.path[1:],
        }
        said = {name: plain(value) for name, value in found.items() if value}
        return said | {name: plain(value) for name, value in self.options}


def parsed(url: str) -> PostgresUri:
    """Raises ValueError for what libpq would not take for an address."""
    found = _URI.fullmatch(_without_breaks(url))
    if found is None:
        raise ValueError("no address of PostgreSQL")
    login, at, place = found["place"].rpartition("@")
    letters = re.sub("[@:]", "", found["place"])
    if set(unicodedata.normalize("NFKC", letters)) & set("/?#@:"):
        raise ValueError("letters that some take for others")
    if not all(_HOST.fullmatch(host) for host in place.split(",")):
        raise ValueError("no host")
    user, colon, password = login.partition(":")
    options = tuple(_options(found["query"] or ""))
    return PostgresUri(
        found["place"],
        user if at else None,
        password if colon else None,
        place,
        found["path"] or "",
        options,
    )


def with_options(url: str, *, unless_said: Mapping[str, str], always: Mapping[str, str]) -> str:
    """The address as it is written, with more options behind it."""
    names = parsed(url).settings
    more = {name: value for name, value in unless_said.items() if name not in names} | dict(always)
    added = "&".join(f"{name}={quote(value, safe='')}" for name, value in more.items())
    scheme, slashes, rest = _without_breaks(url).partition("://")
    between = "" if rest.endswith(("?", "&")) else "&" if "?" in rest else "?"
    return f"{scheme.lower()}{slashes}{rest}{between}{added}"


def plain(written: str) -> str:
    """Bytes that are no text are kept, as Python keeps those of the environment."""
    return unquote(written, errors="surrogateescape")


def _options(query: str) -> Iterator[tuple[str, str]]:
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if name:
            yield plain(name), value


def _without_breaks(url: str) -> str:
    """As `urllib` reads it: a line break that came with the address, as from a file, is none of it."""
    return _BREAKS.sub("", url.strip())
