"""`avesa warehouse` as a command: whom it is about, what is wrong usage, and what a person is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from avesa_program import Avesa
from warehouse_homes import two_tenants


@pytest.fixture(scope="module")
def avesa(tmp_path_factory: pytest.TempPathFactory) -> Avesa:
    return two_tenants(tmp_path_factory.mktemp("home"))


@pytest.mark.parametrize("command", [("ddl", "--engine", "duckdb"), ("manifest",)])
def test_it_is_about_one_tenant_or_all_of_them(avesa: Avesa, command: tuple[str, ...]) -> None:
    assert "name one tenant, or say --all" in avesa("warehouse", *command, code=2).stderr
    assert "name one tenant, or say --all" in avesa("warehouse", *command, "acme", "--all", code=2).stderr
    assert "acme, north-it" in avesa("warehouse", *command, "nobody", code=2).stderr


def test_without_tenants_there_is_nothing_to_print(tmp_path: Path) -> None:
    empty = Avesa(tmp_path / "home")
    assert "avesa tenant add" in empty("warehouse", "ddl", "--all", "--engine", "duckdb", code=2).stderr


def test_an_engine_that_is_elsewhere_is_told_that_a_folder_is_not(avesa: Avesa) -> None:
    told = avesa("warehouse", "ddl", "--all", "--engine", "athena", code=2).stderr
    assert "Athena cannot read a folder of this machine" in told and "--root s3://" in told


def test_every_statement_ends_and_nothing_else_is_on_stdout(avesa: Avesa) -> None:
    printed = avesa("warehouse", "ddl", "acme", "--engine", "duckdb").stdout
    paragraphs = printed.strip().split("\n\n")
    assert all(text.endswith(";") or text.startswith("-- acme.") for text in paragraphs)


def test_alone_it_says_what_there_is(avesa: Avesa) -> None:
    shown = avesa("warehouse").stdout
    assert "ddl" in shown and "manifest" in shown
