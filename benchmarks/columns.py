"""The table that all engines keep the history of: 25 columns of a service desk, and how a value comes about.

A value depends on the row's number alone, or on that and its generation: every generation of a row differs from the
one before in the columns of CHANGING. DuckDB's hash is the random source, so the data is the same on every machine.
"""

from __future__ import annotations

TEXTS = (
    "summary",
    "contact_name",
    "contact_email",
    "company_name",
    "site_name",
    "board",
    "status",
    "priority",
    "kind",
    "owner",
    "origin",
    "reference",
)
DECIMALS = ("budget_hours", "actual_hours", "rate", "cost", "amount")
INTEGERS = ("company_number", "contact_number", "site_number", "visits")
TIMES = ("entered_at", "due_at", "resolved_at")
BOOLEANS = ("is_billable",)

TYPES: dict[str, str] = {
    **dict.fromkeys(TEXTS, "text"),
    **dict.fromkeys(DECIMALS, "decimal"),
    **dict.fromkeys(INTEGERS, "integer"),
    **dict.fromkeys(TIMES, "timestamp"),
    **dict.fromkeys(BOOLEANS, "boolean"),
}
"""Column to type of the mapping, in order."""

FIFTEEN = (
    *("summary", "contact_name", "contact_email", "company_name", "status", "priority", "owner"),
    *("budget_hours", "rate", "amount", "company_number", "visits", "entered_at", "due_at", "is_billable"),
)
"""Those of them that the mapping is measured with alone."""

SQL_TYPE = {
    "text": "VARCHAR",
    "decimal": "DECIMAL(18,4)",
    "integer": "BIGINT",
    "timestamp": "TIMESTAMPTZ",
    "boolean": "BOOLEAN",
}

CHANGING = frozenset({"summary", "status", "actual_hours", "visits", "due_at"})

_WORDS = """
printer router backup licence mailbox laptop firewall password monitor server update invoice network phone access
slow offline broken missing urgent new replace install renew restore check move close order repair
"""
_LEVELS = {"board": 12, "status": 9, "priority": 5, "kind": 14, "owner": 180, "origin": 6}
_MOST = {"company_number": 5_000, "contact_number": 200_000, "site_number": 9_000, "visits": 1_000}


def values() -> list[str]:
    """One SQL expression per column, over `i`, the row's number, and `g`, its generation."""
    return [f"{_value(name, number)} AS {name}" for number, name in enumerate(TYPES)]


def words() -> list[str]:
    """What texts are made of."""
    return _WORDS.split()


def _value(name: str, number: int) -> str:
    def drawn(part: int = 0) -> str:
        return f"hash(i, {number * 8 + part}{', g' if name in CHANGING else ''})"

    def word(part: int) -> str:
        return f"{words()}[1 + ({drawn(part)} % {len(words())})::INTEGER]"

    texts = {
        "summary": f"concat_ws(' ', {word(1)}, {word(2)}, {word(3)}, hex({drawn(4)} % 4294967296))",
        "contact_name": f"concat('Person ', {drawn()} % 200000)",
        "contact_email": f"concat('person', {drawn()} % 200000, '@client', {drawn(1)} % 5000, '.example')",
        "company_name": f"concat('Company ', {drawn()} % 5000)",
        "site_name": f"concat('Site ', {drawn()} % 9000)",
        "reference": f"concat('R-', hex({drawn()} % 4294967296))",
    }
    numbers = {
        "text": f"concat('{name.title()} ', {drawn()} % {_LEVELS.get(name, 1)})",
        "decimal": f"(({drawn()} % 1000000)::DECIMAL(18,4) / 100)::DECIMAL(18,4)",
        "integer": f"({drawn()} % {_MOST.get(name, 1)})::BIGINT",
        "timestamp": f"TIMESTAMPTZ '2025-01-01 00:00:00+00' + to_seconds(({drawn()} % 31536000)::BIGINT)",
        "boolean": f"{drawn()} % 2 = 0",
    }
    return texts.get(name) or numbers[TYPES[name]]
