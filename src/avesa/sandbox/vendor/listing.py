"""Which records a request asks for: the filter of the vendor, what it holds back, and the order."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from avesa.sandbox.vendor.conditions import (
    BareTime,
    NotUnderstood,
    Query,
    Term,
    fields_of,
    holds,
    in_order,
    moment_in,
    renamed,
    terms_of,
)
from avesa.sandbox.vendor.contract import Contract, Json, Table, get, put
from avesa.sandbox.vendor.languages import LANGUAGES
from avesa.sandbox.vendor.messages import Asked, Refused
from avesa.sandbox.vendor.rows import Row
from avesa.sandbox.vendor.times import read_time, write_time


def read_query(rules: Json, asked: Asked) -> Query:
    """The filter that the request brings in the vendor's language; the empty one where it brings none."""
    found = Query()
    for change in rules.get("changes") or []:
        if change["kind"] != "expression":
            continue
        text = asked.given(change["in"], change["name"])
        if text is None:
            if change.get("required"):
                raise Refused(400, f"{change['name']} is required")
            continue
        try:
            found = LANGUAGES[change["language"]](text)
        except NotUnderstood as problem:
            raise Refused(400, f"{change['name']}: {problem}") from None
        if "zone" in change:
            found = replace(found, forms=tuple(f"{form} in {change['zone']}" for form in found.forms))
    return found


def filtered(
    contract: Contract, table: Table, rules: Json, query: Query, rows: list[Row], asked: Asked, now: datetime
) -> list[Row]:
    """The rows that fit, in the order asked for. Raises Refused for an unknown field or a time in another form."""
    named = _namer(contract, table, rules)
    condition = renamed(query.condition, named)
    for name in query.select or ():
        # A field of another object behind a dot is that object's to know.
        if "." not in name:
            named(name)
    form = rules["time"]
    for term in terms_of(condition):
        compares = term.operator in ("<", "<=", ">", ">=")
        is_time = moment_in(term.value, query.forms) is not None
        if query.bare_times and not isinstance(term.value, BareTime):
            is_time = False
        if term.field == table.cursor and compares and not is_time:
            raise Refused(400, f"{term.value!r} is no time as {table.name} is asked by")
    rows = _not_held_back(rules, asked, rows, fields_of(query.condition))
    rows = [row for row in rows if holds(condition, row.record, forms=query.forms, form=form)]
    for change in rules.get("changes") or []:
        if change["kind"] == "parameter" and change["in"] != "path":
            rows = _by_parameter(table, change, asked, rows, form, now)
    for name, rule in rules.get("filters", {}).items():
        one: Json = {"field": rule} if isinstance(rule, str) else rule
        wanted = asked.given(one.get("in", "query"), name) or one.get("unsent")
        if "values" in one:
            if wanted in one["values"]:
                rows = [row for row in rows if get(row.record, one["field"]) == one["values"][wanted]]
        elif wanted is not None and wanted != one.get("all"):
            several = wanted.split(one["split"]) if "split" in one and isinstance(wanted, str) else wanted
            chosen = [str(value).lower() for value in (several if isinstance(several, list) else [several])]
            rows = [row for row in rows if str(get(row.record, one["field"])).lower() in chosen]
    if "comes" in rules:
        rows = sorted(rows, key=lambda row: row.modified, reverse=rules["comes"] == "newest")
    order = tuple((named(name), descends) for name, descends in query.order or asked_order(rules, asked))
    if not order:
        return rows
    sorted_records = in_order([row.record for row in rows], order)
    ranks = {id(record): rank for rank, record in enumerate(sorted_records)}
    return sorted(rows, key=lambda row: ranks[id(row.record)])


def at_path(table: Table, rules: Json, values: Mapping[str, str], rows: list[Row], now: datetime) -> list[Row]:
    """The rows of the day that stands in the path. With `lags`, what is younger than so many days is not there yet."""
    for change in rules.get("changes") or []:
        if change["kind"] == "parameter" and change["in"] == "path":
            day = values[change["name"]]
            newest = write_time(now - timedelta(days=change["lags"]), change["form"]) if "lags" in change else day
            if day > newest:
                message = f"Data for dates later than {newest} is not yet available. Please check back later"
                raise Refused(400, message, violation=False, code="invalid")
            rows = [row for row in rows if get(row.record, table.cursor or "") == day]
    return rows


def _by_parameter(table: Table, change: Json, asked: Asked, rows: list[Row], form: str, now: datetime) -> list[Row]:
    value = asked.given(change["in"], change["name"])
    if value is None and "unsent" in change:
        value = str(write_time(now - timedelta(seconds=change["unsent"]), change["form"]))
    if value is None:
        return rows
    try:
        read_time(value, change["form"])
    except ValueError as problem:
        raise Refused(400, f"{change['name']}: {problem}") from None
    if change.get("next_day"):
        day = read_time(value, change["form"]).replace(hour=0, minute=0, second=0)
        value = write_time(day + timedelta(days=1, seconds=-1), change["form"])
    sign = change["operator"]
    if change.get("whole_day"):
        value, sign = str(write_time(read_time(value, change["form"]) + timedelta(days=1), change["form"])), "<"
    if change.get("whole_month"):
        month = read_time(value, change["form"]).replace(day=1, hour=0, minute=0, second=0)
        value, sign = str(write_time((month + timedelta(days=31)).replace(day=1), change["form"])), "<"
    if change.get("inclusive") and asked.given("query", change["inclusive"]) == "true":
        sign += "="
    term = Term(change.get("field") or table.cursor or "", sign, value)
    return [row for row in rows if holds(term, row.record, forms=(change["form"],), form=form)]


def _not_held_back(rules: Json, asked: Asked, rows: list[Row], fields: list[str]) -> list[Row]:
    shown = (rules.get("deletes") or {}).get("shown", "never")
    if isinstance(shown, dict):
        sent = [value for name, value in asked.query if name == shown["name"]] if shown["in"] == "query" else []
        if shown["value"] in (*sent, asked.given(shown["in"], shown["name"])):
            return [row for row in rows if row.is_deleted] if shown.get("alone") else rows
        shown = "never"
    if shown == "in_filter":
        shown = "always" if rules["deletes"]["field"] in fields else "never"
    return rows if shown == "always" else [row for row in rows if not row.is_deleted]


def _namer(contract: Contract, table: Table, rules: Json) -> Callable[[str], str]:
    """From a filter's name of a field to the record's. Raises Refused for a name that is neither."""

    def named(name: str) -> str:
        found = rules.get("aliases", {}).get(name, name)
        under = (rules.get("select") or {}).get("under", "")
        for path in (found, f"{under}.{found}"):
            if contract.field(table.record, path, declared=True) is not None:
                return str(path)
        raise Refused(400, f"{name} is no field of {table.name}")

    return named


def asked_order(rules: Json, asked: Asked) -> tuple[tuple[str, bool], ...]:
    """The order that parameters ask for: `a asc, b desc`, `a.desc`, `a|desc`, `a:desc`, `-a`, or a list of sorts."""
    rule = rules.get("order")
    if rule is None:
        return ()
    given = asked.given(rule["in"], rule["name"])
    if not given:
        return ()
    if rule.get("kind") == "sorts":
        names = rule.get("names", ["propertyName", "direction"])
        pairs = [[s.get(name) for name in names] if isinstance(s, dict) else (s, None) for s in given]
        return tuple((str(name), direction in ("DESC", "DESCENDING")) for name, direction in pairs)
    found = []
    for part in [given.replace(",", " ")] if rule.get("kind") == "one" else given.split(","):
        shape = re.fullmatch(r"\s*(-?[\w./]+?)(?:[ .|:]+(asc|desc))?\s*", part, re.IGNORECASE)
        if shape is None:
            raise Refused(400, f"{rule['name']}: {part!r} is no order")
        turned = rule.get("descends") and asked.given(rule["in"], rule["descends"])
        flag = turned is not None and turned == rule.get("descending", "true")
        name = shape[1].removeprefix("-")
        found.append((name, bool(flag) or name != shape[1] or (shape[2] or "").lower() == "desc"))
    return tuple(found)


def selected(rules: Json, query: Query, asked: Asked, record: Any) -> Any:
    """The record with the fields that were asked for, where the vendor gives no more than these."""
    if query.select is not None:
        shown: Json = {}
        for name in query.select:
            put(shown, name, get(record, name))
        return shown
    rule = rules.get("select")
    if not rule or not isinstance(record, dict):
        return record
    given = asked.given(rule["in"], rule["name"])
    if rule["in"] == "query" and rule.get("called") == "camel":
        given = [value for name, value in asked.query if name == rule["name"]] or None
    names = given.split(",") if isinstance(given, str) else given or rule["default"]
    if rule.get("called") == "camel":
        names = [_camel(name) for name in names]
    if rule.get("all") in names:
        return record
    if rule.get("deep"):
        return _deep(record, [name.split(".") for name in names], rule["always"])
    if not rule.get("under"):
        return {name: value for name, value in record.items() if name in {*names, *rule.get("always", [])}}
    if set(names) <= set(rule.get("whole", [])):
        return {name: value for name, value in record.items() if name in rule["whole"]}
    below = record.get(rule["under"])
    inner = {name: value for name, value in below.items() if name in names} if isinstance(below, dict) else {}
    return {**record, rule["under"]: inner}


def _deep(value: Any, paths: list[list[str]], always: list[str]) -> Any:
    """The fields at the paths, and at each step those that are always there; what has none of these is shown whole
    where nothing more of it is named.
    """
    if isinstance(value, list):
        return [_deep(one, paths, always) for one in value]
    if not isinstance(value, dict) or not (paths or set(always) & set(value)):
        return value
    below: dict[str, list[list[str]]] = {name: [] for name in always}
    for first, *rest in paths:
        below.setdefault(first, []).extend([rest] if rest else [])
    return {name: _deep(inner, below[name], always) for name, inner in value.items() if name in below}


def _camel(name: str) -> str:
    """USER_AND_LOCATION as userAndLocation; what is written so already stays."""
    if not name.isupper():
        return name
    first, *others = name.lower().split("_")
    return first + "".join(map(str.capitalize, others))


def place_of(names: list[str], rules: Json, values: Mapping[str, str], skip: set[str]) -> tuple[str, ...]:
    """Which of a table's lists a path means: its values that are neither the tenant's nor a cursor."""
    return tuple(values[name] for name in names if name not in rules.get("path", {}) and name not in skip)
