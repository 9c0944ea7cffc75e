"""A Lambda as all of ours are: a bundle, one handler, traced, its log kept for a set time, and a role given to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from aws_cdk import Duration, RemovalPolicy, Size, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infrastructure import names
from infrastructure.constructs.suppressions import suppress
from infrastructure.environment import BadConfiguration, Environment, FunctionSize

RUNTIME = lambda_.Runtime.PYTHON_3_13
BUNDLES = Path(__file__).resolve().parents[2] / "dist"

RETENTION = {days: getattr(logs.RetentionDays, name) for days, name in {
    1: "ONE_DAY", 3: "THREE_DAYS", 5: "FIVE_DAYS", 7: "ONE_WEEK", 14: "TWO_WEEKS", 30: "ONE_MONTH", 60: "TWO_MONTHS",
    90: "THREE_MONTHS", 120: "FOUR_MONTHS", 150: "FIVE_MONTHS", 180: "SIX_MONTHS", 365: "ONE_YEAR",
    400: "THIRTEEN_MONTHS", 545: "EIGHTEEN_MONTHS", 731: "TWO_YEARS", 1096: "THREE_YEARS", 1827: "FIVE_YEARS",
    2192: "SIX_YEARS", 2557: "SEVEN_YEARS", 2922: "EIGHT_YEARS", 3288: "NINE_YEARS", 3653: "TEN_YEARS",
}.items()}  # fmt: skip


@dataclass(frozen=True)
class Shared:
    """What every function of an environment is given. `bundles` is the folder of the built zip files."""

    environment: Environment
    variables: Mapping[str, str]
    bundles: Path = BUNDLES

    def with_variables(self, more: Mapping[str, str]) -> Shared:
        return replace(self, variables={**self.variables, **more})


def bundle(shared: Shared, name: str) -> lambda_.Code:
    """`dist/{name}-{arch}.zip`. Raises BadConfiguration that says what to run, where it is missing."""
    file = shared.bundles / f"{name}-{shared.environment.architecture}.zip"
    if not file.is_file():
        raise BadConfiguration(f"{file} is missing. Build the bundles first: make bundles")
    return lambda_.Code.from_asset(str(file))


def signing_layer(scope: Construct, shared: Shared) -> lambda_.LayerVersion:
    """What services need that sign what they send with a key of the tenant's, and that would be a fifth of the bundle
    of all.
    """
    return lambda_.LayerVersion(
        scope,
        "Signing",
        layer_version_name=f"{shared.environment.prefix}-signing",
        code=bundle(shared, "signing"),
        compatible_runtimes=[RUNTIME],
        compatible_architectures=[_architecture(shared.environment)],
        description="cryptography, for services that sign what they send",
    )


def _architecture(environment: Environment) -> lambda_.Architecture:
    return lambda_.Architecture.ARM_64 if environment.architecture == "arm64" else lambda_.Architecture.X86_64


def log_group(scope: Construct, id: str, name: str, environment: Environment) -> logs.LogGroup:
    return logs.LogGroup(
        scope,
        id,
        log_group_name=name,
        retention=RETENTION[environment.log_retention_days],
        removal_policy=RemovalPolicy.RETAIN if environment.deletion_protection else RemovalPolicy.DESTROY,
    )


def execution_role(
    scope: Construct, id: str, *, name: str, functions: list[str], statements: list[iam.PolicyStatement]
) -> iam.Role:
    """A role that may write the logs of these functions and do what the statements say."""
    stack = Stack.of(scope)
    role = iam.Role(scope, id, role_name=name, assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    groups = [names.colon_arn(stack, "logs", "log-group", f"/aws/lambda/{function}:*") for function in functions]
    role.add_to_policy(
        iam.PolicyStatement(sid="OwnLogs", actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=groups)
    )
    for statement in statements:
        role.add_to_policy(statement)
    suppress(
        role,
        "IAM5",
        "X-Ray and a list of schedules take no resource; a log group's streams are all below its name; what else ends "
        "in * is a prefix of our own bucket, or what the key allows through S3.",
    )
    return role


class LambdaFunction(Construct):
    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        shared: Shared,
        name: str,
        handler: str,
        code: lambda_.Code,
        size: FunctionSize,
        role: iam.Role,
        dead_letters: sqs.IQueue,
        reserved: int | None = None,
        layers: Sequence[lambda_.ILayerVersion] = (),
    ) -> None:
        super().__init__(scope, id)
        environment = shared.environment
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=name,
            runtime=RUNTIME,
            architecture=_architecture(environment),
            handler=f"avesa.aws.handlers.{handler}",
            code=code,
            layers=list(layers),
            role=role,
            memory_size=size.memory_mb,
            timeout=Duration.seconds(size.timeout_seconds),
            ephemeral_storage_size=Size.mebibytes(size.ephemeral_mb),
            environment=dict(shared.variables),
            tracing=lambda_.Tracing.ACTIVE,
            log_group=log_group(self, "Log", f"/aws/lambda/{name}", environment),
            reserved_concurrent_executions=reserved,
            dead_letter_queue=dead_letters,
            logging_format=lambda_.LoggingFormat.JSON,
        )
        suppress(
            self.function,
            "L1",
            "The newest runtime for which every library that the bundles hold has been tried.",
        )
