from __future__ import annotations

from pathlib import Path

import pytest

from avesa.shared.errors import StorageError
from avesa.shared.scratch import scratch_folder


def test_a_folder_goes_with_its_block_and_is_made_where_all_of_it_is_missing(tmp_path: Path) -> None:
    scratch = tmp_path / "a" / "scratch"
    with pytest.raises(ZeroDivisionError), scratch_folder(scratch, "fold") as folder:
        (folder / "file").touch()
        assert folder.parent == scratch
        raise ZeroDivisionError
    assert list(scratch.iterdir()) == []


def test_where_none_can_be_made_that_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"cannot make a folder in .*/file"), scratch_folder(tmp_path / "file", "x"):
        pass


def test_an_error_of_the_block_is_left_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), scratch_folder(tmp_path, "fold") as folder:
        (folder / "none").read_bytes()
