"""Whatever a folder is called, a home in it works, and shows nothing of the home in a folder beside it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from avesa_program import Avesa
from landed_home import LandedHome, changes, contact, listing

CONTACTS = "SELECT source_id, first_name FROM contacts ORDER BY ALL"
on_posix = pytest.mark.skipif(sys.platform == "win32", reason="no such names on Windows")


@pytest.mark.parametrize(
    "name",
    [
        "100%/50% off & more/#1/~",
        "year=2026/Gérard's/{a}",
        "[m]sp",
        pytest.param("m?p", marks=on_posix),
        pytest.param("m*", marks=on_posix),
        pytest.param('m"|<>:', marks=on_posix),
    ],
)
def test_a_home_works_in_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    beside = LandedHome(tmp_path / "msp" / "home")
    beside.land(listing(10, contact("1", 1, 10, "Zoe")))
    beside.transform()
    home = LandedHome(tmp_path / name / "home")
    avesa = Avesa(home.folder)
    home.land(listing(10, contact("1", 1, 10)))
    avesa("transform", "acme")
    home.land(changes(20, contact("1", 15, 20, "Bea"), contact(None, 15, 20)))
    avesa("transform", "acme")
    for _ in range(2):
        assert [list(row.values()) for row in avesa.json("query", "acme", CONTACTS)] == [["1", "Bea"], ["1", "Mia"]]
        avesa("verify", "acme")
        assert len(avesa.json("quarantine", "acme", "contacts")) == 1
        avesa("rebuild", "acme")
    assert set(avesa.json("query", "acme", "FROM contacts LIMIT 1")[0]) == set(
        Avesa(beside.folder).json("query", "acme", "FROM contacts LIMIT 1")[0]
    )


@on_posix
@pytest.mark.parametrize("name", ["a%20b", "a\\b", "a\nb"])
def test_a_folder_that_the_tables_cannot_lie_in_is_told_before_anything_is_done(tmp_path: Path, name: str) -> None:
    told = Avesa(tmp_path / name)("tenant", "add", "acme", code=1).stderr
    assert told.startswith("Error: tables cannot lie in '") and "Use a folder without %" in told
    assert not (tmp_path / name / "data").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="no such names there")
def test_a_folder_whose_name_is_not_utf8_is_told_before_anything_is_done(tmp_path: Path) -> None:
    place = tmp_path / "h\udcff"
    for where in ((f"--home={place}",), (f"--home={tmp_path / 'home'}", f"--root={place}")):
        told = Avesa(place, where)("tenant", "add", "acme", code=1).stderr
        assert told.startswith("Error: nothing can be kept in '") and "h\\udcff" in told
    assert not place.exists()


def test_a_file_where_a_folder_is_needed_is_told_with_the_option_that_names_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("notes")
    elsewhere = ("status", "--root", str(tmp_path / "file"))
    assert "Name one: --root PLACE." in Avesa(tmp_path / "home")(*elsewhere, code=1).stderr
    monkeypatch.setenv("AVESA_HOME", str(tmp_path / "file"))
    told = Avesa(tmp_path, place=("status",))(code=1).stderr
    assert "is a file, and a folder is needed.\n  Name one: --home DIR." in told
    assert (tmp_path / "file").read_text() == "notes"
