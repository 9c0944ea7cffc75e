"""The vendor itself, without HTTP: from a request to an answer, and a note for each request that its page forbids."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

from avesa.sandbox.vendor.bodies import failure, refusal
from avesa.sandbox.vendor.calls import call_of
from avesa.sandbox.vendor.checks import header_problems, problems
from avesa.sandbox.vendor.contract import Contract, Json, Operation, get, put
from avesa.sandbox.vendor.credentials import Credentials
from avesa.sandbox.vendor.faults import Fault, Faults, Kind
from avesa.sandbox.vendor.feeds import csv_of, filled, log_entries
from avesa.sandbox.vendor.lists import Lists
from avesa.sandbox.vendor.messages import Answer, Asked, Refused, Served
from avesa.sandbox.vendor.rows import Place, Row, Rows, written_moment


class StrictVendor:
    """One tenant's account at one vendor. `counts` tells how many records a table has (7, and 2 under a parent),
    `cursor_pages` how many rows lie on a page at most where the vendor names the next one by a cursor. `rows`
    puts other records in their place, `credentials` other values in the place of those in the rules.
    """

    def __init__(
        self,
        service: str,
        *,
        counts: dict[str, int] | None = None,
        seed: str = "strict",
        cursor_pages: int | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        rows: Callable[[Contract], Rows] | None = None,
        credentials: Mapping[str, str] | None = None,
    ) -> None:
        self.contract = Contract(service)
        self.clock = clock
        self.credentials = Credentials(self.contract.rules, clock, credentials)
        self.rows = rows(self.contract) if rows else Rows(self.contract, counts or {}, seed, clock)
        self.rows.happened = self._journal
        self.faults = Faults()
        self.violations: list[str] = []
        self.served: list[Served] = []
        # A test may set another clock.
        self._lists = Lists(self.contract, self.rows, lambda: self.clock(), cursor_pages)  # noqa: PLW0108
        self._lock = threading.RLock()

    # What tests do to it

    def records(self, table: str, place: Place = ()) -> list[Any]:
        """The records that a full listing shows, in the order in which they were made."""
        feed = self.contract.tables[table].rules.get("feed", {})
        if feed.get("kind") == "delta":
            table = feed["of"]
        if feed.get("kind") == "log":
            return log_entries(self._lists.all_rows(self.contract.tables[feed["of"]]), deleted=feed["deleted"])
        if feed.get("kind") == "sync":
            return []
        return [row.record for row in self.rows.of(self.contract.tables[table], place) if self._is_listed(table, row)]

    def change(self, table: str, index: int = 0, place: Place = (), **fields: Any) -> Any:
        """Change a record now; returns it. Double underscores in names stand for dots."""
        with self._lock:  # an entry in a journal is not to be seen before it is whole
            return self.rows.change(self.contract.tables[table], index, place, **fields).record

    def delete(self, table: str, index: int = 0, place: Place = ()) -> Any:
        with self._lock:
            return self.rows.delete(self.contract.tables[table], index, place).record

    def add(self, table: str, place: Place = ()) -> Any:
        with self._lock:
            return self.rows.add(self.contract.tables[table], place).record

    def fail(self, kind: Kind, status: int = 500, **more: Any) -> None:
        """The next request (or as `Fault` says) goes wrong."""
        self.faults.push(Fault(kind, status, **more))

    def expire_cursors(self) -> None:
        """Cursors and delta tokens given out so far are worth nothing from now on."""
        with self._lock:
            self._lists.expire()

    def key(self, table: str, record: Any) -> Any:
        """The primary key of a record: one value, or a tuple of several."""
        of = self.contract.tables[table]
        keys = tuple(get(record, path) for path in of.key)
        return record if not keys else keys[0] if len(keys) == 1 else keys

    def moment(self, table: str, path: str, value: Any) -> datetime:
        """The moment that the vendor means by a time in a record of its own. Raises ValueError for what is none."""
        return written_moment(self.contract.tables[table], path, value)

    @property
    def shapes(self) -> dict[str, Callable[[Any], Any]]:
        """What a record of each table was last shown as."""
        return self._lists.shapes

    # What it answers

    def answer(self, asked: Asked) -> Answer:
        """Never raises for what a client may send, nor for rules that cannot be followed: that is noted."""
        table: list[str] = []
        try:
            with self._lock:
                answer = self._followed(asked, table)
        except Refused as refused:
            if refused.violation:
                self.violations.append(f"{asked.method} {asked.path}: {refused.message}.")
            answer = refusal(self.contract.rules, refused)
        answer.headers.setdefault("Content-Type", "application/json")
        answer.headers = {name: value.replace("$base", asked.base) for name, value in answer.headers.items()}
        if answer.raw is None:
            answer.raw = answer.content().replace(b"$base", asked.base.encode())
        self.served.append(Served(asked.method, asked.path, asked.query, table[0] if table else None, answer.status))
        return answer

    def _followed(self, asked: Asked, told: list[str]) -> Answer:
        try:
            return self._answer(asked, told)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            # A word is missing in a rule, or of another kind. With this status nobody asks again.
            place = traceback.extract_tb(error.__traceback__)[-1]
            of = f" of {told[0]}" if told else ""
            raise Refused(
                501,
                f"the rules{of} cannot be followed: {type(error).__name__} {error} "
                f"({PurePath(place.filename).name}, line {place.lineno})",
            ) from error

    def _answer(self, asked: Asked, told: list[str]) -> Answer:
        if (token_path := self.credentials.token_path(asked.path)) is not None:
            return self._token(replace(asked, path=token_path))
        if asked.path.startswith("/reports-download/") and asked.method == "GET":
            return self._download(asked)
        found = self.contract.find(asked.method, asked.path)
        if found is None:
            known = self.contract.known_path(asked.path)
            raise Refused(405 if known else 404, f"{asked.method} {asked.path} is no operation of the vendor")
        operation, values = found
        self.credentials.check(asked)
        call = call_of(self.contract, self._lists.pager, asked, operation, values)
        told.append(call.table.name)
        fault = self.faults.take(call.table.name)
        if fault is not None and fault.kind == "status":
            raise failure(self.contract.rules, fault, self.clock())
        wrong = list(header_problems(self._service_rules(operation), self.credentials.values, asked))
        if wrong:
            raise Refused(self.contract.rules.get("headers_status", 400), "; ".join(wrong))
        if wrong := problems(self.contract, operation, call.rules, asked, values):
            raise Refused(400, "; ".join(wrong))
        answer = self._lists.served(call)
        if fault is not None:
            answer.raw = {"malformed": b'{"oops": [}', "wrong_shape": b'"a text, no list"'}.get(
                fault.kind, answer.content()
            )
            answer.cut = fault.kind == "truncated"
        return answer

    def _token(self, asked: Asked) -> Answer:
        """The answer of the token endpoint, whose refusals are those of RFC 6749, section 5.2."""
        try:
            return self.credentials.token(asked)
        except Refused as refused:
            if refused.violation:
                self.violations.append(f"{asked.method} {asked.path}: {refused.message}.")
            body = {"error": refused.code, "error_description": refused.message}
            return Answer(refused.status, body, {"Cache-Control": "no-store"})

    def _service_rules(self, operation: Operation) -> Json:
        declared = {p["name"] for p in operation.facts["parameters"] if p["in"] == "header"}
        wanted = self.contract.rules.get("headers", {})
        named = any(name in declared for name in wanted)
        return {"headers": {n: v for n, v in wanted.items() if n in declared or not named or n == "Content-Type"}}

    def _download(self, asked: Asked) -> Answer:
        """A report as comma-separated values: the address is the key to it."""
        table = self.contract.tables.get(asked.path.rpartition("/")[2])
        if table is None or asked.given("query", "key") != "preauthenticated":
            raise Refused(404, "there is no such report")
        if "authorization" in asked.headers:
            raise Refused(400, "credentials were sent to a download")
        content = csv_of(table.rules["feed"]["columns"], self.records(table.name))
        return Answer(raw=content.encode(), headers={"Content-Type": "text/csv"})

    def _is_listed(self, table: str, row: Row) -> bool:
        shown = (self.contract.tables[table].rules.get("deletes") or {}).get("shown")
        return not row.is_hidden and (not row.is_deleted or shown == "always")

    def _journal(self, table: str, row: Row, event: str) -> None:
        """Vendors that keep a list of what happened get an entry in it."""
        rule = self.contract.rules.get("journal")
        if not rule or table == rule["table"] or event not in rule["on"] or table not in rule.get("types", {table}):
            return
        of = self.contract.tables[table]
        words = {
            "id": get(row.record, of.key[0]),
            "path_end": of.path.rpartition("/")[2],
            "record": row.record,
            "kind": rule.get("types", {}).get(table),
            "type": f"{rule.get('types', {}).get(table)}.{_HAPPENED[event]}",
        }
        entry = self.rows.add(self.contract.tables[rule["table"]])
        for path, value in rule["fields"].items():
            put(entry.record, path, filled(value, words))


_HAPPENED = {"add": "created", "change": "updated", "delete": "deleted"}
