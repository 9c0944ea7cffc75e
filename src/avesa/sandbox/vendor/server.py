"""The strict vendor over HTTP: on a port of its own, or below a prefix of another server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import format_datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from avesa.sandbox.answer import Answer
from avesa.sandbox.loopback import LoopbackServer, Received
from avesa.sandbox.vendor.contract import Contract
from avesa.sandbox.vendor.messages import Asked
from avesa.sandbox.vendor.vendor import StrictVendor


class Serving:
    """A vendor that answers; `root` is the address of its host, `url` the one below which its paths lie."""

    def __init__(self, vendor: StrictVendor, root: str) -> None:
        self.vendor, self.root = vendor, root
        self.url = root + own_mount(vendor.contract)


@contextmanager
def strict_vendor(service: str, **options: Any) -> Iterator[Serving]:
    """Serve one vendor until the block ends. `options` are those of `StrictVendor`."""
    vendor = StrictVendor(service, **options)
    server = LoopbackServer(partial(respond, vendor))
    try:
        yield Serving(vendor, f"http://127.0.0.1:{server.server_port}")
    finally:
        server.stop()


def own_mount(contract: Contract) -> str:
    """The path below which a tenant's own address leads: that of the vendor's host where it has several."""
    return contract.mounts[-1 if len(contract.mounts) > 1 else 0]


def respond(vendor: StrictVendor, received: Received, prefix: str = "") -> Answer:
    """The vendor's answer to a request; `prefix` stands before its paths and is no part of them."""
    target = received.target.removeprefix(prefix)
    parts = urlsplit(target)
    path, mount = _below_mount(vendor, _plain(parts.path))
    query = tuple(parse_qsl(parts.query, keep_blank_values=True))
    base = received.root + prefix + mount
    asked = Asked(received.method, path, target, query, received.headers, received.body, base)
    answer = vendor.answer(asked)
    # RFC 9110, section 6.4.1: such an answer has no body.
    content = b"" if answer.status == 304 else answer.content()
    date = format_datetime(vendor.clock(), usegmt=True)
    return Answer(answer.status, content, {"Date": date, **answer.headers}, cut=answer.cut)


def _below_mount(vendor: StrictVendor, path: str) -> tuple[str, str]:
    """The path below the vendor's mount, and the mount; a token endpoint lies at the host's root."""
    for mount in vendor.contract.mounts:
        if mount and path.startswith(f"{mount}/"):
            return path.removeprefix(mount), mount
    return path, ""


def _plain(path: str) -> str:
    """Marks that may be written either way in a path (RFC 3986, section 2.3); a slash inside of a value stays."""
    for mark in "'()@:$,":
        path = path.replace(f"%{ord(mark):02X}", mark)
    return path
