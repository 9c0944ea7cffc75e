"""The names of what one stack makes and another refers to. Stacks know each other by these, so that none of them holds
an export that keeps another from changing.
"""

from __future__ import annotations

from collections.abc import Callable

from aws_cdk import ArnFormat, Stack

from infrastructure.environment import Environment

RUNS = "_runs"
"""The prefix of plans and results in the bucket. No tenant's name begins so."""

EXECUTION_ROLES = ("ingestion", "transform")
"""The Lambdas that act for a tenant, each kind with one role."""


def _of(pattern: str) -> Callable[[Environment], str]:
    return lambda environment: pattern.format(env=environment.name)


def _of_each(pattern: str) -> Callable[[Environment, str], str]:
    return lambda environment, part: pattern.format(env=environment.name, part=part)


ingestion_function = _of_each("avesa-{part}-ingestion-{env}")
transform_function = _of("avesa-canonical-transform-{env}")
plan_function = _of("avesa-plan-{env}")
report_function = _of("avesa-report-{env}")
state_machine = _of("avesa-{env}-sync")

execution_role = _of_each("avesa-{env}-{part}-execution")
tenant_role = _of("avesa-{env}-tenant")
operator_role = _of("avesa-{env}-operator")

schedule_group = _of("avesa-{env}")
schedule_role = _of("avesa-{env}-schedule")

installation_parameter = _of("/avesa/{env}/installation")
"""Where it is written what the environment is made of, for `avesa --aws`."""

dead_letters = _of_each("avesa-{env}-{part}-dead-letters")
DEAD_LETTERS = ("integrations", "transform", "workflow")
"""The parts that have such a queue."""


def colon_arn(stack: Stack, service: str, resource: str, name: str) -> str:
    """`arn:…:service:region:account:resource:name`, as many services have them."""
    return stack.format_arn(
        service=service, resource=resource, resource_name=name, arn_format=ArnFormat.COLON_RESOURCE_NAME
    )


def function_arn(stack: Stack, name: str) -> str:
    return colon_arn(stack, "lambda", "function", name)


def role_arn(stack: Stack, name: str) -> str:
    return stack.format_arn(service="iam", region="", resource="role", resource_name=name)


def state_machine_arn(stack: Stack, environment: Environment) -> str:
    return colon_arn(stack, "states", "stateMachine", state_machine(environment))


def executions_arn(stack: Stack, environment: Environment, *, children: bool = False) -> str:
    """All executions of the state machine, or all children of its map."""
    own = state_machine(environment)
    return colon_arn(stack, "states", "execution", f"{own}/*" if children else f"{own}:*")


def dead_letters_arn(stack: Stack, environment: Environment, part: str) -> str:
    return stack.format_arn(service="sqs", resource=dead_letters(environment, part))


def tenants_schedules_arn(stack: Stack, environment: Environment) -> str:
    """Those of single services of tenants, whose names have a dot; that of all has none."""
    return stack.format_arn(
        service="scheduler", resource="schedule", resource_name=f"{schedule_group(environment)}/*.*"
    )


def secrets_arn(stack: Stack, environment: Environment, rest: str) -> str:
    return colon_arn(stack, "secretsmanager", "secret", f"avesa/{environment.name}/{rest}")
