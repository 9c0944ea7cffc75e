from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import aws_cloud
from avesa.aws import edge
from aws_cloud import Cloud
from aws_server import AwsServer, an_installation
from port_sides import DynamoSide, dynamo_side
from s3_server import S3Server


@pytest.fixture
def side(aws: AwsServer) -> DynamoSide:
    return dynamo_side(an_installation(aws))


@pytest.fixture
def cloud(aws: AwsServer, s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """An installation, and the environment of one of its functions."""
    with aws_cloud.cloud(aws, s3) as made:
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AVESA_SCRATCH", str(tmp_path / "scratch"))
        monkeypatch.setattr(edge, "_KNOWN", {})
        yield made
