"""A record that is being written: what has a place keeps it, and every value takes the type that its field has."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from avesa.sandbox.mapped.paths import Path, below, taken
from avesa.sandbox.vendor.contract import Contract
from avesa.sandbox.vendor.shapes import text_fits
from avesa.sandbox.vendor.times import write_time

Put = tuple[Path, Any]
"""A path and what is to stand there; None for nothing."""


class Draft:
    """`record` is changed in place. `kept` are dotted paths of fields that are never taken away."""

    def __init__(self, contract: Contract, type_: Any, record: Any, *, kept: Iterable[str] = (), times: str) -> None:
        self.record = record
        self._contract, self._type = contract, type_
        self._kept = [tuple(path.split(".")) for path in kept]
        # Only forms that say their zone are used beyond the field that they are declared for.
        self._times = times if times in ("iso_z", "iso_ms_z", "iso_ms_offset", "iso_zone", "sql") else "iso_z"
        self._held: dict[Path, Any] = {}
        self._started: set[tuple[str, ...]] = set()

    def hold(self, path: Path) -> None:
        """What stands there stays."""
        self._held[path] = taken(self.record, path)

    def is_held(self, path: Path) -> bool:
        return path in self._held

    def touched(self, path: Path) -> bool:
        return any(path.touches(held) for held in self._held)

    def put(self, puts: Iterable[Put]) -> bool:
        """Write all of them, or none where one has no place or does not fit its field."""
        fitted: dict[Path, Any] = {}
        for path, wanted in puts:
            value = self._fitted(path, wanted)
            if (value is None) != (wanted is None) or not self._has_place(path, value, {**self._held, **fitted}):
                return False
            fitted[path] = value
        for path, value in fitted.items():
            if path not in self._held:
                self._set(path, value)
                self._held[path] = value
        return True

    def _fitted(self, path: Path, wanted: Any) -> Any:
        type_ = None if wanted is None else self.type_of(path)
        if type_ is None:
            return None
        return _list_fit(self, wanted, type_) if path.each else self.fit(wanted, type_)

    def clear(self, path: Path) -> None:
        """Take away what nobody holds, if it can be missing."""
        if not self.touched(path) and not any(kept[: len(path.steps)] == path.steps for kept in self._kept):
            self._set(path, None)

    def _has_place(self, path: Path, value: Any, held: dict[Path, Any]) -> bool:
        if path in held:
            return bool(held[path] == value)
        touching = [other for other in held if path.touches(other)]
        return not touching or (value is None and taken(self.record, path) is None)

    # Types

    def type_of(self, path: Path) -> Any:
        """The contract's type of the field, with a `?` where it may be null; None if there is no such field."""
        type_ = self._type
        for step in (*path.steps, *(("[]",) if not path.is_plain else ()), *path.within):
            type_ = self._step(type_, step)
            if type_ is None:
                return None
        return type_

    def _step(self, type_: Any, step: str) -> Any:
        type_ = self._contract.resolve(type_)
        if isinstance(type_, dict):
            if several := type_.get("oneOf") or type_.get("anyOf"):
                return next((found for part in several if (found := self._step(part, step)) is not None), None)
            if "[]" in type_:
                return type_["[]"] if _is_place(step) else None
            return type_.get(step, type_.get("*", type_.get("{}")))
        plain = type_.rstrip("?")
        if plain.startswith("["):
            return plain[1:-1] if _is_place(step) else None
        return plain[1:-1] if plain.startswith("{") else "any" if plain in ("any", "object") else None

    def fit(self, value: Any, type_: Any) -> Any:
        """The value in the field's type, None where it does not go in."""
        type_ = self._contract.resolve(type_)
        if isinstance(type_, dict):
            if several := type_.get("oneOf") or type_.get("anyOf"):
                return next((fitted for part in several if (fitted := self.fit(value, part)) is not None), None)
            return _list_fit(self, value, type_["[]"]) if "[]" in type_ else None
        plain = type_.rstrip("?")
        return _list_fit(self, value, plain[1:-1]) if plain.startswith("[") else self._plain(value, plain)

    def _plain(self, value: Any, plain: str) -> Any:
        name, _, form = plain.rstrip(")").partition("(")
        fitted: Any = None
        match name:
            case "string":
                fitted = self._text(value, form)
            case "integer":
                number = _number(value)
                fitted = int(number) if number is not None and number == int(number) else None
            case "number":
                number = _number(value)
                fitted = None if number is None else int(number) if number == int(number) else float(number)
            case "boolean":
                fitted = {"true": True, "false": False}.get(str(value).lower())
            case "any":
                fitted = self._text(value, "") if isinstance(value, datetime | date) else _plain_number(value)
        return fitted

    def _text(self, value: Any, form: str) -> str | None:
        match value:
            case datetime():
                text = write_time(value, "date" if form == "date" else "iso_z" if form else self._times)
            case date():
                text = f"{value.isoformat()}T00:00:00Z" if form == "date-time" else value.isoformat()
            case bool():
                text = str(value).lower()
            case int() | float() | Decimal():
                text = f"{Decimal(str(value)).normalize():f}"
            case str():
                text = value
            case _:
                return None
        return str(text) if text_fits(str(text), form) else None

    # Writing

    def _set(self, path: Path, value: Any) -> None:
        if path.is_plain:
            self._put_in(self.record, path.steps, value, 0, path.steps)
            return
        if path.steps not in self._started:
            # Invented elements would be chosen before the one that is wanted.
            self._started.add(path.steps)
            self._put_in(self.record, path.steps, [] if value is not None else None, 0, path.steps)
        if value is None:
            return
        listed = below(self.record, path.steps)
        if path.each:
            listed[:] = [self._element(path, one) for one in value]
            return
        chosen = next((one for one in listed if taken([one], Path((), path.where)) is not None), None)
        if chosen is None:
            chosen = {}
            for name, text in path.where:
                type_ = self.type_of(Path(path.steps, path.where, False, name))
                self._put_in(chosen, name, self.fit(text, type_ or "any"), 0, (*path.steps, "[]", *name))
            listed.append(chosen)
        self._put_in(chosen, path.within, value, 0, (*path.steps, "[]", *path.within))

    def _element(self, path: Path, value: Any) -> Any:
        if not path.within:
            return value
        element: dict[str, Any] = {}
        self._put_in(element, path.within, value, 0, (*path.steps, "[]", *path.within))
        return element

    def _put_in(self, node: Any, steps: tuple[str, ...], value: Any, at: int, whole: tuple[str, ...]) -> None:
        """Make the way to a value and set it; None takes it away. `whole` are the steps from the record's root."""
        step, is_last = steps[at], at == len(steps) - 1
        key: Any = step
        if isinstance(node, list):
            key = int(step)
            if value is None and key >= len(node):
                return
            node.extend({} for _ in range(key + 1 - len(node)))
        elif not isinstance(node, dict):
            return
        if is_last:
            if value is not None:
                node[key] = value
            elif isinstance(node, dict):
                node.pop(key, None)
            else:
                node[key] = None
            return
        inner = node[key] if isinstance(node, list) else node.get(key)
        if not isinstance(inner, dict | list):
            if value is None:
                return
            inner = [] if self._is_list(whole[: len(whole) - len(steps) + at + 1]) else {}
            node[key] = inner
        self._put_in(inner, steps, value, at + 1, whole)

    def _is_list(self, steps: tuple[str, ...]) -> bool:
        type_: Any = self._type
        for step in steps:
            type_ = self._step(type_, step)
        type_ = self._contract.resolve(type_)
        return "[]" in type_ if isinstance(type_, dict) else str(type_).startswith("[")


def _is_place(step: str) -> bool:
    return step == "[]" or step.isdigit()


def _list_fit(draft: Draft, value: Any, type_: Any) -> list[Any] | None:
    if not isinstance(value, list):
        return None
    found = [draft.fit(one, type_) for one in value]
    return None if None in found else found


def _number(value: Any) -> Decimal | None:
    try:
        return Decimal(int(value) if isinstance(value, bool) else str(value))
    except ArithmeticError:
        return None


def _plain_number(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    return value
