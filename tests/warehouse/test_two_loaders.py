"""Two programs that load the same table: one does it, the other says so or finds it done, and no row is doubled."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from avesa.pipeline.home import open_home
from avesa.shared.errors import Busy, StaleState
from avesa.warehouse import load as loading
from avesa.warehouse.load import load_tenant
from avesa.warehouse.port import Held, Load, lease_of
from avesa.warehouse.schemas import Schemas
from fold_story import change, thing
from warehouse_lake import TABLE, Lake, lake_in
from warehouse_sides import Side, opened


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = lake_in(tmp_path / "home")
    lake.fold(change(1, thing("1", 1, 1), thing("2", 1, 1)))
    return lake


def home_of(lake: Lake) -> Path:
    with open_home(lake.folding.root) as ports:
        if "acme" not in ports.tenants.tenants():
            ports.tenants.add_tenant("acme")
    return lake.folding.root


def test_who_holds_the_lease_is_not_disturbed_and_the_other_says_so(lake: Lake, side: Side) -> None:
    with open_home(home_of(lake)) as ports, opened(side) as warehouse:
        with ports.watermarks.lease("acme", lease_of(warehouse, "acme", TABLE)):
            outcomes = load_tenant(ports, warehouse, "acme", tables=[TABLE])
        assert [type(outcome.error) for outcome in outcomes] == [Busy]
        assert [outcome.status for outcome in load_tenant(ports, warehouse, "acme")] == ["anew"]
    lake.is_in(side)


def test_loads_into_two_schemas_of_one_server_do_not_wait_for_each_other(lake: Lake, side: Side) -> None:
    with (
        open_home(home_of(lake)) as ports,
        opened(side, Schemas("one")) as one,
        ports.watermarks.lease("acme", lease_of(one, "acme", TABLE)),
        opened(side, Schemas("two")) as two,
    ):
        assert [outcome.status for outcome in load_tenant(ports, two, "acme")] == ["anew"]
    lake.is_in(side, schema="two")


def test_a_step_from_a_state_that_is_no_more_is_refused_and_changes_nothing(lake: Lake, side: Side) -> None:
    with opened(side) as warehouse:
        lake.load(warehouse)
        before = side.rows("avesa_loads")
        held = warehouse.holding("acme", TABLE).held
        assert held is not None
        columns = lake.folding.snapshot().columns
        for after in (None, Held(held.table_id, held.version - 1, held.log_entry, 0)):
            with pytest.raises(StaleState):
                warehouse.load(Load("acme", TABLE, columns, after, held, lake.folding.clock()), [])
    assert side.rows("avesa_loads") == before
    lake.is_in(side)


def test_a_loader_that_was_too_late_begins_again_from_what_is_held_now(
    lake: Lake, side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one is done between the look at what is held and the load."""
    plan_load, overtaken = loading.plan_load, []

    with open_home(home_of(lake)) as ports, opened(side) as warehouse:
        lake.load(warehouse)
        lake.fold(change(2, thing("1", 2, 2, name="b")))

        def overtake(*args: object, **options: object) -> object:
            step = plan_load(*args, **options)  # type: ignore[arg-type]
            if not overtaken:
                overtaken.append(True)
                lake.load(warehouse)
            return step

        monkeypatch.setattr(loading, "plan_load", overtake)
        (outcome,) = load_tenant(ports, warehouse, "acme", tables=[TABLE])
    assert (outcome.status, outcome.error) == ("unchanged", None)
    lake.is_in(side)


PROGRAM = """
import sys
from pathlib import Path
from avesa.pipeline.home import open_home
from avesa.warehouse.load import load_tenant
from warehouse_sides import opened, side_of
side = side_of(sys.argv[1:3])
sys.stdin.readline()
with open_home(Path(sys.argv[3])) as ports, opened(side) as warehouse:
    for outcome in load_tenant(ports, warehouse, "acme"):
        print(outcome.status)
"""


@pytest.mark.parametrize("name", ["postgresql", "clickhouse"])
def test_two_processes_at_once_leave_each_row_once(lake: Lake, name: str, request: pytest.FixtureRequest) -> None:
    """A DuckDB file is one program's at a time: the other cannot even open it."""
    side: Side = request.getfixturevalue(f"{name}_side")
    home = home_of(lake)
    command = [sys.executable, "-c", PROGRAM, *side.words, str(home)]
    programs = [
        subprocess.Popen(
            command, cwd=Path(__file__).parents[1], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    told = [""] * len(programs)

    def run(number: int) -> None:
        told[number] = programs[number].communicate("go\n", timeout=60)[0].strip()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [program.returncode for program in programs] == [0, 0]
    assert sorted(told) in (["anew", "failed"], ["anew", "unchanged"])
    lake.is_in(side)
