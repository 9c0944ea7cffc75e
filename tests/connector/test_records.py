from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avesa.connector.auth import Bearer
from avesa.connector.incremental import Changes, Deletions, Events
from avesa.connector.reading import Reading, reading_of, reading_of_deletions, reading_of_events
from avesa.connector.record import Record
from avesa.connector.records import read_page, told_by_events
from avesa.connector.service import Deleted, Endpoint, Service
from avesa.connector.times import SECONDS, Written
from avesa.shared.errors import TableFailed

READING = Reading((), (("id",),), ("_info", "lastUpdated"), Deleted("deletedFlag"), (), key_under_parent=False)


def read(body: bytes, parent_id: str | None = None, **changes: Any) -> list[Record]:
    return read_page(body, replace(READING, **changes), page=7, parent_id=parent_id)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(json_values, max_size=5), st.sampled_from([None, 1]), st.booleans())
def test_every_payload_is_a_piece_of_the_body_as_it_came(values: list[Any], indent: int | None, ascii_: bool) -> None:
    pieces = [json.dumps(value, indent=indent, ensure_ascii=ascii_) for value in values]
    pieces = [piece.encode("utf-8", "replace").decode() for piece in pieces]
    body = ("[" + " , ".join(pieces) + "]").encode()
    assert [record.payload for record in read(body)] == pieces


PLAIN = st.fixed_dictionaries(
    {"id": st.integers() | st.text(st.characters(codec="ascii"), min_size=1)},
    optional={
        "_info": st.fixed_dictionaries({"lastUpdated": st.sampled_from(["2026-01-02T03:04:05Z", "soon", None, 5])}),
        "deletedFlag": st.sampled_from([True, False, 1, None]),
        "name": json_values,
    },
)
ODD = st.sampled_from(
    [b'{"id":"\xff"}', b'{"id":"\\ud800"}', b'{"id":1.0}', b'{"id":NaN}', b"7", b'{"id":true}', b"{}"]
)


@given(st.lists(PLAIN, max_size=4), ODD)
def test_a_record_is_read_the_same_whatever_stands_beside_it(values: list[Any], odd: bytes) -> None:
    pieces = [json.dumps(value).encode() for value in values]
    beside_an_odd_one = read(b"[" + b",".join((*pieces, odd)) + b"]")
    assert read(b"[" + b",".join(pieces) + b"]") == beside_an_odd_one[:-1]


def test_a_list_is_found_at_a_dotted_path() -> None:
    body = b'{"data":{"items":[ {"id":1} ]},"items":[2]}'
    assert [r.payload for r in read(body, records=("data", "items"))] == ['{"id":1}']


@pytest.mark.parametrize("body", [b'{"data":{}}', b'{"data":[1]}', b'{"data":{"items":{}}}', b"[]", b'"x"', b"null"])
def test_a_body_of_another_shape_names_page_and_expectation(body: bytes) -> None:
    with pytest.raises(TableFailed, match=r"Page 7 has an unexpected shape: a list was expected at data\.items"):
        read(body, records=("data", "items"))


@pytest.mark.parametrize("body", [b"", b'[{"id":1}', b'[{"id":1}] x', b'["\xff', b"[" * 5000])
def test_a_body_that_is_not_json_is_not_quoted(body: bytes) -> None:
    with pytest.raises(TableFailed, match=r"Page 7 is not JSON \(\d+ bytes\)"):
        read(body)


@pytest.mark.parametrize(
    ("body", "rather"),
    [
        (b" <html>secret", "a web page or XML"),
        ('\ufeff[{"id":1}]'.encode("utf-16-le"), "UTF-16"),
        ('[{"id":1}]'.encode("utf-16-be"), "UTF-16"),
        ('[{"id":1}]'.encode("utf-16-le"), "UTF-16"),
    ],
)
def test_what_comes_in_place_of_json_is_told_where_it_shows(body: bytes, rather: str) -> None:
    with pytest.raises(TableFailed, match=rf"Page 7 is not JSON but {rather} \(\d+ bytes\)"):
        read(body)


@pytest.mark.parametrize("body", [b'{"error":{"code":5}}', b'{"data":null,"Errors":[{"message":"no"}]}'])
def test_an_error_in_place_of_a_list_that_may_be_missing_is_no_empty_list(body: bytes) -> None:
    with pytest.raises(TableFailed, match="Page 7 has no records at data, and tells of an error instead"):
        read(body, records=("data",), records_optional=True)


@pytest.mark.parametrize("body", [b'{"error":null,"code":0}', b'{"errors":[]}', b'{"data":null,"error":false}'])
def test_where_there_is_no_error_a_list_may_be_missing(body: bytes) -> None:
    assert read(body, records=("data",), records_optional=True) == []


@pytest.mark.parametrize(
    ("record", "key"),
    [
        ('{"id":17}', "17"),
        ('{"id":"17"}', "17"),
        ('{"id":17.0}', "17"),
        ('{"id":36893488147419103233}', "36893488147419103233"),
        ('{"id":"\\ud83d\\ude00"}', "\U0001f600"),
    ],
)
def test_a_key_is_the_same_text_however_its_type_drifts(record: str, key: str) -> None:
    assert read(f"[{record}]".encode())[0].record_id == key


@pytest.mark.parametrize(
    "record", ["{}", '{"id":null}', '{"id":true}', '{"id":{}}', '{"id":""}', '{"id":"\\ud83d"}', "7", "[1]", '"x"']
)
def test_a_record_without_a_usable_key_lands_with_its_problem(record: str) -> None:
    [read_record] = read(f"[{record}]".encode())
    assert read_record.record_id is None
    assert read_record.payload == record
    assert read_record.problem is not None and read_record.problem.startswith("no key: id")


def test_a_record_that_is_null_lacks_its_key_and_is_json_all_the_same() -> None:
    [record] = read(b"[null]")
    assert (record.payload, record.problem) == ("null", "no key: id is missing")


def test_a_compound_key_is_an_array_of_texts_with_the_parent_first() -> None:
    body = '[{"a":1,"b":"ü"}]'.encode()
    assert read(body, key=(("a",), ("b",)))[0].record_id == '["1","ü"]'
    assert read(body, "p", key=(("a",),), key_under_parent=True)[0].record_id == '["p","1"]'


def test_without_a_declared_key_the_digest_of_the_sorted_record_is_the_key() -> None:
    first, second = read(b'[{"b": 1, "a": "\xc3\xbc"},{"a":"\xc3\xbc","b":1}]', key=())
    expected = hashlib.sha256('{"a":"ü","b":1}'.encode()).hexdigest()
    assert first.record_id == second.record_id == expected


def test_what_has_no_key_and_is_unique_under_its_parent_has_the_parents_before_the_digest() -> None:
    [bare] = read(b'["U1"]', "C1", key=(), key_under_parent=True)
    assert json.loads(bare.record_id or "") == ["C1", hashlib.sha256(b'"U1"').hexdigest()]


def test_times_are_read_and_unreadable_ones_are_a_problem() -> None:
    body = b"""[{"id":1,"_info":{"lastUpdated":"2026-03-01T12:00:00Z"}}, {"id":2,"_info":{"lastUpdated":"soon"}},
                {"id":3,"_info":null}, {"id":4,"_info":[1]}, {"id":5,"_info":{"lastUpdated":1772366400}}]"""
    records = read(body)
    assert [r.updated_at for r in records] == [datetime(2026, 3, 1, 12, tzinfo=UTC), None, None, None, None]
    bad = "unreadable time: _info.lastUpdated"
    assert [r.problem for r in records] == [None, bad, None, None, bad]


def test_only_the_vendors_own_flag_means_deleted() -> None:
    body = b'[{"id":1,"deletedFlag":true},{"id":2,"deletedFlag":1},{"id":3,"deletedFlag":"true"},{"id":4}]'
    assert [r.is_deleted for r in read(body)] == [True, False, False, False]


def test_the_time_of_a_deletion_stands_in_for_a_missing_one() -> None:
    deleted = Deleted("deletedFlag", at="dateDeleted")
    body = b'[{"id":1,"deletedFlag":true,"dateDeleted":"2026-03-01T12:00:00Z"},{"id":2,"dateDeleted":"2026-03-01"}]'
    assert [r.updated_at for r in read(body, deleted=deleted)] == [datetime(2026, 3, 1, 12, tzinfo=UTC), None]


def test_what_strict_readers_refuse_lands_byte_for_byte_and_says_so() -> None:
    records = read(b'[{"id":1,"s":"a\tb"},{"id":2,"n":NaN},{"id":3,"s":"\\ud800"}]')
    assert [r.payload for r in records] == ['{"id":1,"s":"a\tb"}', '{"id":2,"n":NaN}', '{"id":3,"s":"\\ud800"}']
    assert [r.record_id for r in records] == ["1", "2", "3"]
    assert [r.problem for r in records] == ["the record is not strict JSON"] * 2 + [None]


def test_bytes_that_are_no_text_are_replaced_and_the_row_says_so() -> None:
    [first, second] = read(b'[{"id":1,"s":"\xff"},{"id":2}]')
    assert (first.payload, first.problem) == ('{"id":1,"s":"\ufffd"}', "the record is not UTF-8")
    assert second.problem is None


def test_a_byte_order_mark_is_no_part_of_the_page() -> None:
    assert read(b'\xef\xbb\xbf[{"id":1}]')[0].record_id == "1"


def test_secrets_are_masked_where_they_stand_and_all_else_keeps_its_bytes() -> None:
    body = b'[{"id" : 1, "key":"k", "users":[{"pw":"a", "n":1e5},{"pw":null}], "o":{"pw":{"x":[1]}}, "pw":"stays"}]'
    paths = (("key",), ("users", "pw"), ("o", "pw"))
    expected = '{"id" : 1, "key":"***", "users":[{"pw":"***", "n":1e5},{"pw":null}], "o":{"pw":"***"}, "pw":"stays"}'
    assert read(body, secret_fields=paths)[0].payload == expected


def test_a_secret_given_twice_is_masked_twice() -> None:
    assert read(b'[{"id":1,"k":"a","k":"b"}]', secret_fields=(("k",),))[0].payload == '{"id":1,"k":"***","k":"***"}'


def test_a_secret_of_a_name_is_masked_wherever_a_record_has_one() -> None:
    one = rb'{"pw":"a","id":1,"in":{"pw":"b","map":{"x":[[{"pw":"c"}],{"pw":null,"n":1.0}]}},"t":"pw"}'
    body = b"[" + one + rb',{"id":2,"pw\u0020":1}]'
    first, second = read(body, secret_fields=(("**", "pw"),))
    hidden = '{"pw":"***","id":1,"in":{"pw":"***","map":{"x":[[{"pw":"***"}],{"pw":null,"n":1.0}]}},"t":"pw"}'
    assert (first.payload, second.payload) == (hidden, '{"id":2,"pw\\u0020":1}')


def test_a_secret_is_found_below_another_name_and_by_a_name_in_escapes() -> None:
    paths = (("**", "hook", "secret"),)
    body = rb'[{"id":1,"secret":"kept","a":[{"h\u006fok":{"secret":"s"}}],"hook":{"secret":{"deep":"s"}}}]'
    expected = r'{"id":1,"secret":"kept","a":[{"h\u006fok":{"secret":"***"}}],"hook":{"secret":"***"}}'
    assert read(body, secret_fields=paths)[0].payload == expected


def test_however_deep_a_record_is_it_lands_without_its_secrets_or_not_at_all() -> None:
    def nested(depth: int) -> str:
        body = b'[{"id":1,"d":' + b'{"a":' * depth + b'{"pw":"hush"}' + b"}" * depth + b"}]"
        return read(body, secret_fields=(("**", "pw"),))[0].payload

    assert '{"pw":"***"}' in nested(200)
    with pytest.raises(TableFailed):
        nested(3000)


# Where the records are


def payloads(body: bytes, **changes: Any) -> list[str]:
    return [record.payload for record in read(body, **changes)]


def test_a_star_stands_for_each_element_and_what_lacks_the_list_is_passed_over() -> None:
    body = b'{"data":{"boards":[{"items":[{"id":1}]},{"items":null},{"x":1},null,{"items":[ {"id":2}, {"id":3}]}]}}'
    assert payloads(body, records=("data", "boards", "*", "items")) == ['{"id":1}', '{"id":2}', '{"id":3}']


def test_the_lists_of_a_change_feed_become_one() -> None:
    """As QuickBooks: a list of one object, whose QueryResponse is a list with one object for each kind of record."""
    body = b"""{"CDCResponse":[{"QueryResponse":[{"Invoice":[{"Id":"1"},{"Id":"2","status":"Deleted"}],"maxResults":2},
              {"Customer":[{"Id":"9"}]},{}]}],"time":"x"}"""
    path = ("CDCResponse", "*", "QueryResponse", "*", "Invoice")
    assert [r.record_id for r in read(body, records=path, key=(("Id",),))] == ["1", "2"]


def test_records_may_be_wrapped_in_an_object_each() -> None:
    body = b'{"list":[{"customer":{"id":"a"},"card":{}},{"customer":{"id":"b"}}]}'
    assert payloads(body, records=("list", "*", "customer"), records_as="object") == ['{"id":"a"}', '{"id":"b"}']


def test_one_object_may_be_the_only_record() -> None:
    assert payloads(b'{"ok":true,"team":{"id":"T1"}}', records=("team",), records_as="object") == ['{"id":"T1"}']
    assert payloads(b' {"id":"T1"}\n', records_as="object") == ['{"id":"T1"}']


def test_one_object_without_a_key_stays_the_same_record_however_it_changes() -> None:
    def ids(body: bytes, parent_id: str | None = None) -> list[str | None]:
        return [r.record_id for r in read(body, parent_id, records=("sum",), records_as="object", key=())]

    assert ids(b'{"sum":{"users":1}}') == ids(b'{"sum":{"users":2}}') == ["only"]
    assert ids(b'{"sum":{"users":1}}', "7") == ["7"]
    several = read(b'{"list":[{"a":1},{"a":2}]}', records=("list", "*"), records_as="object", key=())
    assert len({r.record_id for r in several}) == 2


OWNED: dict[str, Any] = {"records": ("items", "*", "parts"), "parent_key": ("id",), "key_under_parent": True}


def test_a_page_about_several_parents_tells_whose_each_record_is() -> None:
    body = rb"""{"items":[{"id":"b","parts":[{"id":1},{"id":2}]},{"parts":[]},{"id":null},{"id":"d","parts":null},
              {"id":7,"parts":[{"id":1, "note":"\ud800"}]}]}"""
    for text in (body, body.replace(b"note", b"no\nte")):  # the second is read leniently
        found = read(text, "7", **OWNED)
        assert [(r.parent_id, r.record_id) for r in found] == [
            ("b", '["b","1"]'),
            ("b", '["b","2"]'),
            ("7", '["7","1"]'),
        ]


def test_a_record_of_no_known_parent_fails_the_page() -> None:
    with pytest.raises(TableFailed, match="Page 7 holds records that do not name their parent at id"):
        read(b'{"items":[{"parts":[{"id":1}]}]}', **OWNED)


def test_in_a_map_the_name_is_the_key() -> None:
    body = b'{"billable_info":{"U1":{"billing_active":true},"U2":{"id":"other"}}}'
    records = read(body, records=("billable_info",), records_as="map")
    assert [(r.record_id, r.payload) for r in records] == [
        ("U1", '{"billing_active":true}'),
        ("U2", '{"id":"other"}'),
    ]
    assert [r.problem for r in records] == [None, None]
    [under] = read(b'{"U1":{}}', "p", records_as="map", key_under_parent=True)
    assert under.record_id == '["p","U1"]'


def test_records_are_looked_for_at_several_places_in_order() -> None:
    places = {"records": ("data", "boards", "*", "items"), "other_records": (("data", "next", "items"),)}
    assert payloads(b'{"data":{"boards":[{"items":[{"id":1}]}]}}', **places) == ['{"id":1}']
    assert payloads(b'{"data":{"next":{"items":[{"id":2}]}}}', **places) == ['{"id":2}']
    with pytest.raises(TableFailed, match="unexpected shape"):
        read(b'{"data":{}}', **places)


def test_records_may_lie_at_several_places_together() -> None:
    places: dict[str, Any] = {
        "records": ("goals",),
        "other_records": (("folders", "*", "goals"),),
        "records_together": True,
    }
    body = rb'{"goals":[{"id":1}],"folders":[{"goals":[{"id":2}]},{},{"goals":null},{"goals":[{"id":3}]}]}'
    for text in (body, body.replace(b"{}", b'{"note":"\t"}')):  # the second is read leniently
        assert payloads(text, **places) == ['{"id":1}', '{"id":2}', '{"id":3}']
    assert payloads(b'{"goals":[]}', **places) == []
    for odd in (b'{"folders":[{"goals":[{"id":2}]}]}', b'{"goals":[],"folders":"x"}'):
        with pytest.raises(TableFailed, match="unexpected shape"):
            read(odd, **places)


@pytest.mark.parametrize("body", [b"{}", b'{"users":null}', b'{"kind":"x"}', b'{"a":"\t"}'])
def test_a_missing_list_is_an_empty_one_only_where_that_is_declared(body: bytes) -> None:
    assert payloads(body, records=("users",), records_optional=True) == []
    with pytest.raises(TableFailed, match="unexpected shape"):
        read(body, records=("users",))


@pytest.mark.parametrize("body", [b'{"users":{}}', b'{"users":"x"}', b"[]", b'{"users":7,"x":"\t"}'])
def test_something_of_another_shape_is_never_an_empty_list(body: bytes) -> None:
    with pytest.raises(TableFailed, match="unexpected shape"):
        read(body, records=("users",), records_optional=True)


@pytest.mark.parametrize("shape", ["object", "map"])
@pytest.mark.parametrize("body", [b'{"a":[]}', b'{"a":7}', b'{"a":null}', b'{"a":["\t"]}'])
def test_a_list_where_an_object_was_expected_says_so(body: bytes, shape: str) -> None:
    with pytest.raises(TableFailed, match="an object was expected at a"):
        read(body, records=("a",), records_as=shape)


@pytest.mark.parametrize("shape", ["list", "object", "map"])
def test_what_strict_readers_refuse_is_found_at_the_same_places(shape: str) -> None:
    inner = {"list": '[{"id":1,"s":"a\tb"}]', "object": '{"id":1,"s":"a\tb"}', "map": '{"1":{"id":1,"s":"a\tb"}}'}
    body = '{"boards":[{"x":null},{"x":' + inner[shape] + '},{},{"y":1}]}'
    assert payloads(body.encode(), records=("boards", "*", "x"), records_as=shape) == ['{"id":1,"s":"a\tb"}']


# Times, deletions and events


def test_times_are_read_in_the_form_that_is_declared_and_others_are_a_problem() -> None:
    body = b'[{"id":1,"_info":{"lastUpdated":"1772366400.5"}},{"id":2,"_info":{"lastUpdated":"2026-03-01"}}]'
    first, second = read(body, times=SECONDS)
    assert (first.updated_at, first.problem) == (datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC), None)
    assert (second.updated_at, second.problem) == (None, "unreadable time: _info.lastUpdated")


def test_what_means_never_is_null_and_no_problem() -> None:
    [row] = read(b'[{"id":1,"_info":{"lastUpdated":""}}]', times=Written("%Y-%m-%d %H:%M:%S", never=("",)))
    assert (row.updated_at, row.problem) == (None, None)


def test_a_flag_can_mean_deleted_by_being_there_at_all() -> None:
    body = b'[{"id":1,"@removed":{"reason":"deleted"}},{"id":2,"@removed":null},{"id":3}]'
    flags = [r.is_deleted for r in read(body, deleted=Deleted("@removed", present=True))]
    assert flags == [True, False, False]


def test_a_time_of_deletion_that_is_zero_is_none() -> None:
    body = b'[{"id":1,"date_delete":0},{"id":2,"date_delete":1772366400},{"id":3,"date_delete":false}]'
    flags = [r.is_deleted for r in read(body, deleted=Deleted("date_delete", present=True))]
    assert flags == [False, True, True]


EVENTS = Events(types=("invoice.",), deleted=("invoice.deleted",))


def told(body: bytes, **changes: Any) -> list[Record]:
    table = replace(READING, updated_at=None, times=SECONDS, **changes)
    listed = read_page(body, reading_of_events("data", "created", table), page=1, parent_id=None)
    return told_by_events(listed, EVENTS, table)


def test_events_tell_of_the_records_in_them_at_the_time_of_the_event_byte_for_byte() -> None:
    body = b"""{"data":[
        {"id":"e1","type":"invoice.paid","created":1772366400,"data":{"object":{"id" : "i1",  "n":1.0}}},
        {"id":"e2","type":"charge.failed","created":1772366401,"data":{"object":{"id":"c1"}}},
        {"id":"e3","type":"invoice.deleted","created":1772366402,"data":{"object":{"id":"i2"}}},
        {"id":"e4","created":1772366402}]}"""
    assert told(body) == [
        Record("i1", '{"id" : "i1",  "n":1.0}', datetime(2026, 3, 1, 12, tzinfo=UTC), False, None),
        Record("i2", '{"id":"i2"}', datetime(2026, 3, 1, 12, 0, 2, tzinfo=UTC), True, None),
    ]


def test_an_event_without_a_record_lands_with_its_problem() -> None:
    [row] = told(b'{"data":[{"id":"e1","type":"invoice.paid","created":1772366400,"data":{}}]}')
    assert row.record_id is None
    assert row.problem == "no record: the event holds none at data.object"


def test_secrets_in_the_record_of_an_event_are_masked() -> None:
    body = b'{"data":[{"id":"e1","type":"invoice.x","created":1,"data":{"object":{"id":"i","pw":"p"}}}]}'
    assert told(body, secret_fields=(("pw",),))[0].payload == '{"id":"i","pw":"***"}'


def test_an_event_of_a_table_with_secrets_that_holds_no_record_shows_none_of_them() -> None:
    body = b'{"data":[{"id":"e1","type":"invoice.x","created":1,"data":{"before":{"pw":"p"}}}]}'
    assert told(body, secret_fields=(("pw",),))[0].payload == '{"id":"e1","type":"invoice.x","created":1,"data":"***"}'


def test_a_list_of_deletions_has_keys_and_times_of_its_own() -> None:
    changes = Changes(None, ask=("since", "{since}"))
    deletions = Deletions("/deleted", key=("worklogId",), at="updatedTime", changes=changes, records="values")
    reading = reading_of_deletions(deletions, READING)
    body = b'{"values":[{"worklogId":7,"updatedTime":"2026-03-01T12:00:00Z"}]}'
    [row] = read_page(body, reading, page=1, parent_id=None)
    assert (row.record_id, row.updated_at, row.problem) == ("7", datetime(2026, 3, 1, 12, tzinfo=UTC), None)


def test_a_compound_key_may_lack_what_is_declared_and_nothing_else() -> None:
    endpoint = Endpoint("software", "/software", key=("device", "name", "version"), may_lack=("version",))
    service = Service("acme", "Acme", "rmm", "https://v.example", Bearer("{token}"), (endpoint,), secrets=("token",))
    rows = [{"device": 1, "name": "x"}, {"device": 1, "name": "x", "version": ""}, {"device": 1, "version": "2"}]
    records = read_page(json.dumps(rows).encode(), reading_of(service, endpoint), page=1, parent_id=None)
    assert [record.record_id for record in records] == ['["1","x",""]', '["1","x",""]', None]
    assert records[2].problem == "no key: name is missing"


def test_a_key_cannot_lack_all_of_it() -> None:
    for key in (("id",), ("id", "name")):
        with pytest.raises(ValueError, match="may_lack"):
            endpoint = Endpoint("software", "/software", key=key, may_lack=key)
            Service("acme", "Acme", "rmm", "https://v.example", Bearer("{token}"), (endpoint,), secrets=("token",))


def test_a_key_may_be_a_place_in_a_list() -> None:
    found = read(b'[[7, "Ann"], ["8"], []]', key=(("0",),), updated_at=None, deleted=None)
    assert [record.record_id for record in found] == ["7", "8", None]
    assert found[2].problem == "no key: 0 is missing"


def test_a_map_without_records_may_be_written_as_an_empty_list() -> None:
    optional: dict[str, Any] = {"records": ("employees",), "records_as": "map", "records_optional": True, "key": ()}
    assert read(b'{"employees": [ ]}', **optional) == []
    with pytest.raises(TableFailed, match="an object was expected"):
        read(b'{"employees": [1]}', **optional)


@pytest.mark.parametrize("body", [b'{"users": [{"id": 1}]}', b'[{"id": 1}]'])
@pytest.mark.parametrize("places", [("users", ""), ("", "users")])
def test_a_list_is_found_in_its_object_and_bare(body: bytes, places: tuple[str, str]) -> None:
    first, second = (() if place == "" else (place,) for place in places)
    assert [record.record_id for record in read(body, records=first, other_records=(second,))] == ["1"]


def test_what_is_no_list_at_any_of_its_places_is_told() -> None:
    with pytest.raises(TableFailed, match="unexpected shape"):
        read(b'"a text, no list"', records=("users",), other_records=((),), records_optional=True)


def test_a_key_that_is_spelled_in_several_ways_is_the_same_key() -> None:
    spelled = {("uid",): (("id",), ("meta", "id"))}
    for record in ('{"uid":7}', '{"id":7}', '{"uid":null,"meta":{"id":"7"}}'):
        [read_one] = read(f"[{record}]".encode(), records=(), key=(("uid",),), spelled=spelled)
        assert read_one.record_id == "7"


def test_one_of_several_fields_says_that_a_record_is_gone() -> None:
    gone = Deleted("deletedAt|revokedAt", present=True)
    body = b'[{"id":1,"revokedAt":"2026-03-01"},{"id":2,"deletedAt":null},{"id":3,"deletedAt":"2026-03-01"}]'
    assert [record.is_deleted for record in read(body, records=(), deleted=gone)] == [True, False, True]
