"""What must not be seen is found in every form in which it can come back."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from avesa.connector.hiding import hidden, shows

SECRET = 'p/q+"r s\\t'


@pytest.mark.parametrize("form", [SECRET, quote(SECRET, safe=""), json.dumps(SECRET)[1:-1]])
def test_a_value_is_hidden_in_every_form(form: str) -> None:
    assert hidden(f"bad key {form}!", [SECRET]) == "bad key ***!"
    assert shows(f"x={form}&y=1", [SECRET])


def test_of_two_values_the_longer_one_is_hidden_whole() -> None:
    assert hidden("key-and-more", ["key", "key-and-more", ""]) == "***"


def test_a_short_value_may_stand_anywhere() -> None:
    assert not shows("page=1&key=12", ["12"])
    assert hidden("key 12", ["12"]) == "key ***"
