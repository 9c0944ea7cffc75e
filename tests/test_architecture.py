"""Imports go one way, and the sandbox knows nothing of what it judges."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import avesa

SOURCE = Path(avesa.__file__).parent

ALLOWED: dict[str, set[str]] = {
    "shared": set(),
    "connector": {"shared"},
    "integrations": {"connector", "shared"},
    "canonical_transform": {"shared"},
    "pipeline": {"canonical_transform", "connector", "integrations", "shared"},
    "sandbox": {"shared"},
    "cli": {"canonical_transform", "connector", "integrations", "pipeline", "sandbox", "shared"},
    "console": {"canonical_transform", "connector", "integrations", "pipeline", "shared"},
    "aws": {"canonical_transform", "connector", "integrations", "pipeline", "shared"},
}
"""Each package, and the others that it may import."""


def packages() -> list[str]:
    return sorted(path.parent.name for path in SOURCE.glob("*/__init__.py"))


def imported_packages(file: Path) -> set[str]:
    """The packages of avesa that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import"
            module = node.module or ""
            names |= {f"avesa.{alias.name}" for alias in node.names} if module == "avesa" else {module}
    parts = [name.split(".") for name in names if name.startswith("avesa.")]
    return {part[1] for part in parts if (SOURCE / part[1]).is_dir()}


@pytest.mark.parametrize("package", packages())
def test_a_package_imports_only_those_before_it(package: str) -> None:
    assert package in ALLOWED, f"say in ALLOWED what {package} may import"
    wrong = {
        str(file.relative_to(SOURCE)): sorted(found)
        for file in sorted((SOURCE / package).rglob("*.py"))
        if (found := imported_packages(file) - ALLOWED[package] - {package})
    }
    assert not wrong


def test_a_service_imports_no_other_service() -> None:
    folders = [path.parent for path in (SOURCE / "integrations").glob("*/__init__.py")]
    for folder in folders:
        others = {f"avesa.integrations.{other.name}" for other in folders if other != folder}
        for file in folder.rglob("*.py"):
            text = file.read_text(encoding="utf-8")
            assert not [other for other in others if f"{other} " in text or f"{other}." in text], file


def test_what_is_allowed_has_no_circle() -> None:
    left = dict(ALLOWED)
    while left:
        free = [package for package, needs in left.items() if not needs & left.keys()]
        assert free, f"a circle among {sorted(left)}"
        for package in free:
            del left[package]
