"""Whatever happens to a lake, and whenever it is loaded, the warehouse holds the rows that the lake held then.

Histories come from the laws of the fold: late, repeated and shuffled pulls, decisions, lost ledgers. In between the
table is made anew, gets and loses columns, is compacted by another program, or loses old files and old log entries.
What it should hold is read by another engine out of the same files.
"""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

from deltalake import DeltaTable
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from avesa.canonical_transform.ledger import Ledger
from avesa.shared.guard import Guard
from fold_arrivals import arrival_of, limits
from fold_story import decide
from fold_table import things_mapping
from warehouse_lake import TABLE, Lake, lake_in
from warehouse_sides import Side, opened, to_the_letter

EXAMPLES = int(os.environ.get("AVESA_LOAD_EXAMPLES", "6"))
_WIDER = {"name": "text", "hours": "decimal", "tags": "json", "views": "integer", "seen": "boolean"}
MAPPINGS = (things_mapping(), things_mapping(untracked=["tags", "views"]), things_mapping(columns=_WIDER))


def test_a_load_at_any_time_gives_what_the_lake_holds(side: Side, tmp_path: Path) -> None:
    numbers = iter(range(10_000))

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
    )
    @given(st.integers(0, 2**32))
    def holds(seed: int) -> None:
        number = next(numbers)
        lake = lake_in(tmp_path / str(number), tenant=f"t{number}")
        _tell(Random(seed), lake, side)

    holds()


def _tell(chance: Random, lake: Lake, side: Side) -> None:
    """One history, loaded now and then; every load is compared."""
    arrival = arrival_of(chance)
    lake.folding.guard = arrival.stream.guard if chance.random() < 0.5 else Guard()
    lake.folding.mapping = chance.choice(MAPPINGS)
    often = chance.choice((0.2, 0.6))
    with limits(small=arrival.small, ranges=arrival.ranges), opened(side) as warehouse:
        for batch in arrival.batches:
            lake.folding.land(*(arrival.stream.pulls[number] for number in batch.pulls))
            for name in batch.decisions:
                decide(lake.folding, f"{name}.receipt.json", arrival.stream.decisions[name])
            if batch.ledger == "lost":
                lake.folding.ledger = Ledger()
            lake.folding.fold()
            if lake.version < 0:
                continue
            _happen(chance, lake)
            if chance.random() < often:
                lake.load(warehouse)
                _is_in(side, lake)
        if lake.version >= 0:
            lake.load(warehouse)
            _is_in(side, lake)


def _happen(chance: Random, lake: Lake) -> None:
    """Something else befalls the lake, or nothing."""
    match chance.choices(("nothing", "rebuild", "mapping", "compaction", "vacuum", "log"), (8, 1, 1, 1, 1, 1))[0]:
        case "rebuild":
            lake.fold(rebuild=True)
        case "mapping":
            lake.folding.mapping = chance.choice(MAPPINGS)
            lake.fold()
        case "compaction":
            DeltaTable(str(lake.folding.table_path)).optimize.compact()
        case "vacuum":
            live = {file.name for file in lake.folding.snapshot().files}
            folder = lake.folding.table_path
            for file in (*folder.glob("*.parquet"), *folder.glob("_change_data/*")):
                if file.name not in live:
                    file.unlink()
        case "log":
            DeltaTable(str(lake.folding.table_path)).create_checkpoint()
            for entry in range(lake.version):
                lake.entry(entry).unlink(missing_ok=True)


def _is_in(side: Side, lake: Lake) -> None:
    """Rows of columns that this tenant does not have are null."""
    expected = lake.rows()
    names = {name for name, _ in lake.folding.snapshot().columns}
    there = [row for row in side.rows(TABLE) if row["tenant_id"] == lake.folding.tenant]
    others = [name for name in (there[0] if there else ()) if name not in names]
    null = "\0" if side.takes_null_characters else "\ufffd"
    told = [{name: _text(value, null) for name, value in row.items()} for row in expected]
    assert to_the_letter(there, but=others) == to_the_letter(told)
    assert {row[name] for row in there for name in others} <= {None}


def _text(value: object, null: str) -> object:
    return value.replace("\0", null) if isinstance(value, str) else value
