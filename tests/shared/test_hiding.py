"""What must not be seen is found in every spelling in which it can come back."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avesa.shared.hiding import hidden, shows
from spellings import DIGITS, ESCAPES

_ODD = st.sampled_from("%+\\'\"&;/=<u041")
secrets = st.text(st.characters(codec="utf-8") | _ODD, min_size=4, max_size=40).filter(str.strip)


@given(secret=secrets, first=st.sampled_from(sorted(ESCAPES | DIGITS)), then=st.sampled_from(sorted(ESCAPES)))
def test_a_value_is_hidden_in_every_spelling_and_in_a_spelling_of_that(secret: str, first: str, then: str) -> None:
    spelled = ESCAPES[then]((ESCAPES | DIGITS)[first](secret))
    assert hidden(f"«{spelled}»", [secret]) == "«***»"
    assert shows(f"«{spelled}»", [secret]) == (len(secret) >= 8)


@given(text=st.text(), value=secrets)
def test_a_text_without_the_value_stays_as_it_is(text: str, value: str) -> None:
    text = f"{text} or so"
    if not shows(text, [value * 2]):
        assert hidden(text, [value * 2]) == text


@given(
    text=st.text(st.characters(exclude_categories=()) | st.sampled_from("%+\\u{}x0aAdD8cf&#;'\"=41")),
    value=st.text(st.characters(exclude_categories=(), exclude_characters="*"), min_size=1).filter(str.strip),
)
def test_whatever_a_text_holds_it_can_be_read(text: str, value: str) -> None:
    assert value not in hidden(f"{text}{value}", [value])


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


@given(
    secret=st.text(st.characters(codec="utf-8") | _ODD, min_size=16, max_size=40).filter(str.strip),
    spelling=st.sampled_from(sorted(ESCAPES)),
    dots=st.sampled_from(["", "...", "…", "...)"]),
    kept=st.integers(8, 15),
)
def test_a_value_that_was_cut_at_the_end_of_the_text_is_hidden(
    secret: str, spelling: str, dots: str, kept: int
) -> None:
    assert hidden(f"«{ESCAPES[spelling](secret[:kept])}{dots}", [secret]).startswith("«***")


@pytest.mark.parametrize("spelling", sorted(DIGITS))
def test_digits_that_were_cut_at_the_end_of_the_text_are_hidden(spelling: str) -> None:
    digits = DIGITS[spelling]("a long password, of more than one word")
    assert hidden(f"bad login {digits[:30]}...", ["a long password, of more than one word"]) == "bad login ***..."
