"""Whom a load waited for in PostgreSQL: the sessions that hold what it wanted to lock, in words.

It is asked after the wait has ended, and so it may be that they are gone. What another role's session does, the server
tells only to members of `pg_read_all_stats`: to others it tells the process and its user.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from avesa.canonical_transform.sql_text import identifier, literal
from avesa.shared.errors import Busy
from avesa.warehouse.port import LOADS
from avesa.warehouse.postgres_session import PostgresSession
from avesa.warehouse.statements import named

_MOST = 3
_AGAINST_WRITES = "'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'"
_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60


@dataclass(frozen=True)
class Wanted:
    """What a transaction locks: some relations of a schema, and a name of our own. A shape is against everybody, also
    those who only read; a load is not.
    """

    schema: str
    table: str
    name: str
    shape: bool

    @property
    def shown(self) -> str:
        return f"{self.schema}.{self.table}"

    @property
    def key(self) -> str:
        return f"hashtextextended({literal(self.name)}, 0)"

    @property
    def relations(self) -> Sequence[str]:
        return (self.table, f"{self.table}_current", LOADS)


def shape_of(schema: str, table: str) -> Wanted:
    return Wanted(schema, table, f"avesa shape {schema}", shape=True)


def load_of(schema: str, tenant: str, table: str) -> Wanted:
    return Wanted(schema, table, f"avesa load {schema} {tenant} {table}", shape=False)


def in_use(session: PostgresSession, wanted: Wanted) -> Busy:
    """Who holds it, after a wait that was in vain. The session is in no transaction."""
    found = session.run(_holders(wanted))
    session.commit()
    rows = [row for row in found if row["surely"]] or found
    who = "; ".join(_told(row) for row in rows[:_MOST]) or "somebody who has gone meanwhile"
    more = f"; and {len(rows) - _MOST} more" if len(rows) > _MOST else ""
    what = "cannot be given its columns" if wanted.shape else "is in work or locked"
    pid = next((row["pid"] for row in rows if row["pid"] is not None), None)
    end = f" Or end it there: SELECT pg_terminate_backend({pid})." if pid is not None else ""
    return Busy(
        f"{wanted.shown} {what}: waited in vain for {who}{more}.",
        hint=f"Nothing was changed. Load again when that transaction has ended.{end}",
    )


def _told(row: dict[str, Any]) -> str:
    """`process 4711 (psql, user analyst, 12 min in a transaction, idle)`"""
    if row["pid"] is None:
        return "a prepared transaction (pg_prepared_xacts)"
    since = f"{_lasting(row['seconds'])} in a transaction" if row["seconds"] is not None else ""
    idle = "idle" if row["state"] and row["state"].startswith("idle") else ""
    parts = [row["application"] or "", f"user {row['user']}" if row["user"] else "", since, idle]
    told = ", ".join(part for part in parts if part)
    return f"process {row['pid']}{f' ({told})' if told else ''}"


def _lasting(seconds: int) -> str:
    for size, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= size:
            return f"{seconds // size} {name}"
    return f"{seconds} s"


def _holders(wanted: Wanted) -> str:
    """Who holds our name, or a lock on the relations that is against ours, the one that has it longest first."""
    place = identifier(wanted.schema)
    relations = ", ".join(f"to_regclass({literal(named(place, name))})" for name in wanted.relations)
    # Readers are in nobody's way but that of a shape. Others that write may be, where they have the same rows.
    against = "" if wanted.shape else "AND l.mode <> 'AccessShareLock'"
    surely = "true" if wanted.shape else f"bool_or(l.locktype = 'advisory' OR l.mode IN ({_AGAINST_WRITES}))"
    return f"""
        SELECT l.pid, max(a.application_name) AS application, max(a.usename::text) AS user, max(a.state) AS state,
            max(extract(epoch FROM clock_timestamp() - a.xact_start))::bigint AS seconds, {surely} AS surely
        FROM pg_catalog.pg_locks AS l LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
        WHERE l.granted AND l.pid IS DISTINCT FROM pg_backend_pid()
          AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
          AND (l.locktype = 'relation' AND l.relation IN ({relations}) {against}
            OR l.locktype = 'advisory' AND l.objsubid = 1
                AND l.classid::bigint = ({wanted.key} >> 32) & 4294967295
                AND l.objid::bigint = {wanted.key} & 4294967295)
        GROUP BY l.pid
        ORDER BY seconds DESC NULLS LAST, l.pid
    """
