"""Pages in the vendor's own way: where one begins, how many rows it holds, and how it tells of the next or the end."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from avesa.sandbox.vendor.contract import Json, get, put
from avesa.sandbox.vendor.messages import Asked, Refused
from avesa.sandbox.vendor.times import read_time, write_time


@dataclass
class _Saved:
    """What a cursor stands for: the rows as they were at the first page, and what was asked."""

    rows: list[Any]
    at: int
    number: int
    asked: tuple[tuple[str, str], ...]
    path: str
    extra: Any


@dataclass
class Page:
    rows: list[Any]
    tells: Json = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    is_last: bool = True


class Pager:
    """Cuts lists into pages and remembers the cursors that it gave out."""

    def __init__(self, cursor_pages: int | None = None) -> None:
        """`cursor_pages` is the most rows on a page that names the next one by a cursor: vendors may give fewer than
        were asked for.
        """
        self._cursor_pages = cursor_pages
        self._saved: dict[str, _Saved] = {}
        self._count = itertools.count(1)

    def expire(self) -> None:
        """Every cursor given out so far is refused from now on."""
        for token in self._saved:
            self._saved[token].rows = None  # type: ignore[assignment]

    def resumed(self, rules: Json, asked: Asked, values: Mapping[str, str]) -> Any:
        """What was kept with the cursor that the request brings; None if it brings none."""
        rule = chosen(rules, asked)
        if rule["kind"] != "cursor" or (token := self._token(rule, asked, values)) is None:
            return None
        return self._find(rule, token).extra

    def page(
        self,
        rules: Json,
        asked: Asked,
        values: Mapping[str, str],
        rows: list[Any],
        keys: list[Any],
        query: Any,
        extra: Any,
    ) -> Page:
        """One page of `rows`, which have `keys`; `query` is the filter read, where paging stands in its text."""
        rule = chosen(rules, asked)
        size = self._size(rule, asked, query)
        number, saved = 1, None
        match rule["kind"]:
            case "none":
                return Page(list(rows), _told(rule, rows, 0, len(rows), len(rows), {}))
            case "page":
                number = _number(asked, rule, rule.get("first", 1))
                at = (number - rule.get("first", 1)) * size
            case "offset":
                at = _number(asked, rule, 0)
            case "position":
                at = (query.start or 1) - 1
            case "moment":
                at = 0
            case "after_id":
                at = _behind(asked.given(rule["in"], rule["at"]), keys, rule)
            case "cursor":
                token = self._token(rule, asked, values)
                if token is not None:
                    saved = self._find(rule, token)
                    _check_repeated(rule, asked, saved)
                    rows, number = saved.rows, saved.number
                at = saved.at if saved else 0
            case other:
                raise ValueError(f"unknown paging {other}")
        if at < 0:
            raise Refused(400, f"{rule['at']} is below the first page")
        end = at + size
        if end > rule.get("cap", end):
            raise Refused(400, f"rows beyond {rule['cap']} cannot be reached by {rule['at']}")
        if rule["kind"] == "cursor" and self._cursor_pages is not None:
            size = min(size, self._cursor_pages)
            end = at + size
        if rule.get("short") and rule["kind"] == "cursor" and number in (2, 3):
            end = at + (max(1, size // 2) if number == 2 else 0)
        shown, is_last = rows[at:end], end >= len(rows)
        words = {"size": size, "number": number, "at": at, "end": end, "keys": keys[at:end]}
        if rule["kind"] == "cursor" and (not is_last or rule.get("stays") or rule.get("always")):
            first = saved.asked if saved else tuple(p for p in asked.query if p[0] != rule.get("at"))
            path = saved.path if saved else asked.path
            again = self._token(rule, asked, values) if rule.get("stays") else None
            token = again or f"{rule.get('prefix', 'c.')}{next(self._count)}x{end}"
            self._saved[token] = _Saved(rows, end, number + 1, first, path, extra)
            words["token"] = token
            words["url"] = _url(rule, asked, path, first, token, values)
        if not is_last and rule["kind"] == "page":
            words["url"] = f"{asked.path}?{urlencode([*_beside(rule, asked), (rule['at'], number + 1)])}"
        page = Page(shown, _told(rule, shown, at, end, len(rows), words), {}, is_last)
        page.headers = _headers(rule, asked, page, len(rows), words)
        return page

    def _token(self, rule: Json, asked: Asked, values: Mapping[str, str]) -> str | None:
        token = asked.given(rule["in"], rule["at"], values)
        if isinstance(token, list):
            token = token[-1] if token else None
        if token is not None and str(token) in rule.get("starts", []):
            return None
        if token is not None and rule["in"] == "path":
            token = token.rpartition("-")[0]
        return token if token != "" or rule["in"] != "query" else None

    def _find(self, rule: Json, token: str) -> _Saved:
        saved = self._saved.get(token)
        expired = rule.get("expired", {})
        if saved is None or saved.rows is None:
            status, code = expired.get("status", 400), expired.get("code")
            message = expired.get("message", "the cursor is unknown or expired")
            raise Refused(status, message, violation=saved is None, code=code)
        return saved

    def _size(self, rule: Json, asked: Asked, query: Any) -> int:
        """How many rows a page holds. Raises Refused outside of the vendor's bounds."""
        given = rule.get("size", {})
        sent = query.size if rule["kind"] == "position" else None
        if rule["kind"] != "position" and "name" in given:
            sent = asked.given(given.get("in", "query"), given["name"])
            if given.get("in") == "header" and sent is not None:
                sent = str(sent).rpartition("=")[2]
        if sent is None:
            if given.get("required"):
                raise Refused(400, f"{given['name']} is required")
            return int(given.get("default", 100))
        try:
            size = int(sent)
        except (TypeError, ValueError):
            raise Refused(400, f"{given.get('name')} is not a whole number") from None
        if not given.get("min", 1) <= size <= given.get("max", 10_000_000):
            raise Refused(400, f"{given.get('name', 'the size')} is {size}, outside of 1 to {given.get('max')}")
        return size


def chosen(rules: Json | list[Json], asked: Asked) -> Json:
    """The first paging whose condition the request meets."""
    for rule in rules if isinstance(rules, list) else [rules]:
        when = rule.get("when")
        if when is None:
            return rule
        sent = asked.given(when["in"], when["name"])
        if sent is not None and when.get("is", sent) == sent:
            return rule
    return {"kind": "none"}


def stands_alone(rule: Json, asked: Asked) -> bool:
    """Whether a request brings a cursor that stands for all that was asked at first, and takes hardly anything else."""
    return isinstance(rule.get("repeats"), list) and asked.given(rule["in"], rule["at"]) is not None


def _number(asked: Asked, rule: Json, default: int) -> int:
    sent = asked.given(rule["in"], rule["at"])
    try:
        return default if sent is None else int(sent)
    except ValueError:
        raise Refused(400, f"{rule['at']} is not a whole number") from None


def _behind(given: Any, keys: list[Any], rule: Json) -> int:
    if given in (None, "") or (rule.get("number") and str(given) == "0"):
        return 0
    if rule.get("number") == "falls":
        return sum(1 for key in keys if int(key) >= int(given))
    if rule.get("number"):
        return sum(1 for key in keys if int(key) <= int(given))
    if given not in keys:
        raise Refused(400, f"{rule['at']} names no object", code="resource_missing")
    return keys.index(given) + 1


def _check_repeated(rule: Json, asked: Asked, saved: _Saved) -> None:
    """A vendor wants the other parameters again, or none of them, behind its cursor, or takes some of them alone."""
    again = tuple(sorted(pair for pair in asked.query if pair[0] != rule.get("at")))
    if isinstance(rule.get("repeats"), list) and (amiss := {name for name, _ in again} - set(rule["repeats"])):
        raise Refused(400, f"{', '.join(sorted(amiss))} does not go with {rule['at']}")
    if rule.get("repeats") == "all" and again != tuple(sorted(saved.asked)):
        raise Refused(400, f"the parameters beside {rule['at']} are not those of the first page")
    if rule.get("repeats") == "none" and again:
        raise Refused(400, f"{rule['at']} stands alone, without {', '.join(name for name, _ in again)}")


def _url(
    rule: Json, asked: Asked, path: str, first: tuple[tuple[str, str], ...], token: str, values: Mapping[str, str]
) -> str:
    if "next_path" in rule:
        template: str = rule["next_path"]
        path = template.format(path=path, token=quote(token, safe=""), **values)
    pairs = list(first) if rule.get("repeats") != "none" else []
    if rule["in"] == "query":
        pairs.append((rule["at"], token))
    return path + (f"?{urlencode(pairs)}" if pairs else "")


def _told(rule: Json, shown: list[Any], at: int, end: int, total: int, words: Json) -> Json:
    """The fields beside the list that tell of other pages."""
    is_last = end >= total
    found: Json = {}
    pages = -(-total // words["size"]) if words.get("size") else 1
    for tell in rule.get("tells", []):
        if "at" not in tell:
            continue
        what = tell["what"]
        value: Any = {
            "total": total,
            "count": len(shown),
            "more": not is_last,
            "last": is_last,
            "page": words.get("number", 1),
            "size": words.get("size", total),
            "pages": pages,
            "offset": at,
            "start": at + 1,
            "next": None if is_last else words.get("number", 1) + 1,
        }.get(what)
        if what == "more" and is_last and tell.get("end") == "null":
            value = None
        if what == "until":
            if not shown:
                continue
            value = write_time(read_time(get(shown[-1], tell["field"]), tell["of"]), tell["form"])
        if what in ("token", "url", "path", "next_offset"):
            value = (
                None
                if is_last and not (rule.get("stays") or rule.get("always"))
                else {"next_offset": end}.get(what, words.get("token" if what == "token" else "url"))
            )
            if value is None and tell.get("end", "absent") == "absent":
                continue
            if value is None and tell["end"] == "empty":
                value = ""
            if "split" in tell and value:
                value = str(value).split(tell["split"])
            if what == "url" and value:
                value = f"$base{value}"
        put(found, tell["at"], str(value) if tell.get("text") and value is not None else value)
    return found


def _headers(rule: Json, asked: Asked, page: Page, total: int, words: Json) -> dict[str, str]:
    found: dict[str, str] = {}
    for tell in rule.get("tells", []):
        if "header" not in tell:
            continue
        if tell["what"] == "total":
            found[tell["header"]] = str(total)
        elif tell["what"] in ("count", "size"):
            found[tell["header"]] = str(len(page.rows) if tell["what"] == "count" else words["size"])
        elif tell["what"] == "tokens" and "token" in words:
            found[tell["header"]] = json.dumps([words["token"]])
        elif tell["what"] == "link":
            found |= _link(rule, asked, page, total, words, tell)
    return found


def _beside(rule: Json, asked: Asked) -> list[tuple[str, str]]:
    """The parameters of a request beside the one that says where its page begins, as far as they go with it."""
    kept = rule.get("repeats")
    return [pair for pair in asked.query if pair[0] != rule["at"] and (not isinstance(kept, list) or pair[0] in kept)]


def _link(rule: Json, asked: Asked, page: Page, total: int, words: Json, tell: Json) -> dict[str, str]:
    """RFC 8288, with the relations that the vendor gives."""
    size, kept = words["size"], _beside(rule, asked)
    following = {"page": words["number"] + 1, "offset": words["end"], "after_id": (words["keys"] or [None])[-1]}
    following["cursor"] = words.get("token")
    targets = {"next": None if page.is_last else following[rule["kind"]], "last": None}
    if rule["kind"] == "page":
        targets["last"] = None if page.is_last else max(1, -(-total // size))
    if rule["kind"] == "offset" and tell.get("odd_prev") and words["at"] == 0 and not page.is_last:
        targets["prev"] = -1
    links = [
        f'<$base{asked.path}?{urlencode([*kept, (rule["at"], target)])}>; rel="{rel}"'
        for rel, target in targets.items()
        if target is not None and rel in tell["rels"]
    ]
    return {tell["header"]: ", ".join(links)} if links else {}
