"""Texts with names in braces."""

from __future__ import annotations

import pytest

from avesa.connector.template import fill, fill_names, names_in

WORDS = {"more": "Account.Tier, Case.Cause\nAccount.Region,,Account.Tier AccountPlan.No Account", "none": ""}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{none}/{more_of_it}", "/{more_of_it}"),
        ("SELECT Id{more:Account} FROM Account", "SELECT Id,Tier,Region FROM Account"),
        ("Id{more:Case}", "Id,Cause"),
        ("Id{more:Lead}{none:Lead}", "Id"),
        ("{unknown:Lead}{ items { id } }", "{unknown:Lead}{ items { id } }"),
    ],
)
def test_names_are_filled_and_other_braces_stay(template: str, text: str) -> None:
    assert fill_names(template, WORDS) == text


def test_a_value_is_not_filled_again() -> None:
    assert fill_names("{a}{b:X}", {"a": "{b}", "b": "X.{a}"}) == "{b},{a}"


def test_every_name_that_is_asked_for_is_told() -> None:
    assert names_in("/{a}/{b:Of}", "{c}", "{*d}") == {"a", "b", "c"}


def test_a_value_is_quoted_where_it_stands_in_a_path_and_a_missing_one_is_an_error() -> None:
    assert fill("/{a}", {"a": "x/y"}, quoted=True) == "/x%2Fy"
    with pytest.raises(KeyError):
        fill("{a}", {})
