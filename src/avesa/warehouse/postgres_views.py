"""What people read beside a table in PostgreSQL: the view of its open rows, and the function for those of a moment.

Both read the table with the rights of whoever asks, so row-level security holds through them. The function's body is
text that the server reads anew for each query: it keeps working when the table gets a column, and a query sees through
it to the table's indexes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from avesa.canonical_transform.sql_text import literal
from avesa.warehouse import statements
from avesa.warehouse.port import MADE_BY, not_ours
from avesa.warehouse.statements import as_of_name, current_name, named

VIEW, FUNCTION = "view", "function"


def look(place: str, table: str) -> str:
    """Asks for each thing that bears one of the two names: what it is, whether we made it, and as it must be.

    Who owns it has to be able to do what the table's owner can. Anybody else could change later what readers run.
    """
    return f"""
        WITH beside AS (
            SELECT relnamespace, relowner, reltype FROM pg_catalog.pg_class
            WHERE oid = to_regclass({literal(named(place, table))})
        )
        SELECT '{VIEW}' AS what, oid::regclass::text AS name,
            relkind = 'v' AND pg_has_role(c.relowner, beside.relowner, 'MEMBER') AS ours,
            EXISTS (SELECT FROM pg_options_to_table(reloptions)
                    WHERE option_name = 'security_invoker' AND option_value::boolean) AS whole
        FROM beside JOIN pg_catalog.pg_class AS c USING (relnamespace)
        WHERE relname = {literal(current_name(table))}
        UNION ALL
        SELECT '{FUNCTION}', oid::regprocedure::text,
            starts_with(prosrc, {literal(_MARK)}) AND pg_has_role(proowner, relowner, 'MEMBER')
                AND proretset AND prorettype = reltype
                AND pg_get_function_arguments(oid) = 'moment timestamp with time zone',
            prosrc = {literal(_body(place, table))}
                AND provolatile = 's' AND proparallel = 's' AND NOT prosecdef AND NOT proisstrict AND proconfig IS NULL
        FROM beside JOIN pg_catalog.pg_proc ON pronamespace = relnamespace
        WHERE proname = {literal(as_of_name(table))}"""


def create(place: str, table: str, found: Iterable[Mapping[str, Any]], *, again: bool) -> list[str]:
    """The statements that make what a look did not find as it must be; the view `again` when the table got a column.

    Raises ConfigurationError if something of these names is not ours.
    """
    there: dict[str, bool] = {}
    for one in found:
        if not one["ours"]:
            raise not_ours(one["name"], "function" if one["what"] == FUNCTION else "table or view")
        there[one["what"]] = one["whole"]
    return [
        *(_create_view(place, table) if again or not there.get(VIEW) else []),
        *(_create_function(place, table, new=FUNCTION not in there) if not there.get(FUNCTION) else []),
    ]


def _create_view(place: str, table: str) -> list[str]:
    return [statements.create_view(place, table, named(place, table), "WITH (security_invoker = true)")]


def _create_function(place: str, table: str, *, new: bool) -> list[str]:
    name = f"{named(place, as_of_name(table))}(moment timestamp with time zone)"
    return [
        f"""CREATE OR REPLACE FUNCTION {name} RETURNS SETOF {named(place, table)}
            LANGUAGE sql STABLE PARALLEL SAFE SECURITY INVOKER AS {literal(_body(place, table))}""",
        # It gives nobody a row whom the table gives none, also where functions are not everybody's by default.
        *([f"GRANT EXECUTE ON FUNCTION {name} TO PUBLIC"] if new else []),
    ]


_MARK = f"-- {MADE_BY}.\n"


def _body(place: str, table: str) -> str:
    """With the moment by its number, since a column that is called so would come before its name."""
    return _MARK + statements.as_of(named(place, table), "$1")
