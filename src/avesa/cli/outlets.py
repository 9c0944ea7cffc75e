"""Where the program writes to: if stdout cannot be written any more the program ends, wherever it is, and says why.

Where nobody reads on (`avesa query … | head`) it ends without a word. What cannot be told on stderr is passed over.
A letter that the encoding lacks is written as a backslash and its number.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any, TextIO

FAILED = 1
_REFUSING = ("strict", "surrogateescape")
"""How Python writes by itself what an encoding has no letter for: some of it or all of it not at all."""


def watch_outlets() -> None:
    """From now on, for sys.stdout and sys.stderr."""
    sys.stdout = _watched(sys.stdout, _end)
    sys.stderr = _watched(sys.stderr, lambda error: None)


class _Outlet(io.RawIOBase):
    """The descriptor of a stream. The first time that it fails `failed` is told, and all that comes then is dropped."""

    def __init__(self, raw: io.RawIOBase, failed: Callable[[OSError], None]) -> None:
        self._raw = raw
        self._failed = failed
        self._has_failed = False

    def write(self, data: Any, /) -> int | None:
        if not self._has_failed:
            try:
                return self._raw.write(data)
            except OSError as error:
                self._has_failed = True
                self._failed(error)
        return len(data)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()

    def isatty(self) -> bool:
        return self._raw.isatty()


def _watched(stream: TextIO, failed: Callable[[OSError], None]) -> TextIO:
    """As it is where it is none of Python's own: closed from the beginning, or put there by a test."""
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    raw: Any = getattr(stream.buffer, "raw", stream.buffer)  # without a buffer under `python -u`
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_Outlet(raw, failed)),
        encoding=stream.encoding,
        errors="backslashreplace" if stream.errors in _REFUSING else stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _end(error: OSError) -> None:
    if not isinstance(error, BrokenPipeError):
        sys.stderr.write(f"Error: standard output cannot be written: {error.strerror}.\n")
    sys.exit(FAILED)
