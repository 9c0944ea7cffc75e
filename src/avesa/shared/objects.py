"""Port: the object store, a local folder or a bucket on S3, the same to everybody above.

Both are read through obstore. Local writes are our own, because obstore renames a file into place without
flushing it first: after a power cut its name could be there and its content not.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, S3Store

from avesa.shared import durable_file
from avesa.shared.errors import AvesaError, ConfigurationError, ObjectMissing, UsageError
from avesa.shared.folder_names import check_folder_of_tables
from avesa.shared.s3_options import delta_options, s3_config
from avesa.shared.storage_failure import is_refusal, storage_failure

T = TypeVar("T")

_CHUNK = 8 * 1024 * 1024
"""Bytes of an object in memory at a time while it is copied."""


@dataclass(frozen=True)
class ObjectInfo:
    """`path` is relative to the root; `size` is in bytes."""

    path: str
    size: int


class Objects:
    """The objects under one root. Paths are relative POSIX paths; safe to use from many threads.

    Every method may raise StorageError (full disk, missing rights, unreachable bucket), and UsageError for a
    path that would leave the root.
    """

    def __init__(
        self,
        store: LocalStore | S3Store,
        root: str,
        *,
        folder: Path | None = None,
        table_options: Mapping[str, str] | None = None,
    ) -> None:
        self._store = store
        self._folder = folder
        self._swept: set[Path] = set()
        self.root = root
        self.table_options: dict[str, str] = dict(table_options or {})
        """`storage_options` for deltalake. They hold the keys of the bucket: never log them."""

    def __repr__(self) -> str:
        return f"Objects({self.root!r})"

    @property
    def is_local(self) -> bool:
        return self._folder is not None

    def read(self, path: str) -> bytes:
        """The whole object. Raises ObjectMissing if it is absent."""
        return self._attempt("read", path, lambda: obstore.get(self._store, path).bytes().to_bytes())

    def write(self, path: str, data: bytes) -> None:
        """Store an object, replacing what was there: all of it or nothing, and durable when it returns."""
        if self._folder is None:
            self._attempt("write", path, lambda: obstore.put(self._store, path, data))
        else:
            self._attempt("write", path, lambda: durable_file.replace_file(self._place(path), data))

    def write_new(self, path: str, data: bytes) -> bool:
        """Store an object only if there is none; False if there is one. Of many writers one wins."""
        if self._folder is None:
            return self._attempt("write", path, lambda: self._put_new(path, data))
        return self._attempt("write", path, lambda: durable_file.create_file(self._place(path), data))

    def upload(self, path: str, local: Path) -> int:
        """Make a finished local file the object, replacing what was there, and give back its bytes.

        The file is taken: it is gone afterwards (moved, or copied and deleted), and still there on an error.
        Streamed, all or nothing, durable when it returns.
        """
        if self._folder is None:
            return self._attempt("upload", path, lambda: self._send(path, local))
        return self._attempt("write", path, lambda: _move(local, self._place(path)))

    def list(self, prefix: str, *, after: str = "") -> list[ObjectInfo]:
        """Everything below the folder `prefix` ('' for the root), sorted by path; empty if there is none.

        With `after` only what comes behind that path below the prefix, and what is before it costs next to nothing.
        """

        def found() -> list[ObjectInfo]:
            below = f"{prefix}/" if prefix else ""
            chunks = obstore.list(self._store, prefix or None, offset=f"{below}{after}" if after else None)
            return sorted(
                (
                    ObjectInfo(meta["path"], meta["size"])
                    for chunk in chunks
                    for meta in chunk
                    if meta["path"].startswith(below)
                ),
                key=lambda info: info.path,
            )

        return self._attempt("list", prefix, found)

    def folders(self, prefix: str) -> tuple[str, ...]:
        """The names of the folders right below the folder `prefix`, sorted; empty if there are none."""

        below = self._attempt("list", prefix, lambda: obstore.list_with_delimiter(self._store, prefix))
        return tuple(sorted(path.rpartition("/")[2] for path in below["common_prefixes"]))

    def exists(self, path: str) -> bool:
        try:
            self._attempt("read", path, lambda: obstore.head(self._store, path))
        except ObjectMissing:
            return False
        return True

    def delete(self, paths: Iterable[str]) -> None:
        """Delete objects; those that are not there are fine."""
        names = [_checked(path) for path in paths]
        if self._folder is None:
            if names:
                self._attempt("delete", names[0], lambda: obstore.delete(self._store, names))
            return
        for name in names:
            self._attempt("delete", name, partial((self._folder / name).unlink, missing_ok=True))

    def delete_below(self, prefix: str) -> int:
        """Delete everything below the folder `prefix` with the folder itself; how many objects there were."""
        found = self.list(prefix)
        self.delete(info.path for info in found)
        if self._folder is not None:
            folder = self._folder / prefix  # what killed writers left is no object, and goes too
            self._attempt("delete", prefix, lambda: shutil.rmtree(folder) if folder.exists() else None)
        return len(found)

    def fetch(self, path: str, scratch: Path) -> Path:
        """A local file with the object's content, for engines that read files.

        It is the stored file itself in a local store (do not change it), and else a download to the same path
        below `scratch`. Raises ObjectMissing if it is absent.
        """
        if self._folder is None:
            return self._attempt("read", path, lambda: self._download(path, scratch / path))
        if not self.exists(path):
            raise ObjectMissing(f"there is no object {path} in {self.root}.")
        return self._folder / path

    def make_durable(self, path: str) -> None:
        """Flush what another program, such as deltalake, wrote at `path`, with the folders that lead to it.

        What killed writers left beside it goes, as it does where we write ourselves.
        """
        if self._folder is not None:
            self._attempt("flush", path, lambda: self._flush(path))

    def table_uri(self, prefix: str) -> str:
        """What `DeltaTable(uri, storage_options=objects.table_options)` opens."""
        _checked(prefix)
        return f"{self.root}/{prefix}" if self._folder is None else (self._folder / prefix).as_uri()

    def _is_listed(self, path: str) -> bool:
        """Whether it is there by the word of the list, or nobody can tell.

        S3 says 403 rather than 404 of what is missing to one who may list a part of the bucket only.
        """
        try:
            for chunk in obstore.list(self._store, path.rpartition("/")[0] or None, offset=path[:-1]):
                for meta in chunk:
                    if meta["path"] >= path:
                        return meta["path"] == path
        except (BaseError, OSError, ValueError):
            return True
        return False

    def _put_new(self, path: str, data: bytes) -> bool:
        try:
            obstore.put(self._store, path, data, mode="create", use_multipart=False)
        except AlreadyExistsError:
            return False
        return True

    def _send(self, path: str, local: Path) -> int:
        size = local.stat().st_size
        obstore.put(self._store, path, local, chunk_size=_CHUNK, max_concurrency=4)
        local.unlink()
        return size

    def _download(self, path: str, target: Path) -> Path:
        target.parent.mkdir(parents=True, exist_ok=True)
        found = obstore.get(self._store, path)
        partial = durable_file.staging_name(target)
        try:
            with partial.open("wb") as file:
                for chunk in found.stream(min_chunk_size=_CHUNK):
                    file.write(chunk)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        return target

    def _place(self, path: str) -> Path:
        """The local file for `path`, its folder made; what killed writers left in that folder goes, once."""
        assert self._folder is not None
        target = self._folder / path
        durable_file.make_folders(target.parent)
        self._sweep(target.parent)
        return target

    def _sweep(self, folder: Path) -> None:
        if folder not in self._swept:
            self._swept.add(folder)
            durable_file.remove_abandoned(folder)

    def _flush(self, path: str) -> None:
        assert self._folder is not None
        target = self._folder / path
        self._sweep(target.parent)
        durable_file.sync_file(target)
        while target != self._folder:
            target = target.parent
            durable_file.sync_folder(target)

    def _attempt(self, action: str, path: str, call: Callable[[], T]) -> T:
        if path or action != "list":
            _checked(path)
        failure: AvesaError
        try:
            return call()
        except FileNotFoundError as missing:
            failure = storage_failure(action, path, missing)
            if action == "read":
                failure = ObjectMissing(f"there is no object {path} in {self.root}.")
        except (BaseError, OSError, ValueError) as problem:
            failure = storage_failure(action, path, problem)
            if action == "read" and is_refusal(problem) and self._folder is None and not self._is_listed(path):
                failure = ObjectMissing(f"there is no object {path} in {self.root}.")
        # Outside of the handler: the library's own text, which may quote a signed request, stays unprinted.
        raise failure


def open_objects(root: str | Path, *, s3_options: Mapping[str, str] | None = None) -> Objects:
    """The store at `root`: a local folder, made if it is missing, or `s3://bucket/prefix`.

    S3 takes its credentials and region from the environment as every AWS client does; `s3_options` (`endpoint`,
    `region`, `access_key_id`, `secret_access_key`, `session_token`, `allow_http`) go before it.
    Raises ConfigurationError for another kind of root or option, StorageError if the folder cannot be made.
    """
    if str(root).startswith("s3://"):
        return _open_bucket(str(root), s3_options or {})
    if "://" in str(root):
        raise ConfigurationError(
            f"{str(root).split('://', maxsplit=1)[0]}:// is not a kind of storage that is known.",
            hint="Use a local folder or s3://bucket/prefix.",
        )
    folder = Path(root).absolute()
    check_folder_of_tables(folder)
    try:
        durable_file.make_folders(folder)
        return Objects(LocalStore(folder), str(folder), folder=folder)
    except (BaseError, OSError) as problem:
        failure = storage_failure("open", str(folder), problem)
    raise failure


def _open_bucket(root: str, options: Mapping[str, str]) -> Objects:
    parts = urlsplit(root)
    if not parts.netloc or "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigurationError("the root is not of the form s3://bucket/prefix.")
    prefix = parts.path.strip("/")
    if prefix:
        _checked(prefix)
    config, client = s3_config(options)
    store = S3Store(
        parts.netloc,
        prefix=prefix or None,
        config=config,
        client_options=client,
        retry_config={"max_retries": 5, "retry_timeout": timedelta(seconds=60)},
    )
    return Objects(
        store,
        f"s3://{parts.netloc}/{prefix}".rstrip("/"),
        table_options=delta_options(options),
    )


def _checked(path: str) -> str:
    parts = path.split("/")
    if any(part in {"", ".", ".."} for part in parts) or "\\" in path or "\0" in path:
        raise UsageError(f"{path!r} is not the path of an object.", hint="Use a relative path with / inside.")
    return path


def _move(local: Path, target: Path) -> int:
    size = local.stat().st_size
    durable_file.sync_file(local)
    try:
        durable_file.publish(local, target)
    except OSError as problem:
        if problem.errno != errno.EXDEV:
            raise
        _copy(local, target)
    return size


def _copy(local: Path, target: Path) -> None:
    """To another disk: a copy under a staging name, flushed, then published."""
    staged = durable_file.staging_name(target)
    try:
        shutil.copyfile(local, staged)
        durable_file.sync_file(staged)
        durable_file.publish(staged, target)
    finally:
        staged.unlink(missing_ok=True)
    local.unlink()
