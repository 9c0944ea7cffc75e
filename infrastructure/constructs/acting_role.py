"""The role of a Lambda that acts for tenants: it may become any one tenant, and by itself reach no data of any."""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from constructs import Construct

from infrastructure import names
from infrastructure.constructs.lambda_function import execution_role
from infrastructure.environment import Environment
from infrastructure.stacks.storage_and_state import StorageAndState


def acting_role(
    scope: Construct, *, kind: str, environment: Environment, functions: list[str], storage: StorageAndState
) -> iam.Role:
    """The book of vendor accounts is not a tenant's: its keys are digests, its items numbers, and tenants with the same
    account share a line. So it is reached with the function's own credentials.
    """
    return execution_role(
        scope,
        "Role",
        name=names.execution_role(environment, kind),
        functions=functions,
        statements=[
            iam.PolicyStatement(
                sid="BecomeATenant",
                actions=["sts:AssumeRole", "sts:TagSession"],
                resources=[storage.tenant_role.role_arn],
            ),
            iam.PolicyStatement(
                sid="BookOfVendorAccounts",
                actions=["dynamodb:GetItem", "dynamodb:PutItem"],
                resources=[storage.allowances.table_arn],
            ),
        ],
    )
