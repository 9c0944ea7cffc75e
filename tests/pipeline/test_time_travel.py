"""What was valid at a moment, and what was known at a moment, are two questions; both have answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from avesa.pipeline.query import query
from avesa.shared.errors import UsageError
from msp_days import PROJECTIONS, Days, msp_days

SYNCS = 4


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Days]:
    with msp_days(tmp_path_factory.mktemp("travel") / "home", tenants=("acme",)) as days:
        for _ in range(SYNCS):
            days.next_day()
            days.sync()
        yield days


@pytest.mark.parametrize("sync", range(SYNCS))
def test_as_of_a_sync_the_tickets_are_what_the_vendor_showed(days: Days, sync: int) -> None:
    moment = days.moments[sync]
    with days.ports() as ports:
        rows = query(ports, "acme", "SELECT * FROM tickets", as_of=moment).dicts()
    truth = {}
    for id_, events in days.sandbox.history("acme", "tickets").items():
        # A deletion counts from the sync that noticed it; what came and went between two syncs was never seen.
        seen = [record for when, record in events if when <= moment]
        if seen and seen[-1] is not None:
            truth[str(id_)] = seen[-1]
    assert set(truth) <= {row["source_id"] for row in rows}
    for row in rows:
        if row["source_id"] in truth:
            shown = truth[row["source_id"]]
            assert {n: row[n] for n in PROJECTIONS["tickets"]} == {
                n: value(shown) for n, value in PROJECTIONS["tickets"].items()
            }


@pytest.mark.parametrize("sync", range(SYNCS))
def test_known_at_a_sync_is_the_table_as_it_was_then(tmp_path: Path, days: Days, sync: int) -> None:
    """The same world synced only so far has the same rows in its tables."""
    asked = days.moments[sync] + timedelta(hours=1)
    with days.ports() as ports:
        then = query(
            ports, "acme", "SELECT source_id, valid_from, valid_to, summary, status FROM tickets", known_at=asked
        )
    with msp_days(tmp_path / "home", tenants=("acme",)) as earlier:
        for _ in range(sync + 1):
            earlier.next_day()
            earlier.sync()
        rows = earlier.table("acme", "tickets")
    # When a deletion was noticed depends on the seconds that the sync took, so its end is compared to the hour.
    assert sorted((r[0], r[1], r[3], r[4]) for r in then.rows) == sorted(
        (row["source_id"], row["valid_from"], row["summary"], row["status"]) for row in rows
    )
    assert sum(r[2] is None for r in then.rows) == sum(row["valid_to"] is None for row in rows)


def test_before_anything_was_known_there_was_nothing(days: Days) -> None:
    with days.ports() as ports:
        assert query(ports, "acme", "FROM tickets", known_at=days.moments[0] - timedelta(days=1)).rows == []


def test_both_times_together(days: Days) -> None:
    with days.ports() as ports:
        known = days.moments[1] + timedelta(hours=1)
        rows = query(ports, "acme", "FROM tickets", as_of=days.moments[0], known_at=known).dicts()
    assert rows
    assert len({row["source_id"] for row in rows}) == len(rows)


@pytest.mark.parametrize(
    "sql",
    [
        "DROP VIEW tickets",
        "COPY tickets TO 'x.csv'",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT 1; SELECT 2",
        "SET enable_external_access = true",
        "ATTACH 'other.db'",
        "INSTALL httpfs",
    ],
)
def test_only_the_tenants_tables_can_be_read_and_nothing_written(days: Days, sql: str) -> None:
    with days.ports() as ports, pytest.raises(UsageError, match="tenant acme"):
        query(ports, "acme", sql)


def test_another_tenants_files_are_out_of_reach(days: Days) -> None:
    (days.home / "data/globex").mkdir(exist_ok=True)
    (days.home / "data/globex/secret.csv").write_text("a\n1\n")
    with days.ports() as ports, pytest.raises(UsageError):
        query(ports, "acme", f"SELECT * FROM '{days.home}/data/globex/secret.csv'")


def test_who_names_tables_sees_these_as_they_are_and_no_others(days: Days) -> None:
    count = "SELECT count(*) FROM tickets"
    with days.ports() as ports:
        assert query(ports, "acme", count, tables=["tickets"]).rows == query(ports, "acme", count).rows
        with pytest.raises(UsageError):
            query(ports, "acme", "SELECT count(*) FROM companies", tables=["tickets"])
