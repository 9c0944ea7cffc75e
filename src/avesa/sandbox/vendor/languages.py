"""The filter languages of the vendors, each read into a `Query`. What a vendor's page does not show is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from avesa.sandbox.vendor.conditions import ALWAYS, BareTime, Condition, Group, NotUnderstood, Query, Term
from avesa.sandbox.vendor.times import read_time

_TOKEN = re.compile(
    r"""\s*(?:(?P<time>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)?)|(?P<text>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*")
    |(?P<bracket>\[[^\]]*\])|(?P<sign>>=|<=|!=|<>|=|>|<|[(),*])|(?P<number>-?\d+(?:\.\d+)?(?![\w.]))|(?P<word>[\w./]+))""",
    re.VERBOSE,
)
_SIGNS = {"=": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_WORDS = {"eq": "=", "ne": "!=", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
Token = tuple[str, str]


class _Infix:
    """Reads `a >= 1 and (b = 2 or c in (3, 4))`, with the literals of one language."""

    def __init__(self, text: str, *, quote: str, time: str, words: bool = False) -> None:
        """`quote` is the mark around texts; `time` where a moment stands: bare, quoted or bracketed."""
        self.tokens = _tokens(text)
        self.at = 0
        self.quote, self.time, self.words = quote, time, words

    def ended(self) -> bool:
        return self.at >= len(self.tokens)

    def peek(self) -> str:
        return "" if self.ended() else self.tokens[self.at][1]

    def next(self) -> Token:
        if self.ended():
            raise NotUnderstood("the filter ends in the middle")
        self.at += 1
        return self.tokens[self.at - 1]

    def takes(self, *words: str) -> bool:
        """Step over these words if they come next."""
        coming = [text.upper() for _, text in self.tokens[self.at : self.at + len(words)]]
        if coming != list(words):
            return False
        self.at += len(words)
        return True

    def needs(self, *words: str) -> None:
        if not self.takes(*words):
            raise NotUnderstood(f"expected {' '.join(words)} where {self.peek() or 'the end'} stands")

    def name(self) -> str:
        kind, text = self.next()
        if kind != "word":
            raise NotUnderstood(f"expected a field where {text} stands")
        return text

    def condition(self) -> Condition:
        parts = [self._all()]
        while self.takes("OR"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Group(False, tuple(parts))

    def _all(self) -> Condition:
        parts = [self._one()]
        while self.takes("AND"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Group(True, tuple(parts))

    def _one(self) -> Condition:
        if self.takes("("):
            inner = self.condition()
            self.needs(")")
            return inner
        name = self.name()
        kind, sign = self.next()
        if sign.upper() in ("IN", "LIKE"):
            return Term(name, sign.lower(), self._list() if sign.upper() == "IN" else self.literal())
        known = _WORDS if self.words else _SIGNS
        if sign.lower() not in known or (kind == "sign") == self.words:
            raise NotUnderstood(f"{sign} is no comparison of this language")
        return Term(name, known[sign.lower()], self.literal())

    def _list(self) -> list[Any]:
        self.needs("(")
        found = [self.literal()]
        while self.takes(","):
            found.append(self.literal())
        self.needs(")")
        return found

    def literal(self) -> Any:
        kind, text = self.next()
        if kind == "text" and text[0] == self.quote:
            return text[1:-1].replace("\\" + self.quote, self.quote)
        if (kind == "time" and self.time == "bare") or (kind == "bracket" and self.time == "bracketed"):
            return BareTime(text.strip("[]"))
        if kind == "number":
            return float(text) if "." in text else int(text)
        if kind == "word" and text.lower() in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[text.lower()]
        raise NotUnderstood(f"{text} is no value of this language")

    def order(self) -> tuple[tuple[str, bool], ...]:
        found = []
        while True:
            name = self.name()
            descends = self.takes("DESC")
            if not descends:
                self.takes("ASC")
            found.append((name, descends))
            if not self.takes(","):
                return tuple(found)

    def number(self) -> int:
        value = self.literal()
        if not isinstance(value, int):
            raise NotUnderstood(f"{value} is no whole number")
        return value

    def end(self) -> None:
        if not self.ended():
            raise NotUnderstood(f"{self.peek()} is not expected there")


def _tokens(text: str) -> list[Token]:
    found, at = [], 0
    while text[at:].strip():
        token = _TOKEN.match(text, at)
        if token is None:
            raise NotUnderstood(f"cannot be read from {text[at : at + 20]!r} on")
        found.append((token.lastgroup or "", token[token.lastgroup or 0]))
        at = token.end()
    return found


def conditions(text: str) -> Query:
    """ConnectWise: `lastUpdated>=[2024-01-31T00:00:00Z] and closedFlag=false`."""
    reader = _Infix(text, quote='"', time="bracketed")
    found = Query(reader.condition(), forms=("iso_z",), bare_times=True)
    reader.end()
    return found


def odata(text: str) -> Query:
    """Microsoft Graph: `createdDateTime ge 2024-01-01T00:00:00Z and id ne 'x'`."""
    reader = _Infix(text, quote="'", time="bare", words=True)
    found = Query(reader.condition(), bare_times=True)
    reader.end()
    return found


def aip(text: str) -> Query:
    """Google's lists: `createTime >= "2024-01-01T00:00:00Z"`."""
    reader = _Infix(text, quote='"', time="quoted")
    found = Query(reader.condition())
    reader.end()
    return found


def scim(text: str) -> Query:
    """Okta: `lastUpdated gt "2026-01-01T00:00:00.000Z"`."""
    reader = _Infix(text, quote='"', time="quoted", words=True)
    found = Query(reader.condition(), forms=("iso_ms_z",))
    reader.end()
    return found


def jql(text: str) -> Query:
    """Jira: `updated >= "2024-01-31 00:00" ORDER BY updated ASC, key ASC`. A query without a bound is refused."""
    reader = _Infix(text, quote='"', time="quoted")
    if reader.ended() or reader.peek().upper() == "ORDER":
        raise NotUnderstood("unbounded JQL queries are not allowed here")
    condition = reader.condition()
    order = reader.order() if reader.takes("ORDER", "BY") else ()
    reader.end()
    return Query(condition, order, forms=("minute", "date"))


def soql(text: str) -> Query:
    """Salesforce: `SELECT Id FROM Account WHERE SystemModstamp >= 2024-01-01T00:00:00Z ORDER BY SystemModstamp ASC`."""
    reader = _Infix(text, quote="'", time="bare")
    reader.needs("SELECT")
    select = [reader.name()]
    while reader.takes(","):
        select.append(reader.name())
    reader.needs("FROM")
    found = Query(entity=reader.name(), select=tuple(select), bare_times=True)
    return _clauses(reader, found, "LIMIT")


def sql(text: str) -> Query:
    """QuickBooks: `select * from Invoice where Metadata.LastUpdatedTime >= '…' STARTPOSITION 1 MAXRESULTS 1000`."""
    reader = _Infix(text, quote="'", time="quoted")
    reader.needs("SELECT", "*")
    reader.needs("FROM")
    return _clauses(reader, Query(entity=reader.name()), "MAXRESULTS")


def _clauses(reader: _Infix, found: Query, size: str) -> Query:
    if reader.takes("WHERE"):
        found = replace(found, condition=reader.condition())
    if reader.takes("ORDER", "BY") or reader.takes("ORDERBY"):
        found = replace(found, order=reader.order())
    if reader.takes("STARTPOSITION"):
        found = replace(found, start=reader.number())
    if reader.takes(size):
        found = replace(found, size=reader.number())
    reader.end()
    return found


def fql(text: str) -> Query:
    """CrowdStrike: `updated_timestamp:>='2024-01-01T00:00:00Z'+status:'new'`; + joins, a comma gives a choice."""
    terms: list[list[Condition]] = [[]]
    at = 0
    shape = re.compile(r"([\w.]+):(>=|<=|>|<|!)?('[^']*'|\[[^\]]*\]|true|false|\d+)([+,]|$)")
    while at < len(text):
        found = shape.match(text, at)
        if found is None:
            raise NotUnderstood(f"cannot be read from {text[at : at + 20]!r} on")
        name, sign, value, join = found.groups()
        terms[-1].append(Term(name, {"!": "!=", None: "="}.get(sign, sign), value.strip("'")))
        if join == ",":
            terms.append([])
        at = found.end()
        if join and at == len(text):
            raise NotUnderstood("the filter ends in the middle")
    every = [Group(True, tuple(part)) for part in terms]
    return Query(every[0] if len(every) == 1 else Group(False, tuple(every)))


def rsql(text: str) -> Query:
    """RSQL: `a.b>="2026-03-01T12:00:00.000Z"`, terms joined by `;` (all) or `,` (any)."""
    every = ";" in text
    found: list[Condition] = []
    for part in re.split(r"""[;,](?=(?:[^"]*"[^"]*")*[^"]*$)""", text):
        shape = re.fullmatch(r"""([\w.-]+)(==|!=|<=|>=|<|>)(?:"([^"]*)"|([^\s"';,()]+))""", part)
        if shape is None:
            raise NotUnderstood(f"{part!r} is no comparison")
        value = shape[3] if shape[3] is not None else shape[4]
        found.append(Term(shape[1], "=" if shape[2] == "==" else shape[2], value))
    return Query(Group(every or len(found) == 1, tuple(found)))


def encoded_query(text: str) -> Query:
    """ServiceNow: `sys_updated_on>=2024-01-31 00:00:00^ORDERBYsys_updated_on^ORDERBYsys_id`; ^OR joins to the left."""
    every: list[list[Condition]] = []
    order = []
    for part in text.split("^") if text else []:
        if sort := re.fullmatch(r"ORDERBY(DESC)?(\w+)", part):
            order.append((sort[2], sort[1] is not None))
            continue
        term = re.fullmatch(r"(OR(?=[a-z]))?([a-z_][\w.]*?)(>=|<=|!=|>|<|=|IN|ISNOTEMPTY|ISEMPTY)(.*)", part, re.DOTALL)
        if term is None or term[4].startswith("javascript:"):
            raise NotUnderstood(f"{part!r} is no condition of an encoded query")
        choice, name, sign, value = term.groups()
        plain = {"IN": "in", "ISNOTEMPTY": "present", "ISEMPTY": "absent"}.get(sign, sign)
        found = Term(name, plain, value.split(",") if plain == "in" else value)
        if choice and not every:
            raise NotUnderstood("^OR has nothing before it")
        if choice:
            every[-1].append(found)
        else:
            every.append([found])
    parts = tuple(choices[0] if len(choices) == 1 else Group(False, tuple(choices)) for choices in every)
    return Query(Group(True, parts), tuple(order), forms=("sql", "date"))


def item_filter(given: Any) -> Query:
    """Autotask: `[{"op": "gte", "field": "lastActivityDate", "value": "2024-01-31T00:00:00Z"}]`, or its text."""
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            raise NotUnderstood("the filter is no JSON") from None
        if isinstance(given, dict):
            given = given.get("filter")
    if not isinstance(given, list) or not given:
        raise NotUnderstood("at least one filter item is required")
    return Query(Group(True, tuple(_item(item) for item in given)), forms=("iso_any", "date"))


_OPS = {"eq": "=", "noteq": "!=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "in": "in", "contains": "like"}
_OPS |= {"exist": "present", "notExist": "absent"}


def _item(item: Any) -> Condition:
    if not isinstance(item, dict) or "op" not in item:
        raise NotUnderstood("a filter item is an object with op")
    if item["op"] in ("and", "or"):
        return Group(item["op"] == "and", tuple(_item(part) for part in item.get("items") or []))
    if item["op"] not in _OPS or not isinstance(item.get("field"), str):
        raise NotUnderstood(f"{item['op']} is no operator, or the item names no field")
    return Term(item["field"], _OPS[item["op"]], item.get("value"))


_OPERATORS = {"EQ": "=", "NEQ": "!=", "GT": ">", "GTE": ">=", "LT": "<", "LTE": "<=", "IN": "in"}
_OPERATORS |= {"HAS_PROPERTY": "present", "NOT_HAS_PROPERTY": "absent", "CONTAINS_TOKEN": "like"}


def filter_groups(given: Any) -> Query:
    """HubSpot: groups are a choice of at most 5, the filters in one (at most 10, 25 in all) must all hold."""
    groups = given if isinstance(given, list) else []
    filters: list[Any] = [group.get("filters") for group in groups if isinstance(group, dict)]
    if len(filters) != len(groups) or not all(isinstance(found, list) for found in filters):
        raise NotUnderstood("filterGroups is a list of objects with filters")
    if len(filters) > 5 or any(len(found) > 10 for found in filters) or sum(map(len, filters)) > 25:
        raise NotUnderstood("at most 5 groups, 10 filters in one, and 25 in all")
    choices = [Group(True, tuple(_property(one) for one in found)) for found in filters]
    return Query(Group(False, tuple(choices)) if choices else ALWAYS, forms=("epoch_ms", "iso_zone", "date"))


def _property(one: Any) -> Term:
    sign = _OPERATORS.get(str(one.get("operator"))) if isinstance(one, dict) else None
    if sign is None or not isinstance(one.get("propertyName"), str):
        raise NotUnderstood("a filter has propertyName and a known operator")
    value = one.get("values") if sign == "in" else one.get("value")
    if sign in _SIGNS.values() and not isinstance(value, str):
        raise NotUnderstood("a filter's value is a text")
    return Term(one["propertyName"], sign, value)


def sync_range(text: str) -> Query:
    """Google's device lists: `sync:2024-01-01..` on the day of the last synchronisation."""
    found = re.fullmatch(r"sync:(\d{4}-\d\d-\d\d)?(\.\.)?(\d{4}-\d\d-\d\d)?", text)
    if found is None or not (found[1] or found[3]):
        raise NotUnderstood("expected sync:DATE, sync:DATE.., sync:..DATE or sync:DATE..DATE")
    low, range_, high = found.groups()
    terms = [Term("lastSync", ">=", low)] if low else []
    terms += [Term("lastSync", "<=", f"{high or low}")] if high or not range_ else []
    return Query(Group(True, tuple(terms)), forms=("date",))


def colons(text: str) -> Query:
    """JumpCloud: `endedAt:ge:2026-01-01T00:00:00Z`, one field, one comparison, one value."""
    found = re.fullmatch(r"(\w+):(eq|ne|gt|ge|lt|le):(.+)", text)
    if found is None:
        raise NotUnderstood("expected field:comparison:value")
    return Query(Term(found[1], _WORDS[found[2]], found[3]))


def date_range(text: str) -> Query:
    """Hudu: `2026-01-01T00:00:00Z,2026-02-01T00:00:00Z` or two days, on the field `range`."""
    low, high = _ends(text, ",")
    if low == high:
        raise NotUnderstood("expected start,end")
    return _between(low, high)


def week_range(text: str) -> Query:
    """IT Glue: `2026-01-01T00:00:00Z, *` on the field `range`; an end that is open is a star, the longest is a week."""
    low, high = (None if end == "*" else end for end in _ends(text, ", "))
    if low is None and high is None:
        raise NotUnderstood("expected start, end")
    if low and high and _moment(high) - _moment(low) > timedelta(days=7):
        raise NotUnderstood("the range is longer than a week")
    return _between(low, high)


def _ends(text: str, separator: str) -> tuple[str, str]:
    low, found, high = text.partition(separator)
    if not (low and found and high):
        raise NotUnderstood(f"expected start{separator}end")
    return low, high


def _between(low: str | None, high: str | None) -> Query:
    ends = [(sign, end) for sign, end in ((">=", low), ("<=", high)) if end is not None]
    for _, end in ends:
        _moment(end)
    return Query(Group(True, tuple(Term("range", sign, end) for sign, end in ends)), forms=("iso_zone", "date"))


def _moment(text: str) -> datetime:
    for form in ("iso_zone", "date"):
        with suppress(ValueError):
            return read_time(text, form)
    raise NotUnderstood(f"{text!r} is no moment")


def search_range(text: str) -> Query:
    """GitHub's searches: `created:>=2026-01-01T00:00:00Z`, or `A..B`, with both ends in it."""
    said = text.removeprefix("created:")
    low, range_, high = said.partition("..")
    ends = [(">=", low), ("<=", high)] if range_ else [(sign, said.removeprefix(sign)) for sign in (">=", "<=")]
    ends = [(sign, end) for sign, end in ends if end and (range_ or said.startswith(sign))]
    if not ends:
        raise NotUnderstood("expected >=TIME, <=TIME or TIME..TIME")
    for _, end in ends:
        _moment(end)
    return Query(Group(True, tuple(Term("created", sign, end) for sign, end in ends)), forms=("iso_zone", "date"))


LANGUAGES: dict[str, Callable[[Any], Query]] = {
    "aip": aip,
    "colons": colons,
    "conditions": conditions,
    "date_range": date_range,
    "encoded_query": encoded_query,
    "filter_groups": filter_groups,
    "fql": fql,
    "item_filter": item_filter,
    "jql": jql,
    "odata": odata,
    "rsql": rsql,
    "scim": scim,
    "search_range": search_range,
    "soql": soql,
    "sql": sql,
    "sync_range": sync_range,
    "week_range": week_range,
}
