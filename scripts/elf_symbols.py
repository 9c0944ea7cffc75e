"""Shared libraries without what only debuggers and linkers read: names of functions, and the table of sections.

A wheel may hold megabytes of them. The loader goes by the program headers alone, so all that lies behind the last byte
that these name can be cut off, on any machine and for any processor. Tables for unwinding are loaded, so they stay.
"""

from __future__ import annotations

import struct

_ELF64_LITTLE = b"\x7fELF\x02\x01"
_PROGRAM_HEADERS, _SECTION_HEADERS = 0x20, 0x28
_SIZES = 0x36
"""From here: size and number of program headers, size and number of section headers, index of the one of names."""


def without_symbols(library: bytes) -> bytes:
    """The same library, to be loaded and not to be linked. What is no 64-bit ELF file comes back as it is."""
    if not library.startswith(_ELF64_LITTLE):
        return library
    (first,) = struct.unpack_from("<Q", library, _PROGRAM_HEADERS)
    size, number, of_section, _, _ = struct.unpack_from("<5H", library, _SIZES)
    end = first + size * number
    for place in range(first, end, size):
        offset, _, _, in_file = struct.unpack_from("<4Q", library, place + 8)
        end = max(end, offset + in_file)
    cut = bytearray(library[:end])
    struct.pack_into("<Q", cut, _SECTION_HEADERS, 0)
    struct.pack_into("<5H", cut, _SIZES, size, number, of_section, 0, 0)
    return bytes(cut)
