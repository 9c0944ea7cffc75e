"""What a service is made of: frozen data that reads like the vendor's own page. `connector` pulls any of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from string import Formatter

from avesa.connector.auth import Auth
from avesa.connector.completeness import Total
from avesa.connector.incremental import Changes, Deletions, Delta
from avesa.connector.limits import Limits
from avesa.connector.paging import Paging, SinglePage
from avesa.connector.request import Params
from avesa.connector.retry import Errors, Retry
from avesa.connector.times import Iso, Times, zones
from avesa.shared.layout import checked_name


@dataclass(frozen=True)
class Setting:
    """Something a tenant tells about its account. Required where there is no default."""

    name: str
    default: str | None = None
    help: str = ""

    @property
    def required(self) -> bool:
        return self.default is None


@dataclass(frozen=True)
class Parent:
    """The endpoint whose records this one is asked for, one by one; `param` is the name in the path."""

    endpoint: str
    param: str = "parentId"


@dataclass(frozen=True)
class Deleted:
    """How a record says that it is gone: one of `values` at a dotted path. `at` is the path of the time, which
    stands in where the record has no last-modified time. With `present` anything that is there, but null, means so.
    """

    path: str
    values: tuple[str | int | bool | None, ...] = (True,)
    at: str | None = None
    present: bool = False


@dataclass(frozen=True)
class Endpoint:
    """One list of the vendor, which becomes one raw table.

    `records` is the dotted path of the list in the body, "" where the body is the list. `key` holds the dotted
    paths of the primary key; empty where the vendor has none. `updated_at` is the dotted path of the last-modified
    time, by default the one that changes are asked by. `changes` set to None means that the vendor cannot be asked
    for changes. `listing_paging` takes the place of `paging` in full listings. `relist` is how often a full
    listing looks for deletions, `every` how often the table is pulled at all. `deletions` is a list of what was
    deleted. `may_be_empty` says that a list without rows is nothing unusual. `times` is how this table writes its
    times, `total` where it says how many records there are; both come from the service where they are None, and
    whatever is "inherit" does too.
    """

    name: str
    path: str
    records: str = ""
    key: tuple[str, ...] = ("id",)
    updated_at: str | None = None
    changes: Changes | Delta | str | None = "inherit"
    paging: Paging | None = None
    listing_paging: Paging | None = None
    params: Params = ()
    parent: Parent | None = None
    unique_under_parent: bool = False
    deleted: Deleted | None = None
    partial: bool = False
    secret_fields: tuple[str, ...] = ()
    canonical: str | None = None
    relist: timedelta = timedelta(days=1)
    every: timedelta = timedelta(0)
    deletions: Deletions | None = None
    times: Times | None = None
    total: Total | None = None
    may_be_empty: bool = False


@dataclass(frozen=True)
class Service:
    """All that is true of one vendor. Checked when it is made: ValueError names what does not fit.

    `base_url`, `headers` and the auth's templates are filled from settings and secrets. `check` names the
    endpoint that a connection is tried with, the first one by default.
    """

    name: str
    title: str
    category: str
    base_url: str
    auth: Auth
    endpoints: tuple[Endpoint, ...]
    settings: tuple[Setting, ...] = ()
    secrets: tuple[str, ...] = ()
    headers: Params = ()
    paging: Paging = field(default_factory=SinglePage)
    listing_paging: Paging | None = None
    changes: Changes | Delta | None = None
    times: Times = field(default_factory=Iso)
    total: Total | None = None
    limits: Limits = field(default_factory=Limits)
    retry: Retry = field(default_factory=Retry)
    errors: Errors = field(default_factory=Errors)
    check: str | None = None

    def __post_init__(self) -> None:
        checked_name(self.name, "service")
        names = [endpoint.name for endpoint in self.endpoints]
        known = [*(setting.name for setting in self.settings), *self.secrets]
        for what, some in (("endpoint", names), ("setting or secret", known)):
            if twice := sorted({name for name in some if some.count(name) > 1}):
                raise ValueError(f"{self.name}: {what} named twice: {', '.join(twice)}")
        if self.check is not None and self.check not in names:
            raise ValueError(f"{self.name}: check names no endpoint: {self.check}")
        for endpoint in self.endpoints:
            self._check_endpoint(endpoint, names)

    def endpoint(self, name: str) -> Endpoint:
        """Raises KeyError for a name that the service does not have."""
        for endpoint in self.endpoints:
            if endpoint.name == name:
                return endpoint
        raise KeyError(name)

    def children(self, name: str) -> tuple[Endpoint, ...]:
        return tuple(e for e in self.endpoints if e.parent and e.parent.endpoint == name)

    def changes_of(self, endpoint: Endpoint) -> Changes | Delta | None:
        return self.changes if isinstance(endpoint.changes, str) else endpoint.changes

    def updated_at_of(self, endpoint: Endpoint) -> str | None:
        """The path in a record. What tells changes by events or tokens says nothing of it."""
        changes = self.changes_of(endpoint) or self.changes
        by_field = isinstance(changes, Changes) and changes.events is None
        return endpoint.updated_at or (changes.field if isinstance(changes, Changes) and by_field else None)

    def times_of(self, endpoint: Endpoint) -> Times:
        return endpoint.times or self.times

    def total_of(self, endpoint: Endpoint) -> Total | None:
        return endpoint.total or self.total

    def paging_of(self, endpoint: Endpoint, *, listing: bool) -> Paging:
        own = (endpoint.listing_paging or endpoint.paging) if listing else endpoint.paging
        return own or (listing and self.listing_paging) or self.paging

    def defaults(self) -> Mapping[str, str]:
        return {setting.name: setting.default for setting in self.settings if setting.default is not None}

    def _check_endpoint(self, endpoint: Endpoint, names: list[str]) -> None:
        checked_name(endpoint.name, "table")
        if isinstance(endpoint.changes, str) and endpoint.changes != "inherit":
            raise ValueError(f"{self.name}/{endpoint.name}: changes is neither Changes, None nor 'inherit'")
        changes = self.changes_of(endpoint)
        deletions = (endpoint.deletions.changes,) if endpoint.deletions else ()
        windowed = [one for one in (changes, *deletions) if isinstance(one, Changes)]
        for zone in (*zones(self.times_of(endpoint)), *(zone for one in windowed for zone in one.zones)):
            for _, name, _, _ in Formatter().parse(zone):
                if name is not None and name not in {setting.name for setting in self.settings}:
                    raise ValueError(f"{self.name}/{endpoint.name}: the time zone is no setting: {name}")
        by_events = isinstance(changes, Changes) and changes.events is not None
        parent = endpoint.parent
        if parent is not None and (by_events or isinstance(changes, Delta) or endpoint.deletions):
            raise ValueError(f"{self.name}/{endpoint.name}: events, tokens and deletions are asked for under no parent")
        if parent is None:
            return
        if parent.endpoint not in names or parent.endpoint == endpoint.name:
            raise ValueError(f"{self.name}/{endpoint.name}: unknown parent {parent.endpoint}")
        if f"{{{parent.param}}}" not in endpoint.path:
            raise ValueError(f"{self.name}/{endpoint.name}: the path has no {{{parent.param}}}")
        seen = {endpoint.name}
        above: Endpoint | None = endpoint
        while above is not None and above.parent is not None:
            above = next((e for e in self.endpoints if e.name == above.parent.endpoint), None)
            if above is not None and above.name in seen:
                raise ValueError(f"{self.name}/{endpoint.name}: is its own ancestor")
            if above is not None:
                seen.add(above.name)
