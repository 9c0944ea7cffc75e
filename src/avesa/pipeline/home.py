"""The embedded installation: one folder that holds the data, the state, the secrets and the scratch space.

DIR/data/          the object store (layout.py), unless another root is given
DIR/state.db       tenants, watermarks, checkpoints, leases, run log, allowances of vendor accounts
DIR/secrets.json   secrets, readable by the owner alone
DIR/scratch/       temporary files
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from avesa.pipeline.ports import Ports, forget_tenant
from avesa.shared.clock import Clock, system_clock
from avesa.shared.folder_names import check_folder
from avesa.shared.objects import open_objects
from avesa.shared.secret_file import EnvironmentSecrets, FileSecrets
from avesa.shared.sqlite_state import SqliteState
from avesa.shared.storage_failure import storage_failure
from avesa.shared.tenants import TenantServices

SCRATCH_KEPT = timedelta(days=1)
"""What a killed process left in the scratch folder is deleted after this time."""


@contextmanager
def open_home(
    home: Path,
    *,
    root: str | None = None,
    s3_options: Mapping[str, str] | None = None,
    clock: Clock = system_clock,
) -> Iterator[Ports]:
    """The embedded ports over a folder, which is made if need be.

    `root` puts the data elsewhere: another folder, or `s3://bucket/prefix`, which is reached by `s3_options` (see
    shared/s3_options.py) and for what they leave out by the environment (AWS_ACCESS_KEY_ID, AWS_REGION, …).

    Raises StorageError or ConfigurationError where the folder cannot be used.
    """
    check_folder(home)
    scratch = home / "scratch"
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        scratch.mkdir(exist_ok=True)
        _sweep(scratch)
    except OSError as error:
        raise storage_failure("use", str(home), error) from error
    with SqliteState(home / "state.db", system_clock) as state:
        yield Ports(
            objects=open_objects(root or home / "data", s3_options=s3_options),
            tenants=state.tenants,
            watermarks=state.watermarks,
            secrets=EnvironmentSecrets(FileSecrets(home / "secrets.json")),
            run_log=state.run_log,
            clock=clock,
            scratch=scratch,
            allowances=state.allowances,
        )


@dataclass(frozen=True)
class EmbeddedDeployment:
    """One folder: the same ports reach every tenant."""

    ports: Ports
    home: Path

    @property
    def tenants(self) -> TenantServices:
        return self.ports.tenants

    @contextmanager
    def of(self, tenant: str) -> Iterator[Ports]:
        yield self.ports

    def keep_secrets(self, ports: Ports, tenant: str, service: str, values: Mapping[str, str]) -> None:
        # What the environment lends is not written down, and what a sync exchanges meanwhile is not undone.
        FileSecrets(self.home / "secrets.json").replace(tenant, service, {}, values)

    def forget(self, tenant: str) -> None:
        own = self.ports
        forget_tenant(tenant, own.tenants, own.secrets, own.watermarks, own.run_log)


def _sweep(scratch: Path) -> None:
    oldest = (system_clock() - SCRATCH_KEPT).timestamp()
    for left in scratch.iterdir():
        if left.stat().st_mtime >= oldest:
            continue
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)
