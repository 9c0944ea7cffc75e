"""What the compiled query is made of, and what it makes of payloads that are odd as a whole."""

import json
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avesa.canonical_transform.mapping_sql import CARRIED, source_query
from mapping_query import RAW, TYPES, mapping_of, rows, utc, value


@pytest.fixture(scope="module", name="con")
def _con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(config={"threads": 1})
    con.execute(RAW)
    return con


# The shape of the answer


def test_all_columns_come_in_order_and_typed_with_or_without_a_rule(con: duckdb.DuckDBPyConnection) -> None:
    columns = {f"a_{type_}": (type_, "x") for type_ in TYPES} | {f"b_{type_}": (type_, None) for type_ in TYPES}
    query = source_query(mapping_of(columns), "acme", "jobs", "raw")
    described = con.execute(f"DESCRIBE {query}").fetchall()
    assert [name for name, *_ in described] == [*CARRIED, *columns, "uncastable"]
    assert [type_ for _, type_, *_ in described[len(CARRIED) : -1]] == [*TYPES.values(), *TYPES.values()]
    assert described[-1][1] == 'STRUCT(column_name VARCHAR, "value" VARCHAR)[]'


def test_the_raw_rows_own_columns_go_through_as_they_are(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("DELETE FROM raw")
    con.execute("""INSERT INTO raw VALUES ('7', 'p', '{"updated_at": "x"}', '2024-01-31 10:00:00+00', true, true,
        '2024-02-01 10:00:00+00', 'run', 3, NULL, 'f.parquet', 12)""")
    mapping = mapping_of({"updated_at": ("timestamp", None), "name": ("text", "name")})
    [row] = con.execute(source_query(mapping, "acme", "jobs", "raw")).fetchall()
    assert row == (
        *("7", "p", utc(2024, 1, 31, 10), True, True, utc(2024, 2, 1, 10), "run", 3, "f.parquet", 12),
        *(None, []),
    )


def test_the_payload_is_taken_apart_once() -> None:
    names = [f"c{number}" for number in range(20)]
    query = source_query(mapping_of({n: ("text", f"deep.{n}") for n in names}), "acme", "jobs", "raw")
    assert query.count("json_extract_string(payload,") == 1
    assert all(f"'/deep/{name}'" in query for name in names)


def test_a_mapping_of_constants_alone_or_of_nothing_runs(con: duckdb.DuckDBPyConnection) -> None:
    [row] = rows(con, mapping_of({"a": ("text", {"constant": "x"}), "b": ("integer", None)}), "{}")
    assert (row["a"], row["b"], row["uncastable"]) == ("x", None, [])
    [row] = rows(con, mapping_of({"b": ("integer", None)}), "{}")
    assert (row["b"], row["uncastable"]) == (None, [])


# Payloads that are odd as a whole


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (r'{"a": "x\ud83dy"}', "x\ufffdy"),
        (r'{"a": "\ude00\ud83d"}', "\ufffd\ufffd"),
        (r'{"a": "\ud83d\ud83d\ude00"}', "\ufffd😀"),
        (r'{"a": "\\ud83d\ud83d"}', "\\ud83d\ufffd"),
        (r'{"a": "\\\ud83d"}', "\\\ufffd"),
        (r'{"b": "\uD83D", "a": "é\n\"\u00e9"}', 'é\n"é'),
    ],
)
def test_lone_surrogates_are_replaced_and_the_rest_is_kept(
    con: duckdb.DuckDBPyConnection, payload: str, expected: str
) -> None:
    assert value(con, "text", "a", payload) == expected


@pytest.mark.parametrize(
    "payload", ["", "{", '{"a": 1} x', "{'a': 1}", '{"a": "x\ny"}', '{"a": 1}\\', r'{"a": "\x", "b": "\ud83d"}']
)
def test_a_payload_that_is_no_json_gives_nulls_and_says_so_without_a_sample(
    con: duckdb.DuckDBPyConnection, payload: str
) -> None:
    mapping = mapping_of({"a": ("integer", "a"), "b": ("text", {"constant": "x"}), "c": ("json", "a[].b")})
    before, row, after = rows(con, mapping, '{"a": 1}', payload, '{"a": 2}')
    assert (row["a"], row["b"], row["c"]) == (None, None, None)
    assert row["uncastable"] == [{"column_name": "payload", "value": None}]
    assert (before["a"], after["a"]) == (1, 2)


def test_a_row_without_a_payload_gives_nulls_and_no_complaint(con: duckdb.DuckDBPyConnection) -> None:
    [row] = rows(con, mapping_of({"a": ("integer", "a"), "b": ("text", {"constant": "x"})}), None)
    assert (row["a"], row["b"], row["uncastable"]) == (None, None, [])


@pytest.mark.parametrize("payload", ['"text"', "5", "null", "true", "[1, 2]", "[]", "{}", '{"": 1}'])
def test_a_payload_of_any_json_shape_is_read(con: duckdb.DuckDBPyConnection, payload: str) -> None:
    mapping = mapping_of({"a": ("integer", "a.b"), "b": ("json", "c[].d"), "c": ("text", "l[k=v].w")})
    [row] = rows(con, mapping, payload)
    assert (row["a"], row["b"], row["c"], row["uncastable"]) == (None, None, None, [])


def test_an_array_as_payload_is_read_by_places(con: duckdb.DuckDBPyConnection) -> None:
    assert value(con, "text", "1", '["a", "b"]') == "b"


@pytest.mark.parametrize(
    ("drift", "expected"),
    [
        ("an integer becomes text", [(1, []), (None, ["one"])]),
        ("text becomes an integer", [(1, []), (2, [])]),
        ("a field appears later", [(None, []), (5, [])]),
        ("only nulls", [(None, []), (None, [])]),
        ("a list of mixed things", [(None, ['[1,"a",null]']), (3, [])]),
        ("an empty object", [(None, ["{}"]), (3, [])]),
        ("an integer above 64 bits", [(None, ["18446744073709551616"]), (3, [])]),
        ("an object becomes a text", [(None, ['{"a":1}']), (None, ["x"])]),
    ],
)
def test_a_vendors_drift_never_stops_the_query(
    con: duckdb.DuckDBPyConnection, drift: str, expected: list[tuple[int | None, list[str]]]
) -> None:
    sent: dict[str, tuple[Any, Any]] = {
        "an integer becomes text": ({"x": 1}, {"x": "one"}),
        "text becomes an integer": ({"x": "1"}, {"x": 2}),
        "a field appears later": ({}, {"x": 5, "y": {"z": 1}}),
        "only nulls": ({"x": None}, {"x": None}),
        "a list of mixed things": ({"x": [1, "a", None]}, {"x": 3}),
        "an empty object": ({"x": {}}, {"x": 3}),
        "an integer above 64 bits": ({"x": 2**64}, {"x": 3}),
        "an object becomes a text": ({"x": {"a": 1}}, {"x": "x"}),
    }
    found = rows(con, mapping_of({"it": ("integer", "x")}), *map(json.dumps, sent[drift]))
    assert [(row["it"], [entry["value"] for entry in row["uncastable"]]) for row in found] == expected


# Hostile text is only ever data

HOSTILE = st.text(
    st.one_of(
        st.sampled_from("'\"\\;$*?~/.[]{}()-=,%_ \n\t\u00a0\u2028é😀0aA"), st.characters(exclude_categories=["Cs"])
    ),
    min_size=1,
    max_size=12,
).filter(lambda text: "\0" not in text)


@settings(max_examples=60, deadline=None)
@given(names=st.lists(HOSTILE, min_size=1, max_size=3), found=HOSTILE, other=HOSTILE)
def test_names_constants_and_maps_are_data_whatever_they_hold(
    con: duckdb.DuckDBPyConnection, names: list[str], found: str, other: str
) -> None:
    record: Any = found
    for name in reversed(names):
        record = {name: record}
    mapping = mapping_of(
        {
            "a": ("text", {"path": names}),
            "b": ("text", {"constant": other}),
            "c": ("text", {"path": names, "map": {found: other}, "default": "unknown"}),
            "d": ("text", {"join": [{"path": names}, {"constant": found}], "with": other}),
            "e": ("text", {"path": ["list", {"where": {other: found}}, *names]}),
            "f": ("json", {"constant": other}),
            "g": ("integer", {"path": names}),
            "h": ("text", {"path": names, "when": {"mark": [found, other + "?"]}}),
        }
    )
    payload = {**record, "mark": found, "list": [{other: f"{found}?"}, {**record, other: found}]}
    [row] = rows(con, mapping, json.dumps(payload))
    expected_element: Any = {**record, other: found}
    expected_root: Any = payload
    for name in names:
        expected_root = expected_root[name] if isinstance(expected_root, dict) else None
        expected_element = expected_element.get(name) if isinstance(expected_element, dict) else None
    if isinstance(expected_root, str):
        assert row["a"] == found
        assert row["d"] == found + other + found
        assert row["c"] == other or not found.strip()
        assert row["h"] == found
    if isinstance(expected_element, str) and names[0] != "list":
        assert row["e"] == expected_element
    assert row["b"] == other
    assert json.loads(row["f"]) is not None


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abk"), inner, max_size=3),
        max_leaves=8,
    )
)
def test_no_payload_breaks_the_query(con: duckdb.DuckDBPyConnection, record: Any) -> None:
    mapping = mapping_of(
        {f"c_{type_}": (type_, {"first": ["a.b", "a", "a.0"]}) for type_ in TYPES}
        | {
            "s": ("text", "a[k=b].b"),
            "e": ("json", "a[].b"),
            "t": ("timestamp", {"path": "a", "format": "epoch_seconds"}),
            "l": ("json", {"list": ["a", "b", "a[].b"]}),
            "w": ("text", {"path": "a", "when": {"b": ["1", "true"], "a[k=b].b": "x"}}),
        }
    )
    [row] = rows(con, mapping, json.dumps(record))
    for name in ("c_json", "l"):
        if row[name] is not None:
            json.loads(row[name])
