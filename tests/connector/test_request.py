from __future__ import annotations

import msgspec
import pytest

from avesa.connector.request import Request, Response
from avesa.connector.template import fill

REQUEST = Request("GET", "https://v.example/a", (("page", "1"),), (("Authorization", "Basic s3cr3t"),), "body s3cr3t")


def test_a_request_survives_its_json() -> None:
    assert Request.from_json(REQUEST.to_json()) == REQUEST


def test_what_is_no_request_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        Request.from_json('{"method":1}')


def test_reprs_show_neither_header_values_nor_bodies() -> None:
    assert "s3cr3t" not in repr(REQUEST)
    assert "s3cr3t" not in repr(Response(200, {"set-cookie": "s3cr3t"}, b"s3cr3t", "https://v.example"))


def test_setting_a_parameter_replaces_the_one_of_that_name() -> None:
    assert REQUEST.with_params(("page", "2"), ("size", "5")).params == (("page", "2"), ("size", "5"))


def test_a_header_is_replaced_whatever_its_case() -> None:
    assert REQUEST.with_headers(("authorization", "x")).headers == (("authorization", "x"),)


def test_a_path_is_filled_with_quoted_values() -> None:
    assert fill("/a/{id}/b", {"id": "x/../y?z"}, quoted=True) == "/a/x%2F..%2Fy%3Fz/b"
