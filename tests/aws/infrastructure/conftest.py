"""One synthesis for all tests of the templates."""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from aws.infrastructure.rights import TENANT_ROLE
from aws.infrastructure.synthesized import Synthesized, read
from iam_policies import Statement

ROOT = Path(__file__).resolve().parents[3]
ENVIRONMENT = "prod"
SILO, POOLED, OTHER = "vault", "acme", "globex"
"""Tenants: one with a key of its own, two without."""


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bundles with nothing in them: the templates hold only their digests."""
    folder = tmp_path_factory.mktemp("bundles")
    for name in ("ingestion", "signing", "transform"):
        for architecture in ("arm64", "x86_64"):
            with zipfile.ZipFile(folder / f"{name}-{architecture}.zip", "w") as file:
                file.writestr("nothing.txt", "")
    return folder


@pytest.fixture(scope="session")
def synthesized(tmp_path_factory: pytest.TempPathFactory, bundles: Path) -> Synthesized:
    """The environment `prod`, with a silo and an address in it."""
    os.environ["JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"] = "1"
    from aws_cdk import App
    from infrastructure.application import build
    from infrastructure.environment import load_environment

    environment = replace(
        load_environment(ENVIRONMENT),
        silo_tenants=(SILO,),
        alarm_email="operations@example.com",
    )
    folder = tmp_path_factory.mktemp("cdk")
    app = App(outdir=str(folder), context=json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"])
    build(app, environment, bundles=bundles)
    app.synth()
    return read(folder, environment.prefix)


@pytest.fixture(scope="session")
def of_tenants(synthesized: Synthesized) -> list[Statement]:
    return synthesized.statements(TENANT_ROLE)
