"""Ctrl-C while modules are imported, when there is nothing yet to close."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ended_by_ctrl_c() -> Iterator[None]:
    """Inside it Ctrl-C ends the process at once, as it ends other programs.

    Python's own way is an exception wherever an import happens to be: it shows a traceback, and where an import is
    giving back its lock it is lost and the program goes on. A program that ignores Ctrl-C goes on ignoring it.
    """
    is_python_s = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not is_python_s or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
