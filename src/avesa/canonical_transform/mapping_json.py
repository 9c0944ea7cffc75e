"""What stands in a record as JSON text, as DuckDB expressions: a list is one, and a text stays one whatever it holds.

The one extraction gives texts, in which the text "[1]" and the list [1] are alike. Only few texts look like JSON, and
most payloads have none that could, which shows in the payload at little cost. Where one may, the payload is asked.
"""

from __future__ import annotations

from collections.abc import Iterable

from avesa.canonical_transform.sql_text import literal

_SCALAR = r"-?\d+(\.\d+)?([eE][+-]?\d+)?|true|false"

# A JSON text in pieces: a surrogate pair, a lone surrogate, any other escape, or text without escapes.
_PIECES = (
    r"(?s)\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\.?|[^\\]+"
)
_LONE_SURROGATE = r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}"


def read(function: str, payload: str, pointers: str) -> str:
    """A JSON function of a payload, of which lone surrogates are replaced if it cannot be read otherwise.

    Null where the payload is no JSON, which only the attempt tells.
    """
    # The CASE keeps the engine from repairing every payload.
    return f"""coalesce(TRY({function}({payload}, {pointers})),
        CASE WHEN {payload} IS NOT NULL THEN TRY({function}({_repaired(payload)}, {pointers})) END)"""


def _repaired(payload: str) -> str:
    return f"""array_to_string(list_transform(
            regexp_extract_all({payload}, '{_PIECES}'),
            lambda piece: CASE WHEN regexp_full_match(piece, '{_LONE_SURROGATE}') THEN '\\ufffd' ELSE piece END
        ), '')"""


def may_hold_nested_texts(payload: str) -> str:
    """Whether a text in a payload could look like a list or an object; false is sure.

    Such a text ends with a bracket or brace, and only in a text does one stand before a quote, if it is not escaped.
    """
    found = (f"contains({payload}, {literal(end)})" for end in (']"', '}"', "\\u00"))
    return f"({' OR '.join(found)})"


def kinds(texts: Iterable[str], payload: str, pointers: str, may_hold_nested: str) -> str:
    """The types of what is at the pointers, if any of the texts there could be taken for other JSON; else null."""
    are_scalars = (f"regexp_full_match({text}, '{_SCALAR}')" for text in texts)
    found = read("json_type", payload, pointers)
    return f"CASE WHEN {' OR '.join([may_hold_nested, *are_scalars])} THEN {found} END"


def json_at(text: str, kinds: str, place: int) -> str:
    """The JSON text of what was extracted as `text`; null for nothing, a null and an empty text."""
    is_nested = f"{kinds} IS NULL AND (ends_with({text}, ']') OR ends_with({text}, '}}'))"
    return f"CASE WHEN {is_nested} OR {kinds}[{place}] <> 'VARCHAR' THEN {text} ELSE {of_text(text)} END"


def json_within(element: str, pointer: str) -> str:
    """The same of what was extracted as JSON before."""
    as_text = of_text("json_extract_string(found, '$')")
    value = f"""CASE WHEN starts_with(found, '"') THEN {as_text} WHEN found <> 'null' THEN CAST(found AS VARCHAR) END"""
    return f"list_transform([json_extract({element}, {literal(pointer)})], lambda found: {value})[1]"


def of_text(text: str) -> str:
    """A text as a JSON text, without the blanks around it; null if it is empty."""
    return f"CAST(to_json(nullif(trim({text}), '')) AS VARCHAR)"


def elements(json: str) -> str:
    """The elements of a JSON text that is a list, null for any other."""
    return f"CASE WHEN starts_with({json}, '[') THEN json_extract({json}, '$[*]') END"


def fields_named(json: str, names: str) -> str:
    """Of a JSON object the fields with fitting names that are not null, as a JSON object; null where there are none."""
    side, part = ("starts_with", names[:-1]) if names.endswith("*") else ("ends_with", names[1:])
    pointer = "'/' || replace(replace(name, '~', '~0'), '/', '~1')"
    # Each name once, or the map of them would be refused.
    listed = f"list_filter(list_sort(list_distinct(json_keys({json}))), lambda name: {side}(name, {literal(part)}))"
    found = f"list_transform({listed}, lambda name: {{'key': name, 'value': json_extract({json}, {pointer})}})"
    kept = f"map_from_entries(list_filter({found}, lambda field: field.value <> 'null'))"
    return f"CASE WHEN starts_with({json}, '{{') THEN nullif(CAST(to_json({kept}) AS VARCHAR), '{{}}') END"
