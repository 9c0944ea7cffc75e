"""Invented values for the fields that the world knows nothing of: plain ones, that a person can look at."""

from __future__ import annotations

from typing import Any

from avesa.sandbox.vendor.shapes import Inventor

_WORDS = (
    "standard",
    "general",
    "main office",
    "as agreed",
    "see notes",
    "monthly",
    "internal",
    "east",
    "west",
    "pilot",
)
_NUMBERS = (1, 2, 3, 5, 8, 12, 20, 40)


class TidyInventor(Inventor):
    """As the vendor's schema has it, with no oddities."""

    def record(self, type_: Any, keep: set[str]) -> Any:
        return self.value(type_, 0, keep)

    def _plain(self, plain: str) -> Any:
        name, _, form = plain.rstrip(")").partition("(")
        match name, form:
            case "string", "":
                return self._random.choice(_WORDS)
            case "string", "email":
                return f"{self._random.choice(('office', 'hello', 'desk'))}@msp.example.com"
            case "integer" | "number", _:
                return self._random.choice(_NUMBERS)
            case "object", _:
                return {}
            case "any" | "null", _:
                return None
            case _:
                return super()._plain(plain)
