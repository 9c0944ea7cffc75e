"""Who may read which tenant in PostgreSQL: row-level security over the tables of a schema.

The table `avesa_readers` names roles and tenants; a role sees the rows of the tenants that it, or a role that it is a
member of, is named with, and without an entry none. A setting could not be the boundary, since every role may set it.
So `avesa.tenant` only narrows: a program that serves many tenants under one role sets it for each of its sessions.
Whoever owns the tables, and superusers, see everything.
"""

from __future__ import annotations

from avesa.canonical_transform.sql_text import identifier, literal
from avesa.shared.errors import ConfigurationError
from avesa.warehouse.port import LOADS
from avesa.warehouse.statements import named

READERS = "avesa_readers"


def create(place: str) -> list[str]:
    """The statements that make the table of readers, and guard it and the table of loads."""
    return [
        f"""CREATE TABLE {named(place, READERS)} (
            reader text NOT NULL, tenant_id text NOT NULL, PRIMARY KEY (tenant_id, reader)
        )""",
        f"ALTER TABLE {named(place, READERS)} ENABLE ROW LEVEL SECURITY",
        f"CREATE POLICY avesa_reader ON {named(place, READERS)} FOR SELECT USING ({_IS_OURS})",
        f"GRANT SELECT ON {named(place, READERS)} TO PUBLIC",
        *guard(place, LOADS),
    ]


def guard(place: str, table: str) -> list[str]:
    """The statements that let a role read a table's rows of its tenants alone."""
    tenants = f"SELECT tenant_id FROM {named(place, READERS)} WHERE {_IS_OURS}"
    return [
        f"ALTER TABLE {named(place, table)} ENABLE ROW LEVEL SECURITY",
        f"""CREATE POLICY avesa_tenant ON {named(place, table)} FOR SELECT
            USING (tenant_id = ANY (ARRAY({tenants})) AND ({_IS_NARROWED}))""",
    ]


def select_hidden(place: str, table: str) -> str:
    """The table and that of loads, where they hide rows from the role that asks: it can load nothing into them."""
    ours = [f"to_regclass({literal(named(place, name))})" for name in (table, LOADS)]
    return f"""
        SELECT relnamespace::regnamespace || '.' || relname AS name, current_user::text AS us,
            pg_get_userbyid(relowner)::text AS owner, relforcerowsecurity AS forced
        FROM pg_catalog.pg_class WHERE oid IN ({", ".join(ours)}) AND row_security_active(oid)
        ORDER BY oid = {ours[1]}
    """


def rows_are_hidden(name: str, us: str, owner: str, *, forced: bool) -> ConfigurationError:
    """What to tell of a row of `select_hidden`."""
    membership = f"GRANT {identifier(owner)} TO {identifier(us)}"
    if forced:
        return ConfigurationError(
            f"the rows of {name} are hidden from {us}, since its row-level security is forced.",
            hint=f"Nothing was changed. Lift that: ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY",
        )
    return ConfigurationError(
        f"{name} belongs to {owner}, and {us} cannot load into it: row-level security hides its rows.",
        hint=f"Nothing was changed. Load as {owner}, or as a member of it: {membership}",
    )


_IS_OURS = "reader IN (SELECT rolname FROM pg_catalog.pg_roles WHERE pg_has_role(oid, 'MEMBER'))"
"""A role that was dropped meanwhile is no error, as it would be by its name."""
_IS_NARROWED = """coalesce(current_setting('avesa.tenant', true), '') = ''
    OR tenant_id = ANY (string_to_array(current_setting('avesa.tenant', true), ','))"""
