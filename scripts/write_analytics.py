"""Writes the answers into docs/analytics.md: it asks each question of the page of an invented provider's tables.

python scripts/write_analytics.py            write the page anew if an answer differs
python scripts/write_analytics.py --check    only say whether one differs, and fail if it does
python scripts/write_analytics.py --keep DIR ask, and leave the tables in a folder, to be asked by hand

The tables are read by DuckDB, through what `avesa warehouse ddl --all --engine duckdb` prints.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
from duckdb_extensions import import_extension

from avesa.cli.demo_clock import running_on
from avesa.cli.demo_services import Unspent
from avesa.cli.output import plain
from avesa.cli.sandbox_connections import connection_values
from avesa.cli.warehouse import script
from avesa.pipeline.home import open_home
from avesa.pipeline.ports import Ports
from avesa.pipeline.sync import sync_tenant
from avesa.pipeline.transform import transform_tenant
from avesa.sandbox.clock import SandboxClock
from avesa.sandbox.server import Sandbox
from avesa.sandbox.world import World
from avesa.shared.tenants import TenantService
from avesa.warehouse.ddl.dialect import Asked
from avesa.warehouse.ddl.engines import ENGINES
from avesa.warehouse.ddl.statements import statements
from avesa.warehouse.ddl.tables import all_tables, folded_tables

PAGE = Path(__file__).parents[1] / "docs" / "analytics.md"
TOOLS: dict[str, dict[str, tuple[str, ...]]] = {
    "northwind-it": {
        "connectwise": (
            *("tickets", "time_entries", "companies", "contacts", "members", "agreements", "invoices"),
            "configurations",
        ),
        "sentinelone": ("agents",),
        "google_workspace": ("reseller_subscriptions",),
        "xero": ("invoices",),
    },
    "harbor-msp": {
        "autotask": (
            *("tickets", "time_entries", "companies", "contacts", "resources", "contracts"),
            "configuration_items",
        ),
        "datto_rmm": ("devices",),
    },
}
"""Two tenants, each with a tool for its work and some for its clients' devices, licences and books."""
START = datetime(2026, 3, 25, 20, tzinfo=UTC)
DAYS = 8
"""Over the end of a month; on working days both tenants are synced in the evening."""
_QUESTION = re.compile(r"```sql\n(?P<sql>.*?)```\n(?:\n(?P<answer>(?:\|[^\n]*\n)+|No rows\.\n))?", re.DOTALL)


@dataclass(frozen=True)
class Question:
    """One block of SQL on the page, and the answer that stands below it."""

    sql: str
    answer: str


def questions(page: str) -> list[Question]:
    return [Question(found["sql"], found["answer"] or "") for found in _QUESTION.finditer(page)]


def answered(page: str, con: duckdb.DuckDBPyConnection) -> str:
    """The page with the answers of these tables."""
    return _QUESTION.sub(lambda found: f"```sql\n{found['sql']}```\n\n{answer(found['sql'], con)}", page)


def answer(sql: str, con: duckdb.DuckDBPyConnection) -> str:
    asked = con.execute(sql)
    return as_table([str(column[0]) for column in asked.description or ()], asked.fetchall())


def as_table(names: Sequence[str], found: Iterable[Iterable[object]]) -> str:
    """An answer in Markdown."""
    rows = [[plain(value).replace("|", "\\|") for value in row] for row in found]
    lines = [names, ["---"] * len(names), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) if rows else "No rows.\n"


def build_home(folder: Path) -> None:
    """The tables of both tenants, after some days of work. The same each time, but for the names of files."""
    worlds = {
        tenant: World(seed=7 + number, start=START.replace(hour=0), days=DAYS, companies=6)
        for number, tenant in enumerate(TOOLS)
    }
    clock = SandboxClock(START)
    services = [service for tools in TOOLS.values() for service in tools]
    with (
        Sandbox(worlds=worlds, services=services, clock=clock) as sandbox,
        # AVESA's clock stands still within a day too, so that the times at which it learns of things are the same.
        open_home(folder, clock=running_on(clock, lambda: 0.0)) as home,
    ):
        ports = replace(home, allowances=Unspent())
        _connect(ports, sandbox)
        while clock() < START + timedelta(days=DAYS):
            if clock().isoweekday() <= 5:
                for tenant in TOOLS:
                    assert sync_tenant(ports, tenant, transform=False).complete
            clock.advance(timedelta(days=1))
        for tenant in TOOLS:
            assert not [one.error for one in transform_tenant(ports, tenant, run_id="analytics") if one.error]


def _connect(ports: Ports, sandbox: Sandbox) -> None:
    for tenant, tools in TOOLS.items():
        ports.tenants.add_tenant(tenant)
        for service, tables in tools.items():
            settings, secrets = connection_values(sandbox, tenant, service)
            ports.tenants.put(TenantService(tenant, service, settings=settings, tables=tables))
            ports.secrets.put(tenant, service, secrets)


@contextmanager
def database(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with the views over all tenants, which are found without a schema before their names."""
    import_extension("delta")
    with open_home(folder) as ports:
        found = {tenant: folded_tables(ports, tenant) for tenant in TOOLS}
        asked = Asked("avesa", ports.objects.root)
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(script(statements(ENGINES["duckdb"], asked, found, all_tables(), together=True)))
        con.execute("SET schema = 'avesa'")
        yield con


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing, fail if the page differs")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where the tables are left")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = arguments.keep or Path(scratch)
        build_home(home)
        with database(home) as con:
            there = PAGE.read_text(encoding="utf-8")
            wanted = answered(there, con)
    if wanted == there:
        return
    if arguments.check:
        sys.exit("docs/analytics.md differs: run python scripts/write_analytics.py")
    PAGE.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    main()
