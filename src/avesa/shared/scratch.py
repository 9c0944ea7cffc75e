"""Folders for temporary files, which go with their block."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from avesa.shared.storage_failure import storage_failure


@contextmanager
def scratch_folder(scratch: Path, purpose: str) -> Iterator[Path]:
    """A folder of its own below `scratch`, which is made if it is missing, until the end of the block. What cannot be
    deleted then is left to whoever sweeps the scratch folder. Raises StorageError where it cannot be made.
    """
    try:
        scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = tempfile.TemporaryDirectory(prefix=f"{purpose}-", dir=scratch, ignore_cleanup_errors=True)
    except OSError as error:
        failure = storage_failure("make a folder in", str(scratch), error)
    else:
        with made as folder:
            yield Path(folder)
        return
    raise failure
