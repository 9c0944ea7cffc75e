"""The quick check of a JSON schema says yes to what a complete validator accepts, and to nothing else."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from avesa.canonical_transform.mapping import mapping_names
from avesa.canonical_transform.mapping_schema import mapping_schema, mappings_folder
from avesa.canonical_transform.schema_check import quick_check

STRANGE: list[Any] = [None, True, False, 0, 1, 2, -1, 0.5, 2.0, "", "A b", "a\n", "a..b", [], [1, True], ["a", "a"], {}]
STRANGE += [{"path": "a", "parent": True}, {"where": {"": "x"}}, [["a"]], {"first": [{"sum": [{"path": 3}]}]}]

FILE: dict[str, Any] = {
    "table": "jobs",
    "description": "One job.",
    "scd2": {"type": 2, "untracked": ["seen_at", "name"]},
    "columns": {
        "name": {"type": "text", "description": "Its name.", "values": ["a", 1]},
        "seen_at": {"type": "timestamp", "description": "When it was seen."},
    },
    "sources": {
        "acme": {
            "jobs": {
                "name": {"first": ["a.b", {"path": "c[d=e].f", "map": {"x": 1, "y": True}, "default": "z"}]},
                "a": {"join": ["a", {"constant": 2.5}], "with": " "},
                "b": {"list": [{"path": ["a.b", 0, {"where": {"c": "d"}}], "case": "upper"}, {"parent": True}]},
                "c": {"sum": ["a[].b", {"path": "c", "unit": "minor_units", "currency": "d", "digits": {"EUR": 3}}]},
                "d": {"hours_between": ["a", {"path": "b", "format": "%Y-%m-%d"}]},
                "e": {"path": "f", "names": "x_*", "when": {"a": ["x", None]}, "unless": {"b.c": "y"}},
            }
        }
    },
}


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every object or list within a value, with each of its keys or indices."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places(value[key])


def bent(chance: random.Random) -> Any:
    """That file with one place or two changed: a strange value, a key too many, one too few, a part of elsewhere."""
    file = copy.deepcopy(FILE)
    for _ in range(chance.choice([1, 1, 2])):
        within, key = chance.choice(list(places(file)))
        match chance.randrange(4):
            case 0:
                within[key] = chance.choice(STRANGE)
            case 1:
                del within[key]
            case 2 if isinstance(within, dict):
                within[chance.choice(["path", "first", "extra", "when", "Upper", "type"])] = chance.choice(STRANGE)
            case _:
                other, its_key = chance.choice(list(places(FILE)))
                within[key] = copy.deepcopy(other[its_key])
    return file


def test_it_agrees_with_a_complete_validator_about_files_that_are_bent_in_any_place() -> None:
    chance = random.Random(5)
    check, complete = quick_check(mapping_schema(False)), Draft202012Validator(mapping_schema(False))
    told = []
    for _ in range(200):
        file = bent(chance)
        told.append(check(file))
        # JSON Schema calls 2.0 a whole number. The quick check leaves that to the other.
        assert told[-1] == complete.is_valid(file) or (not told[-1] and "2.0" in json.dumps(file)), file
    assert told.count(True) > 20 and told.count(False) > 80


@pytest.mark.parametrize("overlay", [False, True])
@pytest.mark.parametrize("table", mapping_names())
def test_our_own_files_pass_by_the_quick_check_alone(table: str, overlay: bool) -> None:
    assert quick_check(mapping_schema(overlay))(json.loads((mappings_folder() / f"{table}.json").read_bytes()))


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string", "format": "date"}, "2026-03-02"),
        ({"properties": {"a": {"not": {"const": 1}}}}, {"a": 2}),
        ({"$ref": "#/$defs/missing"}, 1),
        ({"items": {"$ref": "elsewhere.json"}}, [1]),
        ({"anyOf": [{"multipleOf": 2}]}, 4),
        ({"type": "any"}, 1),
        ({"uniqueItems": True}, [[1], [2]]),
        ({"uniqueItems": False}, [1, 1]),
        ({"enum": [[1]]}, [1]),
        ({"additionalProperties": False}, {"a": 1}),
    ],
)
def test_it_says_no_to_what_it_does_not_know(schema: dict[str, Any], value: Any) -> None:
    assert not quick_check(schema)(value)
