from __future__ import annotations

from typing import Any

import pytest

from avesa.connector.paging import ExportJob, Page, PageNumber
from avesa.connector.request import Request, Response
from avesa.shared.errors import TableFailed
from paged_vendors import QUERY, answered

EXPORT = ExportJob(
    order="/list",
    job="data.id",
    poll="/jobs/{job}",
    state="status",
    ready=("Complete",),
    failed=("Failed", "Aborted"),
    result="/jobs/{job}/results",
    wait=7.0,
    polls=3,
    pages=PageNumber(most=2),
)


def told(body: Any, records: int = 0, **headers: str) -> Page:
    return Page(answered(body, **headers), records)


def ordered() -> Request:
    following = EXPORT.next(EXPORT.first(QUERY), told({"data": {"id": "7/x"}}))
    assert following is not None
    return following


def test_the_order_is_the_endpoints_own_request_and_holds_no_records() -> None:
    first = EXPORT.first(QUERY)
    assert (first.method, first.url, first.body, first.has_records) == ("POST", QUERY.url, QUERY.body, False)


def test_after_the_order_the_job_is_asked_for_when_the_declared_time_has_passed() -> None:
    polling = ordered()
    assert (polling.method, polling.url) == ("GET", "https://v.example/api/jobs/7%2Fx")
    assert (polling.wait, polling.has_records, polling.body) == (7.0, False, None)


def test_the_vendors_own_wait_counts_up_to_a_limit() -> None:
    polling = EXPORT.next(ordered(), told({"status": "Working"}, retry_after="2"))
    assert polling is not None and polling.wait == 2.0
    polling = EXPORT.next(ordered(), told({"status": "Working"}, retry_after="86400"))
    assert polling is not None and polling.wait == 300.0
    polling = EXPORT.next(ordered(), told({"status": "Working"}, retry_after="soon"))
    assert polling is not None and polling.wait == 7.0


def test_a_ready_export_is_fetched_page_by_page() -> None:
    result = EXPORT.next(ordered(), told({"status": "Complete"}))
    assert result is not None
    assert (result.url, result.has_records, result.wait) == ("https://v.example/api/jobs/7%2Fx/results", True, 0.0)
    second = EXPORT.next(result, told([], records=2))
    assert second is not None and second.param("page") == "2"
    assert EXPORT.next(second, told([], records=1)) is None


@pytest.mark.parametrize("state", ["Failed", "Aborted"])
def test_an_export_that_fails_fails_the_table(state: str) -> None:
    with pytest.raises(TableFailed, match="could not make the export"):
        EXPORT.next(ordered(), told({"status": state}))


def test_an_export_that_is_never_ready_fails() -> None:
    request: Request | None = ordered()
    with pytest.raises(TableFailed, match="not ready after 3 questions"):
        for _ in range(9):
            assert request is not None
            request = EXPORT.next(request, told({"status": "Working"}))


@pytest.mark.parametrize("body", [{}, {"data": {"id": None}}, {"data": {"id": ""}}, {"data": {"id": {"a": 1}}}])
def test_an_order_without_a_job_fails(body: Any) -> None:
    with pytest.raises(TableFailed):
        EXPORT.next(EXPORT.first(QUERY), told(body))


def test_an_endpoint_with_another_path_is_a_mistake_that_is_told() -> None:
    with pytest.raises(TableFailed, match="does not end in /list"):
        EXPORT.first(Request("POST", "https://v.example/api/other"))


def test_a_job_that_the_vendor_has_lost_is_ordered_anew() -> None:
    """Its answers are declared as those of an expired cursor."""
    assert any(expired.matches(Response(404, {}, b"", QUERY.url)) for expired in EXPORT.expired)
