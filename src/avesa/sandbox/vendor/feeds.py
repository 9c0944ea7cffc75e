"""Lists that are made of other lists: ids alone, what changed, what was deleted, a delta with its token."""

from __future__ import annotations

import copy
import csv
from collections.abc import Iterator
from datetime import datetime
from io import StringIO
from typing import Any

from avesa.sandbox.vendor.contract import Contract, Json, Table, get, put
from avesa.sandbox.vendor.messages import Asked, Refused
from avesa.sandbox.vendor.rows import Row, Rows
from avesa.sandbox.vendor.times import read_time, write_time


def log_page(table: Table, rows: list[Row], asked: Asked, *, deleted: bool, size: int = 5) -> Json:
    """Jira's lists of changed or deleted worklogs: ids and times after `since`, with where to go on."""
    since = int(asked.given("query", "since") or 0)
    later = [entry for entry in log_entries(rows, deleted=deleted) if entry["updatedTime"] > since]
    # The next page begins behind a time, so what has the same time is on the same page.
    shown = [entry for entry in later if entry["updatedTime"] <= later[:size][-1]["updatedTime"]]
    until = shown[-1]["updatedTime"] if shown else since
    page: Json = {
        "values": shown,
        "since": since,
        "until": until,
        "lastPage": len(shown) == len(later),
        "self": f"$base{asked.path}?since={since}",
    }
    if len(shown) < len(later):
        page["nextPage"] = f"$base{asked.path}?since={until}"
    return page


def log_entries(rows: list[Row], *, deleted: bool) -> list[Json]:
    """All that such a list has, the oldest first."""
    found = sorted((row for row in rows if row.is_deleted == deleted), key=lambda row: row.modified)
    return [
        {"worklogId": _number(row.record["id"]), "updatedTime": write_time(row.modified, "epoch_ms"), "properties": []}
        for row in found
    ]


def _number(value: Any) -> Any:
    return int(value) if str(value).isdigit() else value


def changed_since(rows: list[Row], feed: Json, asked: Asked) -> list[Any]:
    """The records of another list that changed since the moment in a parameter, though they show no time."""
    sent = asked.given("query", feed["since"]) if "since" in feed else None
    try:
        since = read_time(sent, feed["form"]) if sent is not None else None
    except ValueError as problem:
        raise Refused(400, f"{feed['since']}: {problem}") from None
    return [row.record for row in rows if not row.is_deleted and (since is None or row.modified >= since)]


def deleted_page(rows: list[Row], asked: Asked, now: datetime) -> Json:
    """Salesforce's deleted records of one sObject between start and end."""
    try:
        start, end = (read_time(asked.given("query", name), "iso_zone") for name in ("start", "end"))
    except ValueError as problem:
        raise Refused(400, str(problem), code="INVALID_QUERY_FILTER_OPERATOR") from None
    if not start < end:
        raise Refused(400, "start is not before end", code="INVALID_REPLICATION_DATE")
    found = [row for row in rows if row.is_deleted and start <= row.modified < end]
    return {
        "deletedRecords": [
            {"id": row.record["Id"], "deletedDate": write_time(row.modified, "iso_ms_offset")} for row in found
        ],
        "earliestDateAvailable": write_time(start, "iso_ms_offset"),
        "latestDateCovered": write_time(min(end, now), "iso_ms_offset"),
    }


def binned(rows: list[Row], feed: Json, asked: Asked) -> list[Json]:
    """The deleted records of one list since the moment that a header names: of each its id and when it was."""
    sent = asked.headers.get(feed["since"].lower())
    try:
        since = read_time(sent, feed["form"]) if sent is not None else None
    except ValueError as problem:
        raise Refused(400, f"{feed['since']}: {problem}") from None
    found = [row for row in rows if row.is_deleted and (since is None or row.modified > since)]
    return [{"id": row.record["id"], feed["at"]: write_time(row.modified, feed["form"])} for row in found]


def cdc_page(contract: Contract, rows: Rows, asked: Asked) -> Json:
    """QuickBooks' changes of several entities since a moment; a deleted one is a stub with its status."""
    by_entity = {table.facts.get("entity"): table for table in contract.tables.values()}
    try:
        since = read_time(asked.given("query", "changedSince"), "iso_zone")
    except ValueError as problem:
        raise Refused(400, str(problem)) from None
    answers = []
    for entity in str(asked.given("query", "entities")).split(","):
        table = by_entity.get(entity)
        if table is None:
            raise Refused(400, f"{entity} is no entity with change data")
        found = [row for row in rows.of(table) if row.modified >= since]
        shown = [_stub(row) if row.is_deleted and not table.rules.get("deletes") else row.record for row in found]
        answers.append({entity: shown, "startPosition": 1, "maxResults": len(shown)} if shown else {})
    return {"CDCResponse": [{"QueryResponse": answers}], "time": "2026-01-01T00:00:00.000-08:00"}


def _stub(row: Row) -> Json:
    return {
        "status": "Deleted",
        "Id": row.record["Id"],
        "MetaData": {"LastUpdatedTime": row.record["MetaData"]["LastUpdatedTime"]},
    }


def csv_of(columns: list[str], records: list[Json]) -> str:
    """The records as comma-separated values, with the columns named in the first line."""
    written = StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(columns)
    writer.writerows([record[name] for name in columns] for record in records)
    return written.getvalue()


def delta_rows(table: Table, rows: list[Row], since: int | None, feed: Json) -> Iterator[Any]:
    """All records at first; later those that changed, without some of the fields that did not (unless the feed gives
    `whole` ones), and the removed ones.
    """
    for row in rows:
        if since is None:
            if not row.is_deleted:
                yield row.record
        elif row.sequence > since:
            if row.is_deleted:
                removed: Json = {key: get(row.record, key) for key in table.key}
                put(removed, feed["mark"], feed.get("gone", {"reason": "changed"}))
                yield removed
            elif feed.get("whole"):
                yield row.record
            else:
                yield {
                    name: value
                    for at, (name, value) in enumerate(row.record.items())
                    if at % 3 != 2 or name in table.key
                }


def sync_page(rows: list[Row], feed: Json, rules: Json, asked: Asked, *, floor: int, now: int) -> Json | None:
    """What happened to the records of a list since a token, the oldest first; None where the token is none of ours or
    older than `floor`. `now` is the number of the newest change.
    """
    since = read_token(str(asked.given("query", feed["token"])), "s", now)
    if since is None or since < floor:
        return None
    happened = sorted((row for row in rows if row.sequence > since), key=lambda row: row.sequence)
    shown = happened[: feed["most"]]
    more = len(shown) < len(happened)
    events = []
    for row in shown:
        words = {
            "id": row.record["gid"],
            "name": row.record.get("name"),
            "action": "deleted" if row.is_deleted else "changed",
            "at": write_time(row.modified, rules["time"]),
        }
        events.append(filled(feed["fields"], words))
    return {"data": events, "sync": f"s{shown[-1].sequence if more else now}", "has_more": more}


def read_token(token: str, mark: str, now: int) -> int | None:
    """The number of the newest change when a token was given out; None for one that never was."""
    number = token.removeprefix(mark)
    known = number.isascii() and number.isdecimal() and len(number) < 19 and int(number) <= now
    return int(number) if known else None


def by_ids(table: Table, rows: list[Row], asked: Asked, rule: Json) -> list[Row]:
    """The records of the ids that were sent, as many as the vendor takes at once; unknown ids are left out."""
    if rule["in"] == "query":
        ids = [value for name, value in asked.query if name == rule["name"]]
        if "split" in rule:
            ids = [id_ for value in ids for id_ in value.split(rule["split"])]
    else:
        ids = asked.given(rule["in"], rule["name"])
    if not isinstance(ids, list) or not ids:
        raise Refused(400, f"{rule['name']} holds no ids")
    if len(ids) > rule["most"]:
        raise Refused(400, f"{rule['name']} holds {len(ids)} ids, more than {rule['most']}")
    wanted = {str(id_) for id_ in ids}
    return [row for row in rows if not row.is_deleted and str(get(row.record, table.key[0])) in wanted]


def filled(template: Any, words: Json) -> Any:
    """A template with `$name` replaced wherever it stands alone as a value, and `$base` inside of texts."""
    if isinstance(template, dict):
        return {key: filled(value, words) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(value, words) for value in template]
    if isinstance(template, str) and template.startswith("$") and template[1:] in words:
        return copy.deepcopy(words[template[1:]])
    return template
