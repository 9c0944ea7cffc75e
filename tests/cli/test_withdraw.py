"""`avesa withdraw` as people type it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from avesa.shared.clock import system_clock
from avesa.shared.layout import timestamp_name
from avesa_program import Avesa
from landed_home import LandedHome, contact
from raw_files import PullOf


@pytest.fixture
def home(tmp_path: Path) -> LandedHome:
    home = LandedHome(tmp_path / "home")
    for years in (-1, 1):
        moment = system_clock().replace(microsecond=0) + timedelta(days=365 * years)
        home.land(PullOf((contact("1", 1, 1),), moment, kind="listing", name=timestamp_name(moment)))
    return home


@pytest.fixture
def avesa(home: LandedHome) -> Avesa:
    return Avesa(home.folder)


def test_what_lies_in_the_future_is_shown_and_withdrawn_and_then_nothing_is_left(avesa: Avesa) -> None:
    told = avesa("withdraw", "acme", "--yes").stdout
    assert "connectwise/contacts" in told and "This machine's clock says" in told
    assert told.endswith("1 pull withdrawn. Now pull anew: avesa sync acme\n")
    assert avesa("withdraw", "acme").stdout == "No pull lies in the future.\n"
    assert avesa.json("withdraw") == {"withdrawn": []}


def test_programs_are_told_which(avesa: Avesa, home: LandedHome) -> None:
    [one] = avesa.json("withdraw", "--yes")["withdrawn"]
    assert (one["tenant"], one["service"], one["table"]) == ("acme", "connectwise", "contacts")
    assert one["receipts"] == [max(file.name for file in home.raw.glob("*.receipt.json"))]


def test_nothing_is_withdrawn_before_somebody_said_so(avesa: Avesa, home: LandedHome) -> None:
    assert "Add --yes" in avesa("withdraw", "acme", code=2).stderr
    assert list(home.raw.glob("*.withdrawn.json")) == []
