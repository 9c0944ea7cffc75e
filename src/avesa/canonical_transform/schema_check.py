"""A quick yes to whether a value fits a JSON schema, for files that are nearly always valid.

It knows the keywords that mapping.schema.json uses and never says yes wrongly. A no may be one of something that it
does not know, so whoever is told no asks a complete validator, which can also say what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Check = Callable[[Any], bool]

_ANNOTATIONS = frozenset({"$schema", "$id", "$defs", "title", "description"})


def quick_check(schema: dict[str, Any]) -> Check:
    """The check of a whole schema; `$ref` may name its own `$defs`."""
    return _Reader(schema.get("$defs", {})).check(schema)


class _Reader:
    """Makes checks of schemas. Each definition is read once, when a value first comes to it: they name each other."""

    def __init__(self, definitions: dict[str, Any]) -> None:
        self._definitions = definitions
        self._read: dict[str, Check] = {}

    def check(self, schema: Any) -> Check:
        if not isinstance(schema, dict):
            return _never if schema is False else _not_known
        checks = [self._keyword(name, wanted, schema) for name, wanted in schema.items() if name not in _ANNOTATIONS]
        return checks[0] if len(checks) == 1 else lambda value: all(check(value) for check in checks)

    def _keyword(self, name: str, wanted: Any, schema: dict[str, Any]) -> Check:
        holding = _HOLDING.get(name)
        if holding is not None:
            return holding(self, wanted, schema)
        return _PLAIN[name](wanted) if name in _PLAIN else _not_known

    def definition(self, reference: str) -> Check:
        name = reference.removeprefix("#/$defs/")

        def referred(value: Any) -> bool:
            if name not in self._read:
                self._read[name] = self.check(self._definitions[name]) if name in self._definitions else _not_known
            return self._read[name](value)

        return referred


def _never(_: Any) -> bool:
    return False


_not_known = _never
"""The check of what is not known here."""


def _all_of(reader: _Reader, wanted: list[Any], _: dict[str, Any]) -> Check:
    parts = [reader.check(part) for part in wanted]
    return lambda value: all(part(value) for part in parts)


def _any_of(reader: _Reader, wanted: list[Any], _: dict[str, Any]) -> Check:
    parts = [reader.check(part) for part in wanted]
    return lambda value: any(part(value) for part in parts)


def _properties(reader: _Reader, wanted: dict[str, Any], _: dict[str, Any]) -> Check:
    parts = {key: reader.check(part) for key, part in wanted.items()}
    return lambda value: not isinstance(value, dict) or all(parts[key](value[key]) for key in value if key in parts)


def _additional_properties(reader: _Reader, wanted: Any, schema: dict[str, Any]) -> Check:
    named, other = frozenset(schema.get("properties", ())), reader.check(wanted)
    return lambda value: not isinstance(value, dict) or all(other(value[key]) for key in value if key not in named)


def _property_names(reader: _Reader, wanted: Any, _: dict[str, Any]) -> Check:
    named = reader.check(wanted)
    return lambda value: not isinstance(value, dict) or all(map(named, value))


def _items(reader: _Reader, wanted: Any, _: dict[str, Any]) -> Check:
    item = reader.check(wanted)
    return lambda value: not isinstance(value, list) or all(map(item, value))


_HOLDING: dict[str, Callable[[_Reader, Any, dict[str, Any]], Check]] = {
    "$ref": lambda reader, wanted, _: reader.definition(wanted),
    "allOf": _all_of,
    "anyOf": _any_of,
    "properties": _properties,
    "additionalProperties": _additional_properties,
    "propertyNames": _property_names,
    "items": _items,
}
"""Keywords that hold schemas."""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_TYPES: dict[str, Check] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}


def _type(wanted: str | list[str]) -> Check:
    types = [_TYPES.get(one, _not_known) for one in ([wanted] if isinstance(wanted, str) else wanted)]
    return types[0] if len(types) == 1 else lambda value: any(type_(value) for type_ in types)


def _pattern(wanted: str) -> Check:
    search = re.compile(wanted).search
    return lambda value: not isinstance(value, str) or search(value) is not None


def _enum(wanted: list[Any]) -> Check:
    listed = {(type(one), one) for one in wanted if isinstance(one, str | int)}
    return lambda value: isinstance(value, str | int) and (type(value), value) in listed


def _all_differ(value: Any) -> bool:
    return not isinstance(value, list) or (
        all(isinstance(item, str | int) for item in value) and len({(type(item), item) for item in value}) == len(value)
    )


_PLAIN: dict[str, Callable[[Any], Check]] = {
    "type": _type,
    "enum": _enum,
    "pattern": _pattern,
    "required": lambda wanted: lambda value: not isinstance(value, dict) or all(key in value for key in wanted),
    "minProperties": lambda least: lambda value: not isinstance(value, dict) or len(value) >= least,
    "minItems": lambda least: lambda value: not isinstance(value, list) or len(value) >= least,
    "maxItems": lambda most: lambda value: not isinstance(value, list) or len(value) <= most,
    "uniqueItems": lambda wanted: _all_differ if wanted is True else _not_known,
    "minLength": lambda least: lambda value: not isinstance(value, str) or len(value) >= least,
    "maxLength": lambda most: lambda value: not isinstance(value, str) or len(value) <= most,
    "minimum": lambda least: lambda value: not _is_number(value) or value >= least,
}
"""Keywords that hold no schema."""
