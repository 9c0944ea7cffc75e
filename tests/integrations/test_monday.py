"""What is special about monday.com: errors in a 200, points, cursors that expire, many items asked for at once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.request import Response
from avesa.connector.retry import classify
from avesa.connector.vendor_meter import read_meter
from avesa.integrations.monday import SERVICE, queries
from strict_tenant import Tenant, strict_tenant

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def answer(body: Any, status: int = 200) -> Response:
    return Response(status, {}, json.dumps(body).encode(), "https://api.monday.com/v2")


def refused(code: str, **extensions: Any) -> dict[str, Any]:
    return {"data": None, "errors": [{"message": "no", "extensions": {"code": code, **extensions}}], "account_id": 1}


@pytest.mark.parametrize(
    ("code", "means"),
    [
        ("COMPLEXITY_BUDGET_EXHAUSTED", "limit"),
        ("ComplexityException", "limit"),
        ("DAILY_LIMIT_EXCEEDED", "limit"),
        ("maxConcurrencyExceeded", "limit"),
        ("Rate Limit Exceeded", "limit"),
        ("INTERNAL_SERVER_ERROR", "retry"),
        ("CursorException", "expired"),
        ("USER_UNAUTHORIZED", "table"),
        ("InvalidBoardIdException", "table"),
    ],
)
def test_an_error_with_status_200_means_what_its_code_says(code: str, means: str) -> None:
    assert classify(answer(refused(code)), SERVICE.errors).means == means


def test_a_spent_budget_says_when_to_come_again() -> None:
    verdict = classify(answer(refused("COMPLEXITY_BUDGET_EXHAUSTED", retry_in_seconds=17)), SERVICE.errors)
    assert (verdict.means, verdict.wait) == ("limit", 17.0)


def test_data_beside_an_error_are_not_taken_for_the_whole() -> None:
    body = {**refused("InvalidColumnIdException"), "data": {"users": [{"id": "1"}]}}
    assert classify(answer(body), SERVICE.errors).means == "table"
    assert classify(answer({"data": {"users": []}, "errors": []}), SERVICE.errors).is_good


def test_every_query_asks_what_is_left_of_the_points() -> None:
    [told] = SERVICE.limits.told
    body = {"data": {"complexity": {"after": 0, "reset_in_x_seconds": 23}, "users": []}}
    reading = read_meter(told, answer(body), share=0.9, now=NOON)
    assert reading is not None and (reading.left, reading.seconds) == (0, 23.0)
    asked = [json.loads(e.body.text)["query"] for e in SERVICE.endpoints if e.body] + [
        json.loads(queries.NEXT_ITEMS.text)["query"]
    ]
    assert len(asked) == 14 and all("{ complexity { after reset_in_x_seconds }" in query for query in asked)


def pull_all(tenant: Tenant, *tables: str) -> None:
    for table in tables:
        assert tenant.pull(table).status == "ok"


def test_a_cursor_that_expired_while_nobody_pulled_begins_the_items_again(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "monday", page=0, counts={"boards": 2, "items": 7}, cursor_pages=3) as tenant:
        pull_all(tenant, "boards")
        seen: list[int] = []
        first = tenant.pull("items", progress=lambda *page: seen.append(page[1]), stop=lambda: len(seen) >= 2)
        assert first.status == "stopped"
        tenant.vendor.expire_cursors()
        tenant.clock.now += timedelta(hours=2)
        assert tenant.pull("items").status == "ok"
        landed = {(row["parent_id"], row["record_id"]) for row in tenant.rows("items")}
        boards = [row["record_id"] for row in tenant.rows("boards")]
        assert landed == {(board, item["id"]) for board in boards for item in tenant.vendor.records("items", (board,))}


def test_the_subitems_of_many_items_come_in_one_answer(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "monday", page=0, counts={"boards": 2, "items": 10}) as tenant:
        pull_all(tenant, "boards", "items", "subitems", "time_tracking")
        assert len(tenant.asked("subitems")) == len(tenant.asked("time_tracking")) == 1
        items = [row["record_id"] for row in tenant.rows("items")]
        assert len(set(items)) == 20
        for table in ("subitems", "time_tracking"):
            owned = {(row["parent_id"], row["record"]["id"]) for row in tenant.rows(table)}
            assert owned == {(i, record["id"]) for i in items for record in tenant.vendor.records(table, (i,))}
        # A column has the same id in every item.
        tracked = tenant.rows("time_tracking")[0]
        assert json.loads(tracked["record_id"]) == [tracked["parent_id"], tracked["record"]["id"]]


def test_between_two_listings_only_what_hangs_on_changes_is_asked_for(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "monday", page=0, counts={"boards": 3, "items": 2}) as tenant:
        pull_all(tenant, "boards", "items")
        tenant.clock.now += timedelta(hours=1)
        changed = tenant.vendor.change("boards", 1)["id"]
        tenant.vendor.change("items", 0, (changed,), name="new")
        tenant.clock.now += timedelta(minutes=1)
        pull_all(tenant, "boards")
        before = len(tenant.rows("items"))
        outcome = tenant.pull("items")
        newest = [row for row in tenant.rows("items")[before:] if row["record"]["name"] == "new"]
        assert (outcome.kind, len(newest)) == ("changes", 1)
        assert all(row["parent_id"] != tenant.rows("boards")[0]["record_id"] for row in tenant.rows("items")[before:])


def test_the_logs_of_a_board_come_though_the_board_did_not_change(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "monday", page=0, counts={"boards": 2}) as tenant:
        pull_all(tenant, "boards", "activity_logs")
        board = tenant.rows("boards")[0]["record_id"]
        row = tenant.rows("activity_logs")[0]
        assert (row["updated_at"] - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 10 == int(
            row["record"]["created_at"]
        )
        tenant.clock.now += timedelta(hours=1)
        added = tenant.vendor.add("activity_logs", (board,))
        tenant.clock.now += timedelta(minutes=1)
        pull_all(tenant, "boards")
        assert tenant.pull("activity_logs").rows == 1
        last = tenant.rows("activity_logs")[-1]
        assert (last["parent_id"], last["record_id"]) == (board, added["id"])


def test_updates_are_asked_for_by_days_of_which_both_are_named(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "monday", page=0) as tenant:
        pull_all(tenant, "updates")
        tenant.clock.now += timedelta(hours=1)
        added = tenant.vendor.add("updates")
        tenant.clock.now += timedelta(minutes=1)
        outcome = tenant.pull("updates")
        assert (outcome.kind, outcome.rows) == ("changes", 1)
        assert tenant.rows("updates")[-1]["record_id"] == added["id"]
