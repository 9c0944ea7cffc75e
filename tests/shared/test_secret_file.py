from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from avesa.shared.errors import ConfigurationError, StorageError
from avesa.shared.secret_file import EnvironmentSecrets, FileSecrets
from dying_programs import is_killed

SECRET = "s3cr3t-v4lue"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "secrets.json"


def shown(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)) + repr(error)


def test_there_are_no_secrets_before_there_is_a_file(path: Path) -> None:
    assert FileSecrets(path).get("acme", "connectwise") == {}
    FileSecrets(path).remove("acme")
    assert not path.parent.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_only_the_owner_has_rights_whatever_the_umask(path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        FileSecrets(path).put("acme", "connectwise", {"key": SECRET})
        FileSecrets(path).put("acme", "connectwise", {"key": SECRET + "2"})
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o620, 0o604, 0o601])
def test_a_file_that_others_have_rights_to_is_refused_with_the_remedy(path: Path, mode: int) -> None:
    secrets = FileSecrets(path)
    secrets.put("acme", "connectwise", {"key": SECRET})
    path.chmod(mode)
    for use in (
        lambda: secrets.get("acme", "connectwise"),
        lambda: secrets.put("b", "c", {}),
        lambda: secrets.remove("b"),
    ):
        with pytest.raises(ConfigurationError) as caught:
            use()
        assert f"chmod 600 {path}" in str(caught.value)
        assert SECRET not in shown(caught.value)
    path.chmod(0o600)
    assert secrets.get("acme", "connectwise") == {"key": SECRET}


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_a_folder_that_others_may_write_is_refused(path: Path) -> None:
    secrets = FileSecrets(path)
    secrets.put("acme", "connectwise", {"key": SECRET})
    path.parent.chmod(0o770)
    with pytest.raises(ConfigurationError, match="chmod 700"):
        secrets.get("acme", "connectwise")


@pytest.mark.parametrize(
    "content",
    [f'{{"acme": {{"connectwise": {{"key": "{SECRET}"', f'{{"{SECRET}": "{SECRET}"}}', f'["{SECRET}"]', "", "\udcff"],
)
def test_a_broken_file_is_told_without_its_content(path: Path, content: str) -> None:
    path.parent.mkdir(mode=0o700)
    path.write_bytes(content.encode(errors="surrogateescape"))
    path.chmod(0o600)
    for use in (lambda: FileSecrets(path).get("acme", "connectwise"), lambda: FileSecrets(path).put("a", "b", {})):
        with pytest.raises(ConfigurationError, match="not a JSON object") as caught:
            use()
        assert SECRET not in shown(caught.value)
        assert caught.value.__context__ is None
    assert path.read_bytes() == content.encode(errors="surrogateescape")


def test_no_repr_shows_a_value(path: Path) -> None:
    secrets = EnvironmentSecrets(FileSecrets(path), {"AVESA_SECRET_ACME_CONNECTWISE_KEY": SECRET})
    secrets.put("acme", "connectwise", {"other": SECRET})
    values = secrets.get("acme", "connectwise")
    assert SECRET not in f"{secrets!r} {secrets} {values!r} {values} {FileSecrets(path)!r}"
    assert "key" in repr(values)


def test_the_environment_goes_before_the_file(path: Path) -> None:
    environment = {
        "AVESA_SECRET_ACME_WEST_CONNECTWISE_PRIVATE_KEY": "from the environment",
        "AVESA_SECRET_ACME_WEST_AUTOTASK_PRIVATE_KEY": "another service",
        "AVESA_SECRET_GLOBEX_CONNECTWISE_PRIVATE_KEY": "another tenant",
        "PRIVATE_KEY": "unrelated",
    }
    secrets = EnvironmentSecrets(FileSecrets(path), environment)
    secrets.put("acme-west", "connectwise", {"private_key": "from the file", "public_key": "public"})
    assert secrets.get("acme-west", "connectwise") == {
        "private_key": "from the environment",
        "public_key": "public",
    }
    assert FileSecrets(path).get("acme-west", "connectwise")["private_key"] == "from the file"
    secrets.remove("acme-west")
    assert secrets.get("acme-west", "connectwise") == {"private_key": "from the environment"}


def test_many_processes_do_not_lose_each_other_s_update(path: Path) -> None:
    program = """
import sys
from pathlib import Path
from avesa.shared.secret_file import FileSecrets
secrets = FileSecrets(Path(sys.argv[1]))
sys.stdin.readline()
for number in range(10):
    secrets.put(sys.argv[2], f"service{number}", {"key": sys.argv[2]})
"""
    workers = [
        subprocess.Popen([sys.executable, "-c", program, str(path), f"tenant{worker}"], stdin=subprocess.PIPE)
        for worker in range(4)
    ]
    for worker in workers:
        assert worker.stdin
        worker.stdin.write(b"go\n")
        worker.stdin.flush()
    for worker in workers:
        worker.communicate()
        assert worker.returncode == 0
    stored = json.loads(path.read_text())
    assert {tenant: len(services) for tenant, services in stored.items()} == {f"tenant{n}": 10 for n in range(4)}


def test_a_process_killed_at_any_step_leaves_the_old_values_or_the_new(path: Path) -> None:
    program = """
from avesa.shared.secret_file import FileSecrets

steps_may_kill()
FileSecrets(Path(sys.argv[1])).put("acme", "connectwise", {"key": "new" * 1000})
"""
    secrets = FileSecrets(path)
    for step in range(1, 20):
        secrets.put("acme", "connectwise", {"key": "old"})
        assert not list(path.parent.glob("*#*"))
        killed = is_killed(program, path, step)
        assert secrets.get("acme", "connectwise")["key"] in ("old", "new" * 1000)
        assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
        if not killed:
            break
    assert not killed and step > 5


def test_a_full_disk_keeps_the_old_values(small_disk: Path) -> None:
    secrets = FileSecrets(small_disk / "own" / "secrets.json")
    secrets.put("acme", "connectwise", {"key": "old"})
    with pytest.raises(StorageError, match="disk is full") as caught:
        secrets.put("acme", "connectwise", {"key": SECRET * 50_000})
    assert SECRET not in shown(caught.value)
    assert secrets.get("acme", "connectwise") == {"key": "old"}


def test_a_replacement_that_is_refused_writes_no_file(path: Path) -> None:
    assert not FileSecrets(path).replace("acme", "xero", {"refresh_token": "1"}, {"refresh_token": "2"})
    assert not path.exists()


def test_a_value_of_the_environment_that_was_replaced_counts_no_more(path: Path) -> None:
    environment = {"AVESA_SECRET_ACME_XERO_TOKEN": "lent-1", "AVESA_SECRET_ACME_XERO_KEY": "lent-key"}
    secrets = EnvironmentSecrets(FileSecrets(path), environment)
    assert secrets.replace("acme", "xero", {"token": "lent-1"}, {"token": "2"})
    assert not secrets.replace("acme", "xero", {"token": "lent-1"}, {"token": "lost"})
    assert secrets.get("acme", "xero") == {"token": "2", "key": "lent-key"}
    assert secrets.replace("acme", "xero", {"token": "2"}, {"token": "3"})
    again = EnvironmentSecrets(FileSecrets(path), environment)
    assert again.get("acme", "xero")["token"] == "3"
    assert SECRET not in path.read_text() and "lent" not in path.read_text()


def test_a_new_value_in_the_environment_goes_first_again_until_it_is_replaced(path: Path) -> None:
    old = {"AVESA_SECRET_ACME_XERO_TOKEN": "lent-1"}
    new = {"AVESA_SECRET_ACME_XERO_TOKEN": "lent-2"}
    before, after = (EnvironmentSecrets(FileSecrets(path), environment) for environment in (old, new))
    assert before.replace("acme", "xero", {"token": "lent-1"}, {"token": "2"})
    assert after.get("acme", "xero")["token"] == "lent-2"
    assert not after.replace("acme", "xero", {"token": "2"}, {"token": "lost"})
    assert after.replace("acme", "xero", {"token": "lent-2"}, {"token": "3"})
    # A process that still runs with the old variable does not fall back to it.
    assert before.get("acme", "xero")["token"] == "3"
    assert after.get("acme", "xero")["token"] == "3"


def test_what_was_replaced_stays_replaced_when_a_person_stores_secrets_anew(path: Path) -> None:
    secrets = EnvironmentSecrets(FileSecrets(path), {"AVESA_SECRET_ACME_XERO_TOKEN": "lent-1"})
    assert secrets.replace("acme", "xero", {"token": "lent-1"}, {"token": "2"})
    secrets.put("acme", "xero", {"token": "by-hand"})
    assert secrets.get("acme", "xero") == {"token": "by-hand"}
    FileSecrets(path).replace("acme", "xero", {}, {"token": "by-hand-2"})
    assert secrets.get("acme", "xero") == {"token": "by-hand-2"}


def test_a_process_killed_while_it_replaces_leaves_the_old_values_or_the_new(path: Path) -> None:
    program = """
from avesa.shared.secret_file import EnvironmentSecrets, FileSecrets

steps_may_kill()
secrets = EnvironmentSecrets(FileSecrets(Path(sys.argv[1])), {"AVESA_SECRET_ACME_XERO_TOKEN": "lent"})
secrets.replace("acme", "xero", {"token": "lent"}, {"token": "new", "access token": "a" * 1000})
"""
    stored = FileSecrets(path)
    secrets = EnvironmentSecrets(stored, {"AVESA_SECRET_ACME_XERO_TOKEN": "lent"})
    seen = set()
    for step in range(1, 20):
        stored.put("acme", "xero", {"client_id": "c"})
        killed = is_killed(program, path, step)
        left = secrets.get("acme", "xero")
        assert left["client_id"] == "c"
        assert (left["token"], left.get("access token")) in (("lent", None), ("new", "a" * 1000))
        seen.add(left["token"])
        if not killed:
            break
    assert not killed and seen == {"lent", "new"}
