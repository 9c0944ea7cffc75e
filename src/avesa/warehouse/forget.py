"""A tenant that leaves: its rows go from a warehouse, also where the installation does not know it any more.

A table's failure is its own, as with a load. No loader works on a table meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from avesa.canonical_transform.mapping import mapping_names
from avesa.pipeline.transform import choose_canonical
from avesa.shared.errors import AvesaError, Where, internal_error
from avesa.shared.watermarks import Watermarks
from avesa.warehouse.port import Warehouse, lease_of


@dataclass(frozen=True)
class ForgetOutcome:
    """What came of one table. `rows` went from it; None where it held nothing of the tenant, or failed."""

    tenant: str
    table: str
    rows: int | None = None
    error: AvesaError | None = None


def forget_tenant(
    watermarks: Watermarks,
    warehouse: Warehouse,
    tenant: str,
    *,
    tables: Iterable[str] | None = None,
    finished: Callable[[ForgetOutcome], None] = lambda outcome: None,
) -> list[ForgetOutcome]:
    """Delete what a tenant has in a warehouse, or in the tables named. Raises UsageError for an unknown table."""
    chosen = choose_canonical(tables) if tables else {*mapping_names(), *warehouse.tables(tenant)}
    outcomes = []
    for table in sorted(chosen):
        try:
            with watermarks.lease(tenant, lease_of(warehouse, tenant, table)):
                outcome = ForgetOutcome(tenant, table, warehouse.forget(tenant, table))
        except AvesaError as error:
            outcome = ForgetOutcome(tenant, table, error=error.located(Where(tenant, None, table)))
        except BaseException as error:  # noqa: BLE001 - told as an InternalError; a panic is no Exception
            outcome = ForgetOutcome(tenant, table, error=internal_error(error).located(Where(tenant, None, table)))
        outcomes.append(outcome)
        finished(outcome)
    return outcomes
