"""The functions of an installation, by the names that Lambda is told: `avesa.aws.handlers.plan`, `.ingestion`,
`.transform` and `.report`.

Lambda looks one up when it initialises. Only that one's module is imported then, so the bundle of the others' libraries
need not be there, and the time is spent before the first call.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_MODULES = {"plan": "planning", "ingestion": "ingestion", "transform": "transform", "report": "reporting"}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(name)
    return getattr(import_module(f"avesa.aws.{_MODULES[name]}"), name)
