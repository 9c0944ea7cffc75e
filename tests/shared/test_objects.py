"""One suite for the object store, over a local folder and over a real S3 server."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from deltalake import CommitProperties, DeltaTable, Field, Schema
from deltalake.schema import PrimitiveType
from deltalake.transaction import AddAction, create_table_with_add_actions

from avesa.shared.errors import ConfigurationError, ObjectMissing, StorageError, UsageError
from avesa.shared.objects import ObjectInfo, Objects, open_objects
from dying_programs import is_killed
from s3_server import ACCESS_KEY, SECRET_KEY, S3Root

Open = Callable[[], Objects]


@pytest.fixture(params=["local", "s3"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Opens the same store, as another process would."""
    if request.param == "local":
        return lambda: open_objects(tmp_path / "data")
    root: S3Root = request.getfixturevalue("s3_root")
    return lambda: open_objects(root.url, s3_options=root.options)


@pytest.fixture
def objects(reopen: Open) -> Objects:
    return reopen()


def test_what_is_written_can_be_read_by_another_process(objects: Objects, reopen: Open) -> None:
    objects.write("acme/raw/x/1.parquet", b"one")
    assert reopen().read("acme/raw/x/1.parquet") == b"one"


def test_a_write_replaces_what_was_there(objects: Objects) -> None:
    objects.write("acme/mapping.json", b"a much longer first content")
    objects.write("acme/mapping.json", b"second")
    assert objects.read("acme/mapping.json") == b"second"


def test_an_empty_object_is_an_object(objects: Objects) -> None:
    objects.write("acme/empty", b"")
    assert objects.read("acme/empty") == b""
    assert objects.exists("acme/empty")


def test_an_absent_object_is_missing_and_not_a_failure_to_retry(objects: Objects, tmp_path: Path) -> None:
    for ask in (objects.read, lambda path: objects.fetch(path, tmp_path)):
        with pytest.raises(ObjectMissing, match="acme/nothing") as caught:
            ask("acme/nothing")
        assert not caught.value.retry
    assert not objects.exists("acme/nothing")


def test_write_new_never_overwrites(objects: Objects) -> None:
    assert objects.write_new("acme/log/1", b"first")
    assert not objects.write_new("acme/log/1", b"second")
    assert objects.read("acme/log/1") == b"first"


def test_of_many_who_write_the_same_new_object_one_wins(objects: Objects) -> None:
    start = threading.Barrier(8)

    def race(number: int) -> bool:
        start.wait()
        return objects.write_new("acme/log/2", b"%d" % number)

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(race, range(8)))
    assert won.count(True) == 1
    assert objects.read("acme/log/2") == b"%d" % won.index(True)


def test_a_list_holds_everything_below_a_folder_sorted(objects: Objects) -> None:
    for path in ("a/b/2", "a/b/1", "a/b/deep/er/3", "a/bc/other", "a/b.json", "z"):
        objects.write(path, path.encode())
    assert objects.list("a/b") == [ObjectInfo("a/b/1", 5), ObjectInfo("a/b/2", 5), ObjectInfo("a/b/deep/er/3", 13)]
    assert [info.path for info in objects.list("")] == sorted(
        ["a/b/2", "a/b/1", "a/b/deep/er/3", "a/bc/other", "a/b.json", "z"]
    )


def test_a_folder_that_is_not_there_or_is_a_file_lists_as_empty(objects: Objects) -> None:
    objects.write("a/file", b"x")
    assert objects.list("nothing/here") == []
    assert objects.list("a/file") == []


def test_a_long_list_is_complete(objects: Objects) -> None:
    names = [f"many/{number:04}" for number in range(1100)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: objects.write(name, b""), names))
    assert [info.path for info in objects.list("many")] == names
    objects.delete(names)
    assert objects.list("many") == []


def test_deleting_is_for_those_that_are_there_and_those_that_are_not(objects: Objects) -> None:
    for name in ("d/1", "d/2", "d/3"):
        objects.write(name, b"x")
    objects.delete(["d/1", "d/absent", "d/3"])
    objects.delete([])
    assert [info.path for info in objects.list("d")] == ["d/2"]


def test_a_folder_is_deleted_with_all_that_is_below_it_and_nothing_beside_it(objects: Objects) -> None:
    for name in ("d/1", "d/e/2", "d-e/3", "da/4"):
        objects.write(name, b"x")
    assert objects.delete_below("d") == 2
    assert [info.path for info in objects.list("")] == ["d-e/3", "da/4"]
    assert not objects.is_local or objects.folders("") == ("d-e", "da")
    assert objects.delete_below("d") == 0


def test_a_finished_file_becomes_the_object_and_is_taken(objects: Objects, tmp_path: Path) -> None:
    content = os.urandom(1024) * 20_000
    scratch = tmp_path / "part.parquet"
    scratch.write_bytes(content)
    assert objects.upload("acme/raw/t/big.parquet", scratch) == len(content)
    assert not scratch.exists()
    assert objects.list("acme/raw/t") == [ObjectInfo("acme/raw/t/big.parquet", len(content))]
    fetched = objects.fetch("acme/raw/t/big.parquet", tmp_path / "scratch")
    assert fetched.read_bytes() == content


def test_a_fetch_gives_each_object_its_own_file(objects: Objects, tmp_path: Path) -> None:
    objects.write("a/x.parquet", b"a")
    objects.write("b/x.parquet", b"b")
    files = [objects.fetch(path, tmp_path / "scratch") for path in ("a/x.parquet", "b/x.parquet")]
    assert [file.read_bytes() for file in files] == [b"a", b"b"]


def test_names_that_other_programs_chose_survive(objects: Objects) -> None:
    names = sorted(["o/a b.parquet", "o/ümlaut.parquet", "o/per%20cent", "o/plus+and=equals"])
    for name in names:
        objects.write(name, name.encode())
    assert [info.path for info in objects.list("o")] == names
    assert [objects.read(name) for name in names] == [name.encode() for name in names]


@pytest.mark.parametrize("path", ["../out", "a/../../out", "/etc/passwd", "", "a//b", "a/./b", "a\\..\\b"])
def test_a_path_that_leaves_the_root_is_refused(objects: Objects, path: str, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.write_bytes(b"x")
    with pytest.raises(UsageError):
        objects.write(path, b"x")
    with pytest.raises(UsageError):
        objects.read(path)
    with pytest.raises(UsageError):
        objects.upload(path, scratch)
    with pytest.raises(UsageError):
        objects.delete([path])


def test_deltalake_opens_tables_and_of_two_commits_one_wins(objects: Objects) -> None:
    schema = Schema([Field("id", PrimitiveType("string"))])

    def add(name: str) -> AddAction:
        return AddAction(name, 1, {}, 0, True, "{}")

    uri = objects.table_uri("acme/canonical/tickets")
    create_table_with_add_actions(uri, schema, [add("0.parquet")], storage_options=objects.table_options)
    readers = [DeltaTable(uri, storage_options=objects.table_options) for _ in range(6)]
    start = threading.Barrier(6)

    def race(number: int) -> bool:
        start.wait()
        try:
            readers[number].create_write_transaction(
                [add(f"{number + 1}.parquet")],
                mode="append",
                schema=schema,
                commit_properties=CommitProperties(max_commit_retries=0),
            )
        except Exception:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        won = list(pool.map(race, range(6)))
    assert won.count(True) == 1
    table = DeltaTable(uri, storage_options=objects.table_options)
    assert table.version() == 1
    objects.make_durable("acme/canonical/tickets/_delta_log/00000000000000000001.json")


def test_a_prefix_in_a_bucket_is_a_folder_of_the_bucket(s3_root: S3Root) -> None:
    open_objects(s3_root.url, s3_options=s3_root.options).write("acme/x", b"1")
    scheme, _, bucket, prefix = s3_root.url.split("/")
    whole = open_objects(f"{scheme}//{bucket}", s3_options=s3_root.options)
    assert whole.list(prefix) == [ObjectInfo(f"{prefix}/acme/x", 1)]
    assert whole.table_uri(prefix) == s3_root.url


def test_a_bucket_that_does_not_answer_is_told_and_may_be_tried_again() -> None:
    nobody = {"endpoint": "http://127.0.0.1:9", "allow_http": "true", "region": "us-east-1"}
    keys = {"access_key_id": ACCESS_KEY, "secret_access_key": SECRET_KEY}
    with pytest.raises(StorageError, match="no answer from the bucket") as caught:
        open_objects("s3://bucket/x", s3_options=nobody | keys).read("a")
    assert caught.value.retry
    assert not isinstance(caught.value, ObjectMissing)


def test_wrong_credentials_are_told_without_quoting_them(s3_root: S3Root) -> None:
    objects = open_objects(s3_root.url, s3_options={**s3_root.options, "secret_access_key": "wrong-wrong"})
    with pytest.raises(StorageError) as caught:
        objects.write("a", b"x")
    shown = f"{caught.value!r} {caught.value} {caught.value.__cause__} {caught.value.__context__} {objects!r}"
    assert "refuses the credentials" in shown
    assert "wrong-wrong" not in shown
    assert ACCESS_KEY not in shown


def test_no_repr_shows_a_key(s3_root: S3Root) -> None:
    shown = repr(open_objects(s3_root.url, s3_options=s3_root.options))
    assert s3_root.url in shown
    assert ACCESS_KEY not in shown
    assert SECRET_KEY not in shown


def test_s3_takes_what_it_needs_from_the_environment(s3_root: S3Root, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_root.options["endpoint"])
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    objects = open_objects(s3_root.url)
    objects.write("a", b"x")
    assert objects.read("a") == b"x"


@pytest.mark.parametrize(
    ("root", "options"),
    [
        ("gs://bucket/x", {}),
        ("s3://", {}),
        ("s3://key:secret@bucket/x", {}),
        ("s3://bucket/x", {"acces_key_id": "typo"}),
        ("s3://bucket/x", {"endpoint": "http://127.0.0.1:1"}),
    ],
)
def test_a_root_that_cannot_be_meant_is_refused(root: str, options: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_objects(root, s3_options=options)
    assert "secret@" not in str(caught.value)


def test_leftovers_of_a_killed_writer_are_never_listed_and_go_in_time(tmp_path: Path) -> None:
    folder = tmp_path / "acme/raw"
    folder.mkdir(parents=True)
    old, fresh = folder / "1.parquet#123", folder / "2.parquet#456"
    for leftover in (old, fresh):
        leftover.write_bytes(b"half")
    os.utime(old, (0, 0))
    objects = open_objects(tmp_path)
    assert objects.list("acme") == []
    objects.write("acme/raw/3.parquet", b"whole")
    assert [info.path for info in objects.list("acme")] == ["acme/raw/3.parquet"]
    assert sorted(file.name for file in folder.iterdir()) == ["2.parquet#456", "3.parquet"]


def test_what_a_killed_commit_left_in_a_log_goes_with_a_later_one(tmp_path: Path) -> None:
    log = tmp_path / "acme/canonical/tickets/_delta_log"
    log.mkdir(parents=True)
    (log / "0.json#1").write_bytes(b"half")
    os.utime(log / "0.json#1", (0, 0))
    (log / "0.json").write_bytes(b"whole")
    open_objects(tmp_path).make_durable("acme/canonical/tickets/_delta_log/0.json")
    assert [file.name for file in log.iterdir()] == ["0.json"]


def test_a_writer_killed_at_any_step_leaves_the_old_object_or_the_new(tmp_path: Path) -> None:
    program = """
from avesa.shared import objects

store = objects.open_objects(sys.argv[1])
steps_may_kill()
store.write("a/b", b"new" * 1000)
"""
    store = open_objects(tmp_path)
    for step in range(1, 20):
        store.write("a/b", b"old")
        killed = is_killed(program, tmp_path, step)
        assert store.read("a/b") in (b"old", b"new" * 1000)
        assert [info.path for info in store.list("")] == ["a/b"]
        if not killed:
            break
    assert not killed and step > 4


def test_a_file_from_another_disk_is_copied(tmp_path: Path) -> None:
    elsewhere = Path("/dev/shm") / f"avesa-{os.getpid()}"
    if not Path("/dev/shm").is_dir() or Path("/dev/shm").stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second disk here")
    elsewhere.write_bytes(b"x" * 100_000)
    assert open_objects(tmp_path).upload("a/b", elsewhere) == 100_000
    assert not elsewhere.exists()
    assert [file.name for file in (tmp_path / "a").iterdir()] == ["b"]


def test_a_full_disk_is_told_and_leaves_nothing_behind(small_disk: Path) -> None:
    objects = open_objects(small_disk)
    objects.write("a/kept", b"old")
    for attempt in (
        lambda: objects.write("a/kept", b"x" * 500_000),
        lambda: objects.write_new("a/new", b"x" * 500_000),
    ):
        with pytest.raises(StorageError, match="disk is full") as caught:
            attempt()
        assert caught.value.retry
        assert "Make room" in caught.value.hint
    assert objects.read("a/kept") == b"old"
    assert [file.name for file in (small_disk / "a").iterdir()] == ["kept"]


def test_a_full_disk_keeps_the_file_that_could_not_be_uploaded(small_disk: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "part"
    scratch.write_bytes(b"x" * 500_000)
    with pytest.raises(StorageError, match="disk is full"):
        open_objects(small_disk).upload("a/new", scratch)
    assert scratch.stat().st_size == 500_000
    assert list((small_disk / "a").iterdir()) == []


def test_a_limit_on_file_size_counts_as_a_full_disk(tmp_path: Path) -> None:
    program = """
import resource, signal, sys
from avesa.shared.errors import StorageError
from avesa.shared.objects import open_objects
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
objects = open_objects(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    objects.write("a/b", b"x" * 100_000)
except StorageError as error:
    print(error, [file.name for file in (open_objects(sys.argv[1])._folder / "a").iterdir()])
"""
    shown = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], check=True, capture_output=True, text=True
    ).stdout
    assert "cannot write a/b: the disk is full." in shown
    assert shown.endswith("[]\n")


def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a file where a folder should be")
    with pytest.raises(StorageError, match="cannot write a/b"):
        open_objects(tmp_path).write("a/b", b"x")
