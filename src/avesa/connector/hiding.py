"""Values that nobody may see, in all the forms in which a vendor may repeat them."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, quote_plus

import msgspec

_LEAST = 8  # characters: a shorter value may stand anywhere by chance


def hidden(text: str, values: Iterable[str]) -> str:
    """`text` with `***` in the place of each of `values`."""
    forms = {form for value in values if value for form in _forms(value)}
    for form in sorted(forms, key=len, reverse=True):  # one value may hold another
        text = text.replace(form, "***")
    return text


def shows(text: str, values: Iterable[str]) -> bool:
    """Whether one of `values` stands in `text`."""
    return any(form in text for value in values if len(value) >= _LEAST for form in _forms(value))


def _forms(value: str) -> set[str]:
    """As it is, as in an address, as in a form, as in JSON."""
    return {value, quote(value, safe=""), quote_plus(value), msgspec.json.encode(value).decode()[1:-1]}
