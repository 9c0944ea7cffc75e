"""The outside world as one value: what a stage of the pipeline reads from and writes to, embedded or on AWS."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from avesa.shared.allowance import Allowances, LocalAllowances
from avesa.shared.clock import Clock
from avesa.shared.objects import Objects
from avesa.shared.run_log import RunLog
from avesa.shared.secrets import Secrets
from avesa.shared.tenants import TenantServices
from avesa.shared.watermarks import Watermarks


@dataclass(frozen=True)
class Ports:
    """`scratch` is a local folder for temporary files; nothing in it is needed after a run."""

    objects: Objects
    tenants: TenantServices
    watermarks: Watermarks
    secrets: Secrets
    run_log: RunLog
    clock: Clock
    scratch: Path
    allowances: Allowances = field(default_factory=LocalAllowances)
