"""The embedded installation: one folder that holds the data, the state, the secrets and the scratch space.

DIR/data/          the object store (layout.py), unless another root is given
DIR/state.db       tenants, watermarks, checkpoints, leases, run log, allowances of vendor accounts
DIR/secrets.json   secrets, readable by the owner alone
DIR/scratch/       temporary files
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from avesa.pipeline.ports import Ports, forget_service, forget_tenant
from avesa.shared.clock import Clock, system_clock
from avesa.shared.errors import ConfigurationError, StorageError
from avesa.shared.folder_names import check_folder
from avesa.shared.objects import Objects, open_objects
from avesa.shared.rights import can_read, can_write, only_readable, unreadable
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
    only_reads: bool = False,
) -> Iterator[Ports]:
    """The embedded ports over a folder, which is made if need be.

    `root` puts the data elsewhere: another folder, or `s3://bucket/prefix`, which is reached by `s3_options` (see
    shared/s3_options.py) and for what they leave out by the environment (AWS_ACCESS_KEY_ID, AWS_REGION, …).

    Who `only_reads` can use a home, and data, that this user may not write: what is not written is not asked for, and
    temporary files lie where the system has them (TMPDIR).

    Raises StorageError or ConfigurationError where the folder cannot be used.
    """
    check_folder(home)
    state_file = home / "state.db"
    try:
        if home.is_file():
            raise ConfigurationError(f"{home} is a file, and a folder is needed.", hint="Name one: --home DIR.")
        if not home.is_dir():
            home.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not can_read(home):
            raise unreadable(home)
        read_only = only_reads and not (can_write(home) and (can_write(state_file) or not state_file.exists()))
    except OSError as error:
        raise storage_failure("use", str(home), error) from error
    if read_only and not state_file.exists():
        raise ConfigurationError(f"there is no installation in {home}.", hint="Name another folder: --home DIR.")
    with (
        _scratch(home / "scratch") as scratch,
        SqliteState(state_file, system_clock, read_only_in=scratch if read_only else None) as state,
    ):
        yield Ports(
            objects=_open_data(root or str(home / "data"), s3_options, only_reads=only_reads),
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

    def forget_service(self, tenant: str, service: str) -> None:
        own = self.ports
        forget_service(tenant, service, own.tenants, own.secrets, own.watermarks, own.run_log)


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """The home's own folder, or one of the system where that may not be written."""
    try:
        is_ours = can_write(folder if folder.exists() else folder.parent)
        if is_ours:
            folder.mkdir(exist_ok=True)
            _sweep(folder)
    except OSError as error:
        raise storage_failure("use", str(folder), error) from error
    if is_ours:
        yield folder
        return
    try:
        elsewhere = tempfile.TemporaryDirectory(prefix="avesa-")
    except OSError:
        raise StorageError(
            "there is no folder for temporary files.", hint="Set TMPDIR to one that can be written."
        ) from None
    with elsewhere:
        yield Path(elsewhere.name)


def _open_data(root: str, s3_options: Mapping[str, str] | None, *, only_reads: bool) -> Objects:
    folder = None if "://" in root else Path(root)
    if folder is not None and folder.is_file():
        raise ConfigurationError(f"{folder} is a file, and a folder is needed.", hint="Name one: --root PLACE.")
    try:
        objects = open_objects(root, s3_options=s3_options)
    except StorageError:
        if folder is None or folder.exists() or not only_reads:
            raise
        raise ConfigurationError(f"there are no data in {folder}.", hint="Say where they lie: --root PLACE.") from None
    if folder is not None and not can_read(folder):
        raise unreadable(folder)
    if folder is not None and not (only_reads or _can_write_somewhere(folder)):
        raise only_readable(folder)
    return objects


def _can_write_somewhere(folder: Path) -> bool:
    """Each tenant's folder may have another owner, and where they cannot be listed nobody knows."""
    try:
        return can_write(folder) or any(can_write(tenant) for tenant in folder.iterdir() if tenant.is_dir())
    except PermissionError:
        return True


def _sweep(scratch: Path) -> None:
    oldest = (system_clock() - SCRATCH_KEPT).timestamp()
    for left in scratch.iterdir():
        if left.stat().st_mtime >= oldest:
            continue
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)
