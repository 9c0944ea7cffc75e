"""How libpq itself reads an address: the library that psql is made with, asked through ctypes."""

from __future__ import annotations

import ctypes
import ctypes.util


class CannotAsk(Exception):
    """There is no libpq on this machine."""


class _Option(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_char_p) for name in ("keyword", "envvar", "compiled", "val", "label", "dispchar")),
        ("dispsize", ctypes.c_int),
    )


def libpq_settings(url: str) -> dict[str, str]:
    """What it takes from the address. Raises ValueError for one that it refuses, and CannotAsk without it."""
    libpq = _library()
    error = ctypes.c_char_p()
    found = libpq.PQconninfoParse(url.encode(), ctypes.byref(error))
    if not found:
        raise ValueError((error.value or b"").decode())
    settings = dict[str, str]()
    number = 0
    while keyword := found[number].keyword:
        if found[number].val is not None:
            settings[keyword.decode()] = found[number].val.decode(errors="surrogateescape")
        number += 1
    libpq.PQconninfoFree(found)
    return settings


def _library() -> ctypes.CDLL:
    name = ctypes.util.find_library("pq") or "libpq.so.5"
    try:
        libpq = ctypes.CDLL(name)
    except OSError:
        raise CannotAsk(f"no {name}") from None
    libpq.PQconninfoParse.restype = ctypes.POINTER(_Option)
    libpq.PQconninfoParse.argtypes = (ctypes.c_char_p, ctypes.POINTER(ctypes.c_char_p))
    libpq.PQconninfoFree.argtypes = (ctypes.POINTER(_Option),)
    return libpq
