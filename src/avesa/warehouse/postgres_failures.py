"""What PostgreSQL, its driver and libpq say when they fail, as our errors: in one line, without a value or a secret.

Of a statement that failed the server's own words come apart from the driver's. Of a connection that does not come about
there is a text alone, libpq's, without a code: what it means is told by its words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from avesa.shared.errors import AvesaError, Busy, ConfigurationError, StorageError, Unavailable, UsageError
from avesa.shared.hiding import hidden

if TYPE_CHECKING:
    import adbc_driver_manager

_LONGEST = 300
_TELLING = ("08", "0A", "25", "28", "3D", "3F", "42", "53", "54", "55", "57", "58")
"""Classes of errors whose message names objects and limits, never values."""
_WORDS = (b"PG_DIAG_MESSAGE_PRIMARY", b"PG_DIAG_MESSAGE_DETAIL", b"PG_DIAG_MESSAGE_HINT")
_LOST = "Check host, port and network, then load again: nothing is lost or doubled."
_UNCHANGED = "Nothing was changed there."
_AGAIN = f"{_UNCHANGED} Load again."
_SUPPLY = "Set PGPASSWORD or write the password into ~/.pgpass; check user and database in the address."
_PRIMARY = "Name the server that takes changes; of several hosts ?target_session_attrs=read-write finds it."


@dataclass(frozen=True)
class _Failure:
    """What it is to a caller, and how it is told; {} stands for what the server or libpq said."""

    kind: type[AvesaError]
    message: str
    hint: str

    def told(self, said: str) -> AvesaError:
        return self.kind(self.message.format(said), hint=self.hint)


_REFUSES = _Failure(ConfigurationError, "the PostgreSQL server refuses it: {}", _UNCHANGED)
_UNANSWERED = _Failure(Unavailable, "the PostgreSQL server does not answer: {}", _LOST)
_NOT_NOW = _Failure(StorageError, "the PostgreSQL server could not do it now: {}", _AGAIN)
_BROKEN_OFF = _Failure(
    StorageError,
    "the PostgreSQL server broke the statement off: {}",
    f"{_AGAIN} A limit is lifted by ALTER ROLE … SET statement_timeout = 0.",
)
_LOCKED = _Failure(Busy, "another session holds what the load needs: {}", _AGAIN)
_REFUSED = _Failure(ConfigurationError, "the PostgreSQL server refuses the login: {}", _SUPPLY)
_UNKNOWN = replace(_REFUSED, hint="Check user and database in the address.")
_WITHOUT_RIGHT = _Failure(
    ConfigurationError,
    "the PostgreSQL role lacks a right: {}",
    "The role that loads has to own its tables: let it make the schema (GRANT CREATE ON DATABASE).",
)
_NOT_OWNER = _Failure(
    ConfigurationError,
    "the PostgreSQL role does not own the table, whose rows are guarded: {}",
    "Load as the role that made the tables, or as a member of it: GRANT owner TO loader.",
)
_READS_ONLY = _Failure(
    ConfigurationError,
    "the PostgreSQL server only lets itself be read: {}",
    f"It is a standby, or default_transaction_read_only is on. {_PRIMARY}",
)
_WITHOUT_LETTER = _Failure(
    ConfigurationError,
    "the database cannot hold a letter of the rows, since its encoding is not UTF-8 ({}).",
    f"{_UNCHANGED} Load into a database that was made with ENCODING 'UTF8'.",
)
_FULL = _Failure(
    Unavailable,
    "the PostgreSQL server has no connection left: {}",
    "Nothing was changed. Load again when others have gone, or raise max_connections or the role's limit.",
)
_PLAIN_TEXT = _Failure(
    ConfigurationError,
    "the PostgreSQL server speaks no SSL: {}",
    "Turn ssl on there, or ask for less: sslmode=… in the address, PGSSLMODE.",
)
_OTHER = _Failure(
    ConfigurationError,
    "the PostgreSQL server is not as the address or the environment asks: {}",
    "See sslmode, sslrootcert, channel_binding, require_auth and the like, also as PG… in the environment.",
)
_OF_OTHER_ROLE = _Failure(ConfigurationError, "no PostgreSQL server is as target_session_attrs asks: {}", _PRIMARY)
_MISUSED = _Failure(
    UsageError,
    "libpq does not understand the address: {}",
    "Correct the option in the address, or the variable PG… that gives it.",
)

_STATES: dict[str, _Failure] = {
    "08": _UNANSWERED,
    "22P05": _WITHOUT_LETTER,
    "25006": _READS_ONLY,
    "25P03": _UNANSWERED,
    "28": _REFUSED,
    "3D": _REFUSED,
    "40": _LOCKED,
    "42501": _WITHOUT_RIGHT,
    "53": _NOT_NOW,
    "53300": _FULL,
    "55": _NOT_NOW,
    "55P03": _LOCKED,
    "57": _UNANSWERED,
    "57014": _BROKEN_OFF,
    "58": _NOT_NOW,
}
_OF_A_SERVER: dict[str, _Failure] = {
    r"too many (clients|connections)|remaining connection slots": _FULL,
    r"^the database system is |^terminating connection|accepting connections": _UNANSWERED,
    r"^unrecognized configuration parameter|^invalid (value for parameter|command-line argument)": _MISUSED,
}
_OF_LIBPQ: dict[str, _Failure] = {
    r"^(invalid|missing|extra|unexpected|forbidden|end of string|could not match \d|syntax error)": _MISUSED,
    r"^(definition of service|service file|(gssenc|ssl)(mode|negotiation) value)|for connection option": _MISUSED,
    r"no password supplied": _REFUSED,
    r"does not support SSL": _PLAIN_TEXT,
    r"session is (not )?read-only|server is (not )?in hot standby mode": _OF_OTHER_ROLE,
    r"SSL|certificate|private key|channel binding|requirepeer|authentication method requirement|GSS": _OTHER,
}


def failure(error: adbc_driver_manager.Error, hide: tuple[str, ...]) -> AvesaError:
    """What a call of the driver raised. The values to hide are those of the address and of the environment."""
    state = error.sqlstate or ""
    if state:
        return _of_state(state, _said(error, state, hide))
    whole = hidden(str(error), hide)
    _, _, text = whole.partition("[libpq] ")
    if text.startswith("Failed to connect: "):
        return _of_connecting(text.removeprefix("Failed to connect: "))
    if error.status_code.name != "IO":
        return _REFUSES.told(_line(text or whole))
    return _UNANSWERED.told(_fatal(text or whole))


def _said(error: adbc_driver_manager.Error, state: str, hide: tuple[str, ...]) -> str:
    """The server's words, and where they name no values what it adds to them."""
    if state[:2] not in _TELLING:
        return f"SQLSTATE {state}"
    # Their names are bytes, whatever the driver's stubs say.
    told: dict[Any, bytes] = dict(error.details or ())
    words = [hidden(told[name].decode(errors="replace"), hide).strip() for name in _WORDS if name in told]
    return _line(". ".join([*(word.rstrip(".") for word in words[:-1]), *words[-1:]]))


def _of_state(state: str, said: str) -> AvesaError:
    if state == "0A000" and "row-level security" in said:
        return _NOT_OWNER.told(said)
    return _told(_STATES.get(state) or _STATES.get(state[:2]) or _REFUSES, said)


def _of_connecting(text: str) -> AvesaError:
    """Of several servers the last is told that has refused the login itself, or else all of them."""
    said = _fatal(text)
    kinds, other = (_OF_A_SERVER, _REFUSED) if "FATAL:" in text else (_OF_LIBPQ, _UNANSWERED)
    return _told(next((kind for pattern, kind in kinds.items() if re.search(pattern, said)), other), said)


def _told(failed: _Failure, said: str) -> AvesaError:
    """A login that names what is not there is not mended by a password."""
    return (_UNKNOWN if failed is _REFUSED and said.endswith("does not exist") else failed).told(said)


def _fatal(text: str) -> str:
    """What a server said last as it ended the connection, or all that is said of it."""
    return _line(_advice_free(text.rpartition("FATAL:")[2]))


def _advice_free(text: str) -> str:
    lines = [line.rstrip() for line in text.splitlines() if line.strip() and not line.startswith("\t")]
    return "; ".join(lines)


def _line(text: str) -> str:
    one = " ".join(text.split())
    return one if len(one) <= _LONGEST else f"{one[:_LONGEST].rstrip()}…"
