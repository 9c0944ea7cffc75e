"""The names of what one stack makes and another refers to. Stacks know each other by these, so that none of them holds
an export that keeps another from changing.
"""

from __future__ import annotations

from aws_cdk import ArnFormat, Stack

from infrastructure.environment import Environment

RUNS = "_runs"
"""The prefix of plans and results in the bucket. No tenant's name begins so."""

EXECUTION_ROLES = ("ingestion", "transform")
"""The Lambdas that act for a tenant, each kind with one role."""


def ingestion_function(environment: Environment, service: str) -> str:
    return f"avesa-{service}-ingestion-{environment.name}"


def transform_function(environment: Environment) -> str:
    return f"avesa-canonical-transform-{environment.name}"


def plan_function(environment: Environment) -> str:
    return f"avesa-plan-{environment.name}"


def report_function(environment: Environment) -> str:
    return f"avesa-report-{environment.name}"


def dead_letters(environment: Environment, part: str) -> str:
    return f"{environment.prefix}-{part}-dead-letters"


DEAD_LETTERS = ("integrations", "transform", "workflow")
"""The parts that have such a queue."""


def execution_role(environment: Environment, kind: str) -> str:
    return f"{environment.prefix}-{kind}-execution"


def tenant_role(environment: Environment) -> str:
    return f"{environment.prefix}-tenant"


def operator_role(environment: Environment) -> str:
    return f"{environment.prefix}-operator"


def installation_parameter(environment: Environment) -> str:
    """Where it is written what the environment is made of, for `avesa --aws`."""
    return f"/avesa/{environment.name}/installation"


def state_machine(environment: Environment) -> str:
    return f"{environment.prefix}-sync"


def function_arn(stack: Stack, name: str) -> str:
    return stack.format_arn(
        service="lambda", resource="function", resource_name=name, arn_format=ArnFormat.COLON_RESOURCE_NAME
    )


def role_arn(stack: Stack, name: str) -> str:
    return stack.format_arn(service="iam", region="", resource="role", resource_name=name)


def state_machine_arn(stack: Stack, environment: Environment) -> str:
    return stack.format_arn(
        service="states",
        resource="stateMachine",
        resource_name=state_machine(environment),
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )


def secrets_arn(stack: Stack, environment: Environment, rest: str) -> str:
    return stack.format_arn(
        service="secretsmanager",
        resource="secret",
        resource_name=f"avesa/{environment.name}/{rest}",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
