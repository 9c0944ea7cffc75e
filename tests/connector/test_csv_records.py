from __future__ import annotations

import json

import pytest

from avesa.connector.csv_records import csv_records
from avesa.connector.reading import reading_of
from avesa.connector.records import read_page
from avesa.connector.service import Endpoint
from avesa.shared.errors import TableFailed
from tiny_vendor import SERVICE

READING = reading_of(SERVICE, Endpoint("days", "/days", records_as="csv", key=("Name",), changes=None))


def test_each_line_becomes_an_object_of_texts_in_the_order_of_the_columns() -> None:
    body = '\ufeffName,Size (Byte),Note\r\nÄ,12,\r\n"b ""c"", d",0,"two\r\nlines"\r\n\r\n'.encode()
    assert [json.loads(line) for line in csv_records(body, ["Name"])] == [
        {"Name": "Ä", "Size (Byte)": "12", "Note": ""},
        {"Name": 'b "c", d', "Size (Byte)": "0", "Note": "two\r\nlines"},
    ]


def test_a_table_without_lines_has_no_records() -> None:
    assert csv_records(b"Name,Size\r\n", ["Name"]) == []


def test_a_line_becomes_a_row_with_its_key() -> None:
    [row] = read_page(b"Name,Size\r\nx,1\r\n", READING, page=1, parent_id=None)
    assert (row.record_id, row.payload, row.problem) == ("x", '{"Name": "x", "Size": "1"}', None)


def test_bytes_that_are_no_utf8_are_told_beside_the_row() -> None:
    [row] = read_page(b"Name,Size\r\nx,\xff\r\n", READING, page=1, parent_id=None)
    assert row.record_id == "x" and row.problem == "the record is not UTF-8"


@pytest.mark.parametrize("body", [b"", b"<html>", b"Title,Size\r\nx,1\r\n", b"Name,Size\r\nx\r\n", b'Name\r\n"x'])
def test_what_is_no_such_table_fails(body: bytes) -> None:
    with pytest.raises(TableFailed, match="Page 3"):
        read_page(body, READING, page=3, parent_id=None)
