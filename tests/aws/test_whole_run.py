"""The functions of an installation, called one after the other as the workflow calls them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from deltalake import DeltaTable

from avesa.aws import handlers
from avesa.sandbox.vendor.server import Serving
from aws_cloud import Cloud, a_run_id
from stage_calls import call, ingest, items_of


def test_a_run_from_its_plan_to_its_report(cloud: Cloud, connect: Callable[..., Any], vendor: Serving) -> None:
    connect("acme")
    connect("globex")
    run = a_run_id()
    planned = call("plan", {"run_id": run})
    assert planned == {"run_id": run, "bucket": "avesa-tests", "key": f"_runs/{run}/plan.json", "items": 2}
    for item in items_of(cloud, planned):
        assert item["run_id"] == run
        assert set(item) == {"run_id", "tenant", "service", "tables", "canonical", "full"}
        for table in item["tables"]:
            done = ingest(run, table, item["tenant"], full=item["full"])
            assert {**done, "rows": 0} == {"done": True, "status": "ok", "table": table, "rows": 0}
            assert done["rows"] > 0
        for table in item["canonical"]:
            folded = call("transform", {"run_id": run, "tenant": item["tenant"], "table": table})
            assert folded["status"] == "ok"
            assert folded["rows"] > 0
    report = call("report", {"run_id": run, "key": planned["key"]})
    assert report["failed"] == []
    assert (report["items"], report["tables"], report["folds"]) == (2, {"ok": 4}, {"ok": 4})
    assert json.loads(cloud.objects.read(f"_runs/{run}/report.json"))["rows"] == report["rows"]
    assert cloud.gate.refused == []
    assert vendor.vendor.violations == []
    uri, options = cloud.objects.table_uri("globex/canonical/tickets"), cloud.objects.table_options
    assert DeltaTable(uri, storage_options=options).version() >= 0


def test_only_the_functions_have_names() -> None:
    with pytest.raises(AttributeError):
        handlers.no_such_function  # noqa: B018
