"""Who may do what, decided over the synthesized policies: a tenant's session, the Lambdas, the workflow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from aws.infrastructure.conftest import OTHER, POOLED, SILO
from aws.infrastructure.iam_policies import Request, Statement, allows, denies
from aws.infrastructure.synthesized import ACCOUNT, REGION, Synthesized

pytest.importorskip("aws_cdk", reason="the stacks have an environment of their own: make test-infra")

TENANT_ROLE = "avesa-prod-tenant"
ACTING = ["avesa-prod-ingestion-execution", "avesa-prod-transform-execution"]
OPERATOR = "avesa-prod-operator"
THROUGH_S3 = {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}
TAG = "aws:PrincipalTag/tenant_id"


def secret(tenant: str) -> str:
    return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:avesa/prod/{tenant}/connectwise-AbCdEf"


def table(name: str) -> str:
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/avesa-prod-{name}"


def catalogue(rest: str) -> str:
    return f"arn:aws:glue:{REGION}:{ACCOUNT}:{rest}"


def bucket(synthesized: Synthesized) -> str:
    return data_bucket(synthesized).arn


def data_bucket(synthesized: Synthesized) -> Any:
    return next(one for one in synthesized.all("AWS::S3::Bucket") if one.id.startswith("Data"))


def pooled_key(synthesized: Synthesized) -> str:
    (key,) = [one for one in synthesized.all("AWS::KMS::Key") if one.stack == "storage" and one.id.startswith("Key")]
    return key.arn


def silo_key(synthesized: Synthesized) -> str:
    (key,) = [one for one in synthesized.all("AWS::KMS::Key") if one.id.startswith("Silo")]
    return key.arn


def data_requests(synthesized: Synthesized, owner: str) -> dict[str, Request]:
    """All that a worker does with the data of `owner`, without saying who does it."""
    objects = f"{bucket(synthesized)}/{owner}"
    requests = {
        "read a raw file": Request("s3:GetObject", f"{objects}/raw/connectwise/tickets/1.parquet"),
        "write a raw file": Request("s3:PutObject", f"{objects}/raw/connectwise/tickets/1.parquet"),
        "read a table": Request("s3:GetObject", f"{objects}/canonical/tickets/_delta_log/0.json"),
        "write a table": Request("s3:PutObject", f"{objects}/canonical/tickets/_delta_log/0.json"),
        "clear a table": Request("s3:DeleteObject", f"{objects}/canonical/tickets/1.parquet"),
        "clear the quarantine": Request("s3:DeleteObject", f"{objects}/quarantine/tickets/1.parquet"),
        "list": Request("s3:ListBucket", bucket(synthesized), {"s3:prefix": f"{owner}/raw/connectwise/tickets/"}),
        "make a secret": Request("secretsmanager:CreateSecret", secret(owner)),
        "read a secret": Request("secretsmanager:GetSecretValue", secret(owner)),
        "exchange a secret": Request("secretsmanager:PutSecretValue", secret(owner)),
        "bring a secret into force": Request("secretsmanager:UpdateSecretVersionStage", secret(owner)),
    }
    for doing, action in {"look up": "Get", "register": "Create", "change": "Update"}.items():
        there = catalogue(f"table/avesa_prod_{owner}/tickets")
        requests[f"{doing} a table of the catalogue"] = Request(f"glue:{action}Table", there)
    requests["make a database"] = Request("glue:CreateDatabase", catalogue(f"database/avesa_prod_{owner}"))
    keys = {"dynamodb:LeadingKeys": [owner]}
    for name, actions in {
        "TenantServices": ("GetItem", "Query", "UpdateItem"),
        "LastUpdated": ("GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"),
        "RunLog": ("Query", "PutItem"),
    }.items():
        for action in actions:
            requests[f"{action} in {name}"] = Request(f"dynamodb:{action}", table(name), keys)
    return requests


DOINGS = [
    *("read a raw file", "write a raw file", "read a table", "write a table", "clear a table", "clear the quarantine"),
    *("list", "make a secret", "read a secret", "exchange a secret", "bring a secret into force"),
    *(f"{doing} a table of the catalogue" for doing in ("look up", "register", "change")),
    "make a database",
    *(f"{action} in TenantServices" for action in ("GetItem", "Query", "UpdateItem")),
    *(f"{action} in LastUpdated" for action in ("GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem")),
    *(f"{action} in RunLog" for action in ("Query", "PutItem")),
]


def by(tenant: str | None, request: Request) -> Request:
    """The request with the session tag of a tenant, or without any."""
    tag = {} if tenant is None else {TAG: tenant}
    return Request(request.action, request.resource, {**request.context, **tag})


@pytest.fixture(scope="session")
def of_tenants(synthesized: Synthesized) -> list[Statement]:
    return synthesized.statements(TENANT_ROLE)


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


# The roles of the Lambdas


@pytest.mark.parametrize("role", ACTING)
@pytest.mark.parametrize("doing", DOINGS)
@pytest.mark.parametrize("tag", [None, POOLED])
def test_a_lambda_reaches_no_tenants_data_by_itself(
    synthesized: Synthesized, role: str, doing: str, tag: str | None
) -> None:
    assert not allows(synthesized.statements(role), by(tag, data_requests(synthesized, POOLED)[doing]))


@pytest.mark.parametrize("role", ACTING)
def test_all_that_a_lambda_may_is_named(synthesized: Synthesized, role: str) -> None:
    allowed = {
        (action, tuple([one["Resource"]] if isinstance(one["Resource"], str) else one["Resource"]))
        for one in synthesized.statements(role)
        for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
    }
    part = "integrations" if "ingestion" in role else "transform"
    tenant_role = f"arn:aws:iam::{ACCOUNT}:role/{TENANT_ROLE}"
    assert {pair for pair in allowed if not pair[0].startswith("logs:")} == {
        ("sts:AssumeRole", (tenant_role,)),
        ("sts:TagSession", (tenant_role,)),
        ("dynamodb:GetItem", (table("Allowances"),)),
        ("dynamodb:PutItem", (table("Allowances"),)),
        ("sqs:SendMessage", (f"arn:aws:sqs:{REGION}:{ACCOUNT}:avesa-prod-{part}-dead-letters",)),
        ("xray:PutTraceSegments", ("*",)),
        ("xray:PutTelemetryRecords", ("*",)),
    }


def trust(synthesized: Synthesized) -> list[Mapping[str, Any]]:
    document = synthesized.named("AWS::IAM::Role", TENANT_ROLE).properties["AssumeRolePolicyDocument"]
    return [*document["Statement"]]


def assume(role: str, tags: Mapping[str, str]) -> Request:
    context: dict[str, Any] = {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/{role}"}
    if tags:
        context |= {f"aws:RequestTag/{name}": value for name, value in tags.items()} | {"aws:TagKeys": list(tags)}
    return Request("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/{TENANT_ROLE}", context)


@pytest.mark.parametrize("role", [*ACTING, OPERATOR])
def test_the_lambdas_and_operators_become_a_tenant_by_naming_it(synthesized: Synthesized, role: str) -> None:
    request = assume(role, {"tenant_id": POOLED})
    assert allows(trust(synthesized), request)
    assert allows(trust(synthesized), Request("sts:TagSession", request.resource, request.context))
    assert allows(synthesized.statements(role), request)


@pytest.mark.parametrize(
    "request_",
    [
        assume(ACTING[0], {}),
        assume(ACTING[0], {"tenant_id": ""}),
        assume(ACTING[0], {"tenant_id": POOLED, "more": "x"}),
        assume(ACTING[0], {"tenant": POOLED}),
        assume("avesa-prod-plan-execution", {"tenant_id": POOLED}),
        assume("avesa-prod-report-execution", {"tenant_id": POOLED}),
        assume("avesa-dev-ingestion-execution", {"tenant_id": POOLED}),
        assume("administrator", {"tenant_id": POOLED}),
    ],
    ids=["no tag", "an empty tag", "another tag beside it", "another tag", "plan", "report", "dev", "a person"],
)
def test_nobody_becomes_a_tenant_otherwise(synthesized: Synthesized, request_: Request) -> None:
    assert not allows(trust(synthesized), request_)


def test_the_plan_reads_what_is_due_and_no_data(synthesized: Synthesized) -> None:
    plan = synthesized.statements("avesa-prod-plan-execution")
    mapping = f"{bucket(synthesized)}/{POOLED}/mappings/tickets.json"

    for name, key in (("TenantServices", "#tenants"), ("TenantServices", POOLED), ("LastUpdated", POOLED)):
        assert allows(plan, Request("dynamodb:Query", table(name), {"dynamodb:LeadingKeys": [key]}))
    for action in ("s3:GetObject", "s3:PutObject"):
        assert allows(plan, Request(action, f"{bucket(synthesized)}/_runs/1/plan.json"))
    assert allows(plan, Request("s3:GetObject", mapping))
    assert not allows(plan, Request("s3:PutObject", mapping))
    assert allows(plan, Request("s3:ListBucket", bucket(synthesized), {"s3:prefix": f"{POOLED}/mappings/"}))
    may = {f"{action} in {name}" for action in ("GetItem", "Query") for name in ("TenantServices", "LastUpdated")}
    for doing, request in data_requests(synthesized, POOLED).items():
        assert allows(plan, request) is (doing in may), doing


@pytest.mark.parametrize("folder", ["raw/duo", "canonical", "quarantine"])
def test_data_that_have_the_name_of_mappings_are_data(synthesized: Synthesized, folder: str) -> None:
    plan = synthesized.statements("avesa-prod-plan-execution")
    file = f"{POOLED}/{folder}/mappings/1.receipt.json"

    assert denies(plan, Request("s3:GetObject", f"{bucket(synthesized)}/{file}"))
    assert denies(plan, Request("s3:ListBucket", bucket(synthesized), {"s3:prefix": file}))


def test_the_report_reads_the_run_log_and_the_results(synthesized: Synthesized) -> None:
    report = synthesized.statements("avesa-prod-report-execution")

    assert allows(report, Request("dynamodb:Query", table("RunLog"), {"dynamodb:LeadingKeys": [POOLED]}))
    assert allows(report, Request("s3:GetObject", f"{bucket(synthesized)}/_runs/1/results/manifest.json"))
    assert allows(report, Request("s3:PutObject", f"{bucket(synthesized)}/_runs/1/report.json"))
    for doing, request in data_requests(synthesized, POOLED).items():
        if doing != "Query in RunLog":
            assert not allows(report, request), doing


@pytest.mark.parametrize("role", ["avesa-prod-plan-execution", "avesa-prod-report-execution"])
def test_a_missing_file_of_a_run_is_missing_and_not_forbidden(synthesized: Synthesized, role: str) -> None:
    """S3 says so only to those who may list the key."""
    asked = Request("s3:ListBucket", bucket(synthesized), {"s3:prefix": "_runs/1/plan.json"})
    assert allows(synthesized.statements(role), asked)


def test_a_tenants_missing_file_is_missing_and_not_forbidden(
    synthesized: Synthesized, of_tenants: list[Statement]
) -> None:
    """A Delta table begins with looking for a log that is not there yet."""
    key = f"{POOLED}/canonical/tickets/_delta_log/_last_checkpoint"
    assert allows(of_tenants, by(POOLED, Request("s3:ListBucket", bucket(synthesized), {"s3:prefix": key})))


def test_the_workflow_calls_our_functions_and_reaches_no_tenants_data(synthesized: Synthesized) -> None:
    sync = synthesized.statements("avesa-prod-sync")

    functions = {one.name for one in synthesized.all("AWS::Lambda::Function")}
    assert "avesa-connectwise-ingestion-prod" in functions
    for function in functions:
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"
        assert allows(sync, Request("lambda:InvokeFunction", arn)), function
    other = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:avesa-connectwise-ingestion-dev"
    assert not allows(sync, Request("lambda:InvokeFunction", other))
    for doing, request in data_requests(synthesized, POOLED).items():
        assert not allows(sync, request), doing


def test_no_role_may_do_everything_or_anything_to_all(synthesized: Synthesized) -> None:
    """A bare * stands in a denial, or for actions that take no resource."""
    without_resource = {"xray:", "logs:"}
    no_resource = {"secretsmanager:ListSecrets", "scheduler:ListSchedules"}
    roles = [one.name for one in synthesized.all("AWS::IAM::Role")]
    assert len(roles) >= 6
    for role in roles:
        for one in synthesized.statements(role):
            actions = [one["Action"]] if isinstance(one["Action"], str) else one["Action"]
            if one["Effect"] == "Allow":
                assert not any(action.endswith("*") for action in actions if not action.startswith("kms:")), one
                if one["Resource"] == "*":
                    named = {action for action in actions if action not in no_resource}
                    assert {action.partition(":")[0] + ":" for action in named} <= without_resource, one


@pytest.mark.parametrize("doing", [one for one in DOINGS if one.partition(" in ")[2] == ""])
def test_an_operator_reaches_no_object_and_no_secret_by_itself(synthesized: Synthesized, doing: str) -> None:
    for tag in (None, POOLED):
        assert not allows(synthesized.statements(OPERATOR), by(tag, data_requests(synthesized, POOLED)[doing]))


def test_an_operator_keeps_the_list_of_tenants_forgets_one_and_starts_syncs(synthesized: Synthesized) -> None:
    operator = synthesized.statements(OPERATOR)
    for action in ("Query", "PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem", "BatchWriteItem"):
        assert allows(operator, Request(f"dynamodb:{action}", table("TenantServices")))
    for name in ("LastUpdated", "RunLog"):
        assert allows(operator, Request("dynamodb:BatchWriteItem", table(name)))
        assert not allows(operator, Request("dynamodb:PutItem", table(name)))
    assert allows(operator, Request("secretsmanager:DeleteSecret", secret(POOLED)))
    other = secret(POOLED).replace("avesa/prod/", "avesa/dev/")
    assert not allows(operator, Request("secretsmanager:DeleteSecret", other))
    arn = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:avesa-prod-sync"
    assert allows(operator, Request("states:StartExecution", arn))
    run = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:avesa-prod-sync:run"
    assert allows(operator, Request("states:DescribeExecution", run))
    parameter = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/avesa/prod/installation"
    assert allows(operator, Request("ssm:GetParameter", parameter))
    assert not allows(operator, Request("ssm:GetParameter", parameter.replace("prod", "dev")))


def test_an_operator_sets_schedules_of_tenants_that_start_the_workflow_and_not_that_of_all(
    synthesized: Synthesized,
) -> None:
    operator = synthesized.statements(OPERATOR)
    group = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/avesa-prod"
    passed = {"iam:PassedToService": "scheduler.amazonaws.com"}

    def passing(role: str, context: Mapping[str, str]) -> Request:
        return Request("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/{role}", context)

    for action in ("CreateSchedule", "UpdateSchedule", "DeleteSchedule"):
        assert allows(operator, Request(f"scheduler:{action}", f"{group}/acme.connectwise"))
        assert not allows(operator, Request(f"scheduler:{action}", f"{group}/avesa-prod-all"))
        assert not allows(operator, Request(f"scheduler:{action}", f"{group}-2/acme.connectwise"))
    assert allows(operator, passing("avesa-prod-schedule", passed))
    assert not allows(operator, passing("avesa-prod-schedule", {"iam:PassedToService": "lambda.amazonaws.com"}))
    assert not allows(operator, passing("avesa-prod-schedule", {}))
    assert not allows(operator, passing("avesa-prod-sync", passed))


def test_a_schedule_starts_the_workflow_and_does_nothing_else(synthesized: Synthesized) -> None:
    allowed = {
        (action, statement["Resource"])
        for statement in synthesized.statements("avesa-prod-schedule")
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:avesa-prod-workflow-dead-letters"
    assert ("states:StartExecution", f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:avesa-prod-sync") in allowed
    assert {action for action, resource in allowed if resource != queue} == {"states:StartExecution"}


def test_the_plan_sees_which_schedules_there_are(synthesized: Synthesized) -> None:
    plan = synthesized.statements("avesa-prod-plan-execution")
    assert allows(plan, Request("scheduler:ListSchedules", "*"))
    for action in ("CreateSchedule", "DeleteSchedule"):
        assert not allows(
            plan, Request(f"scheduler:{action}", f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/avesa-prod/a.b")
        )


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


def test_policies_are_no_longer_than_iam_takes(synthesized: Synthesized) -> None:
    for one in synthesized.all("AWS::IAM::Policy"):
        assert len(json.dumps(one.properties["PolicyDocument"], separators=(",", ":"))) < 10_240, one.id


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
