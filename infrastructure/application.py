"""All stacks of one environment, put together, with the rules of cdk-nag over them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aws_cdk import App, Aspects, Tags
from aws_cdk import Environment as Place
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from infrastructure.constructs.lambda_function import BUNDLES, Shared
from infrastructure.environment import Environment, canonical_tables, services
from infrastructure.stacks.integrations import Integrations
from infrastructure.stacks.monitoring import Monitoring
from infrastructure.stacks.storage_and_state import StorageAndState
from infrastructure.stacks.transform import Transform
from infrastructure.stacks.workflow import Workflow


@dataclass(frozen=True)
class Application:
    storage: StorageAndState
    integrations: Integrations
    transform: Transform
    workflow: Workflow
    monitoring: Monitoring


def build(app: App, environment: Environment, *, bundles: Path = BUNDLES) -> Application:
    """Raises BadConfiguration where a bundle is missing."""
    prefix, names = environment.prefix, services()
    place = Place(account=environment.account, region=environment.region)
    protect = {"env": place, "termination_protection": environment.deletion_protection}
    storage = StorageAndState(app, f"{prefix}-storage", environment=environment, **protect)
    shared = Shared(environment, storage.variables, bundles)
    acting = shared.with_variables(storage.acting_variables)
    integrations = Integrations(
        app, f"{prefix}-integrations", shared=acting, storage=storage, services=names, **protect
    )
    transform = Transform(app, f"{prefix}-transform", shared=acting, storage=storage, **protect)
    workflow = Workflow(app, f"{prefix}-workflow", shared=shared, storage=storage, **protect)
    for stack in (integrations, transform):
        workflow.add_stack_dependency(stack)
    monitoring = Monitoring(
        app,
        f"{prefix}-monitoring",
        environment=environment,
        services=names,
        tables=canonical_tables(),
        alerts=workflow.alerts,
        **protect,
    )
    Tags.of(app).add("application", "avesa")
    Tags.of(app).add("environment", environment.name)
    Aspects.of(app).add(AwsSolutionsChecks(verbose=True))
    Aspects.of(app).add(ServerlessChecks(verbose=True))
    return Application(storage, integrations, transform, workflow, monitoring)
