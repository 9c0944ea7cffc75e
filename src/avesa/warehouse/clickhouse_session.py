"""Statements to a ClickHouse server over its HTTP interface, rows as Arrow, errors as ours."""

from __future__ import annotations

import os
import re
from typing import Any
from urllib.parse import urlencode

import msgspec
import urllib3

from avesa.shared.errors import AvesaError, ConfigurationError, StorageError, Unavailable, UsageError
from avesa.shared.hiding import hidden
from avesa.warehouse.address import Address

_SECONDS = urllib3.Timeout(connect=10, read=600)
"""An insert answers when it is on the disk."""
_ALWAYS = {
    "wait_end_of_query": "1",
    "async_insert": "0",
    # A row that is sent again is the same row of the same version, and one of them stays. What the server would leave
    # out as a repetition might be gone since.
    "insert_deduplicate": "0",
    "select_sequential_consistency": "1",
    "output_format_json_quote_64bit_integers": "0",
}
_NAME = re.compile(r"\(([A-Z][A-Z0-9_]+)\)")
_LOGIN = {"AUTHENTICATION_FAILED", "REQUIRED_PASSWORD", "WRONG_PASSWORD", "UNKNOWN_USER"}
_RIGHTS = {"ACCESS_DENIED", "READONLY"}
_LATER = {"MEMORY_LIMIT_EXCEEDED", "NOT_ENOUGH_SPACE", "TOO_MANY_PARTS", "TOO_MANY_SIMULTANEOUS_QUERIES"}


class ClickHouseSession:
    """The words that a server says in an error may hold values; only the error's name is passed on."""

    def __init__(self, address: Address) -> None:
        secure = _is_secure(address)
        port = address.port or (8443 if secure else 8123)
        host = f"[{address.host}]" if ":" in address.host else address.host
        self.url = f"{'https' if secure else 'http'}://{host}:{port}/"
        self._pool = urllib3.PoolManager(timeout=_SECONDS, retries=False)
        self._secrets = address.secrets
        self._headers = {
            "X-ClickHouse-User": _sendable(address.user or os.environ.get("CLICKHOUSE_USER") or "default", "user"),
            "X-ClickHouse-Key": _sendable(address.password or os.environ.get("CLICKHOUSE_PASSWORD") or "", "password"),
        }

    def run(self, sql: str) -> list[dict[str, Any]]:
        """One statement, and the rows that it gives if it is one that gives any (FORMAT JSON is added to those)."""
        asks = sql.lstrip().upper().startswith("SELECT")
        answer = self._send({}, (f"{sql} FORMAT JSON" if asks else sql).encode())
        return list(msgspec.json.decode(answer)["data"]) if asks else []

    def insert(self, table: str, columns: str, body: bytes) -> None:
        """`body` is an Arrow stream of those columns."""
        self._send({"query": f"INSERT INTO {table} ({columns}) FORMAT ArrowStream"}, body)

    def close(self) -> None:
        self._pool.clear()

    def _send(self, parameters: dict[str, str], body: bytes) -> bytes:
        url = f"{self.url}?{urlencode({**_ALWAYS, **parameters})}"
        try:
            answer = self._pool.request("POST", url, body=body, headers=self._headers, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            failure = Unavailable(
                f"the ClickHouse server does not answer: {type(error).__name__}.",
                hint="Check host, port and network, then load again: nothing is lost or doubled.",
            )
        else:
            if answer.status == 200 and "X-ClickHouse-Exception-Code" not in answer.headers:
                return bytes(answer.data)
            raise _failure(answer.status, hidden(answer.data.decode(errors="replace"), self._secrets))
        raise failure


def _sendable(word: str, what: str) -> str:
    """As a header holds it: bytes in UTF-8, each as one letter."""
    if any(ord(letter) < ord(" ") for letter in word):
        raise ConfigurationError(
            f"the {what} for ClickHouse holds a line break or another control character.",
            hint=f"See what CLICKHOUSE_{what.upper()} or the address ends with.",
        )
    return word.encode(errors="surrogateescape").decode("latin-1")


def _is_secure(address: Address) -> bool:
    """Credentials and rows go over https, but to this machine, or where the address says `?secure=false`."""
    said = address.options.get("secure")
    if said not in (None, "true", "false"):
        raise UsageError("secure is true or false.", hint="Write clickhouse://host/?secure=false")
    return not address.is_here if said is None else said == "true"


def _failure(status: int, text: str) -> AvesaError:
    names = _NAME.findall(text)
    name = str(names[-1]) if names else f"HTTP {status}"
    if name in _LOGIN or (not names and status in (401, 403)):
        return ConfigurationError(
            f"the ClickHouse server refuses the login ({name}).",
            hint="Set CLICKHOUSE_USER and CLICKHOUSE_PASSWORD, or name the user in the address.",
        )
    if name in _RIGHTS:
        return ConfigurationError(
            f"the ClickHouse user lacks a right ({name}).",
            hint="It has to make databases, tables and views, and alter and fill them: "
            "GRANT CREATE, ALTER, DROP, INSERT, SELECT ON avesa.* TO the user.",
        )
    if name in _LATER or status in (502, 503, 504):
        return StorageError(f"the ClickHouse server could not do it now ({name}).", hint="Load again later.")
    return ConfigurationError(
        f"the ClickHouse server refuses it ({name}).", hint="docs/warehouse.md tells what it needs."
    )
