"""What PostgreSQL, its driver and libpq say when they fail, as our errors: in one line, without a value or a secret.

Of a statement that failed the server's own words come apart from the driver's. Of a connection that does not come about
there is a text alone, libpq's, without a code: what it means is told by its words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
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
_LOGIN = "Check user and database in the address."
_SUPPLY = "Set PGPASSWORD or write the password into ~/.pgpass; check user and database in the address."
_PRIMARY = "Name the server that takes changes; of several hosts ?target_session_attrs=read-write finds it."

_Kind = Callable[[str], AvesaError]


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
        return _refuses(_line(text or whole))
    return _unanswered(_fatal(text or whole))


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
        return _not_owner(said)
    return (_STATES.get(state) or _STATES.get(state[:2]) or _refuses)(said)


def _of_connecting(text: str) -> AvesaError:
    """Of several servers the last is told that has refused the login itself, or else all of them."""
    said = _fatal(text)
    kinds, other = (_OF_A_SERVER, _refused) if "FATAL:" in text else (_OF_LIBPQ, _unanswered)
    return next((make for pattern, make in kinds.items() if re.search(pattern, said)), other)(said)


def _refuses(said: str) -> AvesaError:
    return ConfigurationError(f"the PostgreSQL server refuses it: {said}", hint=_UNCHANGED)


def _unanswered(said: str) -> AvesaError:
    return Unavailable(f"the PostgreSQL server does not answer: {said}", hint=_LOST)


def _not_now(said: str) -> AvesaError:
    return StorageError(f"the PostgreSQL server could not do it now: {said}", hint=_AGAIN)


def _broken_off(said: str) -> AvesaError:
    return StorageError(
        f"the PostgreSQL server broke the statement off: {said}",
        hint=f"{_AGAIN} A limit is lifted by ALTER ROLE … SET statement_timeout = 0.",
    )


def _locked(said: str) -> AvesaError:
    return Busy(f"another session holds what the load needs: {said}", hint=_AGAIN)


def _refused(said: str) -> AvesaError:
    hint = _LOGIN if said.endswith("does not exist") else _SUPPLY
    return ConfigurationError(f"the PostgreSQL server refuses the login: {said}", hint=hint)


def _without_right(said: str) -> AvesaError:
    return ConfigurationError(
        f"the PostgreSQL role lacks a right: {said}",
        hint="The role that loads has to own its tables: let it make the schema (GRANT CREATE ON DATABASE).",
    )


def _not_owner(said: str) -> AvesaError:
    return ConfigurationError(
        f"the PostgreSQL role does not own the table, whose rows are guarded: {said}",
        hint="Load as the role that made the tables, or as a member of it: GRANT owner TO loader.",
    )


def _reads_only(said: str) -> AvesaError:
    return ConfigurationError(
        f"the PostgreSQL server only lets itself be read: {said}",
        hint=f"It is a standby, or default_transaction_read_only is on. {_PRIMARY}",
    )


def _without_letter(said: str) -> AvesaError:
    return ConfigurationError(
        f"the database cannot hold a letter of the rows, since its encoding is not UTF-8 ({said}).",
        hint=f"{_UNCHANGED} Load into a database that was made with ENCODING 'UTF8'.",
    )


def _full(said: str) -> AvesaError:
    return Unavailable(
        f"the PostgreSQL server has no connection left: {said}",
        hint="Nothing was changed. Load again when others have gone, or raise max_connections or the role's limit.",
    )


def _plain_text(said: str) -> AvesaError:
    return ConfigurationError(
        f"the PostgreSQL server speaks no SSL: {said}",
        hint="Turn ssl on there, or ask for less: sslmode=… in the address, PGSSLMODE.",
    )


def _other(said: str) -> AvesaError:
    return ConfigurationError(
        f"the PostgreSQL server is not as the address or the environment asks: {said}",
        hint="See sslmode, sslrootcert, channel_binding, require_auth and the like, also as PG… in the environment.",
    )


def _of_other_role(said: str) -> AvesaError:
    return ConfigurationError(f"no PostgreSQL server is as target_session_attrs asks: {said}", hint=_PRIMARY)


def _misused(said: str) -> AvesaError:
    return UsageError(
        f"libpq does not understand the address: {said}",
        hint="Correct the option in the address, or the variable PG… that gives it.",
    )


_STATES: dict[str, _Kind] = {
    "08": _unanswered,
    "22P05": _without_letter,
    "25006": _reads_only,
    "25P03": _unanswered,
    "28": _refused,
    "3D": _refused,
    "40": _locked,
    "42501": _without_right,
    "53": _not_now,
    "53300": _full,
    "55": _not_now,
    "55P03": _locked,
    "57": _unanswered,
    "57014": _broken_off,
    "58": _not_now,
}
_OF_A_SERVER: dict[str, _Kind] = {
    r"too many (clients|connections)|remaining connection slots": _full,
    r"^the database system is |^terminating connection|accepting connections": _unanswered,
    r"^unrecognized configuration parameter|^invalid (value for parameter|command-line argument)": _misused,
}
_OF_LIBPQ: dict[str, _Kind] = {
    r"^(invalid|missing|extra|unexpected|forbidden|end of string|could not match \d|syntax error)": _misused,
    r"^(definition of service|service file|(gssenc|ssl)(mode|negotiation) value)|for connection option": _misused,
    r"no password supplied": _refused,
    r"does not support SSL": _plain_text,
    r"session is (not )?read-only|server is (not )?in hot standby mode": _of_other_role,
    r"SSL|certificate|private key|channel binding|requirepeer|authentication method requirement|GSS": _other,
}


def _fatal(text: str) -> str:
    """What a server said last as it ended the connection, or all that is said of it."""
    return _line(_advice_free(text.rpartition("FATAL:")[2]))


def _advice_free(text: str) -> str:
    lines = [line.rstrip() for line in text.splitlines() if line.strip() and not line.startswith("\t")]
    return "; ".join(lines)


def _line(text: str) -> str:
    one = " ".join(text.split())
    return one if len(one) <= _LONGEST else f"{one[:_LONGEST].rstrip()}…"
