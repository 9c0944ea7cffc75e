"""Tier `silo`: a KMS key of one tenant, for its objects and secrets. No role of AVESA's uses it but with that tenant's
tag; what people may do with it, as with any key, is said by their own policies.
"""

from __future__ import annotations

from aws_cdk import RemovalPolicy, Stack, Tags
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infrastructure import names
from infrastructure.constructs.tenant_access import TAG
from infrastructure.environment import Environment


def alias(environment: Environment, tenant: str) -> str:
    return f"alias/{environment.prefix}-{tenant}"


def _as_sid(tenant: str) -> str:
    return "".join(part.capitalize() for part in tenant.replace("_", "-").split("-"))


class Silo(Construct):
    """A tenant's own key, which carries its name as a tag: the tenant role may use the key that is tagged as its
    session is. Objects below the tenant's prefix are taken only if they are encrypted with it.
    """

    def __init__(self, scope: Construct, id: str, *, environment: Environment, tenant: str, bucket: s3.Bucket) -> None:
        super().__init__(scope, id)
        self.key = kms.Key(
            self,
            "Key",
            alias=alias(environment, tenant),
            description=f"Objects and secrets of tenant {tenant}, {environment.name}",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.RETAIN,
        )
        Tags.of(self.key).add(TAG, tenant)
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="NoOtherUse",
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
                resources=["*"],
                conditions={
                    "StringNotEquals": {f"aws:PrincipalTag/{TAG}": tenant},
                    "ArnLike": {"aws:PrincipalArn": names.role_arn(Stack.of(self), f"{environment.prefix}-*")},
                },
            )
        )
        bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid=f"Silo{_as_sid(tenant)}",
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=["s3:PutObject"],
                resources=[bucket.arn_for_objects(f"{tenant}/*")],
                conditions={
                    "StringNotEquals": {"s3:x-amz-server-side-encryption-aws-kms-key-id": self.key.key_arn},
                },
            )
        )
