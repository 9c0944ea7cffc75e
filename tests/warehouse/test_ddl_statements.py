"""The statements of each engine: those that are expected are in `statements/`, and the engine's own grammar takes
them. `python tests/warehouse/test_ddl_statements.py` writes them anew."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import sqlglot
from sqlglot import expressions

from avesa.cli.warehouse import script
from avesa.shared.errors import UsageError
from avesa.warehouse.ddl.dialect import Asked, Columns, Dialect, Folded
from avesa.warehouse.ddl.engines import ENGINES
from avesa.warehouse.ddl.manifest import MANIFEST_FOLDER
from avesa.warehouse.ddl.statements import Part, Statement, statements, together_columns
from avesa.warehouse.ddl.tables import all_tables

EXPECTED = Path(__file__).parent / "statements"
KEY: Columns = (("tenant_id", "string"), ("source_id", "string"))
ENDS: Columns = (("valid_from", "timestamp"), ("valid_to", "timestamp"), ("is_current", "boolean"))
INVOICES: Columns = (*KEY, ("issued_on", "date"), ("total", "decimal(18,4)"), *ENDS)
OWN: Columns = (*KEY, ("issued_on", "string"), ("total", "decimal(18,4)"), ("order", "long"), *ENDS)
USERS: Columns = (*KEY, ("name", "string"), *ENDS)
ACCESS = {
    "redshift-spectrum": "arn:aws:iam::123456789012:role/spectrum",
    "snowflake": None,
    "clickhouse": None,
    "bigquery": "aws-us-east-1.avesa",
}
GRAMMAR = {"redshift-spectrum": "redshift"}
OTHER_THAN_CREATE = ("INSTALL", "LOAD", "DROP")
ONLY_ITS_OWN = (
    "CREATE SECRET",
    "CREATE EXTERNAL SCHEMA",
    "CREATE CATALOG INTEGRATION",
    "CREATE OR REPLACE EXTERNAL TABLE",
    "LOAD",
)
"""What the parser knows only as a command, so that it says nothing of the rest of it."""


def parts_for(dialect: Dialect, asked: Asked | None = None) -> list[Part]:
    """For acme, and north-it with a column of its own and one of another type; users were never folded."""
    found = {
        "acme": {"invoices": Folded("acme", "invoices", INVOICES, "acme/canonical/invoices")},
        "north-it": {"invoices": Folded("north-it", "invoices", OWN, "north-it/canonical/invoices")},
    }
    tables = {"invoices": INVOICES, "users": USERS}
    return statements(
        dialect,
        asked or Asked("avesa", "s3://lake/msp", ACCESS.get(dialect.name)),
        found,
        tables,
        together=True,
    )


def sql_of(parts: list[Part]) -> list[str]:
    return [part.sql for part in parts if isinstance(part, Statement)]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_statements_are_the_expected_ones(engine: str) -> None:
    assert script(parts_for(ENGINES[engine])) == (EXPECTED / f"{engine}.sql").read_text(encoding="utf-8")


@pytest.mark.parametrize("engine", ENGINES)
def test_the_engines_grammar_takes_every_statement(engine: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "sqlglot")
    for sql in sql_of(parts_for(ENGINES[engine])):
        (parsed,) = sqlglot.parse(sql, dialect=GRAMMAR.get(engine, engine), error_level=sqlglot.ErrorLevel.RAISE)
        if not sql.startswith(ONLY_ITS_OWN):
            assert not isinstance(parsed, expressions.Command), sql
        if not sql.startswith(OTHER_THAN_CREATE + ONLY_ITS_OWN):
            assert isinstance(parsed, expressions.Create), sql


@pytest.mark.parametrize("engine", ENGINES)
def test_every_statement_has_a_name_of_its_own_but_those_that_drop(engine: str) -> None:
    named = [part for part in parts_for(ENGINES[engine]) if isinstance(part, Statement) and part.name]
    names = [part.name for part in named if not part.sql.startswith("DROP")]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("engine", ENGINES)
def test_every_type_of_a_canonical_table_has_one_of_the_engine(engine: str) -> None:
    used = {type_ for columns in all_tables().values() for _, type_ in columns}
    assert used <= ENGINES[engine].types.keys()


@pytest.mark.parametrize("engine", [name for name, dialect in ENGINES.items() if not dialect.reads_folders])
def test_an_engine_that_is_elsewhere_does_not_get_a_folder_of_this_machine(engine: str) -> None:
    with pytest.raises(UsageError, match="cannot read a folder"):
        parts_for(ENGINES[engine], Asked("avesa", "/srv/avesa", ACCESS.get(engine)))


def test_access_is_told_where_it_is_needed_and_refused_where_it_means_nothing() -> None:
    with pytest.raises(UsageError, match="BigQuery needs --access"):
        parts_for(ENGINES["bigquery"], Asked("avesa", "s3://lake"))
    with pytest.raises(UsageError, match="Athena takes no --access"):
        parts_for(ENGINES["athena"], Asked("avesa", "s3://lake", "role"))


@pytest.mark.parametrize("engine", ["redshift-spectrum", "snowflake", "clickhouse", "bigquery"])
@pytest.mark.parametrize("hostile", ["a'b", 'a"b', "a`b", "a\\", "a\\'); DROP TABLE x; --"])
def test_what_access_names_is_only_ever_data(engine: str, hostile: str) -> None:
    """Text behind it stands where it stood: the statement is the usual one with another name in it."""
    dialect = ENGINES[engine]
    usual, other = (sql_of(parts_for(dialect, Asked("avesa", "s3://lake", name))) for name in ("PLAIN", hostile))
    written = {dialect.text(hostile), dialect.quoted(hostile)}
    changed = [(a, b) for a, b in zip(usual, other, strict=True) if a != b]
    assert changed
    for plain, sql in changed:
        assert any(
            sql in {plain.replace(dialect.text("PLAIN"), one), plain.replace(dialect.quoted("PLAIN"), one)}
            for one in written
        )


HOSTILE = [
    "a'b",
    'a"b',
    "a`b",
    "a\\",
    "\\'",
    "a''b",
    '""',
    "``",
    "\\`",
    "'; DROP TABLE x; --",
    "\u00e9\u4e2d",
    "a.b",
    "%s{}",
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_a_name_or_text_holds_the_engine_reads_just_that(engine: str, name: str) -> None:
    dialect = ENGINES[engine]
    sql = f"SELECT {dialect.text(name)} AS {dialect.quoted(name)}"
    (parsed,) = sqlglot.parse(sql, dialect=GRAMMAR.get(engine, engine))
    assert isinstance(parsed, expressions.Select)
    (column,) = parsed.expressions
    assert column.alias == (name.upper() if engine == "snowflake" else name)
    assert isinstance(column.this, expressions.Literal) and column.this.is_string
    assert column.this.this == name


def test_names_that_nobody_quotes_are_those_that_snowflake_was_given() -> None:
    assert '"AVESA"."INVOICES_CURRENT"' in script(parts_for(ENGINES["snowflake"]))


def test_redshift_reads_what_the_manifest_names() -> None:
    tables = [sql for sql in sql_of(parts_for(ENGINES["redshift-spectrum"])) if sql.startswith("CREATE EXTERNAL TABLE")]
    assert len(tables) == 2
    assert all(f"/{MANIFEST_FOLDER}/'" in sql for sql in tables)


def test_columns_of_all_keep_their_order_and_those_of_one_come_last() -> None:
    assert [name for name, _ in together_columns([INVOICES, OWN])] == [
        *("tenant_id", "source_id", "issued_on", "total", "valid_from", "valid_to", "is_current", "order"),
    ]
    assert dict(together_columns([INVOICES, OWN]))["issued_on"] == "string"


if __name__ == "__main__":
    EXPECTED.mkdir(exist_ok=True)
    for name, dialect in ENGINES.items():
        (EXPECTED / f"{name}.sql").write_text(script(parts_for(dialect)), encoding="utf-8")
