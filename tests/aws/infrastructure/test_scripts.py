"""Deploying and taking down: what is handed to the CDK, and what is refused before anything happens."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The scripts and settings in a folder of their own, with a CDK that writes down what it was called with."""
    if shutil.which("bash") is None:
        pytest.skip("there is no bash")
    for name in ("deploy.sh", "teardown.sh"):
        (tmp_path / "scripts").mkdir(exist_ok=True)
        shutil.copy(ROOT / "scripts" / name, tmp_path / "scripts" / name)
    shutil.copytree(ROOT / "config", tmp_path / "config")
    program = tmp_path / "cdk"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> "{tmp_path}/called"\n', encoding="utf-8")
    program.chmod(0o755)
    return tmp_path


def run(copy: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [copy / "scripts" / script, *arguments],
        env={**os.environ, "CDK": str(copy / "cdk")},
        capture_output=True,
        text=True,
        check=False,
    )


def called(copy: Path) -> list[str]:
    file = copy / "called"
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def build(copy: Path) -> None:
    (copy / "dist").mkdir()
    for name in ("ingestion", "signing", "transform"):
        (copy / "dist" / f"{name}-arm64.zip").touch()


@pytest.mark.parametrize("script", ["deploy.sh", "teardown.sh"])
@pytest.mark.parametrize("arguments", [(), ("production",)])
def test_an_environment_has_to_be_named(copy: Path, script: str, arguments: tuple[str, ...]) -> None:
    done = run(copy, script, *arguments)
    assert done.returncode == 2
    assert done.stderr == "Name an environment: dev prod staging\n"
    assert called(copy) == []


def test_deploying_without_bundles_says_what_to_run(copy: Path) -> None:
    done = run(copy, "deploy.sh", "dev")
    assert done.returncode == 1
    assert "dist/ingestion-arm64.zip is missing. Build the bundles first: make bundles" in done.stderr
    assert called(copy) == []


def test_deploying_hands_the_environment_and_what_follows_to_the_cdk(copy: Path) -> None:
    build(copy)
    assert run(copy, "deploy.sh", "dev", "--require-approval", "never").returncode == 0
    assert called(copy) == ["deploy --all --context env=dev --require-approval never"]


def test_an_environment_that_is_not_protected_is_taken_down(copy: Path) -> None:
    done = run(copy, "teardown.sh", "dev")
    assert done.returncode == 0
    assert called(copy) == ["destroy --all --force --context env=dev"]
    assert "The bucket, its key and its access log are still there." in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--yes-really-take-down",),
        ("--yes-really-take-down", "dev"),
        ("--yes", "prod"),
    ],
)
def test_a_protected_environment_is_taken_down_only_with_its_name_said_twice(
    copy: Path, arguments: tuple[str, ...]
) -> None:
    done = run(copy, "teardown.sh", "prod", *arguments)
    assert done.returncode == 1
    assert "prod is protected. Nothing was done." in done.stderr
    assert called(copy) == []


def test_with_its_name_said_twice_it_is_taken_down(copy: Path) -> None:
    assert run(copy, "teardown.sh", "prod", "--yes-really-take-down", "prod").returncode == 0
    assert called(copy) == ["destroy --all --force --context env=prod"]


def test_an_option_that_is_not_known_takes_nothing_down(copy: Path) -> None:
    assert run(copy, "teardown.sh", "dev", "--dry-run").returncode == 2
    assert called(copy) == []
