"""The vendor itself, without HTTP: from a request to an answer, and a note for each request that its page forbids."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from avesa.sandbox.vendor.bodies import body_of, failure, merge, projected, refusal
from avesa.sandbox.vendor.calls import Call, call_of
from avesa.sandbox.vendor.checks import header_problems, problems
from avesa.sandbox.vendor.contract import Contract, Json, Operation, Table, get, put
from avesa.sandbox.vendor.credentials import Credentials
from avesa.sandbox.vendor.faults import Fault, Faults, Kind
from avesa.sandbox.vendor.feeds import (
    binned,
    by_ids,
    cdc_page,
    changed_since,
    csv_of,
    deleted_page,
    delta_rows,
    filled,
    log_entries,
    log_page,
    read_token,
    sync_page,
)
from avesa.sandbox.vendor.listing import at_path, filtered, place_of, read_query, selected
from avesa.sandbox.vendor.messages import Answer, Asked, Refused, Served
from avesa.sandbox.vendor.pages import Pager, chosen, stands_alone
from avesa.sandbox.vendor.rows import Place, Row, Rows, missing_kind
from avesa.sandbox.vendor.times import EPOCH, write_time


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
        self.shapes: dict[str, Callable[[Any], Any]] = {}
        """What a record of a table was last shown as: with all of its fields, or those that were asked for."""
        self._pager = Pager(cursor_pages)
        self._delta_floor = 0
        self._lock = threading.RLock()

    # What tests do to it

    def records(self, table: str, place: Place = ()) -> list[Any]:
        """The records that a full listing shows, in the order in which they were made."""
        feed = self.contract.tables[table].rules.get("feed", {})
        if feed.get("kind") == "delta":
            table = feed["of"]
        if feed.get("kind") == "log":
            return log_entries(self._all_rows(self.contract.tables[feed["of"]]), deleted=feed["deleted"])
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
            self._pager.expire()
            self._delta_floor = self.rows.next_sequence()

    def key(self, table: str, record: Any) -> Any:
        """The primary key of a record: one value, or a tuple of several."""
        of = self.contract.tables[table]
        keys = tuple(get(record, path) for path in of.key)
        return record if not keys else keys[0] if len(keys) == 1 else keys

    # What it answers

    def answer(self, asked: Asked) -> Answer:
        """Never raises for what a client may send."""
        table: list[str] = []
        try:
            with self._lock:
                answer = self._answer(asked, table)
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
        call = call_of(self.contract, self._pager, asked, operation, values)
        told.append(call.table.name)
        fault = self.faults.take(call.table.name)
        if fault is not None and fault.kind == "status":
            raise failure(self.contract.rules, fault, self.clock())
        wrong = list(header_problems(self._service_rules(operation), self.credentials.values, asked))
        if wrong:
            raise Refused(self.contract.rules.get("headers_status", 400), "; ".join(wrong))
        if wrong := problems(self.contract, operation, call.rules, asked, values):
            raise Refused(400, "; ".join(wrong))
        answer = self._served(call)
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

    # Lists

    def _served(self, call: Call) -> Answer:
        asked, table, rules = call.asked, call.table, call.rules
        feed = rules.get("feed", {})
        match feed.get("kind"):
            case "log":
                rows = self._all_rows(self.contract.tables[feed["of"]])
                return Answer(body=log_page(table, rows, asked, deleted=feed["deleted"]))
            case "deleted":
                named = {t.facts.get("sobject"): t for t in self.contract.tables.values()}
                of = named.get(call.values[feed["name"]])
                if of is None:
                    raise Refused(404, f"there is no object {call.values[feed['name']]}")
                return Answer(body=deleted_page(self._all_rows(of), asked, self.clock()))
            case "bin":
                ends = {
                    one.template.rpartition("/")[2]: one.tables[0] for one in self.contract.operations if one.tables
                }
                of = ends.get(call.values[feed["name"]])
                if of is None:
                    raise Refused(404, f"there is no list {call.values[feed['name']]}")
                return self._paged(call, binned(self._all_rows(of), feed, asked), set())
            case "cdc":
                return Answer(body=cdc_page(self.contract, self.rows, asked))
            case "csv":
                return Answer(302, {}, {"Location": f"$base/reports-download/{table.name}?key=preauthenticated"})
            case "delta":
                return self._delta(call, feed)
            case "sync":
                return self._sync(call, feed)
        if "*" in table.records or "under_each" in rules:
            return self._nested(call)
        if stands_alone(chosen(rules["paging"], asked), asked):
            return self._paged(call, [], set())
        place = self._place(call)
        if feed.get("kind") == "changed":
            rows = self._all_rows(self.contract.tables[feed["of"]])
            return self._paged(call, changed_since(rows, feed, asked), set())
        if feed.get("kind") == "ids":
            of = self.contract.tables[feed["of"]]
            call.query = read_query(call.rules, asked)
            rows = filtered(self.contract, of, call.rules, call.query, self._all_rows(of), asked, self.clock())
            records = [get(row.record, of.key[0]) for row in rows]
            hidden: set[int] = set()
        else:
            rows = self._fitting(call, self._list(call, place))
            hidden = {at for at, row in enumerate(rows) if row.is_hidden}
            records = [row.record for row in rows]
        return self._paged(call, records, hidden)

    def _list(self, call: Call, place: Place) -> list[Row]:
        rule = call.rules.get("asked_by")
        of = self.contract.tables[rule["of"]] if rule and "of" in rule else call.table
        rows = self._all_rows(of) if of is not call.table else self.rows.of(of, place)
        if "beats" in of.rules:
            self._beat(of, rows)
        return by_ids(of, rows, call.asked, rule) if rule else rows

    def _beat(self, table: Table, rows: list[Row]) -> None:
        """What is alive reports all the time: its last report lies no further back than a beat."""
        beat = timedelta(seconds=table.rules["beats"])
        last = self.clock() - (self.clock() - EPOCH) % beat
        for row in rows:
            if not row.is_deleted and row.modified < last:
                row.record, row.modified = copy.deepcopy(row.record), last
                put(row.record, table.cursor or "", write_time(last, table.rules["time"]))

    def _fitting(self, call: Call, rows: list[Row]) -> list[Row]:
        if call.query.entity is None:
            call.query = read_query(call.rules, call.asked)
        rows = at_path(call.table, call.rules, call.values, rows, self.clock())
        return filtered(self.contract, call.table, call.rules, call.query, rows, call.asked, self.clock())

    def _paged(self, call: Call, records: list[Any], hidden: set[int]) -> Answer:
        asked, table, rules = call.asked, call.table, call.rules
        field_ = chosen(rules["paging"], asked).get("id") or (table.key[0] if table.key else "")
        keys = [get(record, field_) if field_ else record for record in records]
        marked = [_Hidden(record) if at in hidden else record for at, record in enumerate(records)]
        extra = {"table": table.name, "method": asked.method, "body": asked.body}
        kept = self._pager.resumed(rules["paging"], asked, call.values)
        if (
            kept
            and chosen(rules["paging"], asked).get("same_request")
            and (kept["method"], kept["body"]) != (asked.method, asked.body)
        ):
            status = 405 if kept["method"] != asked.method else 400
            raise Refused(status, "the next page is asked for with the same method and the same body")
        page = self._pager.page(rules["paging"], asked, call.values, marked, keys, call.query, extra)
        shown = [record for record in page.rows if not isinstance(record, _Hidden)]
        if call.selection is not None:
            shown = [projected(record, call.selection) for record in shown]
        else:
            self.shapes[table.name] = shape = partial(selected, rules, call.query, asked)
            shown = [shape(record) for record in shown]
        return Answer(body=body_of(table, rules, shown, page.tells), headers=dict(page.headers))

    def _download(self, asked: Asked) -> Answer:
        """A report as comma-separated values: the address is the key to it."""
        table = self.contract.tables.get(asked.path.rpartition("/")[2])
        if table is None or asked.given("query", "key") != "preauthenticated":
            raise Refused(404, "there is no such report")
        if "authorization" in asked.headers:
            raise Refused(400, "credentials were sent to a download")
        content = csv_of(table.rules["feed"]["columns"], self.records(table.name))
        return Answer(raw=content.encode(), headers={"Content-Type": "text/csv"})

    def _delta(self, call: Call, feed: Json) -> Answer:
        """A delta query: pages, then a link or a token that asks for what changes from then on."""
        asked, of = call.asked, self.contract.tables[feed["of"]]
        token = asked.given("query", feed["token"])
        now = self.rows.sequence
        since: int | None = None
        if token is not None and token != "latest":
            if feed.get("alone") and len(asked.query) > 1:
                raise Refused(400, f"{feed['token']} stands alone")
            since = read_token(token, "d", now)
            if since is None:
                raise Refused(400, "the delta token is not one of ours", code="syncStateNotFound")
            if since < self._delta_floor and "link" not in feed:
                raise Refused(400, "the token is too old", violation=False, code="EXPIRED_SYNC_TOKEN")
            if since < self._delta_floor:
                again = (("Location", f"$base{asked.path}?{feed['token']}="),)
                raise Refused(410, "the delta token is too old", violation=False, headers=again)
        rows = self._all_rows(of)
        records = [] if token == "latest" else list(delta_rows(of, rows, since, feed))
        kept = self._pager.resumed(call.rules["paging"], asked, call.values)
        extra = kept or {
            "table": call.table.name,
            "mark": f"d{self.rows.sequence if token is None else now}",
        }
        keys = [get(record, of.key[0]) for record in records]
        page = self._pager.page(call.rules["paging"], asked, call.values, records, keys, call.query, extra)
        body = body_of(call.table, call.rules, page.rows, page.tells)
        if page.is_last and "link" in feed:
            body[feed["link"]] = f"$base{asked.path}?{feed['token']}={extra['mark']}"
        elif page.is_last and asked.given("query", feed["needs"]) == "true":
            body[feed["gives"]] = extra["mark"]
        return Answer(body=body)

    def _sync(self, call: Call, feed: Json) -> Answer:
        """What happened below a record since a token; without one, or with one that is too old, a token and no more."""
        rows = self.rows.of(self.contract.tables[feed["of"]], self._place(call))
        now = self.rows.sequence
        page = sync_page(rows, feed, call.rules, call.asked, floor=self._delta_floor, now=now)
        if page is None:
            answer = refusal(call.rules, Refused(feed["status"], "the sync token is missing or too old"))
            answer.body[feed["token"]] = f"s{now}"
            return answer
        page["data"] = [selected(call.rules, call.query, call.asked, event) for event in page["data"]]
        return Answer(body=page)

    def _nested(self, call: Call) -> Answer:
        """Lists below a list: one element for each parent asked for, in it a page of its own."""
        table, rule = call.table, call.rules.get("under_each") or _in_graphql(call.table)
        sent = call.asked.given(rule["in"], rule["name"])
        entries = sent if isinstance(sent, list) else [sent]
        if len(entries) > rule.get("most", len(entries)):
            raise Refused(400, f"{rule['name']} holds more than {rule['most']}")
        elements = []
        for entry in entries:
            id_ = str(entry[rule["id"]] if "id" in rule else entry)
            asked = replace(call.asked, body=json.dumps(entry).encode()) if "id" in rule else call.asked
            try:
                self._check_parent(table, id_)
            except Refused:
                if rule.get("lacks"):
                    continue
                raise
            rows = self._fitting(call, self.rows.of(table, (id_,)))
            kept = self._pager.resumed(call.rules["paging"], asked, {})
            if kept and kept["place"] != id_:
                raise Refused(400, "the cursor is that of another record")
            records = [row.record for row in rows]
            extra = {"table": table.name, "place": id_}
            page = self._pager.page(call.rules["paging"], asked, {}, records, records, call.query, extra)
            element: Json = {}
            put(element, rule["shown"], id_)
            shown = [projected(record, call.selection) for record in page.rows] if call.selection else page.rows
            put(element, rule["list"], shown)
            merge(element, page.tells)
            elements.append(element)
        body = copy.deepcopy(call.rules.get("envelope", {}))
        put(body, rule["of"], elements)
        return Answer(body=body)

    def _place(self, call: Call) -> Place:
        table = call.table
        parent = table.parent
        paging = call.rules["paging"]
        skip = {
            rule.get("at") for rule in (paging if isinstance(paging, list) else [paging]) if rule.get("in") == "path"
        }
        skip |= {change.get("name") for change in call.rules.get("changes") or [] if change["in"] == "path"}
        if parent is None or table.rules.get("asked_by") or table.facts.get("single"):
            return place_of(call.operation.names, call.rules, call.values, skip)
        if parent.get("path_param"):
            id_ = call.values[parent["path_param"]]
            if id_ == table.rules.get("everyone"):
                return tuple(value for name, value in call.values.items() if name != parent["path_param"])
            self._check_parent(table, id_)
            # A key that is told apart in the path: its last part alone is no place.
            return place_of(call.operation.names, call.rules, call.values, skip)
        names = str(parent["query_param"]).split("+")
        if any(name.startswith("variables.") for name in names):
            return ()
        sent = [call.asked.given("query", name) for name in names]
        if any(value is None for value in sent):
            return ()
        if len(sent) == 1:
            self._check_parent(table, str(sent[0]))
        return tuple(str(value) for value in sent)

    def _check_parent(self, table: Table, id_: str) -> None:
        above = self.contract.tables[(table.parent or {})["endpoint"]]
        for row in self._all_rows(above):
            if not row.is_deleted and id_ in [str(get(row.record, path)) for path in above.key]:
                self._check_kind(table, row)
                return
        raise Refused(404, f"there is no record {id_} in {above.name}", violation=False)

    def _check_kind(self, table: Table, parent: Row) -> None:
        """Some lists are there under parents of one kind only."""
        if found := missing_kind(table, parent.record):
            raise Refused(403, f"only a parent whose {found[0]} has {found[1]} has such a list")

    def _all_rows(self, table: Table) -> list[Row]:
        """The rows of all the table's lists; that of a table without a parent is made if it was not asked for yet."""
        if not table.parent and not self.rows.places(table):
            self.rows.of(table, ())
        return [row for place in self.rows.places(table) for row in self.rows.of(table, place)]

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


def _in_graphql(table: Table) -> Json:
    """How GraphQL asks for lists below a list: a variable holds the parents' ids."""
    of, _, below = table.records.partition(".*.")
    name = (table.parent or {})["query_param"].rpartition(".")[2].replace("board_ids", "ids")
    return {"in": "variables", "name": name, "of": of, "shown": "id", "list": below}


class _Hidden:
    def __init__(self, record: Any) -> None:
        self.record = record
