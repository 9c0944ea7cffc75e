"""What the programs that ingest have in common: one list, or several of which one may be refused without the others."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.cost import Figures, tell

REFUSED = "refused.txt"
"""The file that says why a list could not be ingested."""


def tell_each(ingest: Callable[[Path, str], Figures | None]) -> None:
    """Ingest FOLDER ADDRESS, the program's arguments. Several addresses go each into a folder of its number; why one of
    them is refused is written there.
    """
    folder, addresses = Path(sys.argv[1]), sys.argv[2:]
    tell(lambda: ingest(folder, addresses[0]) if len(addresses) == 1 else _all(ingest, folder, addresses))


def _all(ingest: Callable[[Path, str], Figures | None], folder: Path, addresses: list[str]) -> None:
    for number, address in enumerate(addresses):
        own = folder / str(number)
        own.mkdir()
        try:
            ingest(own, address)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            (own / REFUSED).write_text(f"{type(error).__name__}: {error}")
