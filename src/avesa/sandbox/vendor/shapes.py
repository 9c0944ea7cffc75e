"""Values and the contract's short types: whether a value fits one, and invented values that do.

What a vendor really sends is never as tidy as its schema, so invented records have nulls, absent fields, empty and
foreign texts, numbers beyond 32 bits, and fields that no schema names.
"""

from __future__ import annotations

import random
import re
import uuid
from datetime import datetime, timedelta
from typing import Any

from avesa.sandbox.vendor.contract import Contract
from avesa.sandbox.vendor.times import write_time

TEXTS = ("", "Müller & Söhne", "日本語", '🛠 Zoë\'s "router"', "a\nb\tc", "null", "0", "plain text", "   ", "Ω" * 40)
PLAIN = {"integer": int, "number": (int, float), "string": str, "boolean": bool, "object": dict}
_DEPTH = 3


def misfit(contract: Contract, value: Any, type_: Any, where: str) -> str | None:
    """A sentence on the first thing that does not fit, None where all does."""
    type_ = contract.resolve(type_)
    if isinstance(type_, dict):
        return _misfit_in(contract, value, type_, where)
    nullable, plain = type_.endswith("?"), type_.rstrip("?")
    if plain == "any" or (value is None and nullable):
        return None
    if plain.startswith(("[", "{")):
        container = list if plain.startswith("[") else dict
        if not isinstance(value, container):
            return f"{where} is {_kind(value)}, not {type_}"
        inner = value if isinstance(value, list) else list(value.values())
        return next((m for i, v in enumerate(inner) if (m := misfit(contract, v, plain[1:-1], f"{where}[{i}]"))), None)
    name, _, form = plain.rstrip(")").partition("(")
    flag = isinstance(value, bool) and name != "boolean"
    if flag or not isinstance(value, PLAIN.get(name, object)):  # type: ignore[arg-type]
        return f"{where} is {_kind(value)}, not {type_}"
    return f"{where} is not a {form}" if isinstance(value, str) and not text_fits(value, form) else None


def _misfit_in(contract: Contract, value: Any, type_: dict[str, Any], where: str) -> str | None:
    for several in ("oneOf", "anyOf"):
        if several in type_:
            found = [misfit(contract, value, part, where) for part in type_[several]]
            return None if None in found else found[0]
    if "[]" in type_:
        if not isinstance(value, list):
            return f"{where} is {_kind(value)}, not a list"
        return next((m for i, v in enumerate(value) if (m := misfit(contract, v, type_["[]"], f"{where}[{i}]"))), None)
    if not isinstance(value, dict):
        return f"{where} is {_kind(value)}, not an object"
    for name, inner in value.items():
        part = type_.get(name, type_.get("*", type_.get("{}")))
        if part is None:
            return f"{where} has no field {name}"
        if found_inside := misfit(contract, inner, part, f"{where}.{name}"):
            return found_inside
    return None


def text_fits(value: str, form: str) -> bool:
    """Whether a text has its format; unknown formats hold nothing back."""
    shapes = {
        "date-time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)",
        "date": r"\d{4}-\d\d-\d\d",
        "uuid": r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    }
    return form not in shapes or re.fullmatch(shapes[form], value) is not None


class Inventor:
    """Invents values of a contract's types; the same seed gives the same values."""

    def __init__(self, contract: Contract, seed: str, now: datetime) -> None:
        self._contract = contract
        self._random = random.Random(seed)
        self._now = now

    def record(self, type_: Any, keep: set[str]) -> Any:
        """One record; fields named in `keep` are there and are not null. An object gets a field of nobody's."""
        made = self.value(type_, 0, keep)
        if isinstance(made, dict) and self._random.random() < 0.2:
            made["unannounced"] = {"since": 2031, "notes": [None, "", 1.5]}
        return made

    def value(self, type_: Any, depth: int = 0, keep: set[str] = frozenset()) -> Any:  # type: ignore[assignment]
        type_ = self._contract.resolve(type_)
        if isinstance(type_, dict):
            return self._object(type_, depth, keep)
        nullable, plain = type_.endswith("?"), type_.rstrip("?")
        if nullable and self._random.random() < 0.3:
            return None
        if plain.startswith("["):
            return (
                []
                if depth >= _DEPTH
                else [self.value(plain[1:-1], depth + 1) for _ in range(self._random.choice((0, 1, 2)))]
            )
        if plain.startswith("{"):
            return {} if depth >= _DEPTH else {name: self.value(plain[1:-1], depth + 1) for name in ("a", "ключ")}
        return self._plain(plain)

    def _object(self, type_: dict[str, Any], depth: int, keep: set[str]) -> Any:
        for several in ("oneOf", "anyOf"):
            if several in type_:
                return self.value(self._random.choice(type_[several]), depth, keep)
        if "[]" in type_:
            return [] if depth >= _DEPTH else [self.value(type_["[]"], depth + 1)]
        if "{}" in type_:
            return {}
        if depth >= _DEPTH:
            return {}
        return {
            name: self.value(part.rstrip("?") if name in keep and isinstance(part, str) else part, depth + 1)
            for name, part in type_.items()
            if name != "*" and (name in keep or self._random.random() > 0.25)
        }

    def _plain(self, plain: str) -> Any:
        name, _, form = plain.rstrip(")").partition("(")
        pick = self._random
        moment = self._now - timedelta(minutes=pick.randrange(1, 500_000))
        match name, form:
            case "string", "date-time":
                return write_time(moment, "iso_z")
            case "string", "date":
                return write_time(moment, "date")
            case "string", "uuid":
                return str(uuid.UUID(int=pick.getrandbits(128)))
            case "string", "":
                return pick.choice(TEXTS)
            case "string", _:
                return "https://example.invalid/a?b=c"
            case "integer", "int32":
                return pick.choice((0, 1, -1, 2_147_483_647))
            case "integer", _:
                return pick.choice((0, 7, -3, 9_007_199_254_740_993))
            case "number", _:
                return pick.choice((0, 0.1, -12.75, 1e15, 12_345_678_901_234.56))
            case "boolean", _:
                return pick.random() < 0.5
            case "object", _:
                return {"1": None}
            case _:
                return pick.choice((None, "12", 12, {"deep": ["er"]}, ""))


def _kind(value: Any) -> str:
    return {type(None): "null", bool: "a flag", int: "an integer", float: "a number", str: "a text"}.get(
        type(value), "a list" if isinstance(value, list) else "an object"
    )
