"""The role of people who operate an environment with `avesa --aws`. Like the Lambdas it reaches no data of a tenant by
itself and may become any one tenant; besides, it keeps the list of tenants and their schedules, starts syncs, and sees
what became of them.
"""

from __future__ import annotations

from aws_cdk import Duration, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from infrastructure import names
from infrastructure.constructs.suppressions import suppress
from infrastructure.constructs.tenant_access import TenantData
from infrastructure.environment import Environment


class OperatorRole(Construct):
    """Whoever in the account has been granted sts:AssumeRole on it may become it."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        environment: Environment,
        data: TenantData,
        allowances: dynamodb.ITable,
        tenant_role: iam.IRole,
    ) -> None:
        super().__init__(scope, id)
        stack = Stack.of(self)
        self.role = iam.Role(
            self,
            "Role",
            role_name=names.operator_role(environment),
            description="People who operate this environment; no data of a tenant without becoming that tenant",
            assumed_by=iam.AccountRootPrincipal(),
            max_session_duration=Duration.hours(8),
        )
        statements = [
            *_tenants(stack, environment, data),
            iam.PolicyStatement(
                sid="BecomeATenant", actions=["sts:AssumeRole", "sts:TagSession"], resources=[tenant_role.role_arn]
            ),
            iam.PolicyStatement(
                sid="BookOfVendorAccounts",
                actions=["dynamodb:GetItem", "dynamodb:PutItem"],
                resources=[allowances.table_arn],
            ),
            *_workflow(stack, environment),
            *_reports(stack, data),
            _undelivered(stack, environment),
            *_schedules(stack, environment),
        ]
        for statement in statements:
            self.role.add_to_policy(statement)
        suppress(
            self.role,
            "IAM5",
            "Names of secrets, schedules, executions and reports are made later, each below a prefix of this "
            "environment; a list of secrets takes no resource.",
        )


def _tenants(stack: Stack, environment: Environment, data: TenantData) -> list[iam.PolicyStatement]:
    """To add, connect and list tenants, and to forget one that leaves."""
    return [
        iam.PolicyStatement(
            sid="Tenants",
            actions=[
                "dynamodb:Query",
                "dynamodb:PutItem",
                "dynamodb:UpdateItem",
                "dynamodb:DeleteItem",
                "dynamodb:ConditionCheckItem",
                "dynamodb:BatchWriteItem",
            ],
            resources=[data.tenant_services.table_arn],
        ),
        iam.PolicyStatement(
            sid="ForgetStatesAndRuns",
            actions=["dynamodb:Query", "dynamodb:BatchWriteItem"],
            resources=[data.last_updated.table_arn, data.run_log.table_arn],
        ),
        iam.PolicyStatement(
            sid="ForgetSecrets",
            actions=["secretsmanager:DeleteSecret"],
            resources=[names.secrets_arn(stack, environment, "*")],
        ),
        iam.PolicyStatement(sid="NamesOfSecrets", actions=["secretsmanager:ListSecrets"], resources=["*"]),
    ]


def _workflow(stack: Stack, environment: Environment) -> list[iam.PolicyStatement]:
    parameter = stack.format_arn(
        service="ssm", resource="parameter", resource_name=names.installation_parameter(environment).removeprefix("/")
    )
    return [
        iam.PolicyStatement(sid="WhatItIsMadeOf", actions=["ssm:GetParameter"], resources=[parameter]),
        iam.PolicyStatement(
            sid="StartASync",
            actions=["states:StartExecution"],
            resources=[names.state_machine_arn(stack, environment)],
        ),
        iam.PolicyStatement(
            sid="FollowASync",
            actions=["states:DescribeExecution", "states:RedriveExecution"],
            resources=[names.executions_arn(stack, environment)],
        ),
    ]


def _reports(stack: Stack, data: TenantData) -> list[iam.PolicyStatement]:
    """What runs came to, which lies under no tenant's prefix."""
    return [
        iam.PolicyStatement(
            sid="Reports",
            actions=["s3:GetObject"],
            resources=[data.bucket.arn_for_objects(f"{names.RUNS}/*/report.json")],
        ),
        iam.PolicyStatement(
            sid="KeyOfTheBucket",
            actions=["kms:Decrypt"],
            resources=[data.key.key_arn],
            conditions={"StringEquals": {"kms:ViaService": f"s3.{stack.region}.amazonaws.com"}},
        ),
    ]


def _undelivered(stack: Stack, environment: Environment) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid="Undelivered",
        actions=["sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:PurgeQueue"],
        resources=[names.dead_letters_arn(stack, environment, part) for part in names.DEAD_LETTERS],
    )


def _schedules(stack: Stack, environment: Environment) -> list[iam.PolicyStatement]:
    """Of single services of tenants, not that of all. What they start is said by the role that they are given."""
    return [
        iam.PolicyStatement(
            sid="TenantsSchedules",
            actions=["scheduler:CreateSchedule", "scheduler:UpdateSchedule", "scheduler:DeleteSchedule"],
            resources=[names.tenants_schedules_arn(stack, environment)],
        ),
        iam.PolicyStatement(
            sid="StartAsTheSchedule",
            actions=["iam:PassRole"],
            resources=[names.role_arn(stack, names.schedule_role(environment))],
            conditions={"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}},
        ),
    ]
