"""Texts with names in braces, which settings and other values are put in for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

NAME = re.compile(r"\{([\w-]+)\}")
NAME_OF = re.compile(r"\{([\w-]+)(?::(\w+))?\}")
SPREAD = re.compile(r"\{\*([\w-]+)\}")


def fill(template: str, values: Mapping[str, str], *, quoted: bool = False) -> str:
    """`template` with each `{name}` replaced by its value, percent-encoded for a path where `quoted`.

    Raises KeyError for a name that has no value.
    """
    if quoted:
        values = {name: quote(value, safe="") for name, value in values.items()}
    return template.format_map(values)


def fill_names(template: str, values: Mapping[str, str]) -> str:
    """`template` with each `{name}` that `values` has replaced by its value; other braces stay, since queries and
    filters have braces of their own.

    `{name:Of}` stands for those of the words of a value (commas or blanks lie between them) that begin with `Of.`,
    without that and each behind a comma: one value can tell of several lists what else to read of each.
    """
    return NAME_OF.sub(lambda found: _filled(found, values), template)


def _filled(found: re.Match[str], values: Mapping[str, str]) -> str:
    name, of = found.groups()
    if of is None or name not in values:
        return values.get(name, found[0])
    words = dict.fromkeys(values[name].replace(",", " ").split())
    return "".join(f",{word.removeprefix(f'{of}.')}" for word in words if word.startswith(f"{of}."))


def names_in(*templates: str) -> frozenset[str]:
    """The names that templates are filled with."""
    return frozenset(name for template in templates for name, _ in NAME_OF.findall(template))
