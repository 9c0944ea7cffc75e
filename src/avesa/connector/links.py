"""Addresses of a next page, in a Link header or in the body. Only what the declaration allows is taken from them:
scheme, host and base path always stay those of the request, so credentials go nowhere that an answer names.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

_LINK = re.compile(r'<([^<>]*)>\s*((?:;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^\s",;]+)\s*)*)')
_REL = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s",;]+))', re.IGNORECASE)


def read_links(header: str) -> dict[str, str]:
    """Relation to address of a Link header (RFC 8288). Addresses are as sent; the first of a relation wins."""
    links: dict[str, str] = {}
    for address, attributes in _LINK.findall(header):
        rel = _REL.search(attributes)
        for name in (rel[1] or rel[2] or "").lower().split() if rel else ():
            links.setdefault(name, address)
    return links


def query_value(address: str, name: str) -> str | None:
    """The value of one query parameter of an address, whatever the case of its name."""
    try:
        query = parse_qs(urlsplit(address).query)
    except ValueError:
        return None
    return next((values[0] for key, values in query.items() if key.lower() == name.lower()), None)


def query_of(address: str) -> tuple[tuple[str, str], ...]:
    """All query parameters of an address, decoded, in their order. Raises ValueError where it is no address."""
    return tuple(parse_qsl(urlsplit(address).query, keep_blank_values=True, errors="strict"))


_DOTS = re.compile(r"(?:^|/)\.{1,2}(?:/|$)")
_PLAIN = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")


def path_behind(url: str, address: str, marker: str) -> str:
    """`url` with the path of `address` from `marker` on; all before it stays as it is in `url`.

    The marker is one or more whole segments of the path that both have, such as `/services/data`: an address may name
    another host or base path, behind which the vendor's own paths are the same. Raises ValueError where it is
    missing, and for a path that climbs out or holds anything but path characters.
    """
    whole = re.compile(re.escape(marker.rstrip("/")) + r"(?=/|$)")
    ours = urlsplit(url)
    here, there = whole.search(ours.path), whole.search(path := urlsplit(address).path)
    if here is None or there is None:
        raise ValueError("not a path of this service")
    behind = path[there.start() :]
    if _DOTS.search(unquote(behind).replace("\\", "/")) or "//" in behind or not _PLAIN.fullmatch(behind):
        raise ValueError("not a path of this service")
    return f"{ours.scheme}://{ours.netloc}{ours.path[: here.start()]}{behind}"
