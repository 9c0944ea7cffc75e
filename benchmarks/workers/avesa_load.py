"""AVESA: loads a canonical table into a warehouse, up to a version of it.

python -m benchmarks.workers.avesa_load HOME URL VERSION
"""

from __future__ import annotations

import sys
from pathlib import Path

from avesa.canonical_transform.canonical_table import CanonicalTable
from avesa.canonical_transform.engine import engine
from avesa.shared.clock import system_clock
from avesa.shared.objects import open_objects
from avesa.warehouse.address import warehouse_address
from avesa.warehouse.load import load_table
from avesa.warehouse.opening import open_warehouse
from avesa.warehouse.schemas import Schemas
from benchmarks.cost import Figures, tell
from benchmarks.names import TENANT
from benchmarks.workers.avesa_fold import CANONICAL, scratch_of


def load(home: Path, url: str, version: int) -> Figures:
    scratch = scratch_of(home)
    lake = CanonicalTable(open_objects(home / "data"), TENANT, CANONICAL, scratch, system_clock)
    with open_warehouse(warehouse_address(url), Schemas()) as warehouse, engine(scratch) as con:
        done = load_table(con, lake, warehouse, TENANT, CANONICAL, version=version)
    assert done is not None
    return {"changed": done.changed, "gone": done.gone, "rows": done.rows or 0}


if __name__ == "__main__":
    tell(lambda: load(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
