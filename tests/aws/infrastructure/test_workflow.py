"""The workflow as it runs: the deployed stacks on a stand-in for AWS, with stubs that raise errors by their names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from infrastructure.environment import load_environment

from aws.infrastructure.deployed import Deployed, deployed
from aws.infrastructure.synthesized import Synthesized

pytest.importorskip("aws_cdk", reason="the stacks have an environment of their own: make test-infra")

MAXIMUM_CALLS = load_environment("prod").maximum_calls


@pytest.fixture(scope="module")
def aws(synthesized: Synthesized, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with deployed(synthesized, tmp_path_factory.mktemp("stand-in")) as found:
        yield found


def item(
    tenant: str, service: str, *tables: str, canonical: tuple[str, ...] = (), full: bool = False
) -> dict[str, Any]:
    return {"tenant": tenant, "service": service, "tables": [*tables], "canonical": [*canonical], "full": full}


def of_table(run: Any, table: str) -> dict[str, Any]:
    (found,) = [one for item in run.items for one in item["tables"] if one["table"] == table]
    return dict(found)


def test_a_sync_ingests_every_table_with_the_lambda_of_its_service_then_folds_then_reports(aws: Deployed) -> None:
    run = aws.run(
        [
            item("acme", "connectwise", "tickets", "contacts", canonical=("tickets", "contacts")),
            item("globex", "slack", "users", canonical=("users",), full=True),
        ],
        name="whole",
    )

    assert (run.status, run.failed) == ("SUCCEEDED", [])
    assert run.output == {"items": 2, "failed": []}
    done = {"status": "ok", "rows": 3}
    assert sorted(run.items, key=lambda one: str(one["tenant"])) == [
        {
            "tenant": "acme",
            "service": "connectwise",
            "tables": [{"table": "tickets", **done}, {"table": "contacts", **done}],
            "canonical": [{"table": "tickets", "status": "ok"}, {"table": "contacts", "status": "ok"}],
        },
        {
            "tenant": "globex",
            "service": "slack",
            "tables": [{"table": "users", **done}],
            "canonical": [{"table": "users", "status": "ok"}],
        },
    ]
    called = {(call["function"], call["event"]["table"]): call["event"] for call in aws.calls("ingestion")}
    assert set(called) == {
        ("avesa-connectwise-ingestion-prod", "tickets"),
        ("avesa-connectwise-ingestion-prod", "contacts"),
        ("avesa-slack-ingestion-prod", "users"),
    }
    assert called["avesa-slack-ingestion-prod", "users"] == {
        "run_id": "whole",
        "tenant": "globex",
        "service": "slack",
        "table": "users",
        "full": True,
    }
    (reported,) = [call["event"] for call in aws.calls("report")]
    assert datetime.fromisoformat(reported.pop("began")) <= datetime.now(UTC)
    assert reported == {"run_id": "whole", "key": "_runs/whole/plan.json", "results": None}


def test_tables_of_one_account_are_pulled_one_after_the_other_and_folded_after_them(aws: Deployed) -> None:
    aws.run([item("acme", "connectwise", "a", "calls_3", "c", canonical=("x",))], name="in-turn")

    assert [call["event"]["table"] for call in aws.calls("ingestion")] == ["a", "calls_3", "calls_3", "calls_3", "c"]
    lines = (aws.folder / "calls.jsonl").read_text(encoding="utf-8").splitlines()
    assert ["transform" in line for line in lines].index(True) == len(lines) - 2


def test_what_is_asked_for_reaches_the_plan_with_the_name_of_the_execution_as_the_run(aws: Deployed) -> None:
    asked = {"tenant": "acme", "service": "connectwise", "table": "tickets", "full": True}

    aws.run([], {**asked, "run_id": "forged"}, name="by-hand")

    assert [call["event"] for call in aws.calls("plan")] == [{**asked, "run_id": "by-hand"}]


def test_nothing_due_is_a_report_and_no_more(aws: Deployed) -> None:
    run = aws.run([], name="nothing-due")

    assert run.status == "SUCCEEDED"
    assert aws.calls("ingestion") == aws.calls("transform") == []
    assert len(aws.calls("report")) == 1


@pytest.mark.parametrize("table", ["unavailable_3", "timedout_2", "busy_3"])
def test_what_may_pass_is_tried_again(aws: Deployed, table: str) -> None:
    run = aws.run([item("acme", "duo", table)], name=f"again-{table}")

    assert of_table(run, table)["status"] == "ok"
    assert len(aws.calls("ingestion")) == int(table[-1]) + 1


@pytest.mark.parametrize(("table", "calls"), [("unavailable", 4), ("timedout", 3), ("poison", 1)])
def test_what_does_not_pass_fails_its_table_alone(aws: Deployed, table: str, calls: int) -> None:
    run = aws.run(
        [item("acme", "duo", "before", table, "after", canonical=("users",)), item("globex", "duo", "users")],
        name=f"fails-{table}",
        failed=1,
    )

    assert (run.status, run.failed) == ("SUCCEEDED", [])
    assert of_table(run, table)["status"] == "failed"
    assert of_table(run, table)["error"] in ("Unavailable", "Sandbox.Timedout", "ValueError")
    assert [of_table(run, other)["status"] for other in ("before", "after", "users")] == ["ok"] * 3
    assert len([call for call in aws.calls("ingestion") if call["event"]["table"] == table]) == calls
    assert len(aws.calls("transform")) == 1


def test_a_table_that_another_run_has_in_work_is_busy_and_not_failed(aws: Deployed) -> None:
    run = aws.run([item("acme", "duo", "busy")], name="in-work")

    assert of_table(run, "busy") == {"table": "busy", "status": "busy", "rows": 0}
    assert len(aws.calls("ingestion")) == 4


def test_a_table_that_never_ends_is_left_to_the_next_run(aws: Deployed) -> None:
    run = aws.run([item("acme", "duo", "endless", "users")], name="endless")

    assert of_table(run, "endless") == {"table": "endless", "status": "stopped", "rows": 0}
    assert of_table(run, "users")["status"] == "ok"
    assert len([one for one in aws.calls("ingestion") if one["event"]["table"] == "endless"]) == MAXIMUM_CALLS


def test_a_fold_waits_for_the_fold_of_another_service(aws: Deployed) -> None:
    run = aws.run([item("acme", "duo", "users", canonical=("busy_12", "poison", "users"))], name="folds")

    assert run.items[0]["canonical"] == [
        {"table": "busy_12", "status": "ok"},
        {"table": "poison", "status": "failed", "error": "ValueError"},
        {"table": "users", "status": "ok"},
    ]
    assert len([one for one in aws.calls("transform") if one["event"]["table"] == "busy_12"]) == 13


def test_a_fold_that_another_worker_never_ends_is_busy_and_not_failed(aws: Deployed) -> None:
    run = aws.run([item("acme", "duo", "users", canonical=("busy",))], name="fold-in-work")

    assert run.items[0]["canonical"] == [{"table": "busy", "status": "busy"}]
    assert len(aws.calls("transform")) == 21


def test_an_item_that_is_no_item_breaks_alone(aws: Deployed) -> None:
    run = aws.run([{"tenant": "acme"}, item("globex", "duo", "users")], name="no-item")

    assert run.status == "SUCCEEDED"
    assert len(run.failed) == 1
    assert [one["tenant"] for one in run.items] == ["globex"]


def test_a_plan_that_fails_fails_the_run_so_that_it_can_be_redriven(aws: Deployed) -> None:
    run = aws.run([], {"broken": True}, name="broken-plan")

    assert (run.status, run.error) == ("FAILED", "ConfigurationError")
    assert aws.calls("report") == []


def test_failures_are_told_and_a_good_sync_is_not(aws: Deployed) -> None:
    queue = aws.clients["sqs"].create_queue(QueueName="listener")["QueueUrl"]
    arn = aws.clients["sqs"].get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    (topic,) = [
        one["TopicArn"] for one in aws.clients["sns"].list_topics()["Topics"] if one["TopicArn"].endswith("-alerts")
    ]
    aws.clients["sns"].subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    aws.run([], name="good")
    aws.run([], name="bad", failed=2)

    messages = aws.clients["sqs"].receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=2)["Messages"]
    assert len(messages) == 1
    assert "Run bad. What to do: docs/runbook.md." in messages[0]["Body"]
