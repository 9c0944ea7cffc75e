"""What is cut off a shared library is what only debuggers and linkers read."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import obstore
import pytest
from scripts.elf_symbols import without_symbols

LIBRARY = next(Path(obstore.__file__).parent.glob("_obstore*.so"), None)
needs_elf = pytest.mark.skipif(
    LIBRARY is None or not LIBRARY.read_bytes().startswith(b"\x7fELF\x02\x01"), reason="libraries are no ELF files here"
)


@needs_elf
def test_a_library_is_smaller_without_its_symbols_and_does_what_it_did(tmp_path: Path) -> None:
    assert LIBRARY is not None
    package = LIBRARY.parent
    (tmp_path / package.name).mkdir()
    for file in (*package.glob("*.py"), LIBRARY):
        (tmp_path / package.name / file.name).write_bytes(without_symbols(file.read_bytes()))
    assert (tmp_path / package.name / LIBRARY.name).stat().st_size < 0.9 * LIBRARY.stat().st_size

    program = (
        "import obstore; from obstore.store import MemoryStore; store = MemoryStore();"
        "obstore.put(store, 'a', b'b'); print(obstore.__file__, bytes(obstore.get(store, 'a').bytes()))"
    )
    paths = f"{tmp_path}:{package.parent}"
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": paths}, capture_output=True, text=True, check=False
    )
    assert done.stdout == f"{tmp_path / package.name / '__init__.py'} b'b'\n", done.stderr


@needs_elf
def test_all_that_is_loaded_is_there_and_cutting_again_changes_nothing() -> None:
    assert LIBRARY is not None
    whole, cut = LIBRARY.read_bytes(), without_symbols(LIBRARY.read_bytes())
    (first,) = struct.unpack_from("<Q", whole, 0x20)
    size, number = struct.unpack_from("<HH", whole, 0x36)
    for place in range(first, first + size * number, size):
        begin, _, _, length = struct.unpack_from("<4Q", whole, place + 8)
        # The header of the file is loaded too, and has lost its word of the sections.
        start = max(begin, 64)
        assert cut[start : begin + length] == whole[start : begin + length]
    assert without_symbols(cut) == cut


@pytest.mark.parametrize("content", [b"", b"MZ\x90", b"\x7fELF\x01\x01" + bytes(60), b"import obstore\n"])
def test_what_is_no_such_library_stays_as_it_is(content: bytes) -> None:
    assert without_symbols(content) == content
