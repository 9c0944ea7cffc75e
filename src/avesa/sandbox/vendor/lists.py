"""The lists of a vendor: which records a request means, the pages in which they are shown, what is said beside them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from avesa.sandbox.vendor.bodies import body_of, merge, projected, refusal
from avesa.sandbox.vendor.calls import Call
from avesa.sandbox.vendor.contract import Contract, Json, Table, get, put
from avesa.sandbox.vendor.feeds import (
    binned,
    by_ids,
    cdc_page,
    changed_since,
    deleted_page,
    delta_rows,
    log_page,
    read_token,
    sync_page,
)
from avesa.sandbox.vendor.listing import at_path, filtered, place_of, read_query, selected
from avesa.sandbox.vendor.messages import Answer, Refused
from avesa.sandbox.vendor.pages import Pager, chosen, stands_alone
from avesa.sandbox.vendor.rows import Place, Row, Rows, missing_kind
from avesa.sandbox.vendor.times import EPOCH, write_time


class Lists:
    """Answers requests that were found good. Not safe with threads: the vendor asks one thing after the other."""

    def __init__(
        self, contract: Contract, rows: Rows, clock: Callable[[], datetime], cursor_pages: int | None = None
    ) -> None:
        self.contract, self.rows, self.clock = contract, rows, clock
        self.pager = Pager(cursor_pages)
        self.shapes: dict[str, Callable[[Any], Any]] = {}
        """What a record of a table was last shown as: with all of its fields, or those that were asked for."""
        self._floor = 0

    def expire(self) -> None:
        """Cursors and delta tokens given out so far are worth nothing from now on."""
        self.pager.expire()
        self._floor = self.rows.next_sequence()

    def served(self, call: Call) -> Answer:
        asked, table, rules = call.asked, call.table, call.rules
        feed = rules.get("feed", {})
        match feed.get("kind"):
            case "log":
                rows = self.all_rows(self.contract.tables[feed["of"]])
                return Answer(body=log_page(table, rows, asked, deleted=feed["deleted"]))
            case "deleted":
                named = {t.facts.get("sobject"): t for t in self.contract.tables.values()}
                of = named.get(call.values[feed["name"]])
                if of is None:
                    raise Refused(404, f"there is no object {call.values[feed['name']]}")
                return Answer(body=deleted_page(self.all_rows(of), asked, self.clock()))
            case "bin":
                ends = {
                    one.template.rpartition("/")[2]: one.tables[0] for one in self.contract.operations if one.tables
                }
                of = ends.get(call.values[feed["name"]])
                if of is None:
                    raise Refused(404, f"there is no list {call.values[feed['name']]}")
                return self._paged(call, binned(self.all_rows(of), feed, asked), set())
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
            rows = self.all_rows(self.contract.tables[feed["of"]])
            return self._paged(call, changed_since(rows, feed, asked), set())
        if feed.get("kind") == "ids":
            of = self.contract.tables[feed["of"]]
            call.query = read_query(call.rules, asked)
            rows = filtered(self.contract, of, call.rules, call.query, self.all_rows(of), asked, self.clock())
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
        rows = self.all_rows(of) if of is not call.table else self.rows.of(of, place)
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
        kept = self.pager.resumed(rules["paging"], asked, call.values)
        if (
            kept
            and chosen(rules["paging"], asked).get("same_request")
            and (kept["method"], kept["body"]) != (asked.method, asked.body)
        ):
            status = 405 if kept["method"] != asked.method else 400
            raise Refused(status, "the next page is asked for with the same method and the same body")
        page = self.pager.page(rules["paging"], asked, call.values, marked, keys, call.query, extra)
        shown = [record for record in page.rows if not isinstance(record, _Hidden)]
        if call.selection is not None:
            shown = [projected(record, call.selection) for record in shown]
        else:
            self.shapes[table.name] = shape = partial(selected, rules, call.query, asked)
            shown = [shape(record) for record in shown]
        return Answer(body=body_of(table, rules, shown, page.tells), headers=dict(page.headers))

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
            if since < self._floor and "link" not in feed:
                raise Refused(400, "the token is too old", violation=False, code="EXPIRED_SYNC_TOKEN")
            if since < self._floor:
                again = (("Location", f"$base{asked.path}?{feed['token']}="),)
                raise Refused(410, "the delta token is too old", violation=False, headers=again)
        rows = self.all_rows(of)
        records = [] if token == "latest" else list(delta_rows(of, rows, since, feed))
        kept = self.pager.resumed(call.rules["paging"], asked, call.values)
        extra = kept or {
            "table": call.table.name,
            "mark": f"d{self.rows.sequence if token is None else now}",
        }
        keys = [get(record, of.key[0]) for record in records]
        page = self.pager.page(call.rules["paging"], asked, call.values, records, keys, call.query, extra)
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
        page = sync_page(rows, feed, call.rules, call.asked, floor=self._floor, now=now)
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
            kept = self.pager.resumed(call.rules["paging"], asked, {})
            if kept and kept["place"] != id_:
                raise Refused(400, "the cursor is that of another record")
            records = [row.record for row in rows]
            extra = {"table": table.name, "place": id_}
            page = self.pager.page(call.rules["paging"], asked, {}, records, records, call.query, extra)
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
        for row in self.all_rows(above):
            if not row.is_deleted and id_ in [str(get(row.record, path)) for path in above.key]:
                self._check_kind(table, row)
                return
        raise Refused(404, f"there is no record {id_} in {above.name}", violation=False)

    def _check_kind(self, table: Table, parent: Row) -> None:
        """Some lists are there under parents of one kind only."""
        if found := missing_kind(table, parent.record):
            raise Refused(403, f"only a parent whose {found[0]} has {found[1]} has such a list")

    def all_rows(self, table: Table) -> list[Row]:
        """The rows of all the table's lists; that of a table without a parent is made if it was not asked for yet."""
        if not table.parent and not self.rows.places(table):
            self.rows.of(table, ())
        return [row for place in self.rows.places(table) for row in self.rows.of(table, place)]


def _in_graphql(table: Table) -> Json:
    """How GraphQL asks for lists below a list: a variable holds the parents' ids."""
    of, _, below = table.records.partition(".*.")
    name = (table.parent or {})["query_param"].rpartition(".")[2].replace("board_ids", "ids")
    return {"in": "variables", "name": name, "of": of, "shown": "id", "list": below}


class _Hidden:
    def __init__(self, record: Any) -> None:
        self.record = record
