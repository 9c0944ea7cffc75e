from __future__ import annotations

from typing import Any

import pytest

from avesa.connector.json_path import value_at


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
    assert value_at(body.encode(), path) == value


def test_bytes_that_are_no_text_are_nothing() -> None:
    assert value_at(b'{"a":"\xff"}', "a") is None
