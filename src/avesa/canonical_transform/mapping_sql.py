"""Compiles a mapping into one DuckDB query per source, which takes each payload apart once.

The query reads from top to bottom: make the payload readable, extract all paths from it in one pass, pick the
texts by name, cast them, and tell which could not be cast. Everything that a mapping says goes in as a literal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, field
from functools import lru_cache

from avesa.canonical_transform.mapping import UPDATED_AT, Column, Mapping
from avesa.canonical_transform.mapping_casts import cast, hours_of, number_literal, value_literal
from avesa.canonical_transform.mapping_json import (
    elements,
    fields_named,
    json_at,
    json_within,
    kinds,
    may_hold_nested_texts,
    read,
)
from avesa.canonical_transform.mapping_numbers import minor_parts, minor_units, number
from avesa.canonical_transform.mapping_rules import (
    Between,
    Collect,
    ColumnType,
    Constant,
    Each,
    First,
    FromPath,
    Join,
    JsonPath,
    OfParent,
    Rule,
    Scalar,
    Sum,
    Where,
)
from avesa.canonical_transform.sql_text import SQL_TYPES, identifier, literal

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
"""Columns of the raw row that go through the query as they are, where nothing else is said."""

SAMPLE_CHARACTERS = 80


@dataclass
class _Picks:
    """What the query takes from a payload, collected while the rules are compiled.

    `pointers` go into the one extraction; `jsons` are those among them whose JSON is needed, by name; `lists` are
    those that are taken apart into elements; `texts` are named expressions over all of them, and `values` over the
    texts: those that a column is made of several of.
    """

    pointers: dict[str, int] = field(default_factory=dict)
    jsons: dict[str, str] = field(default_factory=dict)
    lists: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)

    def text(self, rule: FromPath, *, exact: bool) -> str:
        """The name of the text that a rule takes, null if it is empty; trimmed before, where not `exact`."""
        taken = self._taken(rule.path)
        return self._named(f"nullif({taken if exact else f'trim({taken})'}, '')", rule)

    def elements(self, rule: FromPath) -> str:
        """The name of the list of the texts that a rule takes out of a list, without nulls and empty ones."""
        found = f"json_extract_string(element, {literal(_pointer(rule.path.within))})"
        texts = f"list_transform({self._listed(rule.path.steps)}, lambda element: {found})"
        return self._named(f"list_filter({texts}, lambda element: trim(element) <> '')", rule)

    def minor_parts(self, currency: JsonPath, digits: ReadOnly[str, int]) -> str:
        """The name of how many of a decimal's last place the smallest unit of a record's currency is."""
        code = f"nullif(trim({self._taken(currency)}), '')"
        return self._named(minor_parts(code, digits), FromPath(currency))

    def json(self, rule: FromPath) -> str:
        """The name of the JSON text of what a rule takes; null for nothing, a null and an empty text."""
        match rule.path.selector:
            case None:
                found = self._json(rule.path.steps)
            case Each():
                found = self._taken(rule.path)
            case Where() as selector:
                element = _selected(self._listed(rule.path.steps), selector)
                found = json_within(element, _pointer(rule.path.within))
        return self._named(found if rule.names is None else fields_named(found, rule.names), rule)

    def _named(self, expression: str, rule: FromPath) -> str:
        if rule.when:
            holds = " AND ".join(self._holds(*condition) for condition in rule.when)
            expression = f"CASE WHEN {holds} THEN {expression} END"
        if rule.unless:
            holds = " OR ".join(self._holds(*condition) for condition in rule.unless)
            expression = f"CASE WHEN ({holds}) IS NOT TRUE THEN {expression} END"
        words = re.sub(r"[^a-z0-9]+", "_", "_".join((*rule.path.steps, *rule.path.within)).lower()).strip("_")
        return _name_in(self.texts, expression, f"_{len(self.texts) + 1}_{words[:40]}".rstrip("_"))

    def value(self, expression: str) -> str:
        """The name of a value that is made of texts, to be mentioned as often as need be."""
        if expression in self.texts:
            return expression
        return _name_in(self.values, expression, f"_value_{len(self.values) + 1}")

    def _holds(self, where: JsonPath, wanted: tuple[str | float | None, ...]) -> str:
        """The condition that one of these stands there; None is for nothing, be it null, absent or empty."""
        found = f"trim({self._taken(where)})"
        texts = [one for one in wanted if isinstance(one, str)]
        numbers = [one for one in wanted if one is not None and not isinstance(one, str)]
        ways = [_is_one_of(found, texts)] if texts else []
        if numbers:
            ways.append(_is_number_of(found, numbers))
        if None in wanted:
            ways.append(f"nullif({found}, '') IS NULL")
        return f"({' OR '.join(ways)})"

    def parent(self) -> str:
        """The name of the text that holds the parent's id."""
        self.texts["_parent"] = "_parent_id"
        return "_parent"

    def _taken(self, path: JsonPath) -> str:
        match path.selector:
            case None:
                return f"_taken[{self._place(path.steps)}]"
            case Each():
                return _each(self._listed(path.steps), path.within)
            case Where() as selector:
                element = _selected(self._listed(path.steps), selector)
                return f"json_extract_string({element}, {literal(_pointer(path.within))})"

    def _json(self, steps: tuple[str, ...]) -> str:
        self._place(steps)
        pointer = _pointer(steps)
        return self.jsons.setdefault(pointer, f"_json_{self.pointers[pointer]}")

    def _listed(self, steps: tuple[str, ...]) -> str:
        return self.lists.setdefault(self._json(steps), f"_list_{self._place(steps)}")

    def _place(self, steps: tuple[str, ...]) -> int:
        return self.pointers.setdefault(_pointer(steps), len(self.pointers) + 1)


def _name_in(named: dict[str, str], expression: str, name: str) -> str:
    """The name that the expression has already, or else this one."""
    for known, other in named.items():
        if other == expression:
            return known
    named[name] = expression
    return name


@dataclass(frozen=True)
class _Compiled:
    """`value` over the picked texts, and `failed`: the text that could not be cast, or null; None if none can.

    `doubt` is a condition without which nothing can have failed, if there is one that costs less to find out.
    """

    value: str
    failed: str | None = None
    doubt: str | None = None


@lru_cache(maxsize=256)
def source_query(
    mapping: Mapping, service: str, endpoint: str, relation: str, carried: tuple[str, ...] = CARRIED
) -> str:
    """One SELECT over `relation`, the name of a table or view with the raw columns.

    Gives the columns in `carried`, every column of the mapping in its order and type (`updated_at` is the carried
    one), and `uncastable`, a list of STRUCT(column_name VARCHAR, value VARCHAR) with the values, cut to 80
    characters, that were there and could not be cast. A payload that is no JSON, even after lone surrogates were
    replaced, gives nulls and one entry for `payload` without a value. The result does not depend on the
    session's time zone. Raises KeyError for a source that the mapping does not have.
    """
    rules = mapping.sources[service, endpoint]
    columns = [column for column in mapping.columns if column.name != UPDATED_AT]
    picks = _Picks()
    compiled = {column.name: _compiled_column(rules, column, picks) for column in columns}
    failed = {name: c.failed for name, c in compiled.items() if c.failed is not None}
    doubts = [c.doubt or f"({c.failed}) IS NOT NULL" for c in compiled.values() if c.failed is not None]
    rows, taken_apart = _taken_apart(picks)
    texts = [f"{text} AS {name}" for name, text in picks.texts.items()]
    picked, valued = "picked_rows", ""
    if picks.values:
        picked = "valued_rows"
        valued = _subquery(picked, [f"{value} AS {name}" for name, value in picks.values.items()], "picked_rows")
    return f"""WITH taken_rows AS (
    SELECT
        {_listed(carried)},
        payload IS NOT NULL AS _has_payload,
        parent_id AS _parent_id,
        {_listed(_taken(picks))}
    FROM {relation}
){taken_apart}, picked_rows AS (
    SELECT
        {_listed([*carried, "_has_payload", "_taken IS NOT NULL AS _is_readable", *texts])}
    FROM {rows}
){valued}{_subquery("typed_rows", [f"{c.value} AS {identifier(name)}" for name, c in compiled.items()], picked)}
SELECT
        {_listed([*carried, *map(identifier, compiled)])},
        {_uncastable(failed, doubts)} AS uncastable
FROM typed_rows"""


def _taken(picks: _Picks) -> list[str]:
    """The texts at all pointers, in one pass, and what it takes to tell the JSON at some of them."""
    taken = [f"{read('json_extract_string', 'payload', _pointers(picks.pointers))} AS _taken"]
    if picks.jsons:
        taken += ["payload AS _payload", f"{may_hold_nested_texts('payload')} AS _may_hold_nested"]
    return taken


def _pointers(pointers: Iterable[str]) -> str:
    return f"""CAST([
        {_listed(map(literal, pointers))}
        ] AS VARCHAR[])"""


def _taken_apart(picks: _Picks) -> tuple[str, str]:
    """The name of the last relation before the texts are picked, and the subqueries up to it."""
    relation, subqueries = "taken_rows", ""
    places = [f"_taken[{picks.pointers[pointer]}]" for pointer in picks.jsons]
    found = [f"{kinds(places, '_payload', _pointers(picks.jsons), '_may_hold_nested')} AS _kinds"] if places else []
    jsons = [
        f"{json_at(text, '_kinds', place)} AS {name}"
        for place, (text, name) in enumerate(zip(places, picks.jsons.values(), strict=True), start=1)
    ]
    lists = [f"{elements(json)} AS {name}" for json, name in picks.lists.items()]
    for name, columns in (("told_rows", found), ("json_rows", jsons), ("listed_rows", lists)):
        if columns:
            subqueries += _subquery(name, columns, relation)
            relation = name
    return relation, subqueries


def _subquery(name: str, columns: list[str], relation: str) -> str:
    """One that adds columns to those of another."""
    return f""", {name} AS (
    SELECT {_listed(["*", *columns])}
    FROM {relation}
)"""


def _compiled_column(rules: ReadOnly[str, Rule], column: Column, picks: _Picks) -> _Compiled:
    rule = rules.get(column.name)
    if rule is None:
        return _Compiled(f"CAST(NULL AS {SQL_TYPES[column.type]})")
    compiled = _compiled(rule, column.type, picks)
    if isinstance(rule, FromPath) and compiled.failed is not None:
        # The value is at hand under the column's name: no need to cast again to see whether it failed.
        value, text = identifier(column.name), picks.text(rule, exact=True)
        return _Compiled(compiled.value, _failed(value, text), f"({value} IS NULL) <> ({text} IS NULL)")
    return compiled


def _compiled(rule: Rule, type_: ColumnType, picks: _Picks) -> _Compiled:
    match rule:
        case Constant(value):
            return _Compiled(f"CASE WHEN _is_readable THEN {value_literal(value, type_)} END")
        case OfParent():
            return _Compiled(picks.parent())
        case First(rules):
            return _first(_in_any_form(rules, [_part(inner, type_, picks) for inner in rules]))
        case Join() | Collect() | Sum() | Between():
            return _together(rule, type_, picks)
        case FromPath():
            return _Compiled(_mapped(rule, type_, picks)) if rule.values else _from_path(rule, type_, picks)


def _together(rule: Join | Collect | Sum | Between, type_: ColumnType, picks: _Picks) -> _Compiled:
    """What puts several values into one."""
    match rule:
        case Join(rules, separator):
            texts = ", ".join(_compiled(inner, "text", picks).value for inner in rules)
            return _Compiled(f"nullif(concat_ws({literal(separator)}, {texts}), '')")
        case Collect(rules):
            return _Compiled(_collected([_compiled(inner, "json", picks).value for inner in rules]))
        case Sum(rules):
            return _sum([_addend(inner, type_, picks) for inner in rules], type_)
        case Between(rules):
            return _hours_between(*(_part(inner, "timestamp", picks) for inner in rules))


def _part(rule: Rule, type_: ColumnType, picks: _Picks) -> _Compiled:
    """What another rule puts together: a value with a name, since it is mentioned where it is told what failed too."""
    if not isinstance(rule, FromPath):
        return _compiled(rule, type_, picks)
    if rule.values:
        return _Compiled(picks.value(_mapped(rule, type_, picks)))
    return _from_path(rule, type_, picks, named=True)


def _from_path(rule: FromPath, type_: ColumnType, picks: _Picks, *, named: bool = False) -> _Compiled:
    # Every text is a text, and whatever stands there has its JSON: these casts cannot fail.
    if type_ == "json":
        return _Compiled(picks.json(rule))
    text = picks.text(rule, exact=True)
    value = _typed(text, rule, type_, picks)
    if named:
        value = picks.value(value)
    return _Compiled(value) if type_ == "text" else _Compiled(value, _failed(value, text))


def _failed(value: str, text: str) -> str:
    return f"CASE WHEN {value} IS NULL THEN nullif(trim({text}), '') END"


def _typed(text: str, rule: FromPath, type_: ColumnType, picks: _Picks) -> str:
    if rule.currency is not None:
        return minor_units(text, picks.minor_parts(rule.currency, dict(rule.digits)))
    value = cast(text, type_, rule.format, rule.unit)
    return value if rule.case is None else f"{rule.case}({value})"


def _addend(rule: FromPath, type_: ColumnType, picks: _Picks) -> _Compiled:
    """A number to add; of a list the sum of its elements, which fails as a whole where one of them is no number."""
    if not isinstance(rule.path.selector, Each):
        return _part(rule, type_, picks)
    texts = picks.elements(rule)
    numbers = f"list_transform({texts}, lambda element: {_typed('element', rule, type_, picks)})"
    added = f"CASE WHEN list_count(numbers) = len(numbers) THEN TRY_CAST(list_sum(numbers) AS {SQL_TYPES[type_]}) END"
    value = picks.value(f"list_transform([{numbers}], lambda numbers: {added})[1]")
    return _Compiled(
        value, f"CASE WHEN {value} IS NULL AND len({texts}) > 0 THEN CAST(to_json({texts}) AS VARCHAR) END"
    )


def _sum(parts: list[_Compiled], type_: ColumnType) -> _Compiled:
    """What is not there counts as nothing; what is there and no number makes the whole null."""
    failures = [part.failed for part in parts if part.failed is not None]
    failed = f"coalesce({', '.join(failures)})" if failures else "NULL"
    values = [part.value for part in parts]
    # Two of the widest numbers together are wider: the sum is told to fit afterwards.
    wide = "HUGEINT" if type_ == "integer" else "DECIMAL(38,4)"
    added = " + ".join(f"coalesce(CAST({value} AS {wide}), 0)" for value in values)
    is_there = f"coalesce({', '.join(values)}) IS NOT NULL"
    return _Compiled(
        f"CASE WHEN {failed} IS NULL AND {is_there} THEN TRY_CAST({added} AS {SQL_TYPES[type_]}) END",
        failed if failures else None,
    )


def _hours_between(begin: _Compiled, end: _Compiled) -> _Compiled:
    hours = hours_of(f"(epoch_us({end.value}) - epoch_us({begin.value}))")
    value = f"CASE WHEN {end.value} >= {begin.value} THEN {hours} END"
    failures = [part.failed for part in (begin, end) if part.failed is not None]
    return _Compiled(value, f"coalesce({', '.join(failures)})" if failures else None)


def _mapped(rule: FromPath, type_: ColumnType, picks: _Picks) -> str:
    text = picks.text(rule, exact=False)
    is_one = _is_one_of if rule.compare is None else _is_number_of
    theirs: dict[Scalar, list[str]] = {}
    for value, ours in rule.values:
        theirs.setdefault(ours, []).append(value)
    cases = "".join(
        f"\n        WHEN {is_one(text, listed)} THEN {value_literal(ours, type_)}" for ours, listed in theirs.items()
    )
    other = ""
    if rule.default is not None:
        other = f"\n        ELSE CASE WHEN {text} IS NOT NULL THEN {value_literal(rule.default, type_)} END"
    return f"CAST(CASE{cases}{other} END AS {SQL_TYPES[type_]})"


def _is_one_of(text: str, listed: Iterable[str]) -> str:
    # Not IN: DuckDB would make a join of each longer list.
    return f"list_contains([{', '.join(map(_lowered, listed))}], lower({text}))"


def _is_number_of(text: str, listed: Iterable[str | float]) -> str:
    return f"coalesce(list_contains([{', '.join(map(number_literal, listed))}], {number(text)}), false)"


def _lowered(text: str) -> str:
    """A text of a map as it is compared; what is not ASCII is left to DuckDB, whose lower() differs from Python's."""
    return literal(text.strip(" ").lower()) if text.isascii() else f"lower(trim({literal(text)}))"


def _collected(parts: list[str]) -> str:
    """One JSON array of JSON texts, with the elements of those that are arrays."""
    lists = ", ".join(f"coalesce({elements(part)}, [CAST({part} AS JSON)])" for part in parts)
    kept = f"list_filter(flatten([{lists}]), lambda found: found IS NOT NULL AND found NOT IN ('null', '\"\"'))"
    return f"nullif(CAST(to_json({kept}) AS VARCHAR), '[]')"


def _in_any_form(rules: Iterable[Rule], parts: list[_Compiled]) -> list[_Compiled]:
    """The same parts; where several read one value in different forms, it failed only if none of them can."""
    paths = [rule.path if isinstance(rule, FromPath) else None for rule in rules]
    told = []
    for at, part in enumerate(parts):
        others = [p.value for n, p in enumerate(parts) if n != at and paths[n] is not None and paths[n] == paths[at]]
        failed = part.failed
        if others and failed is not None:
            failed = f"CASE WHEN coalesce({', '.join(others)}) IS NULL THEN {failed} END"
        told.append(_Compiled(part.value, failed))
    return told


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


def _uncastable(failed: ReadOnly[str, str], doubts: list[str]) -> str:
    """The list is made only for rows where something failed, since hardly any row has such a value."""
    entry = "STRUCT(column_name VARCHAR, value VARCHAR)"
    cases = f"""
        WHEN _has_payload AND NOT _is_readable
        THEN CAST([{{'column_name': 'payload', 'value': NULL}}] AS {entry}[])"""
    if failed:
        entries = [
            f"{{'column_name': '{name}', 'value': left({text}, {SAMPLE_CHARACTERS})}}" for name, text in failed.items()
        ]
        cases += f"""
        WHEN {" OR ".join(doubts)}
        THEN list_filter([
        {_listed(entries)}
        ], lambda entry: entry.value IS NOT NULL)"""
    return f"CASE{cases}\n        ELSE CAST([] AS {entry}[]) END"


def _listed(parts: Iterable[str]) -> str:
    return ",\n        ".join(parts)


def _pointer(steps: tuple[str, ...]) -> str:
    """A JSON pointer, in which every name is possible and a number is also a place in a list."""
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)


def _selected(listed: str, selector: Where) -> str:
    """The first element with the wanted fields, as JSON."""
    conditions = " AND ".join(
        f"json_extract_string(element, {literal(_pointer(name))}) = {literal(value)}" for name, value in selector.fields
    )
    return f"list_filter({listed}, lambda element: {conditions})[1]"


def _each(listed: str, within: tuple[str, ...]) -> str:
    found = f"list_transform({listed}, lambda element: json_extract(element, {literal(_pointer(within))}))"
    return f"CAST(to_json(list_filter({found}, lambda found: found <> 'null')) AS VARCHAR)"
