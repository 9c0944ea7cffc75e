"""Where a tenant's requests go: the vendor's hosts, or one address of the tenant's own that stands for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit


@dataclass(frozen=True)
class Address:
    """`base_url` is the address in force. `vendor_base_url` is the one that it stands for, None where it is the
    vendor's own.
    """

    base_url: str
    vendor_base_url: str | None = None

    @property
    def is_own(self) -> bool:
        return self.vendor_base_url is not None

    def of(self, url: str) -> str:
        """The address of another place of the vendor, such as its token endpoint: itself, or its path at the
        tenant's own address.
        """
        if not self.is_own:
            return url
        parts = urlsplit(url)
        query = f"?{parts.query}" if parts.query else ""
        return f"{origin(self.base_url)}{self._prefix()}{parts.path}{query}"

    def vendor_path(self, url: str) -> str:
        """The path of `url` as the vendor sees it, behind a proxy that puts something in front."""
        return urlsplit(url).path.removeprefix(self._prefix()) or "/"

    def _prefix(self) -> str:
        """What the tenant's own address has in front of the vendor's path; empty where it has another path."""
        own, vendor = urlsplit(self.base_url).path, urlsplit(self.vendor_base_url or self.base_url).path.rstrip("/")
        return own.removesuffix(vendor) if own.endswith(vendor) else ""


def origin(url: str) -> str:
    """Scheme, host and port of an address, in lower case and without the port that goes without saying."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    port = "" if parts.port in (None, usual) else f":{parts.port}"
    return f"{parts.scheme.lower()}://{f'[{host}]' if ':' in host else host}{port}"


def at_origin(url: str, other: str) -> str:
    """`url` with the scheme, host and port of `other`."""
    there = urlsplit(other)
    return SplitResult(there.scheme, there.netloc, *urlsplit(url)[2:]).geturl()


def moved(url: str, location: str, hosts: tuple[str, ...]) -> str | None:
    """`url` at the host that a redirect names, where that is one of `hosts`; its path and query stay. None where the
    redirect leads elsewhere, or to where it came from.
    """
    if not is_under(location, hosts) or origin(location) == origin(url):
        return None
    return at_origin(url, location)


def is_under(url: str, hosts: tuple[str, ...]) -> bool:
    """Whether an address is https at its usual port, of a host whose name ends in one of `hosts`, without a user."""
    try:
        parts = urlsplit(url)
        plain = parts.scheme == "https" and parts.port is None and "@" not in parts.netloc
    except ValueError:
        return False
    return plain and (parts.hostname or "").lower().endswith(hosts)
