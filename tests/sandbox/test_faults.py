"""Everything that can go wrong with a vendor can be ordered, for a path, a tenant and a number of requests."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from email.utils import parsedate_to_datetime

import httpx2
import pytest

from avesa.sandbox.faults import KINDS, Faults
from avesa.sandbox.server import Sandbox
from sandbox_client import Get, links


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 502, 503])
def test_a_status_is_answered_once_and_then_all_is_well(sandbox: Sandbox, get: Get, status: int) -> None:
    sandbox.faults.push("status", "tickets", status=status)
    assert get("/service/boards").status_code == 200
    failed = get("/service/tickets")
    assert failed.status_code == status
    assert set(failed.json()) == {"code", "message", "errors"}
    assert "Retry-After" not in failed.headers
    assert get("/service/tickets").status_code == 200


def test_retry_after_is_given_in_seconds_or_as_a_date(sandbox: Sandbox, get: Get) -> None:
    sandbox.faults.push("status", status=429, retry_after=7)
    sandbox.faults.push("status", status=503, retry_after=90, as_date=True)
    assert get("/service/boards").headers["Retry-After"] == "7"
    moment = parsedate_to_datetime(get("/service/boards").headers["Retry-After"])
    assert moment == sandbox.clock() + timedelta(seconds=90)


def test_faults_wait_for_their_path_their_tenant_and_their_turn(sandbox: Sandbox, get: Get) -> None:
    sandbox.faults.push("status", "/service/*", tenant="globex", after=1, times=2, status=502)
    statuses = [get("/service/boards", tenant="globex").status_code for _ in range(4)]
    assert statuses == [200, 502, 502, 200]
    sandbox.faults.push("status", "members", times=None, status=403)
    assert [get("/system/members").status_code for _ in range(3)] == [403, 403, 403]
    assert get("/company/contacts").status_code == 200
    sandbox.faults.clear()
    assert get("/system/members").status_code == 200


def test_a_body_that_is_not_json_or_of_the_wrong_shape(sandbox: Sandbox, get: Get) -> None:
    for kind in ("not_json", "object", "texts"):
        sandbox.faults.push(kind)
    html, an_object, texts = (get("/service/boards") for _ in range(3))
    assert html.status_code == 200 and html.text.startswith("<html>")
    assert isinstance(an_object.json(), dict)
    assert all(isinstance(text, str) for text in texts.json())


def test_a_list_can_come_back_empty_or_shrunken(sandbox: Sandbox, get: Get) -> None:
    whole = get("/time/entries", pageSize=10)
    sandbox.faults.push("empty")
    sandbox.faults.push("shrunken")
    empty, shrunken = get("/time/entries", pageSize=10), get("/time/entries", pageSize=10)
    assert empty.json() == [] and "Link" not in empty.headers
    assert shrunken.json() == whole.json()[::2]


@pytest.mark.parametrize("headers", [{}, {"pagination-type": "forward-only"}])
def test_a_page_can_repeat(sandbox: Sandbox, get: Get, headers: dict[str, str]) -> None:
    first = get("/time/entries", pageSize=5, headers=headers)
    sandbox.faults.push("repeat_page")
    again = get(links(first)["next"], headers=headers)
    assert again.json() == first.json()
    third = get(links(again)["next"], headers=headers)
    assert not {r["id"] for r in third.json()} & {r["id"] for r in first.json()}


@pytest.mark.parametrize("headers", [{}, {"pagination-type": "forward-only"}])
def test_paging_can_go_on_for_ever(sandbox: Sandbox, get: Get, headers: dict[str, str]) -> None:
    sandbox.faults.push("endless", times=None)
    answer = get("/service/boards", headers=headers)
    urls = set()
    for _ in range(8):
        urls.add(links(answer)["next"])
        answer = get(links(answer)["next"], headers=headers)
        assert answer.json()
    assert len(urls) == 8


def test_the_next_page_can_lead_to_another_host(sandbox: Sandbox, get: Get) -> None:
    sandbox.faults.push("foreign_link")
    assert links(get("/time/entries"))["next"].startswith("http://elsewhere.example.test/")


def test_a_record_can_be_spoiled(sandbox: Sandbox, get: Get) -> None:
    whole = get("/service/tickets", pageSize=3).json()
    answers = {}
    for kind in ("no_id", "text_id", "wrong_type", "bad_time"):
        sandbox.faults.push(kind)
        answers[kind] = get("/service/tickets", pageSize=3).json()
        assert answers[kind][1:] == whole[1:]
    assert "id" not in answers["no_id"][0]
    assert isinstance(answers["text_id"][0]["id"], str)
    assert isinstance(answers["wrong_type"][0]["summary"], dict)
    assert answers["wrong_type"][0]["id"] == whole[0]["id"]
    assert not answers["bad_time"][0]["_info"]["lastUpdated"].startswith("20")


def test_a_list_can_refuse_conditions_as_if_it_had_no_change_filter(sandbox: Sandbox, get: Get) -> None:
    sandbox.faults.push("refuse_conditions", "boards", times=None)
    assert get("/service/boards", conditions="lastUpdated>=[2026-01-01]").status_code == 400
    assert get("/service/boards").status_code == 200


def test_a_connection_can_end_within_the_body_or_without_an_answer(sandbox: Sandbox, get: Get) -> None:
    for kind in ("cut", "drop"):
        sandbox.faults.push(kind)
        with pytest.raises(httpx2.TransportError):
            get("/time/entries")
    assert get("/time/entries").status_code == 200


def test_an_answer_can_be_slow(sandbox: Sandbox, get: Get) -> None:
    sandbox.faults.push("slow", seconds=0.05)
    began = time.perf_counter()
    assert get("/service/boards").status_code == 200
    assert time.perf_counter() - began >= 0.05


def test_too_many_requests_in_a_second_are_429_for_that_tenant_alone() -> None:
    now = 100.0
    faults = Faults(monotonic=lambda: now)
    faults.limit_rate(2, retry_after=3)
    taken = [faults.take("acme", "boards", "/service/boards") for _ in range(4)]
    assert [fault.status if fault else None for fault in taken] == [None, None, 429, 429]
    assert taken[2] is not None and taken[2].retry_after == 3
    assert faults.take("globex", "boards", "/service/boards") is None
    now = 101.0
    assert faults.take("acme", "boards", "/service/boards") is None
    faults.limit_rate(None)
    assert not any(faults.take("acme", "boards", "/service/boards") for _ in range(5))


def test_the_rate_limit_answers_over_http(sandbox: Sandbox, get: Get) -> None:
    sandbox.faults.limit_rate(1, retry_after=2)
    limited = next(a for a in (get("/service/boards") for _ in range(50)) if a.status_code == 429)
    assert limited.headers["Retry-After"] == "2"


def test_each_fault_is_taken_exactly_as_often_as_it_was_ordered_by_many_threads() -> None:
    faults = Faults()
    faults.push("drop", times=100)
    taken: list[int] = []

    def take() -> None:
        taken.append(sum(faults.take("acme", None, "/x") is not None for _ in range(50)))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 100
    assert faults.waiting() == []


def test_an_unknown_fault_or_option_is_refused() -> None:
    assert "cut" in KINDS
    with pytest.raises(ValueError, match="no such fault"):
        Faults().push("flood")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no such option"):
        Faults().push("cut", colour="red")
    with pytest.raises(ValueError, match="at least 1"):
        Faults().push("cut", times=0)
