from __future__ import annotations

import pytest

from aws_server import AwsServer, an_installation
from port_sides import DynamoSide, dynamo_side


@pytest.fixture
def side(aws: AwsServer) -> DynamoSide:
    return dynamo_side(an_installation(aws))
