"""Which fields records have: held against an enumeration of every path, and bounded whatever records hold."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avesa.pipeline.drift.fields import Fields
from avesa.pipeline.drift.names import is_data
from avesa.pipeline.drift.types import type_names

NAMES = st.sampled_from(["a", "b", "id", "some name", "x.y", "[]x", "é", "@odata.etag"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(allow_nan=False) | st.sampled_from(["", " ", "t", "1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
RECORDS = st.lists(st.tuples(VALUES, st.integers(0, 4), st.booleans()), max_size=6)
TYPES = {str: "text", int: "number", float: "number", bool: "boolean", list: "list", dict: "object"}
BOUNDARY = 2


def every(value: Any, at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str | None]]:
    """Each path of a record, with its type, None where there is nothing."""
    nothing = value is None or (isinstance(value, str) and not value.strip())
    yield at, None if nothing else TYPES[type(value)]
    inside = value.items() if isinstance(value, dict) else [("[]", one) for one in value] if type(value) is list else []
    for name, inner in inside:
        yield from every(inner, (*at, name))


def found_in(*records: Any, **how: Any) -> dict[str, tuple[tuple[str, ...], int]]:
    """The types and the number of records of each field of the newest records, by its steps."""
    fields = Fields(0, **how)
    for record in records:
        fields.add(record, pull=0, now=True)
    return {".".join(one.steps): (type_names(one.now), one.records) for one in fields.found()}


@settings(max_examples=150)
@given(RECORDS)
def test_every_path_is_told_with_its_types_and_the_number_of_its_records(records: list[tuple[Any, int, bool]]) -> None:
    fields = Fields(BOUNDARY)
    before, now, ever = (defaultdict[tuple[str, ...], set[str]](set) for _ in range(3))
    owners, pulls = (defaultdict[tuple[str, ...], set[int]](set) for _ in range(2))
    for number, (record, pull, newest) in enumerate(records):
        fields.add(record, pull=pull, now=newest)
        for path, type_ in every(record):
            pulls[path].add(pull)
            if type_ is not None:
                ever[path].add(type_)
                before[path].update({type_} if pull < BOUNDARY else ())
                now[path].update({type_} if newest else ())
                owners[path].update({number} if newest else ())

    def is_known(path: tuple[str, ...]) -> bool:
        if not path or min(pulls[path]) < BOUNDARY:
            return bool(path)
        above = path[:-1]
        beside = [other for other in pulls if other and other[:-1] == above]
        was_empty = not before[above] - {"list", "object"} and all(min(pulls[other]) >= BOUNDARY for other in beside)
        return was_empty and is_known(above)

    told = {one.steps: one for one in fields.found()}
    assert set(told) == {
        path
        for path in pulls
        if path and (types := before[path] | now[path])
        if types - {"list", "object"} or not any(ever[other] for other in pulls if other and other[:-1] == path)
    }
    for path, one in told.items():
        assert set(type_names(one.before)) == before[path]
        assert set(type_names(one.now)) == now[path]
        assert (one.records, one.first, one.is_known) == (len(owners[path]), min(pulls[path]), is_known(path))
        assert (one.fresh > 0) == bool(now[path] - before[path])
        assert one.fresh <= one.records
    assert not fields.cut


def test_what_is_fresh_is_counted_by_the_type_that_is_new() -> None:
    fields = Fields(BOUNDARY)
    for number in range(10):
        fields.add({"a": 1}, pull=0, now=number >= 3)
    for _ in range(2):
        fields.add({"a": "1"}, pull=2, now=True)
    (one,) = fields.found()
    assert (type_names(one.before), type_names(one.now)) == (("number",), ("text", "number"))
    assert (one.records, one.fresh) == (9, 2)


@pytest.mark.parametrize(
    "name",
    [
        *("0", "123", "8c7ab5e0-0b9b-4c8e-9a35-0d5f9c6d2c11", "d41d8cd98f00b204e9800998ecf8427e", "10.0.0.1"),
        *("00:1A:2b:3c:4d:5e", "2026-11-30", "2026-11-30T08:00:00Z", "mia@example.com", "x" * 101),
    ],
)
def test_a_name_that_is_data_is_never_told(name: str) -> None:
    assert is_data(name)
    assert found_in({"by": {name: {"n": 1}}}, {"by": {"total": 1}}) == {
        "by.*.n": (("number",), 1),
        "by.total": (("number",), 1),
    }


@pytest.mark.parametrize(
    "name",
    [
        *("id", "customfield_10001", "udf1", "@odata.etag", "_owner@OData.Community.Display.V1.FormattedValue"),
        *("owner@Microsoft.Dynamics.CRM.lookuplogicalname", "deadbeefdeadbeef", "line 1", "a.b", "2fa", "x" * 100),
    ],
)
def test_a_name_that_is_none_is_told(name: str) -> None:
    assert not is_data(name)


def test_an_object_with_very_many_names_has_one_field() -> None:
    records = [{"by": {f"client {number * 10 + more}": {"n": more} for more in range(10)}} for number in range(300)]
    assert found_in(*records) == {"by.*.n": (("number",), 300)}
    assert found_in({f"name {number}": [number] for number in range(3_000)}) == {"*.[]": (("number",), 1)}


def test_what_many_records_have_is_told_beside_the_names_of_one() -> None:
    wide = {f"name {number}": "x" for number in range(5_000)}
    assert found_in(*({"id": number} for number in range(30)), {"id": 30, **wide}, {"id": 31, "more": 1}) == {
        "*": (("text", "number"), 2),
        "id": (("number",), 32),
    }


def test_the_number_of_fields_is_bounded_and_what_is_left_out_is_known() -> None:
    fields = Fields(0, most=50)
    fields.add({f"a{number}": {"x": 1, "y": 2} for number in range(90)}, pull=2, now=True)
    assert fields.cut
    assert len(list(fields.found())) < 50


def test_with_too_many_fields_the_widest_object_gives_up_its_names() -> None:
    fields = Fields(0, most=1_000)
    for number in range(2_000):
        fields.add({"id": 1, "by": {f"n{number}": {"x": 1, "y": 2}}}, pull=2, now=True)
    fields.add({"id": 1, "note": "t"}, pull=2, now=True)
    told = {".".join(one.steps): one.records for one in fields.found()}
    assert set(told) == {"by.*.x", "by.*.y", "id", "note"} and not fields.cut
    assert (told["id"], told["note"]) == (2_001, 1)
    assert 1_990 <= told["by.*.x"] <= 2_000  # the record that was one too many may be left out


def test_names_that_all_records_have_are_not_given_up_for_others() -> None:
    fields = Fields(0, most=200)
    for number in range(10):
        fields.add({"a": {f"n{at}": number for at in range(150)}}, pull=0, now=True)
    for number in range(10):
        fields.add({f"b{number}": {f"m{at}": at for at in range(50)}}, pull=0, now=True)
    told = [one.steps for one in fields.found()]
    assert fields.cut and len(told) <= 200
    assert {("a", f"n{at}") for at in range(150)} <= set(told)


def test_what_is_nested_too_deeply_is_left_out_and_known() -> None:
    fields = Fields(0, deepest=3)
    fields.add(json.loads('{"a":' * 3 + "{}" + "}" * 3), pull=2, now=True)
    assert not fields.cut
    fields.add(json.loads('{"a":' * 900 + "1" + "}" * 900), pull=2, now=True)
    assert fields.cut
    assert [one.steps for one in fields.found()] == [("a", "a", "a")]


@pytest.mark.parametrize("record", [None, "text", 1, True, [], {}, ["one", "two"], ""])
def test_a_record_may_be_no_object(record: Any) -> None:
    assert found_in(record) == ({"[]": (("text",), 1)} if record and isinstance(record, list) else {})
