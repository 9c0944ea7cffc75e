"""What the tests of mappings say where a record does not become the row that it should."""

from __future__ import annotations

import pytest

from mapped_rows import filled_row, mapped_row


def test_a_value_that_does_not_fit_is_named_with_table_column_and_record() -> None:
    record = {"id": 17, "summary": "Fire", "budgetHours": "a lot"}
    with pytest.raises(AssertionError) as caught:
        mapped_row("tickets", "connectwise", "tickets", record)
    assert str(caught.value).splitlines() == [
        "tickets.budget_hours: expected decimal, found 'a lot'",
        'in the row of connectwise/tickets: {"id": 17, "summary": "Fire", "budgetHours": "a lot"}',
    ]


def test_a_column_that_stays_empty_is_named_with_its_rule() -> None:
    with pytest.raises(AssertionError) as caught:
        filled_row("tickets", "connectwise", "tickets", {"id": 17})
    lines = str(caught.value).splitlines()
    assert lines[0] == 'tickets.summary: expected text, found null by "summary"'
    assert all(len(line) < 160 for line in lines)
    assert lines[-1] == 'in the row of connectwise/tickets: {"id": 17}'


def test_a_list_that_is_not_mapped_yet_is_told_so() -> None:
    with pytest.raises(AssertionError, match=r"mappings/tickets\.json has no rules for gatehouse/doors yet"):
        filled_row("tickets", "gatehouse", "doors", {})
