"""A manifest: the data files of a table at one version, for an engine that does not read the Delta log.

It lies where Delta's own writers put it, and is the version that was current when it was written, until it is written
again. Files that it names are kept for a week after the table let go of them.
"""

from __future__ import annotations

from avesa.canonical_transform.canonical_table import Snapshot
from avesa.pipeline.ports import Ports
from avesa.pipeline.snapshots import snapshots
from avesa.shared import layout

MANIFEST_FOLDER = "_symlink_format_manifest"


def write_manifests(ports: Ports, tenant: str) -> dict[str, int]:
    """Write one for each canonical table that the tenant has, and give back how many files each names."""
    written: dict[str, int] = {}
    for table, snapshot in snapshots(ports, tenant).items():
        prefix = layout.canonical_prefix(tenant, table)
        ports.objects.write(
            f"{prefix}/{MANIFEST_FOLDER}/manifest", manifest(f"{ports.objects.root}/{prefix}", snapshot)
        )
        written[table] = len(snapshot.files)
    return written


def manifest(uri: str, snapshot: Snapshot) -> bytes:
    """One address on each line."""
    return "".join(f"{uri}/{file.name}\n" for file in snapshot.files).encode()
