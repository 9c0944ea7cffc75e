"""`avesa sandbox` before it serves anything."""

from __future__ import annotations

import pytest

from avesa_program import Avesa


@pytest.mark.parametrize(
    "asked",
    [
        ("--speed", "inf"),
        ("--speed", "nan"),
        ("--speed", "1e300"),
        ("--days", "999999999"),
        ("--began", "2200-01-01"),
        ("--began", "1999-01-01"),
        ("--began", "2026-10-24", "--days", "3"),
        ("--tenant", "a b"),
        ("--tenant", "Acme"),
        ("--tenant", "acme", "--tenant", "acme"),
        ("--host", "0.0.0.0"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(avesa: Avesa, asked: tuple[str, ...]) -> None:
    told = avesa("sandbox", *asked, code=2)
    assert "Error: " in told.stderr and told.stdout == ""
