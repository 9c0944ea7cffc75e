"""An environment on AWS as a person opens it: found by its name, and reached with the person's own credentials.

These keep the list of tenants and start syncs. All that is a tenant's, its secrets too, is reached by becoming that
tenant as the functions do, or not at all.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
from botocore.exceptions import ClientError

from avesa.aws.clients import Aws, DynamoDb, Scheduler, StepFunctions, default_region, error_code, told
from avesa.aws.installation import Installation, installation_of
from avesa.aws.schedules import ScheduleTarget, delete_schedule, put_schedule, target_of
from avesa.aws.secrets_manager import SecretsManagerSecrets
from avesa.aws.session import tenant_ports
from avesa.aws.state import DynamoState
from avesa.pipeline.ports import Ports, forget_service, forget_tenant
from avesa.shared.errors import ConfigurationError, UsageError
from avesa.shared.run_log import RunLog
from avesa.shared.tenants import TenantService, TenantServices

MACHINE = "STATE_MACHINE_ARN"
_NAME = re.compile(r"[a-z][a-z0-9]{0,15}")


@dataclass(frozen=True)
class AwsDeployment:
    """`state_machine` is None where the environment variables name none: then no sync can be started there, and
    without `schedules` none be scheduled.
    """

    aws: Aws
    installation: Installation
    own: DynamoDb
    states: StepFunctions
    scratch: Path
    state_machine: str | None
    schedules: ScheduleTarget | None = None

    @property
    def tenants(self) -> TenantServices:
        return self._state.tenants

    @property
    def run_log(self) -> RunLog:
        return self._state.run_log

    @contextmanager
    def of(self, tenant: str) -> Iterator[Ports]:
        """Its data, states, runs and secrets by becoming the tenant; the list of tenants by the person's own rights."""
        with tenant_ports(self.aws, self.installation, tenant, shared=self.own, scratch=self.scratch) as ports:
            yield replace(ports, tenants=self.tenants)

    def keep_secrets(self, ports: Ports, tenant: str, service: str, values: Mapping[str, str]) -> None:
        ports.secrets.replace(tenant, service, {}, values)

    @contextmanager
    def scheduler(self) -> Iterator[Scheduler]:
        client = self.aws.scheduler()
        try:
            yield client
        finally:
            client.close()

    def schedule(self, connected: TenantService, expression: str | None) -> None:
        """Sync it by this schedule from now on, or with all others again. Raises UsageError for what is no schedule."""
        if self.schedules is None:
            raise ConfigurationError(
                "nothing is said of schedules in this environment.", hint="Deploy the stacks again: docs/deploying.md"
            )
        tenant, service = connected.tenant_id, connected.service
        with self.scheduler() as client:
            if expression is not None:
                put_schedule(client, self.schedules, tenant, service, expression)
            self.tenants.put(replace(connected, schedule=expression))
            if expression is None:
                delete_schedule(client, self.schedules.group, tenant, service)

    def forget(self, tenant: str) -> None:
        self._delete_schedules(tenant, [one.service for one in self.tenants.services(tenant)])
        with self._own_secrets() as secrets:
            forget_tenant(tenant, self.tenants, secrets, self._state.watermarks, self._state.run_log)

    def forget_service(self, tenant: str, service: str) -> None:
        self._delete_schedules(tenant, [service])
        with self._own_secrets() as secrets:
            forget_service(tenant, service, self.tenants, secrets, self._state.watermarks, self._state.run_log)

    def _delete_schedules(self, tenant: str, services: Iterable[str]) -> None:
        if self.schedules is not None:
            with self.scheduler() as scheduler:
                for service in services:
                    delete_schedule(scheduler, self.schedules.group, tenant, service)

    @contextmanager
    def _own_secrets(self) -> Iterator[SecretsManagerSecrets]:
        """By the person's own rights, which can delete and not read."""
        client = self.aws.secrets_manager()
        try:
            yield SecretsManagerSecrets(client, self.installation)
        finally:
            client.close()

    @property
    def _state(self) -> DynamoState:
        return DynamoState(self.own, self.installation)


@contextmanager
def open_deployment(env: str, environment: Mapping[str, str] = os.environ) -> Iterator[AwsDeployment]:
    """Open the environment of that name until the end of the block.

    What it is made of stands in a parameter that its stacks write. Where the environment variables of a function are
    set (AVESA_ENV with this name, BUCKET_NAME and the others), they go before it.
    Raises UsageError where there is no such environment, ConfigurationError without credentials or a region.
    """
    if not _NAME.fullmatch(env):
        raise UsageError(f"{env!r} is not the name of an environment.", hint="For example: dev")
    region = default_region()
    aws = Aws(region)
    aws.own_credentials()
    with ExitStack() as on_exit:
        variables = environment
        if environment.get("AVESA_ENV") != env or not environment.get("BUCKET_NAME"):
            variables = {**_endpoints(environment), **_written(aws, env, region)}
        installation = installation_of({**variables, "AWS_REGION": region})
        own, states = aws.dynamodb(), aws.step_functions()
        on_exit.callback(own.close)
        on_exit.callback(states.close)
        scratch = Path(on_exit.enter_context(tempfile.TemporaryDirectory(prefix="avesa-")))
        machine, schedules = variables.get(MACHINE) or None, target_of(variables)
        yield AwsDeployment(aws, installation, own, states, scratch, machine, schedules)


def _endpoints(environment: Mapping[str, str]) -> dict[str, str]:
    """Stand-ins for AWS, which are named as they are for every AWS client."""
    return {name: value for name, value in environment.items() if name.startswith("AWS_ENDPOINT_URL")}


def _written(aws: Aws, env: str, region: str) -> dict[str, str]:
    name = f"/avesa/{env}/installation"
    client = aws.ssm()
    try:
        with told(f"find the environment {env}", denied=f"Use a profile that becomes the role avesa-{env}-operator."):
            try:
                text = str(client.get_parameter(Name=name)["Parameter"]["Value"])
            except ClientError as error:
                if error_code(error) != "ParameterNotFound":
                    raise
                text = ""
    finally:
        client.close()
    if not text:
        raise UsageError(
            f"there is no environment {env!r} in {region} of this account.",
            hint="Check AWS_PROFILE and AWS_REGION, or deploy it: see docs/deploying.md.",
        )
    found: dict[str, str] = {}
    with suppress(msgspec.MsgspecError):
        found = msgspec.json.decode(text, type=dict[str, str])
    if not found:
        raise ConfigurationError(f"the parameter {name} is not what the stacks wrote.", hint="Deploy the stacks again.")
    return found
