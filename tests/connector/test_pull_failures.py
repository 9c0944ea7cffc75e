"""What is left of a pull when something goes wrong: odd pages, refusals, outages, a storage that fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from avesa.connector.outcome import PullOptions
from avesa.connector.retry import Code, Errors, Inside
from avesa.shared.errors import AvesaError, ServiceFailed, StaleState, StorageError, TableFailed, Unavailable
from pull_bench import NOON, Bench, stop_after
from tiny_vendor import SERVICE, Answer, Asked, receipts, record, tiny_vendor


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with tiny_vendor() as vendor:
        yield Bench(tmp_path, vendor)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>secret</html>", "Page 1 is not JSON"),
        (b'{"items":[]}', "unexpected shape"),
        (b'[{"id":1}', "not JSON"),
    ],
)
def test_a_malformed_page_fails_the_table_without_quoting_it(bench: Bench, body: bytes, said: str) -> None:
    bench.vendor.lists["/tickets"] = []
    bench.vendor.bend = lambda *_: Answer(body=body)
    with pytest.raises(TableFailed, match=said) as caught:
        bench.pull()
    assert "tenant acme, tiny/tickets" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert bench.state().watermark is None


def test_what_came_before_a_malformed_page_is_landed_as_incomplete(bench: Bench) -> None:
    bench.vendor.lists["/tickets"] = [record(i) for i in range(1, 8)]
    bench.vendor.bend = lambda asked, answer: Answer(body=b"oops") if asked.query.get("pageId") == "6" else answer
    with pytest.raises(TableFailed, match="Page 3"):
        bench.pull()
    [receipt] = receipts(bench.ports, "tickets")
    assert (receipt.complete, receipt.rows, receipt.pages) == (False, 6, 2)
    assert receipt.reason is not None and "not JSON" in receipt.reason
    assert bench.ids() == ["1", "2", "3", "4", "5", "6"]
    assert (bench.state().checkpoint, bench.state().watermark) == (None, None)


def test_a_page_number_that_repeats_a_page_fails_the_table(bench: Bench) -> None:
    bench.vendor.lists["/boards"] = [record(i) for i in range(1, 10)]
    pages = [json.dumps([record(i) for i in range(n, n + 3)]).encode() for n in (1, 4)]
    link = {"Link": '<http://x/?page=9>; rel="next"'}
    bench.vendor.bend = lambda asked, _: Answer(body=pages[int(asked.query["page"]) % 2], headers=link)
    with pytest.raises(TableFailed, match="same page again"):
        bench.pull("boards")


def test_a_cursor_that_stands_still_fails_the_table(bench: Bench) -> None:
    link = {"Link": '<http://x/?pageId=3>; rel="next"'}
    bench.vendor.lists["/tickets"] = [record(i) for i in range(1, 9)]
    bench.vendor.bend = lambda asked, answer: Answer(answer.status, answer.body, link)
    with pytest.raises(TableFailed, match="does not increase"):
        bench.pull()


def test_paging_that_never_ends_fails_the_table_at_the_cap(bench: Bench) -> None:
    def endless(asked: Asked, _: Answer) -> Answer:
        at = int(asked.query.get("pageId", "0")) + 1
        body = json.dumps([record(at)]).encode()
        return Answer(body=body, headers={"Link": f'<http://x/?pageId={at}>; rel="next"'})

    bench.vendor.lists["/tickets"] = []
    bench.vendor.bend = endless
    with pytest.raises(TableFailed, match="More than 20 pages"):
        bench.pull(options=PullOptions(max_pages=20))
    assert len(bench.ids()) == 20


def test_a_refused_connection_marks_the_tenants_service(bench: Bench) -> None:
    bench.vendor.bend = lambda *_: Answer(401, b'{"code":"Unauthorized","message":"bad key s3cr3t-key"}')
    with pytest.raises(ServiceFailed) as caught:
        bench.pull()
    assert "s3cr3t-key" not in str(caught.value)
    [stored] = bench.ports.tenants.services("acme")
    assert stored.problem is not None and "401" in stored.problem
    [entry] = bench.ports.run_log.latest("acme")
    assert entry.status == "failed"


def test_a_forbidden_table_fails_alone_and_names_the_right(bench: Bench) -> None:
    bench.vendor.bend = lambda *_: Answer(403, b'{"code":"Forbidden","message":"security role"}')
    with pytest.raises(TableFailed, match="right to read"):
        bench.pull()


NOTES = SERVICE.endpoint("notes")
UNDER_PARENTS = replace(
    SERVICE,
    endpoints=(SERVICE.endpoint("tickets"), replace(NOTES, may_be_empty=True)),
    errors=Errors(codes=(Code(None, "gone", status=403), Code("not_invited", "refused"))),
)


def refuse(bench: Bench, *refused: int, answer: Answer) -> None:
    """Serves five tickets, the notes of some of which are `refused`."""
    bench.service = UNDER_PARENTS
    bench.vendor.lists["/tickets"] = [record(i) for i in range(1, 6)]
    for number in range(1, 6):
        bench.vendor.lists[f"/tickets/{number}/notes"] = [record(number * 10)] if number == 3 else []
    paths = {f"/api/tickets/{number}/notes" for number in refused}
    bench.vendor.bend = lambda asked, honest: answer if asked.path in paths else honest


REFUSALS = [
    Answer(403, b'{"code":"Forbidden","message":"the plan has no notes"}'),
    Answer(400, b'{"code":"not_invited","message":"the plan has no notes"}'),
]


@pytest.mark.parametrize("answer", REFUSALS)
@pytest.mark.parametrize("pages", [0, 1, 3])
def test_a_table_that_is_refused_under_every_parent_fails_and_says_why(
    bench: Bench, answer: Answer, pages: int
) -> None:
    refuse(bench, 1, 2, 3, 4, 5, answer=answer)
    bench.pull("tickets")
    if pages:
        progress, stop = stop_after(pages)
        assert bench.pull("notes", progress=progress, stop=stop).status == "stopped"
    with pytest.raises(TableFailed, match=r"under every one.*the plan has no notes"):
        bench.pull("notes")
    [receipt] = receipts(bench.ports, "notes")
    assert (receipt.complete, receipt.rows, receipt.pages) == (False, 0, 5)
    assert bench.state("notes").watermark is None


@pytest.mark.parametrize("answer", REFUSALS)
def test_a_table_that_is_refused_under_some_parents_holds_what_the_others_have(bench: Bench, answer: Answer) -> None:
    refuse(bench, 1, 2, 4, answer=answer)
    bench.pull("tickets")
    assert (bench.pull("notes").status, bench.ids("notes")) == ("ok", ["30"])


def test_a_list_that_is_refused_for_the_first_time_says_nothing_of_what_is_gone(bench: Bench) -> None:
    refuse(bench, 1, answer=REFUSALS[0])
    bench.pull("tickets")
    assert bench.pull("notes").status == "ok"
    refuse(bench, 1, 3, answer=REFUSALS[0])
    told = []
    for hours in (1, 2):
        bench.at(NOON + timedelta(hours=hours))
        assert bench.pull("notes", full=True, allow_empty=True).status == "ok"
        receipt = receipts(bench.ports, "notes")[-1]
        told.append((receipt.complete, receipt.reason))
    assert told == [(False, "It was refused under 1 record for the first time."), (True, None)]


def test_that_holds_too_where_the_state_was_forgotten_and_the_rows_were_not(bench: Bench) -> None:
    """As where a service was disconnected and is connected again, by a key with fewer rights."""
    refuse(bench, 1, answer=REFUSALS[0])
    bench.pull("tickets")
    bench.pull("notes")
    bench.ports.watermarks.forget("acme", "tiny/notes")
    refuse(bench, 1, 3, answer=REFUSALS[0])
    told = []
    for hours in (1, 2):
        bench.at(NOON + timedelta(hours=hours))
        assert bench.pull("notes", full=True).status == "ok"
        receipt = receipts(bench.ports, "notes")[-1]
        told.append((receipt.complete, receipt.reason))
    assert told == [(False, "It was refused under 2 records for the first time."), (True, None)]


def test_the_few_parents_that_changed_may_all_refuse(bench: Bench) -> None:
    refuse(bench, 1, 5, answer=REFUSALS[0])
    bench.vendor.lists["/tickets"][4] = record(5, "2026-02-20T00:00:00Z")
    bench.pull("tickets")
    bench.pull("notes")
    bench.at(NOON + timedelta(hours=1))
    bench.vendor.lists["/tickets"][0] = record(1, "2026-03-01T12:30:00Z")
    bench.pull("tickets")
    before = len(bench.vendor.asked)
    outcome = bench.pull("notes")
    assert {asked.path for asked in bench.vendor.asked[before:]} == {"/api/tickets/1/notes", "/api/tickets/5/notes"}
    assert (outcome.kind, outcome.status) == ("changes", "ok")


def test_a_refusal_that_is_about_one_list_fails_that_alone(bench: Bench) -> None:
    bench.vendor.bend = lambda *_: Answer(401, b'{"code":"Unauthorized","message":"view rights"}')
    endpoint = replace(SERVICE.endpoint("tickets"), refused_alone=True)
    bench.service = replace(SERVICE, endpoints=(endpoint,))
    with pytest.raises(TableFailed, match="right to read"):
        bench.pull()
    [stored] = bench.ports.tenants.services("acme")
    assert stored.problem is None


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (Answer(200, b'{"fault":{"code":"E44"}}'), TableFailed, "The vendor answered 200, and in it an error: E44"),
        (Answer(400, b'{"fault":{"code":"E44"}}'), TableFailed, "The vendor answered 400: E44"),
        (Answer(200, b"oops"), TableFailed, "Page 3 is not JSON (4 bytes); a list was expected as the whole body"),
        (Answer(503), Unavailable, "The vendor answered 503, 2 times in a row"),
    ],
)
def test_what_fails_under_a_parent_is_told_with_that_parent_and_its_address(
    bench: Bench, answer: Answer, kind: type[AvesaError], said: str
) -> None:
    refuse(bench, 3, answer=answer)
    errors = Errors(code="fault.code", inside=(Inside("fault"),))
    bench.service = replace(SERVICE, errors=errors, retry=replace(SERVICE.retry, attempts=2))
    bench.pull("tickets")
    with pytest.raises(kind) as caught:
        bench.pull("notes")
    assert caught.value.message == f"{said} (GET /api/tickets/3/notes, for the parent 3)."


def test_that_no_answer_came_is_about_no_parent(bench: Bench) -> None:
    refuse(bench, 3, answer=Answer(cut=5, body=b"[" + b" " * 99))
    bench.service = replace(bench.service, retry=replace(SERVICE.retry, attempts=2))
    bench.pull("tickets")
    with pytest.raises(Unavailable) as caught:
        bench.pull("notes")
    assert "parent" not in caught.value.message and "/notes" not in caught.value.message


def test_a_secret_in_such_an_address_is_not_told(bench: Bench) -> None:
    key = bench.ports.secrets.get("acme", "tiny")["private_key"]
    listed = Answer(body=json.dumps([{**record(1), "id": key}]).encode())
    bench.vendor.bend = lambda asked, _: Answer(400) if asked.path.endswith("notes") else listed
    bench.pull("tickets")
    with pytest.raises(TableFailed, match=r"GET /api/tickets/\*\*\*/notes, for the parent \*\*\*") as caught:
        bench.pull("notes")
    assert key not in str(caught.value)


def test_short_outages_are_waited_out(bench: Bench) -> None:
    bench.vendor.lists["/tickets"] = [record(i) for i in range(1, 8)]
    faults = [Answer(429, headers={"Retry-After": "0"}), Answer(503), Answer(cut=5, body=b"[" + b" " * 99)]

    def flaky(asked: Asked, answer: Answer) -> Answer:
        return faults.pop() if faults and len(bench.vendor.asked) % 2 else answer

    bench.vendor.bend = flaky
    assert bench.pull().retries == 3
    assert bench.ids() == [str(i) for i in range(1, 8)]


def test_a_long_outage_keeps_what_came_and_the_next_pull_goes_on_from_there(bench: Bench) -> None:
    bench.vendor.lists["/tickets"] = [record(i) for i in range(1, 10)]
    bench.vendor.bend = lambda asked, answer: Answer(500) if asked.query.get("pageId") == "6" else answer
    with pytest.raises(Unavailable, match="500"):
        bench.pull()
    assert receipts(bench.ports, "tickets") == []
    bench.vendor.bend = lambda _, answer: answer
    before = len(bench.vendor.asked)
    outcome = bench.pull()
    assert outcome.resumed and len(bench.vendor.asked) - before == 2  # the last page is full: is it the last?
    [receipt] = receipts(bench.ports, "tickets")
    assert (receipt.rows, receipt.distinct_ids, len(receipt.files), receipt.pages) == (9, 9, 2, 4)
    assert bench.ids() == [str(i) for i in range(1, 10)]


def test_a_storage_that_refuses_moves_nothing_forward_and_the_next_pull_lands_it(bench: Bench, tmp_path: Path) -> None:
    bench.vendor.lists["/tickets"] = [record(i) for i in range(1, 8)]
    (tmp_path / "data" / "acme").mkdir(parents=True)
    in_the_way = tmp_path / "data" / "acme" / "raw"
    in_the_way.write_text("a file where a folder belongs")
    with pytest.raises(StorageError):
        bench.pull()
    assert bench.state().watermark is None
    in_the_way.unlink()
    assert bench.pull().status == "ok"
    assert bench.ids() == [str(i) for i in range(1, 8)]


def test_a_worker_whose_view_is_old_moves_no_watermark(bench: Bench) -> None:
    bench.vendor.lists["/tickets"] = [record(1)]

    def meddle(table: str, page: int, rows: int) -> None:
        bench.ports.watermarks.put(bench.state())

    with pytest.raises(StaleState):
        bench.pull(progress=meddle)
    assert bench.state().watermark is None
    assert bench.pull().kind == "listing"
