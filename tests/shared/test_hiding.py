"""What must not be seen is found in every spelling in which it can come back."""

from __future__ import annotations

import html
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avesa.shared.hiding import hidden, shows

SECRET = 'p/q+"r s\\t'
Spelling = Callable[[str], str]

ESCAPES: dict[str, Spelling] = {
    "plain": lambda text: text,
    "percent": lambda text: quote(text, safe=""),
    "percent, lower hex": lambda text: _lower(quote(text, safe="")),
    "percent, some left": lambda text: quote(text, safe="/:!*'()"),
    "percent, all": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "form": quote_plus,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON, as it is": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON for a page": lambda text: json.dumps(text)[1:-1].replace("/", "\\/").replace("<", "\\u003C"),
    "Python": lambda text: repr(text)[1:-1],
    "Python, ASCII": lambda text: ascii(text)[1:-1],
    "Python, bytes": lambda text: repr(text.encode())[2:-1],
    "Rust": lambda text: "".join(c if c.isalnum() and c.isascii() else f"\\u{{{ord(c):x}}}" for c in text),
    "octal": lambda text: "".join(f"\\{byte:03o}" for byte in text.encode()),
    "HTML": html.escape,
    "SQL": lambda text: text.replace("'", "''"),
    "libpq": lambda text: text.replace("\\", "\\\\").replace("'", "\\'"),
}
DIGITS: dict[str, Spelling] = {
    "Basic": lambda text: b64encode(f"loader:{text}".encode()).decode(),
    "base64": lambda text: b64encode(text.encode()).decode(),
    "base64 for an address": lambda text: urlsafe_b64encode(f":{text}:x".encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
}
_ODD = st.sampled_from("%+\\'\"&;/=<u041")
secrets = st.text(st.characters(codec="utf-8") | _ODD, min_size=4, max_size=40).filter(str.strip)


def _lower(quoted: str) -> str:
    head, *rest = quoted.split("%")
    return "%".join([head, *(part[:2].lower() + part[2:] for part in rest)])


@given(secret=secrets, first=st.sampled_from(sorted(ESCAPES | DIGITS)), then=st.sampled_from(sorted(ESCAPES)))
def test_a_value_is_hidden_in_every_spelling_and_in_a_spelling_of_that(secret: str, first: str, then: str) -> None:
    spelled = ESCAPES[then]((ESCAPES | DIGITS)[first](secret))
    assert hidden(f"«{spelled}»", [secret]) == "«***»"
    assert shows(f"«{spelled}»", [secret]) == (len(secret) >= 8)


@given(text=st.text(), value=secrets)
def test_a_text_without_the_value_stays_as_it_is(text: str, value: str) -> None:
    if not shows(text, [value * 2]):
        assert hidden(text, [value * 2]) == text


@given(
    text=st.text(st.characters(exclude_categories=()) | st.sampled_from("%+\\u{}x0aAdD8cf&#;'\"=41")),
    value=st.text(st.characters(exclude_categories=()), min_size=1),
)
def test_whatever_a_text_holds_it_can_be_read(text: str, value: str) -> None:
    assert hidden(f"{text}{value}", [value]).count(value) <= "***".count(value) or not value.strip()


@pytest.mark.parametrize("spelling", ["caf\\xe9-hunter2", "caf%E9-hunter2", "cafÃ©-hunter2", "caf\\303\\251-hunter2"])
def test_a_letter_may_be_in_latin_1_or_taken_for_it(spelling: str) -> None:
    assert hidden(f"bad key {spelling}!", ["café-hunter2"]) == "bad key ***!"


@pytest.mark.parametrize("spelling", ["\udcff-hunter2", "%FF-hunter2", "\ufffd-hunter2", "\\xff-hunter2"])
def test_bytes_of_the_environment_that_are_no_text_are_hidden(spelling: str) -> None:
    assert hidden(f"bad key {spelling}!", ["\udcff-hunter2"]) == "bad key ***!"


def test_the_digits_around_a_value_are_hidden_with_it() -> None:
    told = hidden(f"Authorization: Basic {b64encode(b'loader:hunter2!').decode()}, and more", ["hunter2!"])
    assert told == "Authorization: Basic ***, and more"


def test_a_value_is_hidden_without_the_spaces_around_it() -> None:
    assert hidden("bad key hunter2!", ["hunter2\n"]) == "bad key ***!"
    assert hidden("bad key !", ["\n", " ", ""]) == "bad key !"


def test_of_two_values_the_longer_one_is_hidden_whole() -> None:
    assert hidden("key-and-more", ["key", "key-and-more", ""]) == "***"
    assert hidden("one two, two one", ["one two", "two one"]) == "***, ***"
    assert hidden("aXbXc", ["aXb", "bXc"]) == "***"


def test_a_short_value_may_stand_anywhere() -> None:
    assert not shows("page=1&key=12", ["12"])
    assert hidden("key 12", ["12"]) == "key ***"
