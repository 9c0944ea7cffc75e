"""What has changed in the shape of landed records: end to end over raw files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from avesa.pipeline.drift.report import Drifts, drift_of
from avesa.pipeline.drift.table import Drift
from avesa.shared import layout
from avesa.shared.errors import UsageError
from landed_home import LandedHome, changes, contact, listing
from raw_files import PullOf, Row, at, land

DAY = 24 * 60
FULL = {"title": "Owner", "addressLine1": "1 High Street", "company": {"id": 7, "name": "Globex"}}


@pytest.fixture
def home(tmp_path: Path) -> LandedHome:
    return LandedHome(tmp_path / "home")


def looked(home: LandedHome, **how: Any) -> Drifts:
    with home.ports() as ports:
        found = drift_of(ports, "acme", **how)
    assert found.errors == []
    return found


def drifts(home: LandedHome, **how: Any) -> list[Drift]:
    return looked(home, **how).found


def alarms(home: LandedHome, **how: Any) -> list[tuple[str, str]]:
    return [(one.kind, one.path) for one in drifts(home, **how) if one.is_alarm]


def new(home: LandedHome, **how: Any) -> dict[str, int]:
    return {one.path: one.records for one in drifts(home, **how) if one.kind == "new"}


def those(numbers: Sequence[int], minute: float, **fields: Any) -> list[Row]:
    return [contact(f"{number:04}", minute, minute, **fields) for number in numbers]


def put(home: LandedHome, rules: dict[str, Any], table: str = "contacts") -> None:
    own = {"table": table, "sources": {"connectwise": {"contacts": rules}}}
    place = home.folder / "data" / layout.tenant_mapping("acme", table)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(own))


# Gone


def test_a_field_that_a_vendor_renamed_is_told_with_the_numbers_on_both_sides(home: LandedHome) -> None:
    home.land(
        listing(10, *those(range(450), 10, title="Owner"), *those(range(450, 500), 10)),
        changes(20, *those(range(5), 20, title="Boss")),
        listing(30, *those(range(120), 30, jobTitle="Boss")),
    )
    (gone, came) = drifts(home)
    assert gone == Drift(
        "gone",
        "connectwise",
        "contacts",
        "title",
        ("contacts.title",),
        types=(),
        records=0,
        of=120,
        types_before=("text",),
        records_before=450,
        of_before=500,
        last_seen_at=at(20),
        perhaps=("jobTitle",),
    )
    assert (came.kind, came.path, came.columns, came.types) == ("new", "jobTitle", (), ("text",))
    assert (came.records, came.of, came.of_before) == (120, 500, 500)


@pytest.mark.parametrize("instead", [{}, {"title": None}, {"title": ""}, {"title": "  "}])
def test_a_field_that_has_nothing_any_more_is_as_gone_as_one_that_is_not_there(
    home: LandedHome, instead: dict[str, Any]
) -> None:
    home.land(listing(10, *those(range(40), 10, title="Owner")), listing(20, *those(range(40), 20, **instead)))
    assert alarms(home) == [("gone", "title")]


def test_what_lies_below_a_field_goes_with_it(home: LandedHome) -> None:
    home.land(
        listing(10, *those(range(40), 10, **FULL)),
        listing(20, *those(range(40), 20, **{**FULL, "company": "Globex"})),
    )
    assert alarms(home) == [("gone", "company.id"), ("gone", "company.name")]
    (came,) = (one for one in drifts(home) if one.kind == "new")
    assert (came.path, came.types_before, came.types) == ("company", ("object",), ("text",))


def test_a_custom_field_with_another_caption_is_gone(home: LandedHome) -> None:
    put(home, {"title": "customFields[caption=Role].value"})
    before, after = ([{"id": 1, "caption": caption, "value": "Owner"}] for caption in ("Role", "Role of today"))
    home.land(
        listing(10, *those(range(40), 10, customFields=before)), listing(20, *those(range(40), 20, customFields=after))
    )
    (gone,) = drifts(home)
    assert (gone.kind, gone.path, gone.columns) == ("gone", "customFields[caption=Role].value", ("contacts.title",))


def test_the_time_by_which_a_service_knows_changes_is_read_too(home: LandedHome) -> None:
    home.land(
        listing(10, *those(range(40), 10, _info={"lastUpdated": "2026-01-01T00:00:00Z"})),
        listing(20, *those(range(40), 20, _info={"updated": "2026-01-01T00:00:00Z"})),
    )
    (gone, *_) = drifts(home)
    assert (gone.path, gone.columns) == ("_info.lastUpdated", ("companies.updated_at", "contacts.updated_at")[1:])


def test_pulls_of_few_records_are_no_alarm(home: LandedHome) -> None:
    home.land(listing(10, *those(range(500), 10, title="Owner")))
    home.land(*(changes(20 + number, *those([number, number + 1], 20 + number)) for number in range(9)))
    assert alarms(home) == []


def test_a_record_that_changes_all_the_time_is_one_record(home: LandedHome) -> None:
    home.land(listing(10, *those(range(500), 10, title="Owner")))
    home.land(*(changes(20 + number, *those([1], 20 + number, name=f"M{number}")) for number in range(30)))
    assert alarms(home) == []


def test_a_rare_field_and_new_records_of_one_kind_are_no_alarm(home: LandedHome) -> None:
    home.land(
        listing(10, *those(range(490), 10), *those(range(490, 500), 10, title="Owner")),
        changes(20, *those(range(200), 20, name="Bea")),
        changes(DAY, *those(range(1_000, 1_100), DAY)),
    )
    assert alarms(home) == []


def test_what_one_record_still_has_is_not_gone(home: LandedHome) -> None:
    home.land(
        listing(10, *those(range(500), 10, title="Owner")),
        listing(20, *those(range(499), 20), *those([499], 20, title="Owner")),
    )
    assert alarms(home) == []


def test_what_comes_again_is_not_gone(home: LandedHome) -> None:
    home.land(listing(10, *those(range(40), 10, title="Owner")), listing(20, *those(range(40), 20)))
    assert alarms(home) == [("gone", "title")]
    home.land(changes(30, *those([3], 30, title="Owner")))
    assert alarms(home) == []


def test_what_a_vendor_takes_away_for_the_second_time_is_gone_again(home: LandedHome) -> None:
    home.land(listing(10, *those(range(40), 10, title="Owner")), listing(20, *those(range(40), 20)))
    home.land(listing(30, *those(range(40), 30, title="Owner")))
    assert alarms(home) == []
    home.land(listing(40, *those(range(40), 40)))
    (gone,) = drifts(home)
    assert (gone.path, gone.records_before, gone.of, gone.last_seen_at) == ("title", 40, 40, at(30))


def test_a_record_that_is_listed_as_it_was_is_no_evidence_against_itself(home: LandedHome) -> None:
    home.land(*(listing(minute, *those(range(40), minute, title="Owner")) for minute in (10, 20, 30)))
    assert drifts(home) == []


def test_records_that_never_change_tell_by_new_ones_after_a_week(home: LandedHome) -> None:
    home.land(listing(1, *those(range(100), 1, title="Owner")))
    home.land(*(changes(10 + n, *those([200 + n], 10 + n, title="Owner")) for n in range(5)))
    home.land(changes(20, *those(range(300, 340), 20)))
    assert alarms(home) == []
    home.land(changes(20 + 8 * DAY, *those(range(400, 440), 20 + 8 * DAY)))
    assert alarms(home) == [("gone", "title")]


def test_deletions_and_rows_that_cannot_be_folded_are_no_evidence(home: LandedHome) -> None:
    home.land(
        listing(10, *those(range(40), 10, title="Owner")),
        changes(20, *(Row(f"{n:04}", {"id": n}, at(20), at(20), is_deleted=True) for n in range(40))),
        changes(30, *(Row(None, {"firstName": "Mia"}, at(30), at(30)) for _ in range(40))),
        changes(40, *(Row(f"{n:04}", {"id": n}, at(40), at(40), problem="unreadable time") for n in range(40))),
    )
    assert drifts(home) == []


def test_a_partial_record_has_what_was_said_before(home: LandedHome) -> None:
    home.land(listing(10, *those(range(40), 10, title="Owner")))
    home.land(changes(20, *(Row(f"{n:04}", {"city": "Bonn"}, at(20), at(20), is_partial=True) for n in range(40))))
    assert alarms(home) == [] and new(home) == {"city": 40}
    home.land(listing(30, *those(range(40), 30, city="Bonn")))
    assert alarms(home) == [("gone", "title")]


def test_files_without_a_receipt_and_pulls_that_were_withdrawn_do_not_count(home: LandedHome) -> None:
    home.land(listing(10, *those(range(40), 10, title="Owner")))
    (name,) = home.land(listing(20, *those(range(40), 20)))
    assert alarms(home) == [("gone", "title")]
    receipt = home.raw / name
    kept = receipt.read_bytes()
    receipt.unlink()
    assert drifts(home) == []
    receipt.write_bytes(kept)
    (home.raw / layout.withdrawal_of(name)).write_text("{}")
    assert drifts(home) == []


def test_what_came_when_it_went_is_guessed_to_be_its_new_name(home: LandedHome) -> None:
    before = {"title": "Owner", "company": {"id": 7}}
    inside = {"id": 7, "jobTitle": "x"}
    after = {"company": inside, "role": "A", "job_title": "A", "titles": ["A"], "titled": True, "subtitle": "A"}
    home.land(
        listing(10, *those(range(40), 10, **before, note="x")),
        listing(20, *those(range(40), 20, **after, note="x", subtitel="soon no more", city="read by a rule")),
        listing(30, *those(range(40), 30, **after, note="x", city="read by a rule")),
        changes(40, *those(range(90, 95), 40, titel="few have it")),
    )
    (gone,) = (one for one in drifts(home) if one.kind == "gone" and one.path == "title")
    assert gone.perhaps == ("subtitle", "job_title", "role")


# Rules that know the new name


def test_a_rule_that_takes_the_new_name_too_is_mended(home: LandedHome) -> None:
    home.land(listing(10, *those(range(40), 10, title="Owner")), listing(20, *those(range(40), 20, role="Owner")))
    for rule in (["role", "title"], ["title", "role"]):
        put(home, {"title": {"first": rule}})
        assert alarms(home) == []
    put(home, {"title": {"first": ["title", "none"]}})
    assert alarms(home) == [("gone", "title")]


def test_a_rule_is_mended_where_the_vendor_sent_both_names_for_a_while(home: LandedHome) -> None:
    put(home, {"title": {"first": ["title", "role"]}})
    home.land(
        listing(10, *those(range(40), 10, title="Owner")),
        listing(20, *those(range(40), 20, title="Owner", role="Owner")),
        listing(30, *those(range(40), 30, role="Owner")),
    )
    assert alarms(home) == []


def test_another_place_that_came_later_and_that_few_have_does_not_mend(home: LandedHome) -> None:
    put(home, {"title": {"first": ["title", "role"]}})
    home.land(
        listing(10, *those(range(40), 10, title="Owner")),
        listing(20, *those(range(19), 20, role="Owner"), *those(range(19, 40), 20)),
    )
    assert alarms(home) == [("gone", "title")]


def test_another_place_that_was_always_there_does_not_mend(home: LandedHome) -> None:
    put(home, {"title": {"first": ["title", "role"]}})
    home.land(
        listing(10, *those(range(40), 10, title="Owner", role="x")),
        listing(20, *those(range(40), 20, role="x")),
    )
    assert alarms(home) == [("gone", "title")]


def test_a_column_that_reads_the_old_name_alone_is_told_beside_one_that_is_mended(home: LandedHome) -> None:
    put(home, {"title": {"first": ["role", "title"]}, "department": "title"})
    home.land(listing(10, *those(range(40), 10, title="Owner")), listing(20, *those(range(40), 20, role="Owner")))
    (gone, *_) = drifts(home)
    assert (gone.path, gone.columns) == ("title", ("contacts.department",))


def test_a_column_that_is_kept_empty_reads_nothing(home: LandedHome) -> None:
    place = home.folder / "data/acme/mappings/contacts.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps({"table": "contacts", "empty": ["title"]}))
    home.land(listing(10, *those(range(40), 10, title="Owner")), listing(20, *those(range(40), 20)))
    assert drifts(home) == []


# Another type


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (1, "1", (("number",), ("text",))),
        ("1", 1, (("text",), ("number",))),
        ({"a": "1"}, [{"a": "1"}], (("object",), ("list",))),
        (True, "yes", (("boolean",), ("text",))),
    ],
)
def test_a_field_of_another_type_is_told(
    home: LandedHome, before: Any, after: Any, told: tuple[tuple[str, ...], tuple[str, ...]]
) -> None:
    home.land(listing(10, *those(range(40), 10, title=before)), listing(20, *those(range(30), 20, title=after)))
    found, *others = drifts(home)
    assert (found.kind, found.path, found.types_before, found.types) == ("type", "title", *told)
    assert all(one.path != "title" for one in others)
    assert (found.records_before, found.of_before, found.records, found.of) == (40, 40, 30, 30)
    assert found.last_seen_at == at(10)


def test_a_field_that_is_gone_is_not_of_another_type_too(home: LandedHome) -> None:
    home.land(listing(10, *those(range(40), 10, title=1)), listing(20, *those(range(40), 20, title="1")))
    assert alarms(home) == [("type", "title")]
    home.land(listing(30, *those(range(40), 30)))
    (gone,) = drifts(home)
    assert (gone.kind, gone.types_before, gone.last_seen_at) == ("gone", ("text", "number"), at(20))


def test_a_whole_number_and_one_with_a_point_are_of_one_type(home: LandedHome) -> None:
    home.land(listing(10, *those(range(40), 10, title=1)), listing(20, *those(range(40), 20, title=1.5)))
    assert drifts(home) == []


def test_types_that_come_side_by_side_are_no_alarm_and_a_new_one_among_them_is_new(home: LandedHome) -> None:
    def row(number: int, minute: int) -> Row:
        return contact(f"{number:04}", minute, minute, title=number if number % 2 else str(number))

    home.land(listing(10, *(row(number, 10) for number in range(40))))
    home.land(changes(20, *(row(number, 20) for number in range(0, 10, 2))))
    assert drifts(home) == []
    home.land(changes(30, *those([1, 2], 30, title=True)))
    (found,) = drifts(home)
    assert (found.kind, found.path, found.types, found.records) == ("new", "title", ("boolean",), 2)
    assert found.types_before == ("text", "number") and found.columns == ("contacts.title",)


# New


def test_what_the_first_listing_brings_is_not_new_however_many_pulls_it_takes(home: LandedHome) -> None:
    home.land(
        listing(10, *those(range(10), 10), complete=False),
        listing(20, *those(range(10, 20), 20, title="Owner")),
        changes(30, *those([3], 30, city="Bonn")),
    )
    assert new(home) == {"city": 1}


def test_nothing_is_new_while_nothing_was_complete(home: LandedHome) -> None:
    home.land(listing(10, *those(range(9), 10), complete=False), listing(20, *those([1], 20, a=1), complete=False))
    assert drifts(home) == []


def test_new_is_what_came_since_the_time_that_is_asked_for_and_in_a_week_else(home: LandedHome) -> None:
    minute = 10_000 - 7 * DAY  # a week before now, as these homes have it
    home.land(
        listing(minute - 20, *those(range(9), minute - 20)),
        changes(minute - 10, *those([1], minute - 10, early=1)),
        changes(minute + 10, *those([2], minute + 10, late=1)),
    )
    assert new(home) == {"late": 1}
    assert new(home, since=at(minute - 15)) == {"early": 1, "late": 1}
    assert new(home, since=at(minute + 20)) == {}


@pytest.mark.parametrize("nothing", [None, "", [], {}])
def test_a_field_that_was_there_with_nothing_in_it_is_not_new(home: LandedHome, nothing: Any) -> None:
    home.land(
        listing(10, *those(range(9), 10, one=nothing)),
        changes(20, *those([1], 20, one={"a": 1, "b": [{"c": 2}]})),
        changes(30, *those([2], 30, one=[{"a": 1}])),
    )
    assert new(home) == {}
    home.land(changes(40, *those([1], 40, two={"a": 1})))
    assert new(home) == {"two.a": 1}


def test_a_new_field_is_told_with_the_columns_that_are_made_of_it(home: LandedHome) -> None:
    home.land(
        listing(10, *those(range(9), 10)),
        changes(20, *those([1], 20, city="Bonn", types=[{"name": "A", "id": 1}], parts={"a.b": [1, "x"]})),
    )
    found = {one.path: (one.columns, one.types) for one in drifts(home)}
    assert found == {
        "city": (("contacts.city",), ("text",)),
        "types[].name": (("contacts.type",), ("text",)),
        "types[].id": ((), ("number",)),
        '{"path": ["parts", "a.b", "[]"]}': ((), ("text", "number")),
    }


def test_with_a_time_only_what_was_not_gone_then_is_told(home: LandedHome) -> None:
    home.land(listing(10, *those(range(40), 10, title="Owner")), listing(20, *those(range(40), 20)))
    assert alarms(home, since=at(15)) == alarms(home, since=at(20)) == [("gone", "title")]
    assert alarms(home, since=at(25)) == []


def test_what_could_not_be_told_yet_at_that_time_is_told(home: LandedHome) -> None:
    home.land(
        listing(10, *those(range(40), 10, title="Owner", zip=1)),
        changes(20, *those(range(10), 20, zip="1")),
        listing(30, *those(range(40), 30, zip="1")),
    )
    both = [("gone", "title"), ("type", "zip")]
    assert alarms(home, since=at(25)) == alarms(home) == both
    assert alarms(home, since=at(35)) == []


def test_what_went_again_since_that_time_is_told(home: LandedHome) -> None:
    home.land(
        *(listing(minute, *those(range(40), minute, title=value)) for minute, value in ((10, "x"), (20, ""), (30, "x")))
    )
    home.land(listing(40, *those(range(40), 40, title="")))
    assert alarms(home, since=at(25)) == [("gone", "title")]
    assert alarms(home, since=at(45)) == []


# Unread


def test_the_fields_that_no_rule_reads_are_told_with_their_share(home: LandedHome) -> None:
    rows = those(range(10), 10, title="Owner", spare={"a": 1}, types=[{"name": "x", "flag": True}])
    home.land(listing(10, *rows), changes(20, *those(range(4), 20, title="Owner", spare={"a": "1", "b": None})))
    found = {one.path: (one.types, one.records, one.of) for one in drifts(home, unread=True)}
    assert found == {
        "id": (("text",), 10, 10),
        "spare.a": (("text", "number"), 10, 10),
        "types[].flag": (("boolean",), 6, 10),
    }
    put(home, {"city": "spare.a"})
    assert "spare.a" not in {one.path for one in drifts(home, unread=True)}


def test_a_record_is_as_it_was_seen_last_also_where_it_was_so_before(home: LandedHome) -> None:
    home.land(*(listing(minute, *those([1], minute, spare=value)) for minute, value in ((10, 1), (20, "x"), (30, 1))))
    (_, spare) = drifts(home, unread=True)
    assert (spare.path, spare.types) == ("spare", ("number",))


def test_of_a_table_that_no_mapping_reads_everything_is_unread(home: LandedHome) -> None:
    home.land(listing(10, Row("1", {"id": 1, "by": {"7": {"n": 1}, "8": {"n": 2}}}, at(10), at(10))), table="own_list")
    found = [(one.source_table, one.path) for one in drifts(home, unread=True)]
    assert found == [("own_list", "by.*.n"), ("own_list", "id")]


# Odd records and odd files


def test_records_of_whatever_shape_are_no_crash(home: LandedHome) -> None:
    deep = '{"a":' * 5_000 + "1" + "}" * 5_000
    odd = ["null", "7", '"text"', "[]", '[{"x": 1}]', "{", "", "NaN", deep, '{"a": "\\ud800"}', '{"t": 1, "t": "2"}']
    payloads = [*odd, json.dumps({f"n{number}": number for number in range(5_000)}), json.dumps({"t": "\0"})]
    payloads.append('{"\\ud800": 1, "\\u001b[2J": 1}')
    rows = [Row(str(number), None, at(20), at(20), payload=one) for number, one in enumerate(payloads)]
    home.land(listing(10, *those(range(40), 10)), changes(20, *rows))
    found = looked(home)
    assert [one.path for one in found.found] == ["*", "[].x"]
    assert {"id", "*"} <= {one.path for one in drifts(home, unread=True)}
    (note,) = (one for one in found.notes if "no JSON" in one)
    assert note == "connectwise/contacts: payloads that are no JSON were left out, 3 of them."


def test_a_raw_file_that_is_missing_is_an_error_of_its_table_and_the_others_are_told(home: LandedHome) -> None:
    home.land(listing(10, *those(range(40), 10, title="Owner")), listing(20, *those(range(40), 20)))
    home.land(listing(10, Row("1", {"id": 1}, at(10), at(10))), table="companies")
    (home.folder / "data/acme/raw/connectwise/companies/pull-00010-0.parquet").unlink()
    with home.ports() as ports:
        found = drift_of(ports, "acme")
    assert [one.path for one in found.found] == ["title"]
    (error,) = found.errors
    assert "is missing, though a receipt names it" in error.message and error.where.table == "companies"


def test_services_and_tables_are_chosen_by_name(home: LandedHome) -> None:
    home.land(listing(10, Row("1", {"id": 1}, at(10), at(10))))
    with home.ports() as ports:
        land(ports.objects, "acme", "oddwerk", "contacts", listing(10, Row("1", {"own": 1}, at(10), at(10))))
        land(ports.objects, "acme", "oddwerk", "orgs", listing(10, Row("1", {"own": 1}, at(10), at(10))))

    def chosen(**how: Any) -> list[str]:
        return sorted({f"{one.source_service}/{one.source_table}" for one in drifts(home, unread=True, **how)})

    assert chosen() == ["connectwise/contacts", "oddwerk/contacts", "oddwerk/orgs"]
    assert chosen(service="oddwerk") == ["oddwerk/contacts", "oddwerk/orgs"]
    assert chosen(table="contacts") == ["connectwise/contacts", "oddwerk/contacts"]
    assert chosen(service="oddwerk", table="orgs") == ["oddwerk/orgs"]
    with pytest.raises(UsageError, match="the service 'oddwerc'") as error:
        drifts(home, service="oddwerc")
    assert error.value.hint == "Did you mean oddwerk?"
    with pytest.raises(UsageError, match="the table 'orgs'"):
        drifts(home, service="connectwise", table="orgs")


def test_a_tenant_of_which_nothing_has_landed_has_no_drift(home: LandedHome) -> None:
    assert drifts(home) == []
    home.land(PullOf((), datetime.fromisoformat("2026-01-01T00:00:00Z"), name="empty", kind="listing"))
    assert drifts(home) == drifts(home, unread=True) == []


def test_progress_is_told_to_the_end(home: LandedHome) -> None:
    told: list[tuple[str, int, int]] = []
    home.land(listing(10, *those(range(1_500), 10)))
    drifts(home, progress=lambda *what: told.append(what))
    assert told == [("connectwise/contacts", done, size) for done, size in ((0, 0), (1_000, 1_500), (1_500, 1_500))]
