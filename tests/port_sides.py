"""The embedded and the AWS side of the ports, opened in one way, for suites that both have to pass.

Another process opens the same side by its words: `side_of(sys.argv[1:])`.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from avesa.aws.clients import Aws
from avesa.aws.installation import Installation
from avesa.aws.secrets_manager import SecretsManagerSecrets
from avesa.aws.state import DynamoState
from avesa.shared.allowance import Allowances
from avesa.shared.clock import Clock, system_clock
from avesa.shared.leases import LEASE_SECONDS
from avesa.shared.run_log import RunLog
from avesa.shared.secret_file import FileSecrets
from avesa.shared.secrets import Secrets
from avesa.shared.sqlite_state import SqliteState
from avesa.shared.tenants import TenantServices
from avesa.shared.watermarks import Watermarks

TESTS = Path(__file__).resolve().parent


class State(Protocol):
    @property
    def tenants(self) -> TenantServices: ...
    @property
    def watermarks(self) -> Watermarks: ...
    @property
    def run_log(self) -> RunLog: ...
    @property
    def allowances(self) -> Allowances: ...


class Side(Protocol):
    words: Sequence[str]

    def open(
        self, clock: Clock = system_clock, *, lease_seconds: float = LEASE_SECONDS
    ) -> AbstractContextManager[State]: ...

    def secrets(self) -> Secrets: ...

    def leases(self) -> list[tuple[str, str]]:
        """Tenant and name of all that are stored, whether they count or not."""
        ...

    def lease_until(self) -> str:
        """Until when the one lease lasts that is stored."""
        ...

    def allowances_written(self) -> object:
        """Differs after each write of an allowance, while the side is open and nothing else is written."""
        ...

    def give_lease_away(self) -> None:
        """Let the one lease that is stored be somebody else's, of another machine."""
        ...


class SqliteSide:
    def __init__(self, folder: str) -> None:
        self.words = ("sqlite", folder)
        self.path = Path(folder) / "state.sqlite"
        self._secrets = Path(folder) / "home" / "secrets.json"

    def open(
        self, clock: Clock = system_clock, *, lease_seconds: float = LEASE_SECONDS
    ) -> AbstractContextManager[SqliteState]:
        return SqliteState(self.path, clock, lease_seconds=lease_seconds)

    def secrets(self) -> FileSecrets:
        return FileSecrets(self._secrets)

    def leases(self) -> list[tuple[str, str]]:
        with sqlite3.connect(self.path) as db:
            return db.execute("SELECT tenant_id, name FROM leases").fetchall()

    def lease_until(self) -> str:
        with sqlite3.connect(self.path) as db:
            (until,) = db.execute("SELECT until FROM leases").fetchone()
        return str(until)

    def allowances_written(self) -> object:
        return self.path.with_name(f"{self.path.name}-wal").stat().st_size

    def give_lease_away(self) -> None:
        with sqlite3.connect(self.path) as db:
            db.execute("UPDATE leases SET host = 'elsewhere', pid = 1, token = 'theirs'")


@cache
def _aws(region: str, endpoint: str) -> Aws:
    return Aws(region)


class DynamoSide:
    """The stand-in's address stands in the environment, as for every AWS client."""

    def __init__(self, installation: str) -> None:
        self.words = ("dynamodb", installation)
        self.installation = Installation(**json.loads(installation))
        self._aws = _aws(self.installation.region, os.environ["AWS_ENDPOINT_URL"])
        self.client: Any = self._aws.dynamodb()

    @contextmanager
    def open(self, clock: Clock = system_clock, *, lease_seconds: float = LEASE_SECONDS) -> Iterator[DynamoState]:
        yield DynamoState(self.client, self.installation, clock, lease_seconds=lease_seconds)

    def secrets(self) -> SecretsManagerSecrets:
        return SecretsManagerSecrets(self._aws.secrets_manager(), self.installation)

    def leases(self) -> list[tuple[str, str]]:
        items = self.client.scan(TableName=self.installation.last_updated)["Items"]
        found = [(item["tenant_id"]["S"], item["table_name"]["S"]) for item in items]
        return [(tenant, name.removeprefix("lease/")) for tenant, name in found if name.startswith("lease/")]

    def lease_until(self) -> str:
        (item,) = self.client.scan(TableName=self.installation.last_updated)["Items"]
        return str(item["until"]["S"])

    def allowances_written(self) -> object:
        items = self.client.scan(TableName=self.installation.allowances)["Items"]
        return sorted((item["account"]["S"], item["version"]["N"]) for item in items)

    def give_lease_away(self) -> None:
        (item,) = self.client.scan(TableName=self.installation.last_updated)["Items"]
        theirs = {"holder": {"S": "process 1 on elsewhere"}, "token": {"S": "theirs"}}
        self.client.put_item(TableName=self.installation.last_updated, Item={**item, **theirs})


def dynamo_side(installation: Installation) -> DynamoSide:
    return DynamoSide(json.dumps(asdict(installation)))


def side_of(words: Sequence[str]) -> Side:
    kind, address = words
    return {"sqlite": SqliteSide, "dynamodb": DynamoSide}[kind](address)


@contextmanager
def another_process(
    program: str, side: Side, *words: str, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Runs `program` with the side's words first in `sys.argv`; killed at the end of the block."""
    with subprocess.Popen(
        [sys.executable, "-c", program, *side.words, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path]), **(environment or {})},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def all_at_once(program: str, side: Side, *each: Sequence[str]) -> None:
    """One process for each of the words given; they begin when they have read a line, and all end well."""
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", program, *side.words, *words],
            stdin=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
        )
        for words in each
    ]
    for worker in workers:
        assert worker.stdin
        worker.stdin.write(b"go\n")
        worker.stdin.flush()
    for worker in workers:
        worker.communicate()
        assert worker.returncode == 0
