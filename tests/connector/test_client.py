"""Sending, over real HTTP; waits are recorded instead of waited."""

from __future__ import annotations

import gzip
import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from urllib.parse import urlsplit

import pytest

from avesa.connector.client import Client, Tally
from avesa.connector.connection import connection
from avesa.connector.limiter import Limiter
from avesa.connector.limits import Limits, Stopped, waiter
from avesa.connector.request import Request, Response
from avesa.connector.retry import Code, Errors, Inside, Retry
from avesa.connector.service import Endpoint, Service, Setting
from avesa.connector.transport import Transport
from avesa.shared.errors import AllowanceSpent, ServiceFailed, TableFailed, Unavailable, Where
from tiny_vendor import SERVICE, Answer, Asked, TinyVendor, tiny_vendor

SLOW = replace(SERVICE, retry=Retry(attempts=3, first_wait=1.0), headers=(("clientId", "{company_id}"),))


@pytest.fixture
def vendor() -> Iterator[TinyVendor]:
    with tiny_vendor() as vendor:
        vendor.lists["/tickets"] = []
        yield vendor


def client(vendor: TinyVendor, waits: list[float], service: Service = SLOW) -> Client:
    link = connection(
        service, {"company_id": "co", "base_url": vendor.url}, {"private_key": "s3cr3t"}, where=Where("acme", "tiny")
    )
    time = [0.0]

    def wait(seconds: float) -> None:
        waits.append(seconds)
        time[0] += seconds

    return Client(link, wait=wait, chance=lambda: 0.5, monotonic=lambda: time[0])


def ask(vendor: TinyVendor, path: str = "/tickets") -> Request:
    return Request("GET", vendor.url + path, (("conditions", "a>=[2026] and b"),))


def test_auth_and_headers_are_put_on_and_parameters_are_encoded(vendor: TinyVendor) -> None:
    with client(vendor, []) as sender:
        sender.get(ask(vendor), Tally())
    [asked] = vendor.asked
    assert asked.headers["authorization"] == "Basic Y286czNjcjN0"
    assert asked.headers["clientid"] == "co"
    assert asked.query == {"conditions": "a>=[2026] and b"}


def test_a_header_that_comes_out_empty_is_not_sent(vendor: TinyVendor) -> None:
    optional = Setting("on_behalf_of", default="")
    headers = (("On-Behalf-Of", "{on_behalf_of}"), ("clientId", "{company_id}"))
    service = replace(SLOW, settings=(*SLOW.settings, optional), headers=headers)
    with client(vendor, [], service) as sender:
        sender.get(ask(vendor), Tally())
    assert "on-behalf-of" not in vendor.asked[0].headers and vendor.asked[0].headers["clientid"] == "co"


def test_a_429_makes_everybody_wait_as_long_as_it_says(vendor: TinyVendor) -> None:
    answers = [Answer(429, headers={"Retry-After": "7"})]
    vendor.bend = lambda _, answer: answers.pop() if answers else answer
    waits: list[float] = []
    tally = Tally()
    with client(vendor, waits) as sender:
        sender.get(ask(vendor), tally)
    assert waits == [7.0]
    assert (tally.calls, tally.retries) == (2, 1)


def test_a_429_that_says_hours_is_not_waited_for_and_not_asked_again(vendor: TinyVendor) -> None:
    vendor.bend = lambda *_: Answer(429, headers={"Retry-After": "7200"})
    waits: list[float] = []
    with client(vendor, waits) as sender:
        for _ in range(2):
            with pytest.raises(AllowanceSpent, match="used up until"):
                sender.get(ask(vendor), Tally())
    assert waits == [] and len(vendor.asked) == 1


@pytest.mark.parametrize("asked", ["99999999999999", "1e300"])
def test_a_429_that_says_more_than_any_budget_lasts_is_a_rest_of_a_month(vendor: TinyVendor, asked: str) -> None:
    vendor.bend = lambda *_: Answer(429, headers={"Retry-After": asked})
    with client(vendor, []) as sender, pytest.raises(AllowanceSpent, match="used up until 1970-02-01"):
        sender.get(ask(vendor), Tally())


def test_a_429_that_names_no_time_makes_all_rest_as_long_as_is_declared(vendor: TinyVendor) -> None:
    answers = [Answer(429)]
    vendor.bend = lambda _, answer: answers.pop() if answers else answer
    waits: list[float] = []
    with client(vendor, waits, replace(SLOW, limits=replace(SLOW.limits, rest=timedelta(seconds=30)))) as sender:
        sender.get(ask(vendor), Tally())
    assert waits == [30.0]


LIMITED_INSIDE = replace(
    SLOW,
    errors=Errors(
        codes=(Code("ratelimited", "limit"),),
        inside=(Inside("ok", (False,), code="error", wait="retry_after"),),
    ),
)
"""Says with status 200 that it was asked too often."""


def test_what_is_refused_inside_a_good_answer_is_a_refusal_like_a_429(vendor: TinyVendor) -> None:
    answers = [Answer(body=b'{"ok":false,"error":"ratelimited","retry_after":7}')]
    vendor.bend = lambda _, answer: answers.pop() if answers else answer
    waits: list[float] = []
    tally = Tally()
    with client(vendor, waits, LIMITED_INSIDE) as sender:
        assert sender.get(ask(vendor), tally).body == b"[]"
    assert waits == [7.0]
    assert (tally.calls, tally.retries) == (2, 1)


def test_a_refusal_that_says_hours_inside_a_good_answer_is_not_waited_for(vendor: TinyVendor) -> None:
    vendor.bend = lambda *_: Answer(body=b'{"ok":false,"error":"ratelimited","retry_after":7200}')
    waits: list[float] = []
    with client(vendor, waits, LIMITED_INSIDE) as sender:
        for _ in range(2):
            with pytest.raises(AllowanceSpent, match="used up until"):
                sender.get(ask(vendor), Tally())
    assert waits == [] and len(vendor.asked) == 1


def test_an_answer_that_is_too_long_fails_its_table_at_once(
    vendor: TinyVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("avesa.connector.client.Transport", partial(Transport, most_bytes=1_000))
    vendor.bend = lambda *_: Answer(body=b"x" * 2_000)
    tally = Tally()
    with client(vendor, []) as sender, pytest.raises(TableFailed, match="longer than 256 MB"):
        sender.get(ask(vendor), tally)
    assert (tally.calls, tally.retries) == (1, 0)


def test_a_429_whose_code_means_something_else_makes_nobody_rest(vendor: TinyVendor) -> None:
    errors = Errors(codes=(Code("plan_has_no_api", "table"),))
    vendor.bend = lambda *_: Answer(429, b'{"code":"plan_has_no_api"}', {"Retry-After": "7200"})
    waits: list[float] = []
    with client(vendor, waits, replace(SLOW, errors=errors)) as sender:
        for _ in range(2):
            with pytest.raises(TableFailed, match="plan_has_no_api"):
                sender.get(ask(vendor), Tally())
    assert waits == [] and len(vendor.asked) == 2


def test_a_vendor_that_is_not_there_is_found_out_once_and_asked_again_after_the_cool_down() -> None:
    with tiny_vendor() as gone:
        pass
    waits: list[float] = []
    tally = Tally()
    with client(gone, waits) as sender:
        for _ in range(5):
            with pytest.raises(Unavailable, match="no connection, 3 times in a row") as caught:
                sender.get(ask(gone), tally)
            assert caught.value.where.tenant == "acme"
        assert (tally.calls, waits) == (3, [0.5, 1.0])
        sender._wait(SLOW.limits.cool_down.total_seconds())
        with pytest.raises(Unavailable, match="no connection"):
            sender.get(ask(gone), tally)
        assert tally.calls == 6


def test_while_a_vendor_answers_badly_other_tables_are_tried_once_each(vendor: TinyVendor) -> None:
    vendor.lists["/boards"] = []
    vendor.bend = lambda asked, answer: Answer(503) if asked.path.endswith("/tickets") else answer
    tally = Tally()
    with client(vendor, []) as sender:
        for calls in (3, 4, 5):
            with pytest.raises(Unavailable, match="503, 3 times in a row"):
                sender.get(ask(vendor), tally)
            assert tally.calls == calls
        sender.get(ask(vendor, "/boards"), tally)
        with pytest.raises(Unavailable):
            sender.get(ask(vendor), tally)
    assert tally.calls == 6 + 3


def test_a_connection_that_is_cut_is_tried_again_with_backoff_and_then_unavailable(vendor: TinyVendor) -> None:
    vendor.bend = lambda *_: Answer(body=b"x" * 100, cut=10)
    waits: list[float] = []
    with client(vendor, waits) as sender, pytest.raises(Unavailable, match="the answer broke off, 3 times") as caught:
        sender.get(ask(vendor), Tally())
    assert waits == [0.5, 1.0]
    assert "s3cr3t" not in str(caught.value) and caught.value.where.tenant == "acme"


def test_a_server_that_is_not_there_is_unavailable(vendor: TinyVendor) -> None:
    with tiny_vendor() as gone:
        pass
    with client(gone, []) as sender, pytest.raises(Unavailable, match="no connection"):
        sender.get(ask(gone), Tally())


def test_a_redirect_is_never_followed(vendor: TinyVendor) -> None:
    with tiny_vendor() as other:
        vendor.bend = lambda *_: Answer(302, headers={"Location": f"{other.url}/tickets"})
        with client(vendor, []) as sender, pytest.raises(TableFailed, match="redirect"):
            sender.get(ask(vendor), Tally())
        assert other.asked == []


def test_refused_credentials_are_not_tried_again(vendor: TinyVendor) -> None:
    vendor.bend = lambda *_: Answer(401)
    with client(vendor, []) as sender, pytest.raises(ServiceFailed):
        sender.get(ask(vendor), Tally())
    assert len(vendor.asked) == 1


def test_an_error_does_not_repeat_the_header_that_proved_the_request(vendor: TinyVendor) -> None:
    def repeat(asked: Asked, _: Answer) -> Answer:
        said = f"not a valid key=value pair: Authorization={asked.headers['authorization']}"
        return Answer(403, json.dumps({"code": "Forbidden", "message": said}).encode())

    vendor.bend = repeat
    with client(vendor, []) as sender, pytest.raises(TableFailed, match=r"Authorization=Basic \*\*\*") as caught:
        sender.get(ask(vendor), Tally())
    assert b64encode(b"co:s3cr3t").decode() not in str(caught.value)


def test_compressed_answers_are_read_and_counted_as_they_came(vendor: TinyVendor) -> None:
    packed = gzip.compress(b"[" + b" " * 10_000 + b"]")
    vendor.bend = lambda *_: Answer(body=packed, headers={"Content-Encoding": "gzip"})
    tally = Tally()
    with client(vendor, []) as sender:
        assert len(sender.get(ask(vendor), tally).body) == 10_002
    assert tally.bytes == len(packed)


def test_no_more_requests_are_under_way_than_the_service_allows(vendor: TinyVendor) -> None:
    under_way, most, lock = [0], [0], threading.Lock()
    full = threading.Barrier(SLOW.limits.concurrency)

    def busy(_: Asked, answer: Answer) -> Answer:
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        full.wait(5)  # each round of answers leaves only when as many as allowed have come
        with lock:
            under_way[0] -= 1
        return answer

    vendor.bend = busy
    with client(vendor, []) as sender:
        threads = [threading.Thread(target=sender.get, args=(ask(vendor), Tally())) for _ in range(9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert most[0] == SLOW.limits.concurrency == 3


def test_a_rate_is_kept_by_spacing_requests() -> None:
    time, waits = [0.0], []

    def wait(seconds: float) -> None:
        waits.append(round(seconds, 3))
        time[0] += seconds

    limiter = Limiter(Limits(concurrency=2, per_second=4), wait=wait, monotonic=lambda: time[0])
    for _ in range(3):
        with limiter.turn():
            pass
    assert waits == [0.25, 0.25]


def test_a_wait_ends_as_soon_as_a_stop_is_asked_for() -> None:
    with pytest.raises(Stopped):
        waiter(lambda: True)(3600)


REPORTS = Endpoint("reports", "/reports", downloads=(".files.example",), changes=None)


def leads_to(vendor: TinyVendor, location: str, found: Answer) -> None:
    """The vendor redirects its reports, and asks nobody who they are where it leads."""

    def answer(asked: Asked) -> Answer:
        vendor.asked.append(asked)
        return Answer(302, headers={"Location": location}) if asked.path.endswith("/reports") else found

    vendor.answer = answer  # type: ignore[method-assign]


def test_a_file_is_fetched_where_an_answer_leads_and_no_credentials_go_along(vendor: TinyVendor) -> None:
    leads_to(vendor, f"{vendor.url}/download?key=k1", Answer(body=b"a,b"))
    with client(vendor, []) as sender:
        answer = sender.send(ask(vendor, "/reports"), Tally(), REPORTS)
    assert (answer.body, answer.url) == (b"a,b", vendor.url + "/reports")
    download = vendor.asked[-1]
    assert download.query == {"key": "k1"}
    assert "authorization" not in download.headers and "clientid" not in download.headers


@pytest.mark.parametrize(
    "location",
    [
        "https://files.example.evil/x",
        "http://x.files.example/x",
        "https:///x",
        "https://[x",
        "https://x.files.example:p/",
    ],
)
def test_a_file_on_a_strange_host_is_not_fetched(vendor: TinyVendor, location: str) -> None:
    leads_to(vendor, location, Answer())
    with client(vendor, []) as sender, pytest.raises(TableFailed):
        sender.send(ask(vendor, "/reports"), Tally(), REPORTS)
    assert len(vendor.asked) == 1


def test_a_file_that_is_refused_fails_its_table_and_not_the_connection(vendor: TinyVendor) -> None:
    leads_to(vendor, f"{vendor.url}/download", Answer(401))
    with client(vendor, []) as sender, pytest.raises(TableFailed, match="401"):
        sender.send(ask(vendor, "/reports"), Tally(), REPORTS)


def test_a_redirect_that_nobody_declared_is_not_followed(vendor: TinyVendor) -> None:
    leads_to(vendor, f"{vendor.url}/download", Answer())
    with client(vendor, []) as sender:
        assert sender.send(ask(vendor, "/reports"), Tally(), replace(REPORTS, downloads=())).status == 302
    assert len(vendor.asked) == 1


@pytest.mark.parametrize(
    ("location", "hosts"),
    [
        ("https://n7.tiny.example/elsewhere?b=2", ["api.tiny.example", "n7.tiny.example"]),
        ("https://evil.example/api/tickets", ["api.tiny.example"]),
    ],
)
def test_credentials_follow_an_account_to_the_vendors_own_hosts_and_nowhere_else(
    location: str, hosts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Request] = []

    def answered(self: Client, request: Request, *more: object) -> Response:
        sent.append(request)
        return Response(200 if len(sent) > 1 else 308, {"location": location}, b"[]", request.url)

    monkeypatch.setattr(Client, "_answer", answered)
    service = replace(SERVICE, shards=(".tiny.example",))
    settings = {"company_id": "co", "site": "api.tiny.example"}
    link = connection(service, settings, {"private_key": "s3cr3t"}, where=Where("acme", "tiny"))
    sender = Client(link)
    answer = sender.send(Request("GET", "https://api.tiny.example/api/tickets", (("a", "b"),)), Tally())
    sender.close()
    assert [urlsplit(request.url).hostname for request in sent] == hosts
    assert {(urlsplit(request.url).path, request.params) for request in sent} == {("/api/tickets", (("a", "b"),))}
    assert all("Authorization" in dict(request.headers) for request in sent)
    assert answer.url == "https://api.tiny.example/api/tickets"


def test_an_account_is_looked_for_at_one_other_host_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Response(308, {"location": "https://n7.tiny.example/"}, b"", "https://api.tiny.example/api/tickets")
    monkeypatch.setattr(Client, "_answer", lambda self, request, *more: told)
    link = connection(
        replace(SERVICE, shards=(".tiny.example",)),
        {"company_id": "co", "site": "api.tiny.example"},
        {"private_key": "s3cr3t"},
        where=Where("acme", "tiny"),
    )
    sender = Client(link)
    assert sender.send(Request("GET", told.url), Tally()).status == 308
    sender.close()
