"""Fixtures that more than one package's tests use."""

from __future__ import annotations

import os
import shutil
import signal
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from aws_server import AwsServer, aws_server
from s3_server import CannotStart, S3Root, S3Server, s3_server

_MEMORY = Path("/dev/shm")
_ROOM = 2 * 1024**3
WITHOUT_BUNDLES = "not bundles"
"""What `addopts` of pyproject.toml chooses where nobody says otherwise."""


def pytest_configure() -> None:
    """Temporary files stand in memory where a system has such a place and room in it. Everything that is written is
    flushed to the disk, which is most of the time of many tests on a real one and tells them nothing. No example fails
    for how long it took, which tells of the machine. The examples are the same each time, so that what fails now and
    did not before is the change's doing; `make test-long` looks for others. Programs that are started hear Ctrl-C,
    also where this one does not, as in the background of a script.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    others = os.environ.get("AVESA_EXAMPLES") == "others"
    settings.register_profile("ours", settings.default, deadline=None, derandomize=not others)
    settings.load_profile("ours")
    if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One S3 server for the whole session. Tests that need it are skipped where it cannot be started."""
    try:
        with s3_server(tmp_path_factory.mktemp("s3")) as server:
            yield server
    except CannotStart as reason:
        pytest.skip(str(reason))


@pytest.fixture
def s3_root(s3: S3Server) -> S3Root:
    """A root of its own in that server: `open_objects(s3_root.url, s3_options=s3_root.options)`."""
    return S3Root(f"s3://{s3.bucket}/{uuid.uuid4().hex}", s3.options)


@pytest.fixture(scope="session")
def aws_server_of_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsServer]:
    """One stand-in for AWS for the whole session. Tests that need it are skipped where it cannot be started."""
    try:
        with aws_server(tmp_path_factory.mktemp("aws")) as server:
            yield server
    except CannotStart as reason:
        pytest.skip(str(reason))


@pytest.fixture
def aws(aws_server_of_session: AwsServer, monkeypatch: pytest.MonkeyPatch) -> AwsServer:
    """That stand-in, and an environment in which every AWS client goes to it and to nothing else."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in aws_server_of_session.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    return aws_server_of_session


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long is begun first, by one worker, so that none works on it alone at the end."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what was left out and why, a line for each reason."""
    counted = Counter[tuple[str, str]]()
    for place, reason in {(report.nodeid, report.longrepr[2]) for report in terminalreporter.stats.get("skipped", [])}:
        counted["test" if "::" in place else "file", reason.removeprefix("Skipped: ")] += 1
    lines = [f"{number} {kind}{'s' * (number > 1)}: {reason}" for (kind, reason), number in sorted(counted.items())]
    if config.getoption("markexpr") == WITHOUT_BUNDLES and config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        lines.append("the bundles of the Lambda functions, which take minutes to build: make test-aws")
    if lines:
        terminalreporter.section("left out, and why", sep="-")
        terminalreporter.write("\n".join([*lines, ""]))
