"""What a commit changed, in a file beside the table, for whoever follows the table from version to version.

A few changed rows have whole files written again, and what changed can hardly be told from those. So where that is so,
the commit says it in a change file: each row that is new or different as it is now, and each key that is gone. A commit
without one has changed about as much as the files say that came and went.
"""

from __future__ import annotations

import duckdb

from avesa.canonical_transform.canonical_table import CanonicalTable
from avesa.canonical_transform.raw_source import Source
from avesa.canonical_transform.scd2 import TableShape
from avesa.canonical_transform.sql_text import identifier, literal

GONE = "avesa_is_gone"
"""The column of a change that says: there is no such row any more. Of those only the key counts."""
KEY = ("tenant_id", "source_service", "source_table", "source_id", "valid_from")
"""What makes a row of a canonical table one, the tenant first."""


def write_change(con: duckdb.DuckDBPyConnection, table: CanonicalTable, shape: TableShape, source: Source) -> str:
    """Write what `added` and `removed` (see table_change), rows of one source, come to; the name of the file."""
    columns = ", ".join(identifier(name) for name, _ in shape.all)
    key = dict(zip(KEY, (source.tenant, source.service, source.table), strict=False))
    return table.write_changes(
        con,
        f"""
        SELECT {columns}, false AS {GONE} FROM added
        UNION ALL BY NAME
        SELECT {"".join(f"{literal(value)} AS {name}, " for name, value in key.items())}
            source_id, valid_from, true AS {GONE}
        FROM removed ANTI JOIN added USING (source_id, valid_from)
        """,
    )
