"""Imports go one way, as docs/architecture.md says."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "avesa"

MAY_IMPORT = {
    "shared": set[str](),
    "connector": {"shared"},
    "integrations": {"shared", "connector"},
    "canonical_transform": {"shared"},
    "sandbox": {"shared"},
    "pipeline": {"shared", "connector", "integrations", "canonical_transform"},
    "warehouse": {"shared", "canonical_transform", "pipeline"},
    "aws": {"shared", "connector", "integrations", "canonical_transform", "pipeline", "warehouse"},
    "cli": {"shared", "connector", "integrations", "canonical_transform", "sandbox", "pipeline", "warehouse", "aws"},
}


def imported_packages(file: Path) -> set[str]:
    names = set[str]()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "avesa":
            names |= {f"avesa.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.split(".")[1] for name in names if name.startswith("avesa.")}


def test_every_package_has_its_place() -> None:
    assert {file.parent.name for file in SOURCE.glob("*/__init__.py")} == set(MAY_IMPORT)


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_go_one_way(package: str) -> None:
    for file in (SOURCE / package).rglob("*.py"):
        beyond = imported_packages(file) - MAY_IMPORT[package] - {package, "__version__"}
        assert not beyond, f"{file.relative_to(SOURCE)} imports {', '.join(sorted(beyond))}"
