"""What the figures were measured on: the machine, and the versions of everything that took part."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from pathlib import Path

_OURS = ("avesa", "duckdb", "deltalake", "urllib3", "msgspec", "arro3-io")
_PEERS = (
    *("deltalake", "pyarrow", "dlt", "dbt-core", "dbt-duckdb", "duckdb"),
    *("airbyte-cdk", "singer-sdk", "polars", "requests", "urllib3"),
)
_ASK = """
import importlib.metadata, json, platform, sys
found = {"Python": platform.python_version()}
for name in sys.argv[1:]:
    try:
        found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps(found))
"""


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{_cpu()}, {os.cpu_count()} cores, {memory:.0f} GiB of memory, {platform.system()} {platform.machine()}"


def versions(ours: Path, peers: Path | None) -> list[str]:
    """One line for each environment."""
    lines = [f"AVESA's environment: {_installed(ours, _OURS)}."]
    if peers is not None and peers.exists():
        lines.append(f"The peers' environment: {_installed(peers, _PEERS)}.")
    return lines


def _cpu() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "an unnamed processor"


def _installed(python: Path, names: tuple[str, ...]) -> str:
    asked = subprocess.run([str(python), "-c", _ASK, *names], capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(asked.stdout)
    return ", ".join(f"{name} {version}" for name, version in found.items())
