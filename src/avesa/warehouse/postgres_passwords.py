"""The passwords in libpq's own file of them, so that no message shows one: `host:port:database:user:password`."""

from __future__ import annotations

import os
import re
from pathlib import Path

_LINE = re.compile(r"(?:(?:[^:\\]|\\.)*:){4}((?:[^:\\]|\\.)+).*")


def passwords(file: str | None) -> tuple[str, ...]:
    """Those of that file, of PGPASSFILE or of ~/.pgpass; none where it cannot be read."""
    try:
        text = Path(file or os.environ.get("PGPASSFILE") or "~/.pgpass").expanduser().read_bytes()
    except (OSError, RuntimeError):
        return ()
    lines = (_LINE.fullmatch(line.rstrip("\r")) for line in text.decode(errors="surrogateescape").split("\n"))
    return tuple(re.sub(r"\\(.)", r"\1", line[1]) for line in lines if line)
