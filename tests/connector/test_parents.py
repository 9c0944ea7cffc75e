"""Which parents a child table is asked for, read from the parent table's raw files alone."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from avesa.connector.parents import live_parents
from avesa.connector.service import Parent
from avesa.shared.errors import TableFailed
from avesa.shared.layout import timestamp_name, withdrawal_of
from avesa.shared.objects import Objects, open_objects
from raw_files import PullOf, Row, at, land


class Parents:
    """The raw files of one parent table."""

    def __init__(self, home: Path) -> None:
        self.objects: Objects = open_objects(home / "data")
        self.place: Any = SimpleNamespace(objects=self.objects, tenant="acme", scratch=home)

    def land(self, minute: int, *rows: Row, **more: Any) -> None:
        pull = PullOf(rows=rows, started_at=at(minute), name=timestamp_name(at(minute)), **more)
        land(self.objects, "acme", "vendor", "things", pull)

    def live(
        self,
        changed_since: int | None = None,
        having: str | None = None,
        values: tuple[str, ...] = (),
        field: str | None = None,
        **more: Any,
    ) -> list[str]:
        since = None if changed_since is None else at(changed_since)
        parent = Parent("things", having=having, values=values, field=field)
        return list(live_parents(self.place, "vendor", parent, changed_since=since, **more))


@pytest.fixture
def parents(tmp_path: Path) -> Parents:
    return Parents(tmp_path)


def test_a_pull_that_was_withdrawn_tells_nothing(parents: Parents) -> None:
    parents.land(10, row("a", 9, 10), row("b", 9, 10), kind="listing")
    parents.land(10_000, row("a", 9, 10_000), row("z", 9, 10_000), kind="listing")
    parents.land(20, row("c", 19, 20))
    assert parents.live() == ["a", "z"]
    [early] = [i.path for i in parents.objects.list("acme/raw") if "/20260107" in i.path and "receipt" in i.path]
    parents.objects.write(withdrawal_of(early), b"{}")
    assert parents.live() == parents.live(listed=False) == ["a", "b", "c"]


def row(id_: str, updated: int, extracted: int, **more: Any) -> Row:
    return Row(id_, {"name": id_}, at(updated), at(extracted), **more)


def test_the_newest_listing_and_what_came_after_it_tell(parents: Parents) -> None:
    parents.land(10, row("vanished", 9, 10), kind="listing")
    parents.land(20, row("a", 9, 20), row("b", 9, 20), kind="listing")
    parents.land(30, row("c", 29, 30), row("a", 28, 30, is_deleted=True))
    parents.land(40, row("d", 39, 40), kind="listing", complete=False)
    assert parents.live() == ["b", "c", "d"]
    assert parents.live(changed_since=29) == ["c", "d"]


def test_only_parents_that_have_a_field_can_be_asked_for(parents: Parents) -> None:
    told = ({"n": {"count": 2}}, {"n": {"count": 0}}, {"n": {"count": None}}, {}, {"n": {"count": 1}})
    rows = [Row(id_, payload, at(9), at(20)) for id_, payload in zip("abcde", told, strict=True)]
    parents.land(20, *rows, kind="listing")
    parents.land(30, Row("a", {"n": {"count": 0}}, at(29), at(30)), Row("b", {"n": {"count": 3}}, at(29), at(30)))
    assert parents.live() == ["a", "b", "c", "d", "e"]
    assert parents.live(having="n.count") == ["b", "e"]
    assert parents.live(having="n.count", changed_since=29) == ["b"]


def test_only_parents_of_a_kind_can_be_asked_for(parents: Parents) -> None:
    told = ({"kinds": ["Unified"]}, {"kinds": ["Dynamic", "Unified"]}, {"kinds": ["Dynamic"]}, {"kinds": None}, {})
    rows = [Row(id_, payload, at(9), at(20)) for id_, payload in zip("abcde", told, strict=True)]
    parents.land(20, *rows, kind="listing")
    assert parents.live(having="kinds.*", values=("Unified",)) == ["a", "b"]
    assert parents.live(having="kinds.*") == ["a", "b", "c"]


def test_a_parent_gives_parameters_out_of_its_record(parents: Parents) -> None:
    told = (
        {"members": [{"user": {"id": 7}}, {"user": {"id": 8}}, {"user": None}], "plan": "pro"},
        {"members": [], "plan": ""},
    )
    parents.land(
        20, *(Row(id_, payload, at(9), at(20)) for id_, payload in zip("ab", told, strict=True)), kind="listing"
    )
    parent = Parent("things", gives=(("assignee", "members.*.user.id"), ("plan", "plan")))
    given = live_parents(parents.place, "vendor", parent, changed_since=None)
    assert given == {"a": (("assignee", "7,8"), ("plan", "pro")), "b": ()}


def test_what_parents_name_in_a_field_is_asked_for_once(parents: Parents) -> None:
    told = (
        {"n": {"item": 7}},
        {"n": {"item": "8"}},
        {"n": {"item": 7}},
        {"n": {"item": None}},
        {},
        {"n": {"item": ""}},
    )
    rows = [Row(id_, payload, at(9), at(20)) for id_, payload in zip("abcdef", told, strict=True)]
    parents.land(20, *rows, kind="listing")
    parents.land(30, Row("b", {"n": {"item": 9}}, at(29), at(30)), Row("g", {"n": {"item": True}}, at(29), at(30)))
    assert parents.live(field="n.item") == ["7", "9"]
    assert parents.live(field="n.item", changed_since=29) == ["9"]
    parents.land(40, Row("b", {"n": {"item": 9}}, at(39), at(40), is_deleted=True))
    assert parents.live(field="n.item") == ["7"]


def test_a_table_that_was_never_listed_has_no_parents_to_go_by(parents: Parents) -> None:
    parents.land(10, row("a", 9, 10))
    with pytest.raises(TableFailed, match="never pulled completely"):
        parents.live()


def test_a_listing_each_day_does_not_lead_back_from_one_to_the_other(
    parents: Parents, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(1, 20):
        parents.land(day * 23 * 60, row("a", 9, day * 23 * 60), kind="listing")
    read: list[str] = []
    whole = Objects.read
    monkeypatch.setattr(Objects, "read", lambda self, path: read.append(path) or whole(self, path))
    assert parents.live() == ["a"]
    assert sum(path.endswith(".receipt.json") for path in read) == 2


def test_receipts_from_long_before_the_newest_listing_are_not_read(
    parents: Parents, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = 24 * 60
    for number in range(1, 30):
        parents.land(number * 60, row("old", 9, number * 60))
    parents.land(5 * day, row("a", 9, 5 * day), kind="listing")
    parents.land(5 * day + 60, row("b", 9, 5 * day + 60))
    read: list[str] = []
    whole = Objects.read

    def counted(self: Objects, path: str) -> bytes:
        read.append(path)
        return whole(self, path)

    monkeypatch.setattr(Objects, "read", counted)
    assert parents.live() == ["a", "b"]
    assert sum(path.endswith(".receipt.json") for path in read) == 2


def test_a_table_that_is_never_listed_has_all_that_was_ever_pulled(parents: Parents) -> None:
    parents.land(10, row("a", 9, 10), row("b", 9, 10))
    parents.land(20, row("c", 19, 20), row("a", 18, 20, is_deleted=True))
    with pytest.raises(TableFailed, match="never pulled completely"):
        parents.live()
    assert parents.live(listed=False) == ["b", "c"]
    assert parents.live(changed_since=19, listed=False) == ["c"]
