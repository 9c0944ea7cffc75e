"""What a declaration holds is what its annotations say, or it is refused with the place of the mistake."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from avesa.connector.auth import Basic, OneOf
from avesa.connector.declared_types import mistakes
from avesa.connector.incremental import Changes, InParams
from avesa.connector.limits import Limits
from avesa.connector.paging import Cursor, InTurn, PageNumber, SinglePage
from avesa.connector.retry import Code, Errors
from avesa.connector.service import Deleted, Endpoint, Parent
from tiny_vendor import SERVICE

if TYPE_CHECKING:
    from collections.abc import Sequence


def endpoint(**given: Any) -> Endpoint:
    return Endpoint("orgs", "/orgs", **given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"secret_fields": ("pin")}, "secret_fields: expected a tuple (each a text), found the text 'pin'; a comma is"),
        ({"key": "no"}, "key: expected a tuple (each a text), found the text 'no'; a comma is missing?"),
        ({"key": ["no"]}, "key: expected a tuple (each a text), found a list"),
        ({"key": ("no", 5)}, "key[1]: expected a text, found 5"),
        ({"params": (("a", "b"), "cd")}, "params[1]: expected a tuple (a text, a text), found the text 'cd'; a comma"),
        ({"params": (("a", "b", "c"),)}, "params[0]: expected a tuple (a text, a text), found a tuple"),
        ({"relist": 86_400}, "relist: expected a timedelta, found 86400"),
        ({"cost": True}, "cost: expected a whole number, found True"),
        ({"cost": "2"}, "cost: expected a whole number, found the text '2'"),
        ({"partial": "yes"}, "partial: expected True or False, found the text 'yes'"),
        ({"method": "PUT"}, "method: expected one of 'GET', 'POST', found the text 'PUT'"),
        ({"changes": "none"}, "changes: expected Changes or Delta or 'inherit' or None, found the text 'none'"),
        ({"paging": SinglePage}, "paging: expected Paging or None, found the class SinglePage itself"),
        ({"paging": Basic("a", "b")}, "paging: expected Paging or None, found a Basic"),
        ({"paging": Cursor(at="a", param="b", most="3")}, "paging.most: expected a whole number, found the text '3'"),
        (
            {"paging": InTurn(PageNumber(page="p", into="url"), "state", ("open",))},
            "paging.inner.into: expected one of 'query', 'body', 'header', found the text 'url'",
        ),
        ({"changes": Changes("at", ("q",))}, "changes.ask: expected a tuple (a text, a text) or InParams or"),
        (
            {"changes": Changes("at", InParams(("since", "{since}")))},
            "changes.ask.pairs[0]: expected a tuple (a text, a text), found the text 'since'; a comma is missing?",
        ),
        ({"deleted": Deleted("gone", "yes")}, "deleted.values: expected a tuple (each a text or a whole number or"),
    ],
)
def test_a_field_that_holds_what_it_should_not_is_named_with_what_was_expected(
    given: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=r"^tiny/orgs: ") as caught:
        replace(SERVICE, endpoints=(endpoint(**given),), check=None)
    assert str(caught.value).removeprefix("tiny/orgs: ").startswith(said)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"secrets": "pin"},
            "tiny: secrets: expected a tuple (each a text), found the text 'pin'; a comma is missing?",
        ),
        ({"endpoints": endpoint()}, "tiny: endpoints: expected a tuple (each Endpoint), found an Endpoint; a comma is"),
        ({"auth": OneOf((Basic("a", "b"), "c"))}, "tiny: auth.schemes[1]: expected Auth, found the text 'c'"),
        ({"limits": Limits(cool_down=60)}, "tiny: limits.cool_down: expected a timedelta, found 60"),
        ({"errors": Errors(retry={429})}, "tiny: errors.retry: expected a frozenset, found a set"),
        (
            {"errors": Errors(codes=(Code("E1", "limit"), Code("E42", "retri")))},
            "tiny: errors.codes[1].means: expected one of 'retry', 'limit', ",
        ),
    ],
)
def test_so_it_is_in_all_that_a_service_is_made_of(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError) as caught:
        replace(SERVICE, **given)
    assert str(caught.value).startswith(said)


def test_a_text_too_long_for_a_line_is_cut() -> None:
    (found,) = mistakes(endpoint(key="k" * 500))
    assert len(found.says) < 150


def test_what_fits_is_let_be() -> None:
    told = endpoint(
        key=("a", "b|c"),
        deleted=Deleted("gone", (True, 1, "yes", None)),
        relist=timedelta(hours=1),
        limit_group=("a", "b"),
        parent=Parent("a", ("b", "c"), values=(None, "x")),
        paging=Cursor(at=("a", "b"), param="c"),
    )
    assert list(mistakes(told)) == []
    assert list(mistakes(Limits(per_second=2))) == []


@dataclass(frozen=True)
class Hidden:
    words: Sequence[str]


@dataclass(frozen=True)
class Worded:
    words: tuple[str, ...]


class MoreWorded(Worded):
    """No dataclass by itself."""


def test_fields_of_a_class_above_count() -> None:
    (found,) = mistakes(MoreWorded("pin"))  # type: ignore[arg-type]
    assert found.at == "words"


def test_a_type_that_nothing_can_be_checked_against_is_said_to_be_so() -> None:
    with pytest.raises(ValueError, match=r"Hidden\.words: .*'Sequence' is not defined.*TYPE_CHECKING"):
        list(mistakes(Hidden(("a",))))
