"""Compiles a mapping into one DuckDB query per source, which takes each payload apart once.

The query reads from top to bottom: make the payload readable, extract all paths from it in one pass, pick the
texts by name, cast them, and tell which could not be cast. Everything that a mapping says goes in as a literal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, field

from avesa.canonical_transform.mapping import UPDATED_AT, Column, Mapping
from avesa.canonical_transform.mapping_casts import SQL_TYPES, cast, text_literal, value_literal
from avesa.canonical_transform.mapping_rules import (
    ColumnType,
    Constant,
    Each,
    First,
    FromPath,
    Join,
    JsonPath,
    Rule,
    Where,
    leaves,
)

CARRIED = (
    "record_id",
    "parent_id",
    "updated_at",
    "is_deleted",
    "is_partial",
    "extracted_at",
    "run_id",
    "page",
    "file",
    "file_row_number",
)
"""Columns of the raw row that go through the query as they are."""

SAMPLE_CHARACTERS = 80

_INDENT = ",\n        "

# A JSON text in pieces: a surrogate pair, a lone surrogate, any other escape, or text without escapes.
_PIECES = (
    r"(?s)\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\.?|[^\\]+"
)
_LONE_SURROGATE = r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}"

_REPAIRED = f"""array_to_string(list_transform(
            regexp_extract_all(payload, '{_PIECES}'),
            lambda piece: CASE WHEN regexp_full_match(piece, '{_LONE_SURROGATE}') THEN '\\ufffd' ELSE piece END
        ), '')"""


@dataclass
class _Picks:
    """What the query takes from a payload, collected while the rules are compiled.

    `pointers` go into the one extraction; `lists` are those among them that are taken apart into elements;
    `texts` are named expressions over both.
    """

    pointers: dict[str, int] = field(default_factory=dict)
    lists: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def text(self, path: JsonPath, *, exact: bool) -> str:
        """The name of the text at a path; where not `exact`, it is trimmed, and null if it is empty."""
        taken = self._taken(path)
        expression = taken if exact else f"nullif(trim({taken}), '')"
        for name, known in self.texts.items():
            if known == expression:
                return name
        words = re.sub(r"[^a-z0-9]+", "_", "_".join((*path.steps, *path.within)).lower()).strip("_")
        name = f"_{len(self.texts) + 1}_{words[:40]}".rstrip("_")
        self.texts[name] = expression
        return name

    def _taken(self, path: JsonPath) -> str:
        place = self.pointers.setdefault(_pointer(path.steps), len(self.pointers) + 1)
        text = f"taken[{place}]"
        if path.selector is None:
            return text
        elements = self.lists.setdefault(text, f"_list_{place}")
        if isinstance(path.selector, Each):
            return _each(elements, path.within)
        return _selected(elements, path.selector, path.within)


@dataclass(frozen=True)
class _Compiled:
    """`value` over the picked texts, and `failed`: the text that could not be cast, or null; None if none can."""

    value: str
    failed: str | None = None


def source_query(mapping: Mapping, service: str, endpoint: str, relation: str) -> str:
    """One SELECT over `relation`, the name of a table or view with the raw columns and `file`, `file_row_number`.

    Gives the columns in CARRIED, every column of the mapping in its order and type (`updated_at` is the carried
    one), and `uncastable`, a list of STRUCT(column_name VARCHAR, value VARCHAR) with the values, cut to 80
    characters, that were there and could not be cast. A payload that is no JSON, even after lone surrogates were
    replaced, gives nulls and one entry for `payload` without a value. The result does not depend on the
    session's time zone. Raises KeyError for a source that the mapping does not have.
    """
    rules = mapping.sources[service, endpoint]
    columns = [column for column in mapping.columns if column.name != UPDATED_AT]
    picks = _Picks()
    compiled = [(column, _compiled_column(rules, column, picks)) for column in columns]
    carried = ", ".join(CARRIED)
    pointers = _INDENT.join(map(text_literal, picks.pointers))
    lists = "".join(f",\n        {_elements(text)} AS {name}" for text, name in picks.lists.items())
    texts = "".join(f",\n        {expression} AS {name}" for name, expression in picks.texts.items())
    names = "".join(f", {name}" for name in picks.texts)
    values = "".join(f",\n        {c.value} AS {quoted(column.name)}" for column, c in compiled)
    wanted = "".join(f"{quoted(column.name)}, " for column in columns)
    return f"""WITH readable_rows AS (
    SELECT {carried},
        payload IS NOT NULL AS has_payload,
        CASE WHEN json_valid(payload) THEN payload
        WHEN json_valid({_REPAIRED}) THEN {_REPAIRED}
        END AS readable
    FROM {relation}
), taken_rows AS (
    SELECT {carried},
        has_payload, readable IS NOT NULL AS is_readable,
        json_extract_string(readable, CAST([
        {pointers}
        ] AS VARCHAR[])) AS taken
    FROM readable_rows
), listed_rows AS (
    SELECT *{lists}
    FROM taken_rows
), picked_rows AS (
    SELECT {carried}, has_payload, is_readable{texts}
    FROM listed_rows
), typed_rows AS (
    SELECT {carried}, has_payload, is_readable{names}{values}
    FROM picked_rows
)
SELECT {carried}, {wanted}
    {_uncastable(compiled)} AS uncastable
FROM typed_rows"""


def column_paths(mapping: Mapping, service: str, endpoint: str) -> dict[str, frozenset[str]]:
    """For each column that has a rule, the top-level keys of the record that it reads; none for a constant."""
    return {
        column: frozenset(leaf.path.steps[0] for leaf in leaves(rule))
        for column, rule in mapping.sources[service, endpoint].items()
    }


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _compiled_column(rules: ReadOnly[str, Rule], column: Column, picks: _Picks) -> _Compiled:
    rule = rules.get(column.name)
    if rule is None:
        return _Compiled(f"CAST(NULL AS {SQL_TYPES[column.type]})")
    compiled = _compiled(rule, column.type, picks)
    if isinstance(rule, FromPath) and compiled.failed is not None:
        # The value is at hand under the column's name: no need to cast again to see whether it failed.
        text = picks.text(rule.path, exact=False)
        return _Compiled(compiled.value, f"CASE WHEN {quoted(column.name)} IS NULL THEN {text} END")
    return compiled


def _compiled(rule: Rule, type_: ColumnType, picks: _Picks) -> _Compiled:
    match rule:
        case Constant(value):
            return _Compiled(f"CASE WHEN is_readable THEN {value_literal(value, type_)} END")
        case First(rules):
            return _first([_compiled(inner, type_, picks) for inner in rules])
        case Join(rules, separator):
            texts = ", ".join(f"nullif({_compiled(inner, 'text', picks).value}, '')" for inner in rules)
            return _Compiled(f"nullif(concat_ws({text_literal(separator)}, {texts}), '')")
        case FromPath() if rule.values:
            return _Compiled(_mapped(rule, type_, picks))
        case FromPath():
            text = picks.text(rule.path, exact=type_ == "text")
            value = cast(text, type_, rule.format, rule.unit)
            # Every text is a text, and what is not JSON becomes a JSON text: these casts cannot fail.
            if type_ in ("text", "json"):
                return _Compiled(value)
            return _Compiled(value, f"CASE WHEN {value} IS NULL THEN {text} END")


def _mapped(rule: FromPath, type_: ColumnType, picks: _Picks) -> str:
    text = picks.text(rule.path, exact=False)
    cases = "".join(
        f"\n        WHEN {_lowered(theirs)} THEN {value_literal(ours, type_)}" for theirs, ours in rule.values
    )
    if rule.default is None:
        return f"CASE lower({text}){cases} END"
    default = value_literal(rule.default, type_)
    return f"CASE WHEN {text} IS NOT NULL THEN CASE lower({text}){cases} ELSE {default} END END"


def _lowered(text: str) -> str:
    trimmed = text.strip(" ")
    return text_literal(trimmed.lower()) if trimmed.isascii() else f"lower({text_literal(trimmed)})"


def _first(parts: list[_Compiled]) -> _Compiled:
    """Takes the first value; a text that failed to become one is told only if it was reached."""
    value = f"coalesce({', '.join(part.value for part in parts)})"
    if all(part.failed is None for part in parts):
        return _Compiled(value)
    cases = ""
    for part in parts:
        cases += f"\n        WHEN ({part.value}) IS NOT NULL THEN NULL"
        if part.failed is not None:
            cases += f"\n        WHEN ({part.failed}) IS NOT NULL THEN {part.failed}"
    return _Compiled(value, f"CASE{cases} END")


def _uncastable(compiled: list[tuple[Column, _Compiled]]) -> str:
    """The list is made only for rows where something failed, since hardly any row has such a value."""
    failed = [(column.name, c.failed) for column, c in compiled if c.failed is not None]
    entry = "STRUCT(column_name VARCHAR, value VARCHAR)"
    none = f"CAST([] AS {entry}[])"
    unreadable = f"CAST([{{'column_name': 'payload', 'value': NULL}}] AS {entry}[])"
    cases = f"\n        WHEN has_payload AND NOT is_readable THEN {unreadable}"
    if failed:
        any_failed = "\n            OR ".join(f"({text}) IS NOT NULL" for _, text in failed)
        entries = _INDENT.join(
            f"CASE WHEN ({text}) IS NOT NULL THEN "
            f"{{'column_name': '{name}', 'value': left({text}, {SAMPLE_CHARACTERS})}} END"
            for name, text in failed
        )
        cases += (
            f"\n        WHEN {any_failed}\n        THEN CAST(list_filter([\n        {entries}\n        ], "
            f"lambda entry: entry IS NOT NULL) AS {entry}[])"
        )
    return f"CASE{cases}\n        ELSE {none} END"


def _pointer(steps: tuple[str, ...]) -> str:
    """A JSON pointer, in which every name is possible and a number is also a place in a list."""
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)


def _elements(text: str) -> str:
    return f"CASE WHEN starts_with({text}, '[') AND json_valid({text}) THEN json_extract({text}, '$[*]') END"


def _selected(elements: str, selector: Where, within: tuple[str, ...]) -> str:
    conditions = " AND ".join(
        f"json_extract_string(element, {text_literal(_pointer(name))}) = {text_literal(value)}"
        for name, value in selector.fields
    )
    element = f"list_filter({elements}, lambda element: {conditions})[1]"
    return f"json_extract_string({element}, {text_literal(_pointer(within))})"


def _each(elements: str, within: tuple[str, ...]) -> str:
    found = f"list_transform({elements}, lambda element: json_extract(element, {text_literal(_pointer(within))}))"
    return f"CAST(to_json(list_filter({found}, lambda found: found <> 'null')) AS VARCHAR)"
