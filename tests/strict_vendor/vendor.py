"""The vendor itself, without HTTP: from a request to an answer, and a note for each request that its page forbids."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from strict_vendor.checks import header_problems, problems
from strict_vendor.conditions import NotUnderstood, Query
from strict_vendor.contract import Contract, Json, Operation, Table, get, put
from strict_vendor.credentials import Credentials
from strict_vendor.faults import Fault, Faults, Kind
from strict_vendor.feeds import by_ids, cdc_page, deleted_page, delta_rows, filled, log_page
from strict_vendor.graphql import Document, Selection, Variable, check_variables, parse
from strict_vendor.listing import filtered, place_of, read_query, selected
from strict_vendor.messages import Answer, Asked, Refused
from strict_vendor.pages import Pager, chosen
from strict_vendor.rows import Place, Row, Rows

CSV = "Report Refresh Date,User Principal Name,Is Deleted,Deleted Date\r\n"


@dataclass(frozen=True)
class Served:
    """What came in and what went out; bodies and credentials are not kept."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    table: str | None
    status: int


@dataclass
class _Call:
    """One request on its way: what it asks for, found out step by step."""

    asked: Asked
    operation: Operation
    values: dict[str, str]
    table: Table
    rules: Json
    query: Query = field(default_factory=Query)
    document: Document | None = None
    selection: Selection | None = None


class StrictVendor:
    """One tenant's account at one vendor. `counts` tells how many records a table has (7, and 2 under a parent)."""

    def __init__(
        self,
        service: str,
        *,
        counts: dict[str, int] | None = None,
        seed: str = "strict",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.contract = Contract(service)
        self.clock = clock
        self.credentials = Credentials(self.contract.rules, clock)
        self.rows = Rows(self.contract, counts or {}, seed, clock)
        self.faults = Faults()
        self.violations: list[str] = []
        self.served: list[Served] = []
        self._pager = Pager()
        self._delta_floor = 0
        self._lock = threading.RLock()

    # What tests do to it

    def records(self, table: str, place: Place = ()) -> list[Any]:
        """The records that a full listing shows, in the order in which they were made."""
        return [row.record for row in self.rows.list(self.contract.tables[table], place) if self._is_listed(table, row)]

    def change(self, table: str, index: int = 0, place: Place = (), **fields: Any) -> Any:
        """Change a record now; returns it. Double underscores in names stand for dots."""
        row = self.rows.change(self.contract.tables[table], index, place, **fields)
        self._journal(table, row, "change")
        return row.record

    def delete(self, table: str, index: int = 0, place: Place = ()) -> Any:
        row = self.rows.delete(self.contract.tables[table], index, place)
        self._journal(table, row, "delete")
        return row.record

    def add(self, table: str, place: Place = ()) -> Any:
        return self.rows.add(self.contract.tables[table], place).record

    def fail(self, kind: Kind, status: int = 500, **more: Any) -> None:
        """The next request (or as `Fault` says) goes wrong."""
        self.faults.push(Fault(kind, status, **more))

    def expire_cursors(self) -> None:
        """Cursors and delta tokens given out so far are worth nothing from now on."""
        self._pager.expire()
        self._delta_floor = self.rows.sequence + 1

    def key(self, table: str, record: Any) -> Any:
        """The primary key of a record: one value, or a tuple of several."""
        keys = tuple(get(record, path) for path in self.contract.tables[table].facts["primary_key"])
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
            answer = self._refusal(refused)
        answer.headers.setdefault("Content-Type", "application/json")
        answer.headers = {name: value.replace("$base", asked.base) for name, value in answer.headers.items()}
        if answer.raw is None:
            answer.raw = answer.content().replace(b"$base", asked.base.encode())
        self.served.append(Served(asked.method, asked.path, asked.query, table[0] if table else None, answer.status))
        return answer

    def _answer(self, asked: Asked, told: list[str]) -> Answer:
        if (token_path := self.credentials.token_path(asked.path)) is not None:
            return self._token(replace(asked, path=token_path))
        if asked.path == "/reports-download" and asked.method == "GET":
            return Answer(raw=CSV.encode(), headers={"Content-Type": "text/csv"})
        found = self.contract.find(asked.method, asked.path)
        if found is None:
            known = self.contract.known_path(asked.path)
            raise Refused(405 if known else 404, f"{asked.method} {asked.path} is no operation of the vendor")
        operation, values = found
        self.credentials.check(asked)
        call = self._call(asked, operation, values)
        told.append(call.table.name)
        fault = self.faults.take(call.table.name)
        if fault is not None and fault.kind == "status":
            raise self._failure(fault)
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

    def _service_rules(self, operation: Operation) -> Json:
        declared = {p["name"] for p in operation.facts["parameters"] if p["in"] == "header"}
        wanted = self.contract.rules.get("headers", {})
        named = any(name in declared for name in wanted)
        return {"headers": {n: v for n, v in wanted.items() if n in declared or not named or n == "Content-Type"}}

    def _call(self, asked: Asked, operation: Operation, values: dict[str, str]) -> _Call:
        """Which table is meant, by its path, the entity in the query, or the fields selected."""
        if not operation.tables:
            raise Refused(404, f"{operation.method} {operation.template} is not served here")
        if self.contract.rules.get("graphql"):
            return self._graphql_call(asked, operation, values)
        table = operation.tables[0]
        rules = {**table.rules, **operation.rules}
        query = Query()
        if len(operation.tables) > 1:
            name = self._pager.resumed(rules["paging"], asked, values)
            if name is None:
                query = read_query(rules, asked)
                entities = {t.facts.get("sobject", t.facts.get("entity")): t for t in operation.tables}
                if query.entity not in entities:
                    raise Refused(400, f"there is no entity {query.entity}", code="INVALID_TYPE")
                table = entities[query.entity]
            else:
                table = self.contract.tables[name["table"]]
            rules = {**table.rules, **operation.rules}
        rules = _with_declared_sizes(rules, operation)
        return _Call(asked, operation, values, table, rules, query)

    def _graphql_call(self, asked: Asked, operation: Operation, values: dict[str, str]) -> _Call:
        body = asked.json if isinstance(asked.json, dict) else {}
        try:
            document = parse(str(body.get("query", "")))
            check_variables(document, body.get("variables") or {})
        except NotUnderstood as problem:
            raise Refused(400, f"query: {problem}") from None
        best: tuple[int, Table, Selection] | None = None
        for table in self.contract.tables.values():
            path = [step for step in table.records.split(".")[1:] if step != "*"]
            found = document.root.at(path)
            if found is not None and (best is None or len(path) > best[0]) and self._means(table, document):
                best = len(path), table, found
        if best is None:
            raise Refused(400, "query: it selects no list of this vendor")
        _, table, selection = best
        chain = [document.root]
        for step in [s for s in table.records.split(".")[1:] if s != "*"]:
            chain.append(chain[-1].below(step) or chain[-1])
        arguments = {name: value for one in chain for name, value in one.arguments.items()}
        resolved = {name: _resolved(value, body.get("variables") or {}) for name, value in arguments.items()}
        self._check_selection(table, selection)
        both = [name for name in table.rules.get("needs_both", []) if resolved.get(name) is not None]
        if len(both) == 1:
            raise Refused(400, f"{both[0]} stands alone: {' and '.join(table.rules['needs_both'])} go together")
        asked = replace(asked, body=json.dumps({**body, "variables": resolved}).encode())
        own = next(o for o in self.contract.operations if table in o.tables)
        # What was declared is checked on the body as it came: variables are an object of their own.
        return _Call(asked, own, values, table, table.rules, Query(), document, selection)

    def _means(self, table: Table, document: Document) -> bool:
        """Of two tables on one list the one whose arguments are used."""
        rule = table.rules.get("asked_by")
        used = {name for inner in document.root.fields for name in inner.arguments}
        return rule is None or rule["name"] in used

    def _check_selection(self, table: Table, selection: Selection) -> None:
        for inner in selection.fields:
            if self.contract.field(table.record, inner.name) is None and not table.facts.get("single"):
                raise Refused(400, f"query: {inner.name} is no field of {table.name}")

    # Lists

    def _served(self, call: _Call) -> Answer:
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
            case "cdc":
                return Answer(body=cdc_page(self.contract, self.rows, asked))
            case "csv":
                return Answer(302, {}, {"Location": "$base/reports-download"})
            case "delta":
                return self._delta(call, feed)
        if "*" in table.records:
            return self._nested(call)
        place = self._place(call)
        if feed.get("kind") == "ids":
            of = self.contract.tables[feed["of"]]
            records = [get(row.record, of.key[0]) for row in self._all_rows(of) if not row.is_deleted]
            hidden: set[int] = set()
        else:
            rows = self._fitting(call, self._list(call, place))
            hidden = {at for at, row in enumerate(rows) if self._is_hidden(rules, at)}
            records = [row.record for row in rows]
        return self._paged(call, records, hidden)

    def _list(self, call: _Call, place: Place) -> list[Row]:
        rule = call.rules.get("asked_by")
        of = self.contract.tables[rule["of"]] if rule and "of" in rule else call.table
        rows = self._all_rows(of) if of is not call.table else self.rows.list(of, place)
        return by_ids(of, rows, call.asked, rule) if rule else rows

    def _fitting(self, call: _Call, rows: list[Row]) -> list[Row]:
        if call.query.entity is None:
            call.query = read_query(call.rules, call.asked)
        return filtered(self.contract, call.table, call.rules, call.query, rows, call.asked)

    def _paged(self, call: _Call, records: list[Any], hidden: set[int]) -> Answer:
        asked, table, rules = call.asked, call.table, call.rules
        field_ = chosen(rules["paging"], asked).get("id") or (table.key[0] if table.key else "")
        keys = [get(record, field_) if field_ else record for record in records]
        marked = [_Hidden(record) if at in hidden else record for at, record in enumerate(records)]
        extra = {"table": table.name, "method": asked.method, "body": asked.body}
        kept = self._pager.resumed(rules["paging"], asked, call.values)
        if (
            kept
            and rules["paging"].get("same_request")
            and (kept["method"], kept["body"]) != (asked.method, asked.body)
        ):
            status = 405 if kept["method"] != asked.method else 400
            raise Refused(status, "the next page is asked for with the same method and the same body")
        page = self._pager.page(rules["paging"], asked, call.values, marked, keys, call.query, extra)
        shown = [record for record in page.rows if not isinstance(record, _Hidden)]
        if call.selection is not None:
            shown = [_projected(record, call.selection) for record in shown]
        else:
            shown = [selected(rules, call.query, asked, record) for record in shown]
        return Answer(body=self._body(table, rules, shown, page.tells), headers=dict(page.headers))

    def _body(self, table: Table, rules: Json, shown: list[Any], tells: Json) -> Any:
        if table.facts.get("single"):
            body = copy.deepcopy(rules.get("envelope", {}))
            put(body, table.records, shown[0] if shown else None)
            return body
        if table.records == "":
            return shown
        body = copy.deepcopy(rules.get("envelope", {}))
        if not shown and rules.get("empty") == "bare":
            put(body, table.records.rpartition(".")[0], {})
            return body
        if shown or rules.get("empty") != "absent":
            put(
                body,
                table.records,
                {f"U{at:05d}": one for at, one in enumerate(shown)} if rules.get("keyed") else shown,
            )
        _merge(body, tells)
        return body

    def _delta(self, call: _Call, feed: Json) -> Answer:
        """Microsoft's delta query: pages, then a link that asks for what changes from then on."""
        asked, of = call.asked, self.contract.tables[feed["of"]]
        token = asked.given("query", feed["token"])
        now = self.rows.sequence
        since: int | None = None
        if token is not None and token != "latest":
            text = token.removeprefix("d")
            if not text.isdigit():
                raise Refused(400, "the delta token is not one of ours", code="syncStateNotFound")
            since = int(text)
            if since < self._delta_floor:
                again = (("Location", f"$base{asked.path}?{feed['token']}="),)
                raise Refused(410, "the delta token is too old", violation=False, headers=again)
        rows = self._all_rows(of)
        records = [] if token == "latest" else list(delta_rows(of, rows, since, feed["mark"]))
        kept = self._pager.resumed(call.rules["paging"], asked, call.values)
        extra = kept or {
            "table": call.table.name,
            "mark": f"d{self.rows.sequence if token is None else max(now, since or 0)}",
        }
        keys = [get(record, of.key[0]) for record in records]
        page = self._pager.page(call.rules["paging"], asked, call.values, records, keys, call.query, extra)
        body = self._body(call.table, call.rules, page.rows, page.tells)
        if page.is_last:
            body[feed["link"]] = f"$base{asked.path}?{feed['token']}={extra['mark']}"
        return Answer(body=body)

    def _nested(self, call: _Call) -> Answer:
        """GraphQL's lists below a list: one element for each parent asked for, in it a page of its own."""
        head, _, tail = call.table.records.partition(".*.")
        parent = call.table.parent or {}
        ids = call.asked.given("variables", parent["query_param"].rpartition(".")[2].replace("board_ids", "ids"))
        elements = []
        for id_ in ids if isinstance(ids, list) else [ids]:
            self._check_parent(call.table, str(id_))
            rows = self._fitting(call, self.rows.list(call.table, (str(id_),)))
            extra = {"table": call.table.name}
            records = [row.record for row in rows]
            page = self._pager.page(call.rules["paging"], call.asked, {}, records, records, call.query, extra)
            element: Json = {"id": str(id_)}
            shown = [_projected(record, call.selection) for record in page.rows] if call.selection else page.rows
            put(element, tail, shown)
            _merge(element, page.tells)
            elements.append(element)
        body = copy.deepcopy(call.rules.get("envelope", {}))
        put(body, head, elements)
        return Answer(body=body)

    def _place(self, call: _Call) -> Place:
        table = call.table
        parent = table.parent
        skip = {rule.get("at") for rule in _as_list(call.rules["paging"]) if rule.get("in") == "path"}
        if parent is None or table.rules.get("asked_by") or table.facts.get("single"):
            return place_of(call.operation.names, call.rules, call.values, skip)
        if parent.get("path_param"):
            id_ = call.values[parent["path_param"]]
            self._check_parent(table, id_)
            return (id_,)
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
                return
        raise Refused(404, f"there is no record {id_} in {above.name}", violation=False)

    def _all_rows(self, table: Table) -> list[Row]:
        """The rows of all the table's lists; that of a table without a parent is made if it was not asked for yet."""
        if not table.parent and not self.rows.places(table):
            self.rows.list(table, ())
        return [row for place in self.rows.places(table) for row in self.rows.list(table, place)]

    def _is_hidden(self, rules: Json, at: int) -> bool:
        """Rows that count in offset and total although the asking user may not see them."""
        return bool(rules["paging"].get("hides")) and (at // 3) % 3 == 1 if isinstance(rules["paging"], dict) else False

    def _is_listed(self, table: str, row: Row) -> bool:
        rules = self.contract.tables[table].rules
        at = next((i for i, other in enumerate(self._all_rows(self.contract.tables[table])) if other is row), 0)
        shown = (rules.get("deletes") or {}).get("shown")
        return not self._is_hidden(rules, at) and (not row.is_deleted or shown == "always")

    def _journal(self, table: str, row: Row, event: str) -> None:
        """Vendors that keep a list of what happened get an entry in it."""
        rule = self.contract.rules.get("journal")
        if not rule or event not in rule["on"] or ("types" in rule and table not in rule["types"]):
            return
        of = self.contract.tables[table]
        words = {
            "id": get(row.record, of.key[0]),
            "path_end": of.path.rpartition("/")[2],
            "record": row.record,
            "type": f"{rule.get('types', {}).get(table)}.{'updated' if event == 'change' else 'deleted'}",
        }
        entry = self.rows.add(self.contract.tables[rule["table"]])
        for path, value in rule["fields"].items():
            put(entry.record, path, filled(value, words))

    # Refusals

    def _failure(self, fault: Fault) -> Refused:
        headers = dict(fault.headers)
        rate = self.contract.rules.get("rate", {})
        status = fault.status
        if status == 429:
            status = rate.get("status", 429)
            if rate.get("retry_after"):
                headers.setdefault("Retry-After", "0")
            epoch = str(int(self.clock().timestamp()))
            headers |= {name: epoch if value == "$epoch" else value for name, value in rate.get("headers", {}).items()}
        return Refused(status, "told to fail", violation=False, code=fault.code, headers=tuple(headers.items()))

    def _refusal(self, refused: Refused) -> Answer:
        rules = self.contract.rules["errors"]
        status = str(refused.status)
        words = {
            "code": refused.code or rules["codes"].get(status, status),
            "message": refused.message,
            "status": refused.status,
        }
        body = filled(rules["body"], words)
        if refused.status == 429 and isinstance(body, dict):
            body |= self.contract.rules.get("rate", {}).get("fields", {})
        return Answer(rules.get("statuses", {}).get(status, refused.status), body, dict(refused.headers))

    def _token(self, asked: Asked) -> Answer:
        """The answer of the token endpoint, whose refusals are those of RFC 6749, section 5.2."""
        try:
            return self.credentials.token(asked)
        except Refused as refused:
            if refused.violation:
                self.violations.append(f"{asked.method} {asked.path}: {refused.message}.")
            body = {"error": refused.code, "error_description": refused.message}
            return Answer(refused.status, body, {"Cache-Control": "no-store"})


class _Hidden:
    def __init__(self, record: Any) -> None:
        self.record = record


def _resolved(value: Any, variables: Json) -> Any:
    if isinstance(value, Variable):
        return variables.get(value.name)
    if isinstance(value, dict):
        return {name: _resolved(inner, variables) for name, inner in value.items()}
    return [_resolved(inner, variables) for inner in value] if isinstance(value, list) else value


def _projected(value: Any, selection: Selection) -> Any:
    """The selected fields and no others, as GraphQL gives them; null where there is none."""
    if isinstance(value, list):
        return [_projected(one, selection) for one in value]
    if not isinstance(value, dict) or not selection.fields:
        return value
    return {inner.name: _projected(value.get(inner.name), inner) for inner in selection.fields}


def _merge(body: Json, more: Json) -> None:
    for name, value in more.items():
        if isinstance(value, dict) and isinstance(body.get(name), dict):
            _merge(body[name], value)
        else:
            body[name] = value


def _as_list(rules: Json | list[Json]) -> list[Json]:
    return rules if isinstance(rules, list) else [rules]


def _with_declared_sizes(rules: Json, operation: Operation) -> Json:
    """The page size's default and maximum out of the operation's parameter, where the rules give none."""
    declared = {p["name"]: p for p in operation.facts["parameters"]}
    whole = []
    for rule in _as_list(rules["paging"]):
        size = rule.get("size", {})
        facts = declared.get(size.get("name"), {})
        found = {
            new: facts[old]
            for new, old in (("default", "default"), ("min", "minimum"), ("max", "maximum"))
            if old in facts
        }
        whole.append({**rule, "size": {**found, **size}})
    return {**rules, "paging": whole if isinstance(rules["paging"], list) else whole[0]}
