"""The ways in which programs spell a text in what they say: escaped, or in digits."""

from __future__ import annotations

import html
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote, quote_plus

Spelling = Callable[[str], str]

ESCAPES: dict[str, Spelling] = {
    "plain": lambda text: text,
    "percent": lambda text: quote(text, safe=""),
    "percent, lower hex": lambda text: _lower(quote(text, safe="")),
    "percent, some left": lambda text: quote(text, safe="/:!*'()"),
    "percent, all": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "form": quote_plus,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON, as it is": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON for a page": lambda text: json.dumps(text)[1:-1].replace("/", "\\/").replace("<", "\\u003C"),
    "Python": lambda text: repr(text)[1:-1],
    "Python, ASCII": lambda text: ascii(text)[1:-1],
    "Python, bytes": lambda text: repr(text.encode())[2:-1],
    "Rust": lambda text: "".join(c if c.isalnum() and c.isascii() else f"\\u{{{ord(c):x}}}" for c in text),
    "octal": lambda text: "".join(f"\\{byte:03o}" for byte in text.encode()),
    "HTML": html.escape,
    "SQL": lambda text: text.replace("'", "''"),
    "libpq": lambda text: text.replace("\\", "\\\\").replace("'", "\\'"),
}
DIGITS: dict[str, Spelling] = {
    "Basic": lambda text: b64encode(f"loader:{text}".encode()).decode(),
    "base64": lambda text: b64encode(text.encode()).decode(),
    "base64 for an address": lambda text: urlsafe_b64encode(f":{text}:x".encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
}


def _lower(quoted: str) -> str:
    head, *rest = quoted.split("%")
    return "%".join([head, *(part[:2].lower() + part[2:] for part in rest)])
