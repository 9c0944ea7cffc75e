"""Runs the command line: in this process, or as a program of its own that can be sent signals."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from avesa.cli.commands import cli

PROGRAM = (sys.executable, "-c", "from avesa.cli.main import main; main()")


@dataclass(frozen=True)
class Avesa:
    """The command line over one home folder, or over what `place` says instead."""

    home: Path
    place: tuple[str, ...] = ()

    def __call__(self, *args: str, stdin: str | None = None, code: int = 0) -> Result:
        """Run it here and expect its exit status."""
        result = CliRunner().invoke(
            cli, [*(self.place or ("--home", str(self.home))), *args], input=stdin, prog_name="avesa"
        )
        assert result.exit_code == code, f"{result.exit_code}\n{result.stdout}\n{result.stderr}"
        return result

    def json(self, *args: str, code: int = 0) -> Any:
        """What it says with --json; nothing else may stand on stdout."""
        return json.loads(self(*args, "--json", code=code).stdout)

    def start(self, *args: str) -> subprocess.Popen[str]:
        """Run it as a program of its own."""
        return subprocess.Popen(
            [*PROGRAM, "--home", str(self.home), *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )

    def connect(self, tenant: str, settings: Mapping[str, str], secrets: Mapping[str, str]) -> Result:
        """Add a tenant and connect it to ConnectWise."""
        self("tenant", "add", tenant)
        sets = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
        return self("connect", tenant, "connectwise", *sets, "--secrets-from", "-", stdin=json.dumps(dict(secrets)))
