"""What the sandbox's tests share: the vendor's root, the type of the client, and how a Link header reads."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx2

API = "/v4_6_release/apis/3.0"
Get = Callable[..., httpx2.Response]


def links(response: httpx2.Response) -> dict[str, str]:
    """The Link header by rel."""
    found = re.findall(r'<([^>]+)>; rel="(\w+)"', response.headers.get("Link", ""))
    return {rel: url for url, rel in found}
