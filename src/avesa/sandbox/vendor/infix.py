"""Filter languages of the form `a >= 1 and (b = 2 or c in (3, 4))`, each with its own literals and clauses."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from avesa.sandbox.vendor.conditions import BareTime, Condition, Group, NotUnderstood, Query, Term

_TOKEN = re.compile(
    r"""\s*(?:(?P<time>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)?)|(?P<text>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*")
    |(?P<bracket>\[[^\]]*\])|(?P<sign>>=|<=|!=|<>|=|>|<|[(),*])|(?P<number>-?\d+(?:\.\d+)?(?![\w.]))|(?P<word>[\w./]+))""",
    re.VERBOSE,
)
SIGNS = {"=": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
WORDS = {"eq": "=", "ne": "!=", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
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
        known = WORDS if self.words else SIGNS
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
