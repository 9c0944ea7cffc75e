"""Reads a mapping file and holds it against mapping.schema.json.

An error names the file, the place in it and what was expected there, since tenants write these files too.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

from avesa.canonical_transform.schema_check import Check, quick_check
from avesa.shared.errors import MappingError
from avesa.shared.shipped import shipped

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

SCHEMA_FILE = "mapping.schema.json"

_UNUSABLE = re.compile("[\0\ud800-\udfff]")
_JSON_TYPES = {
    "object": "an object",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


def mappings_folder() -> Path:
    """Where our mapping files lie."""
    return shipped("mappings")


def mapping_fault(file: str, path: Sequence[str | int], expected: str) -> NoReturn:
    """Raise the MappingError for one place of a file; `path` is empty for the file as a whole."""
    where = f"{file}: {json_path(path)}" if path else file
    raise MappingError(f"{where}: {expected}.")


def json_path(path: Sequence[str | int]) -> str:
    """`columns.hours.type`, with `[0]` for places in lists."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def read_document(data: bytes, file: str, *, overlay: bool = False) -> dict[str, Any]:
    """The JSON object of a mapping file, valid by the schema. Raises MappingError otherwise.

    `overlay` asks for a tenant's file, in which everything but `table` may be absent.
    """
    try:
        document = _decoded(data, file)
        for place in _unusable_texts(document, ()):
            mapping_fault(file, place, "expected text without NUL characters and lone surrogates")
        error = None if _quick_check(overlay)(document) else _error_of(overlay, document)
    except RecursionError:
        mapping_fault(file, (), "expected JSON that is not nested this deep")
    if error is not None:
        path, expected = _explained(error)
        mapping_fault(file, path, expected)
    checked: dict[str, Any] = document
    return checked


def _decoded(data: bytes, file: str) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                mapping_fault(file, (), f"expected every key once in its object, found {key[:80]!r} twice")
            found[key] = value
        return found

    def finite(text: str) -> float:
        number = float(text)
        if not math.isfinite(number):
            mapping_fault(file, (), f"expected numbers of a usual size, found {text[:20]}")
        return number

    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=unique, parse_float=finite, parse_constant=finite)
    except UnicodeDecodeError:
        mapping_fault(file, (), "expected JSON in UTF-8")
    except json.JSONDecodeError as error:
        mapping_fault(file, (), f"expected JSON, and it stops being so at line {error.lineno}, column {error.colno}")
    except ValueError:  # an integer of thousands of digits
        mapping_fault(file, (), "expected numbers of a usual size")


def _unusable_texts(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, str):
        if _UNUSABLE.search(value):
            yield path
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _unusable_texts(item, (*path, place))
    elif isinstance(value, dict):
        for key, item in value.items():
            for _ in _unusable_texts(key, path):
                yield path
            yield from _unusable_texts(item, (*path, key))


@cache
def mapping_schema(overlay: bool) -> dict[str, Any]:
    """The schema of our files, or of those that tenants lay over them."""
    schema: dict[str, Any] = json.loads((mappings_folder() / SCHEMA_FILE).read_bytes())
    return {"$defs": schema["$defs"], "$ref": "#/$defs/overlay"} if overlay else schema


@cache
def rule_kinds() -> tuple[str, ...]:
    """The keys of which a rule that is an object has exactly one."""
    definitions = mapping_schema(overlay=False)["$defs"]
    shapes = (definitions[one["$ref"].rpartition("/")[2]] for one in definitions["rule"]["anyOf"])
    return tuple(shape["required"][0] for shape in shapes if "required" in shape)


@cache
def _quick_check(overlay: bool) -> Check:
    return quick_check(mapping_schema(overlay))


def _error_of(overlay: bool, document: Any) -> ValidationError | None:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 — slow to import, and files are nearly always valid

    return _worst(Draft202012Validator(mapping_schema(overlay)).iter_errors(document))


def _worst(errors: Iterator[ValidationError]) -> ValidationError | None:
    """The error to tell first: the one highest in the file, and there the first."""
    return min(errors, key=lambda error: len(error.absolute_path), default=None)


def _explained(error: ValidationError) -> tuple[list[str | int], str]:
    """Where in the file, and what was expected there.

    A rule may be one of several shapes. The reader is told about the shape that the writer had in mind, which
    shows in the rule's JSON type and keys.
    """
    while error.validator == "anyOf":
        meant = _meant_branch(error)
        if meant is None:
            break
        error = meant
    return list(error.absolute_path), _expectation(error)


def _meant_branch(error: ValidationError) -> ValidationError | None:
    branches: dict[int, list[ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(int(inner.schema_path[0]), []).append(inner)
    instance = error.instance
    if isinstance(instance, dict) and sum(kind in instance for kind in rule_kinds()) > 1:
        return None
    fitting = [inner for inner in branches.values() if not any(map(_is_other_shape, inner))]
    return _worst(iter(fitting[0])) if len(fitting) == 1 else None


def _is_other_shape(error: ValidationError) -> bool:
    """Whether it is the value as a whole that does not fit: its JSON type, or the key that makes its kind."""
    if error.path:
        return False
    if error.validator == "required":
        return cast(Any, error.validator_value)[0] not in cast(Any, error.instance)
    return error.validator == "type"


def _expectation(error: ValidationError) -> str:
    schema: dict[str, Any] = error.schema if isinstance(error.schema, dict) else {}
    rule, wanted = str(error.validator), cast(Any, error.validator_value)
    instance = cast(Any, error.instance)
    if rule == "additionalProperties":
        known = list(schema.get("properties", {}))
        odd = next(key for key in instance if key not in known)
        keys = "key" if len(known) == 1 else "keys"
        return f"expected only the {keys} {', '.join(known)}, found {_shown(odd)}"
    if rule == "required":
        missing = [key for key in wanted if key not in instance]
        return f"expected the key {missing[0]}, which is missing"
    expected = schema["title"] if "title" in schema else _in_words(rule, wanted)
    return f"expected {expected}, found {_shown(instance)}"


def _in_words(rule: str, wanted: Any) -> str:
    """What a keyword asks for, where the schema itself has no words for it."""
    match rule:
        case "enum":
            listed = [one if isinstance(one, str) else json.dumps(one) for one in wanted]
            return listed[0] if len(listed) == 1 else f"one of {', '.join(listed)}"
        case "type":
            return " or ".join(_JSON_TYPES[one] for one in ([wanted] if isinstance(wanted, str) else wanted))
        case "uniqueItems":
            return "every item once"
        case "minimum":
            return f"{wanted} or more"
        case "minLength" | "minItems" | "minProperties":
            return "something that is not empty"
        case _:
            return "something else"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "…"
