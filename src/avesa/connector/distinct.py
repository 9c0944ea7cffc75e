"""Counts and fingerprints the distinct ids of a pull with bounded memory: sorted runs on disk, merged at the end."""

from __future__ import annotations

import hashlib
import heapq
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from avesa.shared.errors import StorageError

_RUN_BYTES = 16 * 1024 * 1024
_ENTRY_BYTES = 64  # what an id costs in memory beside its own bytes, roughly


class DistinctIds:
    """Add ids, then `result()` once. Holds temporary files below `scratch`; use it as a context manager."""

    def __init__(self, scratch: Path, run_bytes: int = _RUN_BYTES) -> None:
        self._scratch = scratch
        self._run_bytes = run_bytes
        self._ids: dict[str, None] = {}
        self._size = 0
        self._runs: list[BinaryIO] = []

    def add(self, ids: Iterable[str | None]) -> None:
        """Nulls, which are rows without a key, do not count."""
        held = len(self._ids)
        # In the order in which they came, which often is that of the ids, so that little is left to sort.
        some = dict.fromkeys(text for text in ids if text is not None)
        self._ids |= some
        new = len(self._ids) - held
        self._size += (sum(map(len, some)) + _ENTRY_BYTES * len(some)) * new // max(1, len(some))
        if self._size >= self._run_bytes:
            self._spill()

    def result(self) -> tuple[int, str]:
        """How many there are, and the hex SHA-256 of them sorted by their bytes and joined by newlines."""
        # Texts in the order of their characters are in the order of their UTF-8 bytes too.
        last_ids = sorted(self._ids)
        if not self._runs:
            return len(last_ids), hashlib.sha256("\n".join(last_ids).encode()).hexdigest()
        digest = hashlib.sha256()
        count = 0
        last: bytes | None = None
        for key in heapq.merge(*(_read_run(run) for run in self._runs), map(str.encode, last_ids)):
            if key == last:
                continue
            digest.update(key if count == 0 else b"\n" + key)
            last = key
            count += 1
        return count, digest.hexdigest()

    def close(self) -> None:
        for run in self._runs:
            run.close()

    def __enter__(self) -> DistinctIds:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _spill(self) -> None:
        try:
            self._scratch.mkdir(parents=True, exist_ok=True)
            # Unnamed where the system allows it, so a killed process leaves nothing behind.
            run = tempfile.TemporaryFile(dir=self._scratch)  # noqa: SIM115 - closed by close()
            self._runs.append(run)
            for key in map(str.encode, sorted(self._ids)):
                run.write(len(key).to_bytes(4, "big") + key)
            run.flush()
        except OSError as error:
            raise StorageError(
                f"Cannot write a temporary file in {self._scratch}: {error.strerror}.",
                hint="Make room there; the next run goes on from here.",
            ) from None
        self._ids = {}
        self._size = 0


def _read_run(run: BinaryIO) -> Iterator[bytes]:
    run.seek(0)
    while prefix := run.read(4):
        yield run.read(int.from_bytes(prefix, "big"))
