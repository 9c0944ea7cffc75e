"""A tenant that leaves: its rows and all that is noted of it go, nobody else's do, and it can come back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from benchmarks.postgres_server import PostgresServer

from avesa.pipeline.home import open_home
from avesa.shared.errors import Busy, ConfigurationError, StaleState
from avesa.warehouse import plan
from avesa.warehouse.forget import ForgetOutcome, forget_tenant
from avesa.warehouse.port import Held, Load, Part, lease_of
from avesa.warehouse.schemas import Schemas
from fold_story import change, thing
from warehouse_lake import TABLE, Lake, lake_in
from warehouse_points import watched
from warehouse_sides import ClickHouseSide, PostgresSide, Side, opened, to_the_letter

STRANGE = "a-_b"


@pytest.fixture
def lakes(tmp_path: Path) -> Sequence[Lake]:
    lakes = [lake_in(tmp_path / name, tenant=name) for name in ("acme", "globex", STRANGE)]
    for lake in lakes:
        lake.fold(change(1, *(thing(str(number), 1, 1) for number in range(3))))
        lake.fold(change(2, thing("1", 2, 2, name="b")))
    return lakes


def loaded(side: Side, lakes: Sequence[Lake], schemas: Schemas = Schemas()) -> None:  # noqa: B008 — it is frozen
    with opened(side, schemas) as warehouse:
        for lake in lakes:
            lake.load(warehouse)


def first_of(lake: Lake, held: Held | None, table: str = TABLE, rows: int = 0) -> Load:
    """A load of a whole table."""
    columns = lake.folding.snapshot().columns
    return Load("acme", table, columns, held, Held("t", 9, "e", rows), lake.folding.clock(), anew=True)


def test_its_rows_and_its_note_go_and_nobody_elses_do(lakes: Sequence[Lake], side: Side) -> None:
    others = lakes[1:]
    loaded(side, lakes)
    with opened(side) as warehouse:
        assert warehouse.tables("acme") == [TABLE]
        assert warehouse.forget("acme", TABLE) == 4
        assert (warehouse.tables("acme"), warehouse.holding("acme", TABLE).held) == ([], None)
        for lake in others:
            assert lake.load(warehouse).status == "unchanged"
    tenants = {lake.folding.tenant for lake in others}
    for table in (TABLE, f"{TABLE}_current", "avesa_loads"):
        assert {row["tenant_id"] for row in side.rows(table)} == tenants
    for lake in others:
        lake.is_in(side)


def test_a_load_afterwards_begins_from_nothing(lakes: Sequence[Lake], side: Side) -> None:
    lake, *_ = lakes
    loaded(side, lakes)
    with opened(side) as warehouse:
        warehouse.forget("acme", TABLE)
        done = lake.load(warehouse)
        assert (done.status, done.why, done.rows) == ("anew", plan.FIRST, 4)
        lake.fold(change(3, thing("1", 3, 3, name="c")))
        assert lake.load(warehouse).status == "loaded"
    for one in lakes:
        one.is_in(side)


def test_it_can_be_repeated_and_where_there_is_nothing_it_says_so(lakes: Sequence[Lake], side: Side) -> None:
    with opened(side) as warehouse:
        assert (warehouse.tables("acme"), warehouse.forget("acme", TABLE)) == ([], None)
    loaded(side, lakes)
    with opened(side) as warehouse:
        assert [warehouse.forget(STRANGE, TABLE) for _ in range(2)] == [4, None]
        assert warehouse.forget(STRANGE, "companies") is None
    lakes[0].is_in(side)


def test_a_table_without_rows_that_was_loaded_is_forgotten_too(tmp_path: Path, side: Side) -> None:
    lake = lake_in(tmp_path / "lake")
    lake.fold(change(1))
    with opened(side) as warehouse:
        warehouse.load(first_of(lake, None), [])
        assert warehouse.forget("acme", TABLE) == 0
        assert warehouse.forget("acme", TABLE) is None


def test_all_schemas_that_note_a_tenant_are_known(lakes: Sequence[Lake], side: Side) -> None:
    for schemas in (Schemas(), Schemas("two"), Schemas(per_tenant=True)):
        loaded(side, lakes[:2], schemas)
    with opened(side, Schemas("two")) as warehouse:
        assert warehouse.schemas_with("acme") == ["avesa", "avesa_acme", "two"]
        warehouse.forget("acme", TABLE)
        assert warehouse.schemas_with("acme") == ["avesa", "avesa_acme"]
        assert warehouse.schemas_with("nobody") == []


def test_what_a_person_dropped_leaves_the_note_alone_to_go(lakes: Sequence[Lake], side: Side) -> None:
    loaded(side, lakes)
    side.drop(TABLE)
    with opened(side) as warehouse:
        assert warehouse.forget("acme", TABLE) == 0
    assert "acme" not in {row["tenant_id"] for row in side.rows("avesa_loads")}


def test_a_schema_of_its_own_stays_without_a_row(lakes: Sequence[Lake], side: Side) -> None:
    each = Schemas(per_tenant=True)
    loaded(side, lakes, each)
    with opened(side, each) as warehouse:
        assert warehouse.forget("acme", TABLE) == 4
    assert [side.rows(table, "avesa_acme") for table in (TABLE, f"{TABLE}_current", "avesa_loads")] == [[]] * 3
    lakes[1].is_in(side, schema="avesa_globex")


@pytest.mark.parametrize("ours", [False, True])
def test_a_table_that_is_not_ours_is_left_alone(lakes: Sequence[Lake], side: Side, ours: bool) -> None:
    """Also in a schema where others of that name would be ours."""
    if ours:
        loaded(side, lakes)
    else:
        side.run("CREATE SCHEMA avesa")
    name = "companies_rows" if ours and side.words[0] == "clickhouse" else "companies"
    side.run(f"CREATE TABLE avesa.{name} (tenant_id INTEGER)")
    side.run(f"INSERT INTO avesa.{name} VALUES (7)")
    with opened(side) as warehouse, pytest.raises(ConfigurationError, match=rf"avesa\.{name} already"):
        warehouse.forget("acme", "companies")
    assert side.rows(name) == [{"tenant_id": 7}]


class Broken(BaseException):
    """Nobody catches it."""


def test_one_that_breaks_off_anywhere_is_made_good_by_the_next_and_by_a_load(lakes: Sequence[Lake], side: Side) -> None:
    lake, *others = lakes
    numbers: list[int] = []
    loaded(side, lakes)
    with opened(side) as warehouse, watched(side, numbers.append):
        warehouse.forget("acme", TABLE)
    assert len(numbers) > 3
    for point in numbers:
        for then_load in (False, True):
            loaded(side, lakes)

            def reached(number: int, at: int = point) -> None:
                if number == at:
                    raise Broken

            with opened(side) as warehouse, watched(side, reached), pytest.raises(Broken):
                warehouse.forget("acme", TABLE)
            with opened(side) as warehouse:
                if then_load:
                    lake.load(warehouse)
                else:
                    warehouse.forget("acme", TABLE)
            if then_load:
                lake.is_in(side)
            else:
                assert "acme" not in {row["tenant_id"] for row in side.rows(TABLE) + side.rows("avesa_loads")}
    for other in others:
        other.is_in(side)


def test_a_load_that_is_overtaken_by_it_is_refused(lakes: Sequence[Lake], side: Side) -> None:
    lake = lakes[0]
    loaded(side, lakes)
    with opened(side) as warehouse:
        held = warehouse.holding("acme", TABLE).held
        assert held is not None
        warehouse.forget("acme", TABLE)
        with pytest.raises(StaleState):
            warehouse.load(Load("acme", TABLE, lake.folding.snapshot().columns, held, held, lake.folding.clock()), [])
    assert "acme" not in {row["tenant_id"] for row in side.rows(TABLE)}


def test_clickhouse_keeps_nothing_of_a_load_that_broke_off(
    lakes: Sequence[Lake], clickhouse_side: ClickHouseSide
) -> None:
    """A table beside, which is to take the place of the tenant's rows, holds them too."""
    lake = lakes[0]
    loaded(clickhouse_side, lakes)
    with opened(clickhouse_side) as warehouse:
        held = warehouse.holding("acme", TABLE).held

        def parts() -> Iterator[Part]:
            yield from ()
            raise Broken

        with pytest.raises(Broken):
            warehouse.load(first_of(lake, held, rows=1), parts())
        assert warehouse.tables("acme") == [TABLE]
        warehouse.forget("acme", TABLE)
    shown = clickhouse_side._ask("SELECT name FROM system.tables WHERE database = 'avesa' FORMAT TSV").decode()
    assert "anew" not in shown


def test_postgresql_deletes_what_a_role_that_is_no_owner_cannot_see_or_says_that_it_cannot(
    lakes: Sequence[Lake], postgresql_side: PostgresSide, postgres: PostgresServer
) -> None:
    loaded(postgresql_side, lakes)
    for sql in (
        "CREATE ROLE deleter LOGIN",
        "GRANT USAGE ON SCHEMA avesa TO deleter",
        "GRANT SELECT, DELETE ON ALL TABLES IN SCHEMA avesa TO deleter",
    ):
        postgresql_side.run(sql)
    try:
        with (
            opened(PostgresSide(postgres.url("postgres", "deleter"))) as warehouse,
            pytest.raises(ConfigurationError, match=r"lacks a right: .*row-level security"),
        ):
            warehouse.forget("acme", TABLE)
    finally:
        for sql in ("DROP OWNED BY deleter", "DROP ROLE deleter"):
            postgresql_side.run(sql)
    lakes[0].is_in(postgresql_side)


def test_every_table_is_forgotten_though_one_is_in_work_and_the_tenant_is_unknown(
    lakes: Sequence[Lake], side: Side, tmp_path: Path
) -> None:
    loaded(side, lakes)
    with open_home(tmp_path / "home") as ports, opened(side) as warehouse:
        for table in ("companies", "renamed"):  # the latter is no canonical table any more
            warehouse.load(first_of(lakes[0], None, table), [])
        with ports.watermarks.lease("acme", lease_of(warehouse, "acme", "companies")):
            outcomes = {one.table: one for one in forget_tenant(ports.watermarks, warehouse, "acme")}
        assert isinstance(outcomes["companies"].error, Busy)
        assert (outcomes[TABLE].rows, outcomes["renamed"].rows, outcomes["contacts"].rows) == (4, 0, None)
        assert warehouse.tables("acme") == ["companies"]
        named: list[ForgetOutcome] = []
        forget_tenant(ports.watermarks, warehouse, "acme", tables=["companies"], finished=named.append)
    assert [(one.table, one.rows) for one in named] == [("companies", 0)]
    assert to_the_letter(side.rows("avesa_loads"))
