"""Columns of type json, held against Python's json: what is a text stays one, and every value is valid JSON."""

import json
from typing import Any, NoReturn

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mapping_query import RAW, mapping_of, rows

COLUMNS: dict[str, tuple[str, Any]] = {
    "plain": ("json", "a"),
    "chosen": ("json", "m[k=v].a"),
    "all": ("json", "m[].a"),
    "listed": ("json", {"list": ["a"]}),
    "several": ("json", {"list": ["l", "m[].a", "m[k=v].a"]}),
    "first": ("json", {"first": ["none", "a"]}),
    "when": ("json", {"path": "a", "when": {"mark": "yes"}}),
    "fields": ("json", {"path": "a", "names": "x*"}),
    "elements": ("json", "a[].x"),
    "element": ("text", "a[x=1].y"),
}

TEXTS_LIKE_JSON = [
    *("1", "-1", "1.10", "1234567890e1", "12e456789012", "001122334455", "5e10", "+49221", "true", "false", "null"),
    *(
        "NaN",
        "nan",
        "Infinity",
        "-Infinity",
        "inf",
        "[]",
        "{}",
        "[1]",
        "[1,]",
        '["a"]',
        '{"a":1}',
        '{"x1": "b"}',
        "[x]",
    ),
    *(
        '[{"x":1,"y":"z"}]',
        '"quoted"',
        '"',
        "\\",
        "[1] ",
        " {}",
        " 7 ",
        "",
        " ",
        "/*c*/1",
        "00",
        "1.",
        "[\u00e9]",
        "]",
        "}",
    ),
]


@pytest.fixture(scope="module", name="con")
def _con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(config={"threads": 1})
    con.execute(RAW)
    return con


def _refused(constant: str) -> NoReturn:
    raise AssertionError(f"{constant} is no JSON")


def read(text: str | None) -> Any:
    return None if text is None else json.loads(text, parse_constant=_refused)


def _trimmed(value: Any) -> Any:
    """A text without the blanks around it, None if it is empty; all else as it is."""
    return (value.strip(" \u00a0\u2003") or None) if isinstance(value, str) else value


def _elements(value: Any) -> list[Any]:
    return [one for one in (value if isinstance(value, list) else [value]) if one is not None and one != ""]


texts = st.sampled_from(TEXTS_LIKE_JSON) | st.text('[]{}",:1e.- ntx\\\u00a0é', max_size=8)
scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(-1e15, 1e15) | texts
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["x1", "x", "y", "a]"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(value=values, escaped=st.booleans())
@example(value="[]", escaped=True)
@example(value="{}", escaped=False)
@example(value=["null", None, "", "7"], escaped=False)
@example(value=[{"x": 1, "y": "[2]"}], escaped=False)
def test_a_value_is_the_json_that_stands_in_the_record(
    con: duckdb.DuckDBPyConnection, value: Any, escaped: bool
) -> None:
    payload = json.dumps({"a": value, "l": [value], "m": [{"k": "v", "a": value}], "mark": "yes"})
    if escaped:
        # The same record, with brackets and braces within texts written as escapes.
        payload = "".join(
            f"\\u{ord(character):04x}" if is_in_text and character in "[]{}" else character
            for character, is_in_text in _in_texts(payload)
        )
    [row] = rows(con, mapping_of(COLUMNS), payload)
    assert row["uncastable"] == []
    found = {name: read(row[name]) for name in COLUMNS if name != "element"}
    assert {found["plain"] == found[name] for name in ("chosen", "first", "when")} == {True}
    assert found["plain"] == _trimmed(value)
    assert type(found["plain"]) is type(_trimmed(value))
    assert found["all"] == ([value] if value is not None else [])
    assert (found["listed"] or []) == _elements(_trimmed(value))
    flat = [one for one in (value, value, _trimmed(value)) if one is not None and one != ""]
    assert (found["several"] or []) == [*flat[:-1], *_elements(flat[-1])] if flat else found["several"] is None
    named = (
        {k: one for k, one in value.items() if k.startswith("x") and one is not None} if isinstance(value, dict) else {}
    )
    assert (found["fields"] or {}) == named
    if not isinstance(value, list):
        assert (found["elements"], row["element"]) == (None, None)


def _in_texts(payload: str) -> list[tuple[str, bool]]:
    told, is_in_text, is_escaped = [], False, False
    for character in payload:
        if character == '"' and not is_escaped:
            is_in_text = not is_in_text
        is_escaped = character == "\\" and not is_escaped
        told.append((character, is_in_text))
    return told


@pytest.mark.parametrize("sent", TEXTS_LIKE_JSON)
def test_a_text_that_looks_like_json_stays_a_text_beside_a_lone_surrogate_too(
    con: duckdb.DuckDBPyConnection, sent: str
) -> None:
    payload = json.dumps({"a": sent, "l": [sent], "b": "?"}).replace("?", "\\ud83d")
    columns = {"a": ("json", "a"), "l": ("json", "l"), "s": ("json", {"list": ["a"]}), "b": ("text", "b")}
    [row] = rows(con, mapping_of(columns), payload)
    wanted = _trimmed(sent)
    assert (read(row["a"]), read(row["l"]), read(row["s"])) == (wanted, [sent], [wanted] if wanted else None)
    assert row["b"] == "\ufffd"


@pytest.mark.parametrize("payload", ['"[1]"', '"7"', '"x"', "[1]", "7", '{"x1": 2}', "null"])
def test_a_record_that_is_no_object_is_its_own_json(con: duckdb.DuckDBPyConnection, payload: str) -> None:
    columns = {"fields": ("json", {"path": [], "names": "x*"}), "place": ("json", "0")}
    [row] = rows(con, mapping_of(columns), payload)
    assert read(row["fields"]) == ({"x1": 2} if "x1" in payload else None)
    assert read(row["place"]) == (1 if payload == "[1]" else None)
