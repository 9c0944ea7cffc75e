"""The settings of one environment: `config/{name}.json`, checked as a whole before anything is made of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

CONFIG = Path(__file__).resolve().parents[1] / "config"
INTEGRATIONS = Path(__file__).resolve().parents[1] / "src" / "avesa" / "integrations"
_SIGNS = "from avesa.connector.jwt_assertion import"
MAPPINGS = Path(__file__).resolve().parents[1] / "mappings"

ARCHITECTURES = ("arm64", "x86_64")
LONGEST_LAMBDA = 900
SHORTEST_LAMBDA = 300
"""A pull stops at 80 % of it, and the rest has to last for a vendor's answer, which is waited for a minute."""
STATES_OF_A_CALL = 9
"""Events that one call of the ingestion Lambda leaves in the history of its execution, at most."""
LONGEST_HISTORY = 25_000
MOST_SILOS = 25
"""Their keys are told to the Lambdas in a variable, and all variables together take 4 KB at most."""

_NAME = re.compile(r"[a-z][a-z0-9]{0,15}")
_TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_EXPRESSION = re.compile(r"(rate\([1-9]\d* (minutes?|hours?|days?)\)|cron\([^()]+\))")
_LOG_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)


class BadConfiguration(Exception):
    """A file of settings is not valid; the message names the file, the setting and what was expected."""


@dataclass(frozen=True)
class FunctionSize:
    """Of a Lambda. `ephemeral_mb` is the room below /tmp."""

    memory_mb: int
    timeout_seconds: int = LONGEST_LAMBDA
    ephemeral_mb: int = 512


@dataclass(frozen=True)
class Environment:
    """`map_concurrency` is how many services of tenants are pulled at once, `table_concurrency` how many tables of
    each. `maximum_calls` is how often one table's Lambda is called in a sync before it is left to the next one.
    `tolerated_failures` is how many services of tenants may break in a way that no state foresees before a sync stops.
    `silo_tenants` get a KMS key of their own. Account and region are those of the credentials where absent.
    """

    name: str
    ingestion: FunctionSize
    transform: FunctionSize
    schedule: str
    map_concurrency: int
    log_retention_days: int
    account: str | None = None
    region: str | None = None
    architecture: str = "arm64"
    deletion_protection: bool = False
    table_concurrency: int = 1
    transform_concurrency: int = 2
    maximum_calls: int = 24
    tolerated_failures: int = 100
    reserved_concurrency: Mapping[str, int] = field(default_factory=dict[str, int])
    silo_tenants: tuple[str, ...] = ()
    alarm_email: str | None = None
    stale_after_hours: int = 3
    failed_tables_alarm: int = 5
    throttled_share_alarm: float = 0.05
    seldom_read_days: int = 90
    old_versions_days: int = 30

    @property
    def prefix(self) -> str:
        """What the names of all that belongs to this environment begin with."""
        return f"avesa-{self.name}"


def services() -> tuple[str, ...]:
    """The names of all services: each is a package of its own."""
    return tuple(sorted(package.parent.name for package in INTEGRATIONS.glob("*/__init__.py")))


def signing_services() -> frozenset[str]:
    """Those that sign what they send, and need cryptography for it. Told by their sources, which cannot be imported
    here.
    """
    return frozenset(file.parent.name for file in INTEGRATIONS.glob("*/*.py") if _SIGNS in file.read_text("utf-8"))


def canonical_tables() -> tuple[str, ...]:
    """The names of the tables that mappings are shipped for."""
    return tuple(sorted(file.stem for file in MAPPINGS.glob("*.json") if not file.name.endswith(".schema.json")))


def load_environment(name: str, *, config: Path = CONFIG) -> Environment:
    """The settings of `config/{name}.json`. Raises BadConfiguration."""
    file = config / f"{name}.json"
    if not file.is_file():
        known = ", ".join(sorted(found.stem for found in config.glob("*.json")))
        raise BadConfiguration(f"There is no environment {name!r}: {file} is missing. Known are {known}.")
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as problem:
        raise BadConfiguration(f"{file.name}: it is not JSON: {problem}") from None
    return parse_environment(name, document, services())


def parse_environment(name: str, document: Any, known_services: Collection[str]) -> Environment:
    """Raises BadConfiguration with every fault that is found, one a line."""
    faults: list[str] = []
    reading = _Reading(f"{name}.json", faults, known_services)
    if not _NAME.fullmatch(name):
        faults.append(f"{name}.json: the name has to be 1 to 16 of a-z and 0-9, beginning with a letter.")
    values = reading.table("", document, _names(Environment, without="name"), _needed(Environment, without="name"))
    parsed = {key: _PARSERS[key](reading, key, value) for key, value in values.items()}
    if faults:
        raise BadConfiguration("\n".join(faults))
    environment = Environment(name=name, **parsed)
    longest = environment.maximum_calls * STATES_OF_A_CALL * 100
    if longest > LONGEST_HISTORY:
        raise BadConfiguration(
            f"{name}.json: maximum_calls: {environment.maximum_calls} calls for each of 100 tables may leave "
            f"{longest:,} events in the history of one execution, and Step Functions keeps {LONGEST_HISTORY:,}."
        )
    return environment


def _names(kind: type, *, without: str = "") -> set[str]:
    return {one.name for one in fields(kind)} - {without}


def _needed(kind: type, *, without: str = "") -> set[str]:
    bare = {one.name for one in fields(kind) if one.default is MISSING and one.default_factory is MISSING}
    return bare - {without}


@dataclass(frozen=True)
class _Reading:
    """One file being read: every fault is noted, so that one look tells all of them."""

    file: str
    faults: list[str]
    known_services: Collection[str]

    def fault(self, key: str, expected: str, value: Any) -> None:
        self.faults.append(f"{self.file}: {key}: {expected} is expected, not {json.dumps(value)}.")

    def table(self, key: str, value: Any, names: set[str], needed: set[str]) -> dict[str, Any]:
        place = f"{key}." if key else ""
        if not isinstance(value, dict):
            self.fault(key or "the file", "an object", value)
            return {}
        for unknown in sorted(value.keys() - names):
            self.faults.append(f"{self.file}: {place}{unknown}: there is no such setting.")
        for missing in sorted(needed - value.keys()):
            self.faults.append(f"{self.file}: {place}{missing}: it is missing.")
        return {name: entry for name, entry in value.items() if name in names}

    def whole(self, key: str, value: Any, low: int, high: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.fault(key, f"a whole number of {low:,} to {high:,}", value)
            return low
        return value

    def text(self, key: str, value: Any, pattern: re.Pattern[str], expected: str) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            self.fault(key, expected, value)
            return ""
        return value

    def service(self, key: str, value: Any) -> str:
        if value not in self.known_services:
            self.fault(key, f"one of {', '.join(sorted(self.known_services))}", value)
            return ""
        return str(value)

    def entries(self, key: str, value: Any) -> list[tuple[str, Any]]:
        if not isinstance(value, list):
            self.fault(key, "a list", value)
            return []
        return [(f"{key}[{index}]", entry) for index, entry in enumerate(value)]


_Parser = Callable[[_Reading, str, Any], Any]


def _whole(low: int, high: int) -> _Parser:
    return lambda reading, key, value: reading.whole(key, value, low, high)


def _text(pattern: str, expected: str) -> _Parser:
    compiled = re.compile(pattern)
    return lambda reading, key, value: reading.text(key, value, compiled, expected)


def _choice(*choices: Any) -> _Parser:
    def parse(reading: _Reading, key: str, value: Any) -> Any:
        if not any(value is choice or (value == choice and type(value) is type(choice)) for choice in choices):
            reading.fault(key, "one of " + ", ".join(json.dumps(choice) for choice in choices), value)
        return value

    return parse


def _share(reading: _Reading, key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        reading.fault(key, "a share above 0, up to 1", value)
        return 1.0
    return float(value)


def _function_size(reading: _Reading, key: str, value: Any) -> FunctionSize:
    bounds = {
        "memory_mb": (128, 10_240),
        "timeout_seconds": (SHORTEST_LAMBDA, LONGEST_LAMBDA),
        "ephemeral_mb": (512, 10_240),
    }
    found = reading.table(key, value, _names(FunctionSize), _needed(FunctionSize))
    sizes = {name: reading.whole(f"{key}.{name}", entry, *bounds[name]) for name, entry in found.items()}
    return FunctionSize(**{"memory_mb": 128, **sizes})


def _reserved(reading: _Reading, key: str, value: Any) -> dict[str, int]:
    if not isinstance(value, dict):
        reading.fault(key, "an object of services and numbers", value)
        return {}
    return {
        reading.service(f"{key}: a service", name): reading.whole(f"{key}.{name}", entry, 1, 1000)
        for name, entry in value.items()
    }


def _tenants(reading: _Reading, key: str, value: Any) -> tuple[str, ...]:
    entries = reading.entries(key, value)
    if len(entries) > MOST_SILOS:
        reading.faults.append(
            f"{reading.file}: {key}: there are more than {MOST_SILOS}, the most that Lambdas can be told."
        )
    return tuple(sorted({reading.text(place, entry, _TENANT, "the name of a tenant") for place, entry in entries}))


def _schedule(reading: _Reading, key: str, value: Any) -> str:
    return reading.text(key, value, _EXPRESSION, "rate(1 hour) or cron(0 * * * ? *)")


_PARSERS: dict[str, _Parser] = {
    "account": _text(r"\d{12}", "an account of 12 digits"),
    "region": _text(r"[a-z]{2}(-[a-z]+)+-\d", "a region"),
    "architecture": _choice(*ARCHITECTURES),
    "deletion_protection": _choice(True, False),
    "ingestion": _function_size,
    "transform": _function_size,
    "schedule": _schedule,
    "map_concurrency": _whole(1, 10_000),
    "table_concurrency": _whole(1, 40),
    "transform_concurrency": _whole(1, 40),
    "maximum_calls": _whole(1, 1000),
    "tolerated_failures": _whole(0, 1_000_000),
    "log_retention_days": _choice(*_LOG_DAYS),
    "reserved_concurrency": _reserved,
    "silo_tenants": _tenants,
    "alarm_email": _text(r"[^@\s]+@[^@\s]+\.[^@\s]+", "an address"),
    "stale_after_hours": _whole(1, 24),
    "failed_tables_alarm": _whole(1, 1_000_000),
    "throttled_share_alarm": _share,
    "seldom_read_days": _whole(30, 3650),
    "old_versions_days": _whole(1, 3650),
}
