"""The vendor's filter language, compiled to a predicate over a record; and its sort expressions.

    board/id = 1 and (closedFlag = false or lastUpdated >= [2026-01-31T00:00:00Z]) and summary contains "vpn"

Fields are named in any case, with `/` or `.` between the steps; `lastUpdated` stands for `_info/lastUpdated`.
A comparison with a field that is empty holds only for `= null`. A list matches if one of its members does.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Predicate = Callable[[Mapping[str, Any]], bool]


@dataclass(frozen=True, slots=True)
class Field:
    """`kind` is text, number, boolean, time, object or unknown."""

    path: tuple[str, ...]
    kind: str


class InvalidCondition(ValueError):
    """The expression cannot be understood, or names a field that the list does not have."""


_TOKEN = re.compile(
    r"""\s*(?:
    (?P<text>"(?:[^"\\]|\\.)*")
  | (?P<time>\[[^\]]*\])
  | (?P<operator><=|>=|!=|=|<|>)
  | (?P<mark>[(),])
  | (?P<number>-?\d+(?:\.\d+)?)
  | (?P<word>[A-Za-z_]\w*(?:[/.][A-Za-z_]\w*)*)
    )""",
    re.VERBOSE,
)
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_MOST_TOKENS = 4000


def compile_conditions(text: str, fields: Mapping[str, Field]) -> Predicate:
    """The predicate that `text` stands for. Raises InvalidCondition."""
    return _Parser(_tokens(text), fields).whole()


def compile_order(text: str, fields: Mapping[str, Field]) -> list[tuple[Callable[[Mapping[str, Any]], Any], bool]]:
    """Sort keys with `descending`, the most important first; empty values come first. Raises InvalidCondition."""
    keys: list[tuple[Callable[[Mapping[str, Any]], Any], bool]] = []
    for part in text.split(","):
        words = part.split()
        if not words or len(words) > 2 or (len(words) == 2 and words[1].lower() not in ("asc", "desc")):
            raise InvalidCondition(f"orderBy is not understood near '{part.strip()}'")
        field = find_field(words[0], fields)
        keys.append((_sort_key(field), len(words) == 2 and words[1].lower() == "desc"))
    return keys


def find_field(name: str, fields: Mapping[str, Field]) -> Field:
    """The field of that name, in any case. Raises InvalidCondition."""
    field = fields.get(name.replace(".", "/").lower())
    if field is None:
        raise InvalidCondition(f"'{name}' is not a field of this list")
    return field


def values_at(record: object, path: tuple[str, ...]) -> list[Any]:
    """All values at the path; more than one only where there are lists on the way. Null counts as no value."""
    if not path:
        return [] if record is None else [record]
    if isinstance(record, list):
        return [value for item in record for value in values_at(item, path)]
    if isinstance(record, Mapping):
        return values_at(record.get(path[0]), path[1:])
    return []


def _sort_key(field: Field) -> Callable[[Mapping[str, Any]], Any]:
    def key(record: Mapping[str, Any]) -> tuple[bool, Any]:
        values = values_at(record, field.path)
        value = values[0] if values and not isinstance(values[0], dict | list) else None
        return (value is not None, value.lower() if isinstance(value, str) else value or 0)

    return key


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise InvalidCondition(f"not understood at position {position + 1}")
        tokens.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    if not tokens:
        raise InvalidCondition("the expression is empty")
    if len(tokens) > _MOST_TOKENS:
        raise InvalidCondition("the expression is too long")
    return tokens


class _Parser:
    """Recursive descent: or, and, not, then a comparison or a parenthesis."""

    def __init__(self, tokens: list[tuple[str, str]], fields: Mapping[str, Field]) -> None:
        self._tokens = tokens
        self._fields = fields
        self._next = 0
        self._depth = 0

    def whole(self) -> Predicate:
        predicate = self._or()
        if self._next < len(self._tokens):
            raise InvalidCondition(f"not understood near '{self._tokens[self._next][1]}'")
        return predicate

    def _take(self, group: str, *texts: str) -> str | None:
        if self._next < len(self._tokens):
            found, text = self._tokens[self._next]
            if found == group and (not texts or text.lower() in texts):
                self._next += 1
                return text
        return None

    def _need(self, group: str, *texts: str) -> str:
        text = self._take(group, *texts)
        if text is None:
            raise InvalidCondition(f"expected {' or '.join(texts) or group}")
        return text

    def _or(self) -> Predicate:
        parts = [self._and()]
        while self._take("word", "or"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else lambda record: any(part(record) for part in parts)

    def _and(self) -> Predicate:
        parts = [self._not()]
        while self._take("word", "and"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else lambda record: all(part(record) for part in parts)

    def _not(self) -> Predicate:
        self._depth += 1
        if self._depth > 100:
            raise InvalidCondition("the expression is nested too deep")
        try:
            if self._take("word", "not"):
                inner = self._not()
                return lambda record: not inner(record)
            if self._take("mark", "("):
                predicate = self._or()
                self._need("mark", ")")
                return predicate
            return self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> Predicate:
        field = find_field(self._need("word"), self._fields)
        if symbol := self._take("operator"):
            return _compare(field, symbol, self._value(field))
        negated = self._take("word", "not") is not None
        match self._need("word", "in", "contains", "like").lower():
            case "in":
                predicate = self._in(field)
            case "contains":
                wanted = self._text().lower()
                predicate = _matches(field, lambda value: wanted in str(value).lower())
            case _:
                pattern = re.compile(re.sub(r"(\\%|%|\\\*)", ".*", re.escape(self._text())), re.I | re.S)
                predicate = _matches(field, lambda value: pattern.fullmatch(str(value)) is not None)
        return (lambda record: not predicate(record)) if negated else predicate

    def _in(self, field: Field) -> Predicate:
        self._need("mark", "(")
        choices = [_compare(field, "=", self._value(field))]
        while self._take("mark", ","):
            choices.append(_compare(field, "=", self._value(field)))
        self._need("mark", ")")
        return lambda record: any(choice(record) for choice in choices)

    def _text(self) -> str:
        return re.sub(r"\\(.)", r"\1", self._need("text")[1:-1])

    def _value(self, field: Field) -> object:
        """The literal that comes next, of the field's kind or null."""
        if self._next >= len(self._tokens):
            raise InvalidCondition("the expression ends where a value is expected")
        group, text = self._tokens[self._next]
        self._next += 1
        value: object
        match group, text.lower():
            case "text", _:
                kind, value = "text", re.sub(r"\\(.)", r"\1", text[1:-1])
            case "time", _:
                kind, value = "time", _moment(text[1:-1])
            case "number", _:
                kind, value = "number", float(text)
            case "word", "true" | "false":
                kind, value = "boolean", text.lower() == "true"
            case "word", "null":
                return None
            case _:
                raise InvalidCondition(f"'{text}' is not a value")
        if field.kind not in (kind, "unknown"):
            raise InvalidCondition(f"'{'/'.join(field.path)}' is of type {field.kind}, not {kind}")
        return value


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InvalidCondition(f"'[{text}]' is not a date and time") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _compare(field: Field, symbol: str, wanted: object) -> Predicate:
    if wanted is None:
        if symbol not in ("=", "!="):
            raise InvalidCondition("null can only be compared with = and !=")
        return lambda record: (not values_at(record, field.path)) is (symbol == "=")
    compare = _OPERATORS[symbol]
    if isinstance(wanted, datetime):
        return _matches(field, lambda value: compare(datetime.fromisoformat(value), wanted))
    if isinstance(wanted, str):
        folded = wanted.lower()
        return _matches(field, lambda value: compare(str(value).lower(), folded))
    return _matches(field, lambda value: compare(value, wanted))


def _matches(field: Field, test: Callable[[Any], bool]) -> Predicate:
    return lambda record: any(test(value) for value in values_at(record, field.path))
