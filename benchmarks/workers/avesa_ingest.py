"""AVESA: pulls the local vendor's table by the whole path, from HTTP to Parquet, receipt and watermark.

python -m benchmarks.workers.avesa_ingest [--at-once PAGES] HOME ADDRESS...
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from avesa.connector.auth import Bearer
from avesa.connector.incremental import Changes
from avesa.connector.limits import Limits
from avesa.connector.numbered import PageNumber
from avesa.connector.service import Endpoint, Service
from avesa.pipeline.home import open_home
from avesa.pipeline.ingest import ingest_table
from avesa.shared.tenants import TenantService
from benchmarks.cost import Figures, tell
from benchmarks.names import SERVICE, TABLE, TENANT
from benchmarks.workers.ingest_each import tell_each

AT_ONCE = 4
"""Pages in flight, as for most vendors."""


def vendor(endpoints: tuple[Endpoint, ...], at_once: int) -> Service:
    return Service(
        name=SERVICE,
        title="Vendor",
        category="psa",
        base_url="http://127.0.0.1",
        secrets=("key",),
        auth=Bearer("{key}"),
        paging=PageNumber(size=None, order=(("order", "id"),)),
        changes=Changes(field="updated_at", ask=("updated_since", "{since}"), overlap=timedelta(seconds=10)),
        limits=Limits(concurrency=at_once),
        endpoints=endpoints,
    )


def ingest(home: Path, address: str, at_once: int = AT_ONCE) -> Figures:
    base, _, path = address.partition("//")[2].partition("/")
    service = vendor((Endpoint(TABLE, f"/{path}"),), at_once)
    tenant_service = TenantService(TENANT, SERVICE, settings={"base_url": f"http://{base}"})
    with open_home(home) as ports:
        ports.tenants.add_tenant(TENANT)
        ports.tenants.put(tenant_service)
        ports.secrets.put(TENANT, SERVICE, {"key": "0123456789abcdef"})
        done = ingest_table(ports, tenant_service, TABLE, run_id="bench", service=service)
    assert done.status == "ok"
    return {"rows": done.rows, "pages": done.pages, "files": len(done.files)}


if __name__ == "__main__":
    if sys.argv[1] == "--at-once":
        tell(lambda: ingest(Path(sys.argv[3]), sys.argv[4], int(sys.argv[2])))
    else:
        tell_each(ingest)
