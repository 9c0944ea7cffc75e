"""A stand-in for AWS on loopback (MiniStack) for tests: DynamoDB, Secrets Manager and STS. It knows no rights."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from avesa.aws.installation import Installation
from s3_server import CannotStart, free_ports

REGION = "us-east-1"
_START_SECONDS = 30


@dataclass(frozen=True)
class AwsServer:
    endpoint: str

    @property
    def environment(self) -> dict[str, str]:
        """What AWS clients need to reach it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "AKAVESATESTS",
            "AWS_SECRET_ACCESS_KEY": "avesa-tests-secret-key",
        }

    def client(self, service: str) -> Any:
        """A client with all rights, for what tests prepare."""
        names = {"AWS_ACCESS_KEY_ID": "aws_access_key_id", "AWS_SECRET_ACCESS_KEY": "aws_secret_access_key"}
        keys = {name: self.environment[variable] for variable, name in names.items()}
        return _session().create_client(service, region_name=REGION, endpoint_url=self.endpoint, **keys)


@cache
def _session() -> Any:
    """One for all tests: making it reads what the library knows of AWS."""
    from botocore.session import Session

    return Session()


@contextmanager
def aws_server(folder: Path) -> Iterator[AwsServer]:
    """Serve until the end of the block. Raises CannotStart."""
    program = Path(sys.executable).with_name("ministack")
    found = str(program) if program.exists() else shutil.which("ministack")
    if not found:
        raise CannotStart("no stand-in for AWS: the program ministack is not installed")
    (port,) = free_ports(1)
    own = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "TMPDIR": str(folder), "LOG_LEVEL": "WARNING"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with (folder / "ministack.log").open("wb") as log, ExitStack() as on_exit:
        process = subprocess.Popen([found], stdout=log, stderr=subprocess.STDOUT, cwd=folder, env={**kept, **own})
        on_exit.callback(process.wait)
        on_exit.callback(process.kill)
        server = AwsServer(f"http://127.0.0.1:{port}")
        _wait_until_it_answers(server, process)
        yield server


def an_installation(server: AwsServer, *, bucket: str = "none", **more: Any) -> Installation:
    """Empty tables of its own in that server."""
    from avesa.aws.table_shapes import creation_of, shapes_of

    unique = f"t{uuid.uuid4().hex[:11]}"
    names = {name: f"{name}-{unique}" for name in ("tenant_services", "last_updated", "run_log", "allowances")}
    made = Installation(env=unique, region=REGION, bucket=bucket, **names, **more)
    client = server.client("dynamodb")
    for name, shape in shapes_of(made).items():
        client.create_table(**creation_of(name, shape))
    return made


def _wait_until_it_answers(server: AwsServer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{server.endpoint}/_ministack/health", timeout=1):
                return
        except OSError:
            with suppress(subprocess.TimeoutExpired):
                raise CannotStart(f"no stand-in for AWS: ministack ended with status {process.wait(0.05)}") from None
    raise CannotStart(f"no stand-in for AWS: ministack was not ready within {_START_SECONDS} s")
