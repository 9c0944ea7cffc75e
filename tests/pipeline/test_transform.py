"""Each canonical table is folded for itself, and what became of it is told also where it cannot be written down."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from avesa.pipeline import transform
from avesa.pipeline.sync import sync_tenant
from avesa.pipeline.transform import transform_tenant
from avesa.shared.errors import ConfigurationError, StorageError, Where
from landed_home import LandedHome, changes, contact


@pytest.fixture
def home(tmp_path: Path) -> LandedHome:
    home = LandedHome(tmp_path / "home")
    home.land(changes(1, contact("1", 0, 1)))
    home.land(changes(1, contact("1", 0, 1)), table="companies")
    return home


def test_a_run_log_that_cannot_be_written_is_told_for_each_table_and_all_are_folded(
    home: LandedHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise StorageError("the disk is full.")

    with home.ports() as ports:
        with monkeypatch.context() as broken:
            broken.setattr(ports.run_log, "write", full)
            outcomes = transform_tenant(ports, "acme", run_id="r1")
        assert [(one.table, one.status, one.report.added) for one in outcomes] == [
            ("companies", "failed", 1),
            ("contacts", "failed", 1),
        ]
        assert [one.error and one.error.where for one in outcomes] == [
            Where("acme", None, "companies"),
            Where("acme", None, "contacts"),
        ]
        assert all(one.status == "ok" for one in transform_tenant(ports, "acme", run_id="r2"))


def test_what_failed_is_told_and_not_that_it_could_not_be_written_down(
    home: LandedHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise StorageError("the disk is full.")

    (home.raw / "pull-00001.receipt.json").write_text("{}")
    with home.ports() as ports, monkeypatch.context() as broken:
        broken.setattr(ports.run_log, "write", full)
        (outcome,) = transform_tenant(ports, "acme", run_id="r1", tables=["contacts"])
    assert "receipt" in str(outcome.error)


def test_no_room_for_temporary_files_is_told_beside_what_became_of_the_services(
    home: LandedHome, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with home.ports() as ports:
        report = sync_tenant(replace(ports, scratch=tmp_path / "file"), "acme")
    not_connected, no_room = report.errors
    assert isinstance(not_connected, ConfigurationError)
    assert isinstance(no_room, StorageError) and no_room.where.tenant == "acme"


def test_a_table_for_whose_temporary_files_there_is_no_room_keeps_no_other_from_being_folded(
    home: LandedHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = transform.scratch_folder
    asked: list[str] = []

    @contextmanager
    def full(scratch: Path, purpose: str) -> Iterator[Path]:
        asked.append(purpose)
        if len(asked) == 2:
            raise OSError(28, "No space left on device")
        with made(scratch, purpose) as folder:
            yield folder

    monkeypatch.setattr(transform, "scratch_folder", full)
    with home.ports() as ports:
        told = {one.table: one.error for one in transform_tenant(ports, "acme", run_id="r1")}
    assert isinstance(told["companies"], StorageError) and told["contacts"] is None
