"""What a session of a tenant may do, decided over the synthesized policies, and what the key of a silo takes."""

from __future__ import annotations

import pytest

from aws.infrastructure.conftest import OTHER, POOLED, SILO
from aws.infrastructure.rights import (
    DOINGS,
    TENANT_ROLE,
    THROUGH_S3,
    bucket,
    by,
    catalogue,
    data_bucket,
    data_requests,
    pooled_key,
    secret,
    silo_key,
    table,
)
from aws.infrastructure.synthesized import ACCOUNT, REGION, Synthesized
from iam_policies import Request, Statement, allows, denies

pytest.importorskip("aws_cdk", reason="the stacks have an environment of their own: make test-infra")


def test_all_that_a_worker_does_is_tried(synthesized: Synthesized) -> None:
    assert sorted(data_requests(synthesized, POOLED)) == sorted(DOINGS)


@pytest.mark.parametrize("doing", DOINGS)
def test_a_session_of_a_tenant_does_this_for_its_tenant_alone(
    synthesized: Synthesized, of_tenants: list[Statement], doing: str
) -> None:
    own, others = data_requests(synthesized, POOLED)[doing], data_requests(synthesized, OTHER)[doing]

    assert allows(of_tenants, by(POOLED, own))
    assert not allows(of_tenants, by(POOLED, others))
    assert not allows(of_tenants, by(OTHER, own))


def test_no_right_is_given_that_no_worker_uses(synthesized: Synthesized, of_tenants: list[Statement]) -> None:
    done = [by(POOLED, request) for request in data_requests(synthesized, POOLED).values()]
    given = [
        {**one, "Action": action}
        for one in of_tenants
        for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
        if one["Effect"] == "Allow" and not action.startswith("kms:")
    ]
    assert [one for one in given if not any(allows([one], request) for request in done)] == []


@pytest.mark.parametrize("doing", DOINGS)
@pytest.mark.parametrize("tag", [None, "", "acm", "acme2", "*", "acme/raw", "acme/raw/connectwise"])
def test_no_tag_and_no_other_tag_gives_that_right(
    synthesized: Synthesized, of_tenants: list[Statement], doing: str, tag: str | None
) -> None:
    assert not allows(of_tenants, by(tag, data_requests(synthesized, POOLED)[doing]))


@pytest.mark.parametrize("tag", ["_runs", "acme/raw", "a b", "acme.", "-acme", "acme:x", "@acme", "a=b", "a+b"])
def test_a_tag_that_is_no_tenants_name_is_denied_everything(
    synthesized: Synthesized, of_tenants: list[Statement], tag: str
) -> None:
    below = Request("s3:GetObject", f"{bucket(synthesized)}/{tag}/x")

    assert denies(of_tenants, by(tag, below))
    for name in ("acme", "acme-2", "acme_2", "2acme"):
        assert allows(of_tenants, by(name, Request("s3:GetObject", f"{bucket(synthesized)}/{name}/x")))


def test_without_a_tag_everything_is_denied_whatever_else_would_allow_it(of_tenants: list[Statement]) -> None:
    anything = Request("ec2:DescribeInstances", "*")

    assert denies(of_tenants, anything)
    assert not denies(of_tenants, by(POOLED, anything))


@pytest.mark.parametrize("prefix", ["", "a", "acme", "globex/", "globex/raw/", "acme2/", "_runs/", None], ids=repr)
def test_a_tenant_lists_no_more_than_its_own_prefix(
    synthesized: Synthesized, of_tenants: list[Statement], prefix: str | None
) -> None:
    context = {} if prefix is None else {"s3:prefix": prefix}
    assert not allows(of_tenants, by(POOLED, Request("s3:ListBucket", bucket(synthesized), context)))


def test_a_request_for_keys_of_two_tenants_at_once_is_refused(of_tenants: list[Statement]) -> None:
    both = Request("dynamodb:GetItem", table("LastUpdated"), {"dynamodb:LeadingKeys": [POOLED, OTHER]})
    assert not allows(of_tenants, by(POOLED, both))


def test_a_request_that_names_no_key_is_refused(of_tenants: list[Statement]) -> None:
    for action in ("Query", "Scan", "GetItem", "PartiQLSelect"):
        assert not allows(of_tenants, by(POOLED, Request(f"dynamodb:{action}", table("LastUpdated"))))


def test_raw_files_and_versions_of_objects_are_deleted_by_no_session(
    synthesized: Synthesized, of_tenants: list[Statement]
) -> None:
    raw = f"{bucket(synthesized)}/{POOLED}/raw/connectwise/tickets/1.parquet"
    table_file = f"{bucket(synthesized)}/{POOLED}/canonical/tickets/1.parquet"

    assert not allows(of_tenants, by(POOLED, Request("s3:DeleteObject", raw)))
    assert not allows(of_tenants, by(POOLED, Request("s3:DeleteObjectVersion", table_file)))


def test_a_tenant_reaches_no_plan_no_book_and_nobodys_names(
    synthesized: Synthesized, of_tenants: list[Statement]
) -> None:
    names = {"dynamodb:LeadingKeys": ["#tenants"]}
    for request in (
        Request("s3:GetObject", f"{bucket(synthesized)}/_runs/1/plan.json"),
        Request("dynamodb:GetItem", table("Allowances"), {"dynamodb:LeadingKeys": [POOLED]}),
        Request("dynamodb:Query", table("TenantServices"), names),
        Request("dynamodb:PutItem", table("TenantServices"), {"dynamodb:LeadingKeys": [POOLED]}),
        Request("secretsmanager:ListSecrets", "*"),
        Request("secretsmanager:DeleteSecret", secret(POOLED)),
        Request("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/{TENANT_ROLE}"),
    ):
        assert not allows(of_tenants, by(POOLED, request)), request


def test_secrets_of_another_environment_are_another_tenants(of_tenants: list[Statement]) -> None:
    elsewhere = secret(POOLED).replace("avesa/prod/", "avesa/dev/")
    assert not allows(of_tenants, by(POOLED, Request("secretsmanager:GetSecretValue", elsewhere)))


def test_the_key_serves_through_s3_only(synthesized: Synthesized, of_tenants: list[Statement]) -> None:
    key = pooled_key(synthesized)
    assert allows(of_tenants, by(POOLED, Request("kms:Decrypt", key, THROUGH_S3)))
    assert not allows(of_tenants, by(POOLED, Request("kms:Decrypt", key)))


def test_the_catalogue_is_changed_and_nothing_in_it_deleted(of_tenants: list[Statement]) -> None:
    database, tables = catalogue(f"database/avesa_prod_{POOLED}"), catalogue(f"table/avesa_prod_{POOLED}/tickets")
    for action in ("CreateDatabase", "CreateTable", "UpdateTable", "GetTable"):
        # Glue asks for the right to the catalogue itself too.
        assert allows(of_tenants, by(POOLED, Request(f"glue:{action}", catalogue("catalog"))))
        assert not allows(of_tenants, by(None, Request(f"glue:{action}", catalogue("catalog"))))
    for action in ("DeleteDatabase", "DeleteTable", "UpdateDatabase", "PutResourcePolicy", "SearchTables"):
        for resource in (database, tables, catalogue("catalog")):
            assert not allows(of_tenants, by(POOLED, Request(f"glue:{action}", resource)))


def test_the_catalogue_of_another_environment_is_another_tenants(of_tenants: list[Statement]) -> None:
    elsewhere = catalogue(f"table/avesa_dev_{POOLED}/tickets")
    assert not allows(of_tenants, by(POOLED, Request("glue:GetTable", elsewhere)))


def test_a_tenants_missing_file_is_missing_and_not_forbidden(
    synthesized: Synthesized, of_tenants: list[Statement]
) -> None:
    """A Delta table begins with looking for a log that is not there yet."""
    key = f"{POOLED}/canonical/tickets/_delta_log/_last_checkpoint"
    assert allows(of_tenants, by(POOLED, Request("s3:ListBucket", bucket(synthesized), {"s3:prefix": key})))


# A tenant with a key of its own


def test_the_key_of_a_silo_serves_its_tenant_alone(synthesized: Synthesized, of_tenants: list[Statement]) -> None:
    (found,) = [one for one in synthesized.all("AWS::KMS::Key") if one.arn == silo_key(synthesized)]
    tags = {f"aws:ResourceTag/{tag['Key']}": tag["Value"] for tag in found.properties["Tags"]}
    assert tags["aws:ResourceTag/tenant_id"] == SILO
    for service in ("s3", "secretsmanager"):
        via = {"kms:ViaService": f"{service}.{REGION}.amazonaws.com", **tags}
        assert allows(of_tenants, by(SILO, Request("kms:Decrypt", found.arn, via)))
        assert not allows(of_tenants, by(POOLED, Request("kms:Decrypt", found.arn, via)))
    assert not allows(of_tenants, by(SILO, Request("kms:Decrypt", found.arn, tags)))


def test_a_key_without_a_tag_is_no_tenants(of_tenants: list[Statement]) -> None:
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/another"
    for tags in ({}, {"aws:ResourceTag/tenant_id": ""}, {"aws:ResourceTag/tenant_id": OTHER}):
        assert not allows(of_tenants, by(POOLED, Request("kms:Decrypt", key, {**THROUGH_S3, **tags})))


def test_the_key_of_a_silo_refuses_every_other_role_of_ours_by_itself(synthesized: Synthesized) -> None:
    (found,) = [one for one in synthesized.all("AWS::KMS::Key") if one.arn == silo_key(synthesized)]
    policy = found.properties["KeyPolicy"]["Statement"]
    ours = {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/{TENANT_ROLE}"}

    assert denies(policy, by(POOLED, Request("kms:Decrypt", "*", ours)))
    assert denies(policy, by(None, Request("kms:GenerateDataKey", "*", ours)))
    assert not denies(policy, by(SILO, Request("kms:Decrypt", "*", ours)))


def test_objects_of_a_silo_are_taken_only_under_its_key(synthesized: Synthesized) -> None:
    (policy,) = [
        one.properties["PolicyDocument"]["Statement"]
        for one in synthesized.all("AWS::S3::BucketPolicy")
        if one.properties["Bucket"] == data_bucket(synthesized).name
    ]
    header = "s3:x-amz-server-side-encryption-aws-kms-key-id"
    own, pooled = f"{bucket(synthesized)}/{SILO}/raw/x", f"{bucket(synthesized)}/{POOLED}/raw/x"
    secure = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.3"}

    def put(resource: str, key: str | None = None) -> Request:
        return Request("s3:PutObject", resource, secure if key is None else {**secure, header: key})

    assert not denies(policy, put(own, key=silo_key(synthesized)))
    assert denies(policy, put(own, key=pooled_key(synthesized)))
    assert denies(policy, put(own))
    assert not denies(policy, put(pooled))
