"""What stands around a list in an answer, and how a vendor puts a refusal into words."""

from __future__ import annotations

import copy
from datetime import datetime
from typing import Any

from avesa.sandbox.vendor.contract import Json, Table, get, put
from avesa.sandbox.vendor.faults import Fault
from avesa.sandbox.vendor.feeds import filled
from avesa.sandbox.vendor.graphql import Selection
from avesa.sandbox.vendor.messages import Answer, Refused


def body_of(table: Table, rules: Json, shown: list[Any], tells: Json) -> Any:
    """The body of an answer with these records, and what it tells of other pages."""
    if table.records == "" and not table.facts.get("single"):
        return _keyed(rules, shown) if rules.get("keyed") else shown
    body: Json = copy.deepcopy(rules.get("envelope", {}))
    if table.facts.get("single") and table.records == "":
        return shown[0] if shown else None
    if table.facts.get("single"):
        alone = shown[0] if shown else None
        if table.records == "":
            return alone
        put(body, table.records, alone)
        return body
    if not shown and rules.get("empty") == "bare":
        put(body, table.records.rpartition(".")[0], {})
        return body
    if shown or rules.get("empty") != "absent":
        value = None if not shown and rules.get("empty") == "null" else shown
        put(body, table.records, _keyed(rules, shown) if rules.get("keyed") else value)
    merge(body, tells)
    return body


def _keyed(rules: Json, shown: list[Any]) -> Any:
    """An object of the records by their names, or by what `keyed` names in each; some vendors write an empty one as
    a list.
    """
    if not shown and rules.get("empty") == "list":
        return []
    names = (
        str(get(one, rules["keyed"])) if rules["keyed"] is not True else f"U{at:05d}" for at, one in enumerate(shown)
    )
    return dict(zip(names, shown, strict=True))


def merge(body: Json, more: Json) -> None:
    """Put fields into a body, into the objects that are there already."""
    for name, value in more.items():
        if isinstance(value, dict) and isinstance(body.get(name), dict):
            merge(body[name], value)
        else:
            body[name] = value


def projected(value: Any, selection: Selection) -> Any:
    """The selected fields and no others, as GraphQL gives them; null where there is none."""
    if isinstance(value, list):
        return [projected(one, selection) for one in value]
    if not isinstance(value, dict) or not selection.fields:
        return value
    return {inner.name: projected(value.get(inner.name), inner) for inner in selection.fields}


def refusal(rules: Json, refused: Refused) -> Answer:
    """The vendor's body for a refusal, with the status that it is sent under."""
    errors = rules["errors"]
    status = str(refused.status)
    code = refused.code or errors["codes"].get(status, status)
    if refused.status == 401 and not refused.violation:
        # Some vendors tell credentials that are wrong from none at all.
        code = refused.code or errors["codes"].get("401 wrong", code)
    body = filled(errors["body"], {"code": code, "message": refused.message, "status": refused.status})
    if refused.status == 429 and isinstance(body, dict):
        body |= rules.get("rate", {}).get("fields", {})
    return Answer(errors.get("statuses", {}).get(status, refused.status), body, dict(refused.headers))


def failure(rules: Json, fault: Fault, now: datetime) -> Refused:
    """What a fault told to fail with a status comes to; a 429 is told as the vendor tells it."""
    headers, status, code, message = dict(fault.headers), fault.status, fault.code, "told to fail"
    if status == 429:
        rate = rules.get("rate", {})
        # Sent under another status it is still told from that one by its code.
        code = code or rules["errors"]["codes"].get("429")
        status, message = rate.get("status", 429), rate.get("message", message)
        if rate.get("retry_after"):
            headers.setdefault("Retry-After", "0")
        words = {"$epoch": str(int(now.timestamp()))}
        headers |= {name: words.get(value, value) for name, value in rate.get("headers", {}).items()}
    return Refused(status, message, violation=False, code=code, headers=tuple(headers.items()))
