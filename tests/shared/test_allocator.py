from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
from avesa.shared.allocator import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(100):
    pages = [bytes(2_000_000) for _ in range(3)]
    del pages
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def pages_cleared(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc is what this is about")
def test_the_memory_of_one_page_serves_for_the_next() -> None:
    """300 buffers of 2 MB are 146,000 pages of memory, if the kernel clears each of them."""
    assert pages_cleared("kept") < 10_000
