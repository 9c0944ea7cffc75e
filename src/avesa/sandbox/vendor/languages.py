"""The filter languages of the vendors, each read into a `Query`. What a vendor's page does not show is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from avesa.sandbox.vendor.conditions import ALWAYS, Condition, Group, NotUnderstood, Query, Term
from avesa.sandbox.vendor.infix import SIGNS, aip, conditions, jql, odata, scim, soql, sql
from avesa.sandbox.vendor.ranges import colons, date_range, search_range, sync_range, week_range


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
    if sign in SIGNS.values() and not isinstance(value, str):
        raise NotUnderstood("a filter's value is a text")
    return Term(one["propertyName"], sign, value)


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
