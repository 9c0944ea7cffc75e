"""Texts with names in braces, which settings and other values are put in for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

NAME = re.compile(r"\{([\w-]+)\}")
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
    """
    return NAME.sub(lambda found: values.get(found[1], found[0]), template)


def names_in(*templates: str) -> frozenset[str]:
    """The names that templates are filled with."""
    return frozenset(name for template in templates for name in NAME.findall(template))
