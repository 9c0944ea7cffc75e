"""One ingestion Lambda for each service, all from one bundle and with one role that holds no right to tenants' data.
Those that sign what they send have a layer besides.

A function for each service keeps their numbers, limits of concurrency and failures apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aws_cdk import Stack
from constructs import Construct

from infrastructure import names
from infrastructure.constructs.acting_role import acting_role
from infrastructure.constructs.dead_letters import dead_letters
from infrastructure.constructs.lambda_function import LambdaFunction, Shared, bundle, signing_layer
from infrastructure.environment import signing_services
from infrastructure.stacks.storage_and_state import StorageAndState


class Integrations(Stack):
    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        shared: Shared,
        storage: StorageAndState,
        services: Sequence[str],
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id, **kwargs)
        environment = shared.environment
        role = acting_role(
            self,
            kind="ingestion",
            environment=environment,
            functions=[names.ingestion_function(environment, "*")],
            storage=storage,
        )
        undelivered = dead_letters(self, "integrations", environment)
        code = bundle(shared, "ingestion")
        signing, signers = signing_layer(self, shared), signing_services()
        for service in services:
            LambdaFunction(
                self,
                service,
                shared=shared,
                name=names.ingestion_function(environment, service),
                handler="ingestion",
                code=code,
                size=environment.ingestion,
                role=role,
                dead_letters=undelivered,
                reserved=environment.reserved_concurrency.get(service),
                layers=[signing] if service in signers else [],
            )
