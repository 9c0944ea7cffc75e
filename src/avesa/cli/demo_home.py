"""The folder of a demo. Only what an earlier demo left there is ever deleted."""

from __future__ import annotations

import shutil
from pathlib import Path

from avesa.shared.errors import StorageError, UsageError

MARKER = ".avesa-demo"
_MADE_BY_A_DEMO = ("data", "scratch", "state.db", "state.db-wal", "state.db-shm", "secrets.json", "secrets.json.lock")


def prepare_demo_home(folder: Path) -> Path:
    """Make the folder, or empty it if a demo made it. Raises UsageError where it holds anything else."""
    try:
        if folder.exists() and not (folder / MARKER).is_file() and any(folder.iterdir()):
            raise UsageError(f"{folder} is not empty and no demo made it.", hint="Give another folder with --keep DIR.")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / MARKER).write_text("Made by avesa demo. The next demo empties this folder.\n", encoding="utf-8")
        for name in _MADE_BY_A_DEMO:
            _delete(folder / name)
    except OSError as error:
        raise StorageError(f"{folder} cannot be used: {error.strerror}.", hint="Give one with --keep DIR.") from error
    return folder


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
