from __future__ import annotations

from pathlib import Path

import pytest

from fold_table import Folding


@pytest.fixture
def folding(tmp_path: Path) -> Folding:
    return Folding(tmp_path)
