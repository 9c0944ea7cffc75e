"""The Lambda that folds raw files into canonical tables."""

from __future__ import annotations

from typing import Any

from aws_cdk import Stack
from constructs import Construct

from infrastructure import names
from infrastructure.constructs.acting_role import acting_role
from infrastructure.constructs.dead_letters import dead_letters
from infrastructure.constructs.lambda_function import LambdaFunction, Shared, bundle
from infrastructure.stacks.storage_and_state import StorageAndState


class Transform(Stack):
    def __init__(self, scope: Construct, id: str, *, shared: Shared, storage: StorageAndState, **kwargs: Any) -> None:
        super().__init__(scope, id, **kwargs)
        environment = shared.environment
        name = names.transform_function(environment)
        role = acting_role(self, kind="transform", environment=environment, functions=[name], storage=storage)
        LambdaFunction(
            self,
            "Transform",
            shared=shared,
            name=name,
            handler="transform",
            code=bundle(shared, "transform"),
            size=environment.transform,
            role=role,
            dead_letters=dead_letters(self, "transform", environment),
        )
