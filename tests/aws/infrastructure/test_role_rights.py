"""What the Lambdas, the workflow, its schedules and operators may do, decided over the synthesized policies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from aws.infrastructure.conftest import POOLED
from aws.infrastructure.rights import (
    ACTING,
    DOINGS,
    OPERATOR,
    TENANT_ROLE,
    THROUGH_S3,
    bucket,
    by,
    data_requests,
    pooled_key,
    secret,
    table,
)
from aws.infrastructure.synthesized import ACCOUNT, REGION, Synthesized
from iam_policies import Request, allows, denies

pytest.importorskip("aws_cdk", reason="the stacks have an environment of their own: make test-infra")


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
    may = {f"Query in {name}" for name in ("TenantServices", "LastUpdated")}
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


@pytest.mark.parametrize("action", ["GetObject", "PutObject", "ListMultipartUploadParts", "AbortMultipartUpload"])
def test_the_map_writes_its_results_and_in_parts_if_they_are_many(synthesized: Synthesized, action: str) -> None:
    """As https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html asks for."""
    sync = synthesized.statements("avesa-prod-sync")
    assert allows(sync, Request(f"s3:{action}", f"{bucket(synthesized)}/_runs/1/results/2/SUCCEEDED_0.json"))
    assert not allows(
        sync, Request(f"s3:{action}", f"{bucket(synthesized)}/{POOLED}/raw/connectwise/tickets/1.parquet")
    )


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


def test_an_operator_sees_what_runs_came_to_and_has_them_go_on(synthesized: Synthesized) -> None:
    operator, runs = synthesized.statements(OPERATOR), f"{bucket(synthesized)}/_runs/1"
    assert allows(operator, Request("s3:GetObject", f"{runs}/report.json"))
    assert not allows(operator, Request("s3:GetObject", f"{runs}/plan.json"))
    assert not allows(operator, Request("s3:PutObject", f"{runs}/report.json"))
    assert allows(operator, Request("kms:Decrypt", pooled_key(synthesized), THROUGH_S3))
    assert not allows(operator, Request("kms:Decrypt", pooled_key(synthesized)))
    run = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:avesa-prod-sync:1"
    assert allows(operator, Request("states:RedriveExecution", run))
    assert not allows(operator, Request("states:StopExecution", run))


def test_an_operator_looks_at_what_could_not_be_delivered_and_clears_it(synthesized: Synthesized) -> None:
    operator = synthesized.statements(OPERATOR)
    queues = [one.arn for one in synthesized.all("AWS::SQS::Queue")]
    assert len(queues) == 3
    for queue in queues:
        for action in ("GetQueueUrl", "ReceiveMessage", "PurgeQueue"):
            assert allows(operator, Request(f"sqs:{action}", queue))
            assert not allows(operator, Request(f"sqs:{action}", queue.replace("prod", "dev")))


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


def test_policies_are_no_longer_than_iam_takes(synthesized: Synthesized) -> None:
    for one in synthesized.all("AWS::IAM::Policy"):
        assert len(json.dumps(one.properties["PolicyDocument"], separators=(",", ":"))) < 10_240, one.id
