from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avesa.connector.json_paths import ABSENT, found_at, raw_at, set_value, split_path, value_at, values_at

BODY = b'\xef\xbb\xbf {"a":{"b":[{"c":1},{"c":2},{}]},"@odata.nextLink":"x","n":null,"m":{"p":{"c":3},"q":{"c":4}}}'


def test_a_dotted_path_is_split_and_a_name_with_a_dot_is_given_as_it_is() -> None:
    assert split_path("a.b") == ("a", "b") and split_path("") == ()
    assert value_at(BODY, ("@odata.nextLink",)) == "x"


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("a.b.0.c", [1]),
        ("a.b.*.c", [1, 2]),
        ("m.*.c", [3, 4]),
        ("a.b.7.c", []),
        ("n", [None]),
        ("n.x", []),
        ("a.b.c", []),
        ("missing", []),
    ],
)
def test_values_are_found_wherever_they_are(path: str, values: list[Any]) -> None:
    assert values_at(BODY, path) == values


@pytest.mark.parametrize("body", [b"", b"<html>", b"[", b'{"a":', b"[" * 5000, b"\xff"])
def test_what_is_no_json_holds_nothing(body: bytes) -> None:
    assert value_at(body, "a") is ABSENT


def test_texts_that_strict_readers_refuse_are_read_all_the_same() -> None:
    assert value_at(b'{"s":"a\tb","next":"t"}', "next") == "t"
    assert value_at('{"s":"\\ud800","next":"t"}', "next") == "t"


values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3) | st.lists(inner, max_size=3),
    max_leaves=8,
)


@given(values, st.lists(st.sampled_from("abc"), min_size=1, max_size=3), values)
def test_what_is_set_is_there_and_the_old_value_is_untouched(before: Any, path: list[str], new: Any) -> None:
    kept = json.dumps(before)
    after = set_value(before, tuple(path), new)
    assert values_at(json.dumps(after), tuple(path)) == [new]
    assert json.dumps(before) == kept


def test_an_element_of_a_list_can_be_set() -> None:
    assert set_value({"f": [{"x": 1}, {"y": 2}]}, ("f", "1", "y"), 3) == {"f": [{"x": 1}, {"y": 3}]}


def test_a_part_of_a_text_comes_byte_for_byte_or_not_at_all() -> None:
    assert raw_at('{"a": {"b": {"id" : 1.0,  "x":null} }}', "a.b") == b'{"id" : 1.0,  "x":null}'
    assert raw_at('{"a":1}', "") == b'{"a":1}'
    for text in ('{"a":{}}', '{"a":7}', '{"a":', "", '{"A":{"b":1}}'):
        assert raw_at(text, "a.b") is None


def test_a_place_that_a_list_does_not_have_cannot_be_set() -> None:
    with pytest.raises(ValueError, match="no place 2"):
        set_value({"f": [1, 2]}, ("f", "2"), 3)


@pytest.mark.parametrize(
    ("body", "path", "value"),
    [
        ('{"a":{"b":[1,{"c":"x"}]}}', "a.b.1.c", "x"),
        ('[{"code":"x"}]', "0.code", "x"),
        ('{"Fault":{"Error":1}}', "fault.error", 1),
        ('{"a":1,"A":2}', "A", 2),
        ('{"@odata.count":3}', ("@odata.count",), 3),
        ('{"0":"name"}', "0", "name"),
        ('{"a":[]}', "a.0", None),
        ('{"a":1}', "a.b", None),
        ('{"a":1}', "b", None),
        ("[" * 9000, "a", None),
        ("<html>", "a", None),
        ("", "a", None),
        ("7", "", 7),
        ('\ufeff{"a":1}', "a", 1),
    ],
)
def test_a_value_is_found_by_names_and_places_or_is_nothing(body: str, path: str | tuple[str, ...], value: Any) -> None:
    assert found_at(body.encode(), path) == value


def test_bytes_that_are_no_text_are_nothing() -> None:
    assert found_at(b'{"a":"\xff"}', "a") is None
