"""The evaluator decides as IAM does, so that what the tests of rights find can be believed."""

from __future__ import annotations

import pytest

from iam_policies import Context, Request, allows

GET = "s3:GetObject"
OBJECT = "arn:aws:s3:::bucket/acme/raw/x"


def statement(effect: str = "Allow", **more: object) -> dict[str, object]:
    return {"Effect": effect, "Action": GET, "Resource": "*", **more}


@pytest.mark.parametrize(
    ("action", "matches"),
    [("s3:Get*", True), ("S3:getobject", True), ("s3:Put*", False), ("s3:GetObjec?", True), ("*", True)],
)
def test_actions_match_by_wildcards_and_without_case(action: str, matches: bool) -> None:
    assert allows([statement(Action=["kms:Decrypt", action])], Request(GET, OBJECT)) is matches


def test_what_nothing_allows_is_refused() -> None:
    assert not allows([], Request(GET, OBJECT))


def test_a_denial_goes_before_what_is_allowed() -> None:
    assert not allows([statement(), statement("Deny")], Request(GET, OBJECT))


@pytest.mark.parametrize(
    ("context", "matches"),
    [
        ({"aws:PrincipalTag/tenant_id": "acme"}, True),
        ({"aws:PrincipalTag/tenant_id": "acm"}, False),
        ({"aws:PrincipalTag/tenant_id": "*"}, False),
        ({"aws:PrincipalTag/tenant_id": "a???"}, False),
        ({}, False),
    ],
)
def test_a_variable_is_taken_literally_and_matches_nothing_without_a_value(context: Context, matches: bool) -> None:
    resource = "arn:aws:s3:::bucket/${aws:PrincipalTag/tenant_id}/*"
    assert allows([statement(Resource=resource)], Request(GET, OBJECT, context)) is matches


@pytest.mark.parametrize(
    ("condition", "context", "holds"),
    [
        ({"StringEquals": {"k": ["a", "b"]}}, {"k": "b"}, True),
        ({"StringEquals": {"k": "a*"}}, {"k": "ab"}, False),
        ({"StringEquals": {"k": "a"}}, {}, False),
        ({"StringLike": {"k": "a*"}}, {"k": "ab"}, True),
        ({"StringLike": {"k": "?*"}}, {"k": ""}, False),
        ({"StringNotEquals": {"k": "a"}}, {"k": "b"}, True),
        ({"StringNotEquals": {"k": "a"}}, {}, True),
        ({"StringNotEquals": {"k": "a"}}, {"k": "a"}, False),
        ({"ForAllValues:StringEquals": {"k": ["a", "b"]}}, {"k": ["a"]}, True),
        ({"ForAllValues:StringEquals": {"k": ["a"]}}, {"k": ["a", "b"]}, False),
        ({"ForAllValues:StringEquals": {"k": ["a"]}}, {}, True),
        ({"Null": {"k": "true"}}, {}, True),
        ({"Null": {"k": "true"}}, {"k": "a"}, False),
        ({"Null": {"k": "false"}}, {"k": "a"}, True),
        ({"Bool": {"k": "false"}}, {"k": "false"}, True),
        ({"Bool": {"k": False}}, {"k": "true"}, False),
        ({"Bool": {"k": "false"}}, {}, False),
        ({"ArnEquals": {"k": "arn:aws:iam::1:role/a"}}, {"k": "arn:aws:iam::1:role/a"}, True),
        ({"NumericLessThan": {"k": 1.2}}, {"k": "1.1"}, True),
        ({"StringEquals": {"k": "a", "l": "b"}}, {"k": "a", "l": "c"}, False),
    ],
)
def test_conditions_hold_as_iam_has_them(condition: object, context: Context, holds: bool) -> None:
    assert allows([statement(Condition=condition)], Request(GET, OBJECT, context)) is holds


def test_what_is_not_evaluated_is_an_error() -> None:
    with pytest.raises(ValueError, match="NotResource"):
        allows([statement(NotResource="x")], Request(GET, OBJECT))
    with pytest.raises(KeyError, match="DateLessThan"):
        allows([statement(Condition={"DateLessThan": {"k": "a"}})], Request(GET, OBJECT, {"k": "a"}))
