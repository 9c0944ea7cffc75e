"""What a tenant may in the Glue catalogue, where Athena looks its tables up: keep the tables of its own database."""

from __future__ import annotations

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam

from infrastructure.environment import Environment


def own_catalogue(stack: Stack, environment: Environment, tenant: str) -> iam.PolicyStatement:
    """`tenant` is a name or the variable of a policy. Glue asks for the right to the catalogue, the database and the
    table at once, so that to the catalogue alone gives nothing.
    """
    database = f"avesa_{environment.name}_{tenant}"
    return iam.PolicyStatement(
        sid="OwnCatalogue",
        actions=[
            "glue:GetTable",
            "glue:CreateDatabase",
            "glue:CreateTable",
            "glue:UpdateTable",
        ],
        resources=[_arn(stack, rest) for rest in ("catalog", f"database/{database}", f"table/{database}/*")],
    )


def _arn(stack: Stack, rest: str) -> str:
    return stack.format_arn(service="glue", resource=rest, arn_format=ArnFormat.NO_RESOURCE_NAME)
