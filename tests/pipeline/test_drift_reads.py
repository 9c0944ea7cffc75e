"""What rules read: the places, held against what a rule really gives, and how they are written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avesa.pipeline.drift.names import field_name
from avesa.pipeline.drift.reads import Place, Read, Reader, covers, reads_of, written
from avesa.pipeline.drift.types import type_names
from mapping_query import RAW, mapping_of, rows

RULES: dict[str, Any] = {
    "plain": "a",
    "nested": "a.b",
    "at_place": "l.1",
    "within_place": "l.0.b",
    "chosen": "l[k=1].b",
    "chosen_whole": "l[k=1]",
    "chosen_by_two": "l[b=x,k=true].a",
    "chosen_deep": "a.l[k.b=x].b",
    "all": "l[].b",
    "all_whole": "l[]",
    "named": {"path": "a", "names": "b*"},
    "named_end": {"path": [], "names": "*c"},
    "piecewise": {"path": ["x.y", {"where": {"k": "1"}}, "b"]},
}
PLACES = list(RULES)

SCALARS = st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["", " ", "x", "1", "1.5"])
OBJECTS = st.dictionaries(st.sampled_from(["a", "b", "bc", "k", "l"]), SCALARS | st.just({"b": "x"}), max_size=4)
RECORDS = st.dictionaries(
    st.sampled_from(["a", "l", "x.y", "c", "bc"]),
    SCALARS | OBJECTS | st.lists(SCALARS | OBJECTS, max_size=3) | st.fixed_dictionaries({"l": st.lists(OBJECTS)}),
)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute(RAW)
        yield con


def reads(columns: dict[str, tuple[str, Any]]) -> list[Read]:
    return reads_of(list(mapping_of(columns).sources["acme", "jobs"].items()))


def is_there(value: str | None, *, elements: bool) -> bool:
    """Whether a column of type json holds anything; where it holds `elements`, whether one of these is anything."""
    found = None if value is None else json.loads(value)
    held = found or [] if elements else [found]
    return any(one is not None and not (isinstance(one, str) and not one.strip()) for one in held)


@settings(max_examples=15)
@given(st.lists(RECORDS, min_size=1, max_size=8))
def test_a_place_has_something_exactly_where_its_rule_gives_something(
    con: duckdb.DuckDBPyConnection, records: list[dict[str, Any]]
) -> None:
    mapping = mapping_of({name: ("json", rule) for name, rule in RULES.items()})
    known = {read.columns[0]: read.place for read in reads_of(list(mapping.sources["acme", "jobs"].items()))}
    reader = Reader([known[name] for name in PLACES])
    for record, row in zip(records, rows(con, mapping, *map(json.dumps, records)), strict=True):
        found = reader.types(record)
        for name, bits in zip(PLACES, found, strict=True):
            assert bool(bits) == is_there(row[name], elements=name.startswith("all")), (name, record)


@pytest.mark.parametrize(
    ("value", "types"),
    [
        ("x", ("text",)),
        (0, ("number",)),
        (0.5, ("number",)),
        (False, ("boolean",)),
        ([], ("list",)),
        ({}, ("object",)),
        (None, ()),
        (" ", ()),
    ],
)
def test_what_stands_there_has_a_type(value: Any, types: tuple[str, ...]) -> None:
    (read,) = reads({"it": ("json", "a.b")})
    assert type_names(Reader([read.place]).types({"a": {"b": value}})[0]) == types


def test_elements_have_the_types_of_all() -> None:
    (read,) = reads({"it": ("json", "l[].b")})
    (bits,) = Reader([read.place]).types({"l": [{"b": 1}, {"b": "x"}, {"b": None}, 7]})
    assert type_names(bits) == ("text", "number")


@pytest.mark.parametrize("record", [None, "text", 7, [], [{"a": 1}], {"l": "no list", "a": [1]}])
def test_a_record_of_another_shape_has_nothing(record: Any) -> None:
    places = [read.place for read in reads({"one": ("json", "a.b"), "two": ("json", "l[k=1].b")})]
    assert bytes(Reader(places).types(record)) == b"\0\0"


@pytest.mark.parametrize(
    "rule",
    [*("a", "a.b", "l.0.b", "l[k=1].b", "l[a.b=x,k=1]", "l[].b", "l[]", "customFields[caption=Root cause].value")],
)
def test_a_place_is_written_as_the_mapping_has_it(rule: str) -> None:
    (read,) = reads({"it": ("json", rule)})
    assert written(read.place) == rule


@pytest.mark.parametrize(
    "rule",
    [
        {"path": ["a.b", "c"]},
        {"path": ["customFields", {"where": {"caption": "Root cause, if known"}}, "value"]},
        {"path": ["customFields", {"where": {"a.b": "x"}}, "value"]},
    ],
)
def test_odd_names_are_written_piece_by_piece_and_read_the_same_again(rule: Any) -> None:
    (read,) = reads({"it": ("json", rule)})
    (again,) = reads({"it": ("json", json.loads(written(read.place)))})
    assert again.place == read.place


def test_fields_of_an_object_are_written_with_their_names() -> None:
    told = reads({"one": ("json", {"path": "a", "names": "b*"}), "two": ("json", {"path": [], "names": "*__c"})})
    assert [written(read.place) for read in told] == ["*__c", "a.b*"]


@pytest.mark.parametrize(
    ("steps", "name"),
    [
        (("a", "b"), "a.b"),
        (("a", "[]", "b"), "a[].b"),
        (("a", "[]", "[]"), "a[][]"),
        (("a", "*", "b"), "a.*.b"),
        (("[]", "b"), "[].b"),
        (("x.y", "[]", "b"), '{"path": ["x.y", "[]", "b"]}'),
        (("",), '{"path": [""]}'),
    ],
)
def test_a_field_is_written_as_a_mapping_would_have_it(steps: tuple[str, ...], name: str) -> None:
    assert field_name(steps) == name


def test_all_that_a_rule_looks_at_is_read() -> None:
    told = reads(
        {
            "amount": ("decimal", {"path": "a", "unit": "minor_units", "currency": "cur", "when": {"kind": "x"}}),
            "name": ("text", {"join": ["first", "last"], "with": " "}),
            "hours": ("decimal", {"hours_between": ["begin", {"path": "end", "unless": {"open": "1"}}]}),
            "all": ("json", {"list": ["m", "n[].x"]}),
            "always": ("text", {"constant": "x"}),
            "above": ("text", {"parent": True}),
        }
    )
    assert {written(read.place): read.columns for read in told} == {
        **dict.fromkeys(("a", "cur", "kind"), ("amount",)),
        **dict.fromkeys(("first", "last"), ("name",)),
        **dict.fromkeys(("begin", "end", "open"), ("hours",)),
        **dict.fromkeys(("m", "n[].x"), ("all",)),
    }
    assert not any(others for read in told for others in read.others.values())


def test_of_the_first_of_several_each_knows_the_others() -> None:
    told = reads(
        {
            "one": ("text", {"first": ["a", {"join": ["b", "c"], "with": " "}, "d"]}),
            "two": ("text", {"first": ["a", "d"]}),
            "three": ("text", "d"),
            "four": ("text", {"first": ["e", {"path": "f", "when": {"e": "x"}}]}),
        }
    )
    others = {
        (written(read.place), column): {written(place) for place in places}
        for read in told
        for column, places in read.others.items()
    }
    assert others == {
        ("a", "one"): {"b", "c", "d"},
        ("a", "two"): {"d"},
        ("b", "one"): {"a", "d"},
        ("c", "one"): {"a", "d"},
        ("d", "one"): {"a", "b", "c"},
        ("d", "two"): {"a"},
        ("d", "three"): set(),
        ("e", "four"): set(),
        ("f", "four"): set(),
    }


@pytest.mark.parametrize(
    ("rule", "covered", "not_covered"),
    [
        ("a", ["a", "a.b", "a[].b"], ["b", "ab"]),
        ("a.b", ["a.b", "a.b.c"], ["a", "a.c", "a.*"]),
        ("a.7.b", ["a.*.b", "a[].b"], ["a.*.c", "*.b"]),
        ("l.0.b", ["l[].b"], ["l[].c"]),
        ("l[k=1].b", ["l[].b", "l[].k", "l[].b.c"], ["l[].c", "l"]),
        ("l[].b", ["l[].b"], ["l[].k"]),
        ({"path": "a", "names": "b*"}, ["a.b", "a.bc", "a.bc[].x"], ["a.c", "a", "b"]),
    ],
)
def test_a_field_is_covered_by_the_rules_that_take_it(rule: Any, covered: list[str], not_covered: list[str]) -> None:
    (read,) = reads({"it": ("json", rule)})

    def steps(name: str) -> tuple[str, ...]:
        return tuple(name.replace("[]", ".[]").split("."))

    assert all(covers(read.place, steps(name)) for name in covered)
    assert not any(covers(read.place, steps(name)) for name in not_covered)


def test_a_place_may_be_many_in_one_walk() -> None:
    places = [Place(read.place.path) for read in reads({f"c{n}": ("json", f"a.f{n}") for n in range(50)})]
    assert sum(map(bool, Reader(places).types({"a": {f"f{n}": n for n in range(0, 50, 2)}}))) == 25


def test_an_element_is_not_chosen_by_a_structure_however_deep() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    (read,) = reads({"it": ("json", "l[k=1].b")})
    record = {"l": [{"k": deep, "b": "no"}, {"k": {"k": 1}, "b": "no"}, {"k": 1, "b": 2}]}
    assert type_names(Reader([read.place]).types(record)[0]) == ("number",)
