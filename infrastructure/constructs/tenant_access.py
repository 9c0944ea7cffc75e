"""What the credentials of one tenant reach: a role bound to the session tag `tenant_id`, and nothing without it.

A Lambda that acts for a tenant has no right to any tenant's data itself. It assumes this role with the tenant's name as
a tag, and every right below is bound to that tag.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infrastructure import names
from infrastructure.constructs.catalogue_access import own_catalogue
from infrastructure.environment import Environment

TAG = "tenant_id"
TENANT = "${aws:PrincipalTag/tenant_id}"
NO_NAME = ["_*", "-*", *(f"*{character}*" for character in "/.:=+@ ")]
"""What a tag can be and a tenant's name cannot: `acme/raw` would be a prefix too, `_runs` one of no tenant."""


@dataclass(frozen=True)
class TenantData:
    """All that holds something of tenants."""

    bucket: s3.IBucket
    key: kms.IKey
    tenant_services: dynamodb.ITable
    last_updated: dynamodb.ITable
    run_log: dynamodb.ITable


class TenantRole(Construct):
    """`role` is assumed by the execution roles named in `names.EXECUTION_ROLES` and by the operators' role alone, with
    exactly one tag.
    """

    def __init__(self, scope: Construct, id: str, *, environment: Environment, data: TenantData) -> None:
        super().__init__(scope, id)
        self.role = iam.Role(
            self,
            "Role",
            role_name=names.tenant_role(environment),
            description="What one tenant's credentials reach; bound to the session tag tenant_id",
            assumed_by=_assumed_by(Stack.of(self), environment),
            max_session_duration=Duration.hours(1),
        )
        statements = [
            *_nothing_without_a_tenant(),
            *_objects(data),
            _own_key(Stack.of(self)),
            *_state(data),
            _secrets(Stack.of(self), environment),
            own_catalogue(Stack.of(self), environment, TENANT),
        ]
        for statement in statements:
            self.role.add_to_policy(statement)


def _assumed_by(stack: Stack, environment: Environment) -> iam.IPrincipal:
    """Roles are compared by name, so that they may be made after this one."""
    acting = [names.execution_role(environment, kind) for kind in names.EXECUTION_ROLES]
    roles = [names.role_arn(stack, name) for name in (*acting, names.operator_role(environment))]
    conditions = {
        "ArnEquals": {"aws:PrincipalArn": roles},
        "StringLike": {f"aws:RequestTag/{TAG}": "?*"},
        "ForAllValues:StringEquals": {"aws:TagKeys": [TAG]},
    }
    return iam.SessionTagsPrincipal(iam.AccountRootPrincipal().with_conditions(conditions))


def _nothing_without_a_tenant() -> list[iam.PolicyStatement]:
    tag = f"aws:PrincipalTag/{TAG}"
    denied: dict[str, dict[str, Any]] = {
        "NothingWithoutATenant": {"Null": {tag: "true"}},
        "NothingForWhatIsNoName": {"StringLike": {tag: NO_NAME}},
    }
    return [
        iam.PolicyStatement(sid=sid, effect=iam.Effect.DENY, actions=["*"], resources=["*"], conditions=conditions)
        for sid, conditions in denied.items()
    ]


def _objects(data: TenantData) -> list[iam.PolicyStatement]:
    """Raw files can be added, never deleted: no code of ours does, and no stolen session shall."""
    bucket = data.bucket
    return [
        iam.PolicyStatement(
            sid="OwnObjects",
            actions=["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"],
            resources=[bucket.arn_for_objects(f"{TENANT}/*")],
        ),
        iam.PolicyStatement(
            sid="OwnTablesAreCleared",
            actions=["s3:DeleteObject"],
            resources=[bucket.arn_for_objects(f"{TENANT}/{folder}/*") for folder in ("canonical", "quarantine")],
        ),
        iam.PolicyStatement(
            sid="OwnPrefix",
            actions=["s3:ListBucket"],
            resources=[bucket.bucket_arn],
            conditions={"StringLike": {"s3:prefix": [f"{TENANT}/*"]}},
        ),
        iam.PolicyStatement(
            sid="KeyOfTheBucket",
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            resources=[data.key.key_arn],
            conditions={"StringEquals": {"kms:ViaService": f"s3.{Stack.of(bucket).region}.amazonaws.com"}},
        ),
    ]


def _own_key(stack: Stack) -> iam.PolicyStatement:
    """The key of a tenant that has one of its own: it carries the same tag. One right for any number of them."""
    via = [f"{service}.{stack.region}.amazonaws.com" for service in ("s3", "secretsmanager")]
    return iam.PolicyStatement(
        sid="OwnKey",
        actions=["kms:Decrypt", "kms:GenerateDataKey"],
        resources=[stack.format_arn(service="kms", resource="key", resource_name="*")],
        conditions={"StringEquals": {f"aws:ResourceTag/{TAG}": TENANT, "kms:ViaService": via}},
    )


def _state(data: TenantData) -> list[iam.PolicyStatement]:
    own = {
        "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [TENANT]},
        "Null": {"dynamodb:LeadingKeys": "false"},
    }
    rights = {
        "OwnServices": (data.tenant_services, ["Query", "UpdateItem"]),
        "OwnWatermarks": (data.last_updated, ["GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"]),
        "OwnRuns": (data.run_log, ["Query", "PutItem"]),
    }
    return [
        iam.PolicyStatement(
            sid=sid,
            actions=[f"dynamodb:{action}" for action in actions],
            resources=[table.table_arn],
            conditions=own,
        )
        for sid, (table, actions) in rights.items()
    ]


def _secrets(stack: Stack, environment: Environment) -> iam.PolicyStatement:
    """Written too, since some vendors exchange a refresh token at each use, and made, when a person connects a service:
    in the tenant's session, which alone may use the key of a silo.
    """
    return iam.PolicyStatement(
        sid="OwnSecrets",
        actions=[
            "secretsmanager:GetSecretValue",
            "secretsmanager:CreateSecret",
            "secretsmanager:PutSecretValue",
            "secretsmanager:UpdateSecretVersionStage",
        ],
        resources=[names.secrets_arn(stack, environment, f"{TENANT}/*")],
    )
