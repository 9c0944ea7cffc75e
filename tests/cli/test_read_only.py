"""A home that this user may only read: a mount, a snapshot, the account of an analyst."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from avesa_program import Avesa
from full_disks import CannotMount
from landed_home import LandedHome, changes, contact
from read_only_places import bound_by_rights, mounted_read_only, somebody_else

READING = (
    ("query", "acme", "SELECT first_name FROM contacts"),
    ("query", "acme", "SELECT first_name FROM contacts", "--known-at", "2027-01-01"),
    ("history", "acme", "contacts", "1"),
    ("status",),
    ("verify", "acme", "contacts"),
    ("quarantine", "acme"),
    ("unmapped", "acme", "contacts"),
    ("uncastable", "acme", "contacts"),
    ("drift", "acme"),
    ("plan", "acme"),
    ("tenant", "list"),
    ("deletes", "list"),
    ("warehouse", "ddl", "acme", "--engine", "duckdb"),
)
WRITING = (
    ("sync",),
    ("ingest", "acme"),
    ("transform", "acme"),
    ("rebuild", "acme"),
    ("tenant", "add", "beta"),
    ("tenant", "remove", "acme", "--yes"),
    ("connect", "acme", "connectwise", "--set", "company_id=acme"),
    ("check", "acme", "connectwise"),
    ("withdraw", "--yes"),
    ("deletes", "approve", "acme", "connectwise/contacts"),
    ("warehouse", "manifest", "acme"),
)
_RUN = """
import json, sys
from click.testing import CliRunner
from avesa.cli.commands import cli
def run(words):
    result = CliRunner().invoke(cli, words)
    return [result.exit_code, result.stdout, result.stderr]
print(json.dumps([run(words) for words in json.loads(sys.argv[1])]))
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> LandedHome:
    home = LandedHome(tmp_path_factory.mktemp("theirs") / "home")
    home.land(changes(1, contact("1", 1, 1)))
    home.transform()
    return home


@pytest.fixture(scope="module")
def mounted(home: LandedHome) -> Iterator[Avesa]:
    try:
        with mounted_read_only(home.folder, home.folder.parent / "mounted") as place:
            yield Avesa(place)
    except CannotMount:
        pytest.skip("this user may not mount a folder read-only")


def in_a_process(user: Sequence[str], *commands: Sequence[str]) -> list[tuple[int, str, str]]:
    """Exit status, stdout and stderr of each."""
    run = [*user, sys.executable, "-c", _RUN, json.dumps(commands)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return [tuple(one) for one in json.loads(subprocess.run(run, check=True, capture_output=True, env=env).stdout)]


def files(folder: Path) -> dict[Path, bytes | None]:
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def test_whatever_only_reads_works_on_a_read_only_mount(
    home: LandedHome, mounted: Avesa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = files(home.folder)
    shown = {words: mounted(*words).stdout for words in READING}
    assert all("Mia" in shown[words] for words in READING[:3])
    assert files(home.folder) == before
    assert list(tmp_path.iterdir()) == []


def test_a_warehouse_is_loaded_from_there_and_rid_of_a_tenant(mounted: Avesa, file: Path) -> None:
    to = ("acme", "--to", f"duckdb://{file}")
    assert "1 row" in mounted("warehouse", "load", *to).stdout
    assert "nothing new" in mounted("warehouse", "load", *to).stdout
    assert "1 row deleted" in mounted("warehouse", "forget", *to, "--yes").stdout


@pytest.mark.parametrize("words", WRITING, ids=" ".join)
def test_whatever_writes_says_that_the_place_is_read_only_and_what_to_do(mounted: Avesa, words: Sequence[str]) -> None:
    assert mounted(*words, code=1).stderr == (
        f"Error: {mounted.home} can only be read: its file system is mounted read-only.\n"
        "  Do it where it can be written. What only reads works here: avesa query, history, status, verify, "
        "warehouse ddl and others.\n"
    )


def test_data_on_a_read_only_mount_are_read_and_nothing_is_pulled_that_could_not_be_kept(
    home: LandedHome, mounted: Avesa, tmp_path: Path
) -> None:
    mixed = LandedHome(home.folder).copy(tmp_path / "home")
    place = Avesa(mixed.folder, ("--home", str(mixed.folder), "--root", str(mounted.home / "data")))
    assert place.json("query", "acme", "SELECT first_name FROM contacts") == [{"first_name": "Mia"}]
    told = place("sync", "acme", code=1).stderr
    assert told.startswith(f"Error: {mounted.home}/data can only be read: its file system is mounted read-only.\n")


def test_without_a_folder_for_temporary_files_it_says_which_variable_to_set(
    mounted: Avesa, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(mounted.home))
    told = mounted("status", code=1).stderr
    assert told == "Error: there is no folder for temporary files.\n  Set TMPDIR to one that can be written.\n"


def test_a_folder_without_an_installation_is_told_and_so_are_data_that_lie_elsewhere(
    home: LandedHome, mounted: Avesa, tmp_path: Path
) -> None:
    told = Avesa(mounted.home / "data")("status", code=1).stderr
    assert told == f"Error: there is no installation in {mounted.home}/data.\n  Name another folder: --home DIR.\n"
    place = Avesa(home.folder, ("--home", str(mounted.home), "--root", str(mounted.home / "none")))
    told = place("status", code=1).stderr
    assert told == f"Error: there are no data in {mounted.home}/none.\n  Say where they lie: --root PLACE.\n"


def test_a_user_who_may_not_write_reads_what_another_one_has_open(home: LandedHome) -> None:
    user = somebody_else()
    if user is None:
        pytest.skip("only root can begin a process of another user")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        theirs = home.copy(Path(folder) / "home")
        at = ("--home", str(theirs.folder))
        (theirs.folder / "state.db").chmod(0o644)
        theirs.folder.chmod(0o755)
        with theirs.ports():
            before = files(theirs.folder)
            query, status, sync = in_a_process(user, [*at, *READING[0]], [*at, "status"], [*at, "sync"])
            assert files(theirs.folder) == before
    assert [code for code, _, _ in (query, status, sync)] == [0, 0, 1]
    assert "Mia" in query[1]
    told = f"Error: {theirs.folder} can only be read: nobody has no right to write it.\n  Do it as root, who owns it."
    assert sync[2].startswith(told)


def test_rights_that_the_owner_has_taken_away(home: LandedHome, tmp_path: Path) -> None:
    user = bound_by_rights()
    if user is None:
        pytest.skip("rights bind nobody here")
    places = ("open", "no data", "closed", "of tenants", "nothing")
    open_, no_data, closed, of_tenants, nothing = (home.copy(tmp_path / name) for name in places)
    (of_tenants.folder / "data").chmod(0o100)
    (nothing.folder / "data" / "acme").chmod(0o500)
    (nothing.folder / "data").chmod(0o500)
    next(no_data.canonical.glob("*.parquet")).chmod(0)
    (closed.folder / "state.db").chmod(0)
    (open_.folder / "state.db").chmod(0o400)
    open_.folder.chmod(0o500)
    query, transform = READING[0], ("transform", "acme")
    asked = [(open_, query), (open_, ("sync",)), (no_data, query), (closed, query)]
    asked += [(of_tenants, query), (of_tenants, transform), (nothing, transform)]
    found = in_a_process(user, *(["--home", str(one.folder), *words] for one, words in asked))
    for folder in (open_.folder, of_tenants.folder / "data", nothing.folder / "data"):
        folder.chmod(0o700)
    assert [code for code, _, _ in found] == [0, 1, 1, 1, 0, 0, 1]
    assert "Mia" in found[0][1]
    assert f"{open_.folder} can only be read" in found[1][2] and f"Run: chmod u+w {open_.folder}." in found[1][2]
    assert ".parquet: Permission denied.\n  Check the owner and the rights" in found[2][2]
    assert f"{closed.folder}/state.db" in found[3][2] and f"Run: chmod u+r {closed.folder}/state.db." in found[3][2]
    assert f"{nothing.folder}/data can only be read" in found[6][2]
