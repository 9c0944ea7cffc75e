"""The function `transform`: one canonical table of one tenant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aws_cloud import Cloud, a_run_id
from stage_calls import call, ingest


def test_a_canonical_table_of_which_nothing_landed_is_nothing_to_do(cloud: Cloud) -> None:
    cloud.state.tenants.add_tenant("acme")
    answer = call("transform", {"run_id": a_run_id(), "tenant": "acme", "table": "tickets"})
    assert (answer["status"], answer["rows"]) == ("ok", 0)


def test_a_mapping_that_is_wrong_fails_its_table_in_words(cloud: Cloud, connect: Callable[..., Any]) -> None:
    connect("acme")
    run = a_run_id()
    ingest(run, "tickets")
    cloud.objects.write("acme/mappings/tickets.json", b"{")
    answer = call("transform", {"run_id": run, "tenant": "acme", "table": "tickets"})
    assert answer["status"] == "failed"
    assert "mappings/tickets.json" in answer["error"]
