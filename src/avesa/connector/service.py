"""What a service is made of: frozen data that reads like the vendor's own page. `connector` pulls any of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from avesa.connector.auth import Auth
from avesa.connector.completeness import Total
from avesa.connector.incremental import Changes, Deletions, Delta
from avesa.connector.json_spans import Shape
from avesa.connector.json_template import Body
from avesa.connector.limits import Limits
from avesa.connector.paging import Paging, SinglePage
from avesa.connector.request import Params
from avesa.connector.retry import Errors, Retry
from avesa.connector.service_check import check_service, check_types
from avesa.connector.times import Iso, Times, zones


@dataclass(frozen=True)
class Setting:
    """Something a tenant tells about its account. Required where there is no default; where that is empty, it may stay
    empty, and with `may_be_empty` it may be set so. An endpoint's parameter that is made of an empty one alone is not
    sent.
    """

    name: str
    default: str | None = None
    help: str = ""
    may_be_empty: bool = False

    @property
    def required(self) -> bool:
        return self.default is None


@dataclass(frozen=True)
class Parent:
    """The endpoint whose records this one is asked for, one by one; `param` is the name in the path, or with `into`
    that of a query parameter or the path in the JSON body. It holds several names where the parent has a compound key.

    With `at_once` so many are asked for in one request, as a list of their ids in the body, or of objects with the id
    in the field `element`. The answer then has an element for each at the `*` of `records`, in which the parent's id
    stands at `key`.

    `field` is the dotted path of what the parent's record names of this table, where it is that by which records are
    asked for, in place of the parent's key: each id once, and a parent that names none is passed over. In a query
    parameter several ids lie between commas. A record is then not told to be below any parent.

    `having` is the dotted path of a field: records in which it is missing, null, false or 0 are not asked for, nor with
    `values` those that have none of these texts there (`*` stands for each element of a list; None is a null). Changes
    are asked for under the parents that changed themselves; with `every` under all of them, for vendors whose parents
    do not show that something came below them. With `slashes_twice` an id that begins with a slash, or has two in a
    row, is percent-encoded twice in the path. `gives` are parameters that are filled from the parent's record: the name
    of each, and the dotted path of its value there (`*` stands for each element of a list, commas lie between several).
    """

    endpoint: str
    param: str | tuple[str, ...] = "parentId"
    into: Literal["path", "query", "body"] = "path"
    at_once: int = 1
    key: str = "id"
    element: str | None = None
    having: str | None = None
    every: bool = False
    values: tuple[str | None, ...] = ()
    slashes_twice: bool = False
    gives: Params = ()
    field: str | None = None

    @property
    def params(self) -> tuple[str, ...]:
        return (self.param,) if isinstance(self.param, str) else self.param


@dataclass(frozen=True)
class Each:
    """A list is asked for once for each word of a setting (commas or blanks lie between them), as vendors want it for
    products or applications; `param` is the word's name in the path.
    """

    setting: str
    param: str

    def words(self, settings: Mapping[str, str]) -> list[str]:
        return sorted(set(settings.get(self.setting, "").replace(",", " ").split()))


@dataclass(frozen=True)
class Deleted:
    """How a record says that it is gone: one of `values` at a dotted path, or at one of several (`a|b`). `at` is the
    path of the time, which stands in where the record has no last-modified time. With `present` anything that is there
    means so, but null and 0 (as a time of deletion, 0 is none).
    """

    path: str
    values: tuple[str | int | bool | None, ...] = (True,)
    at: str | None = None
    present: bool = False


@dataclass(frozen=True)
class Endpoint:
    """One list of the vendor, which becomes one raw table.

    `records` is the dotted path of the list in the body, "" where the body is the list. `key` holds the dotted paths
    of the primary key; empty where the vendor has none, and `a|b` where some records spell `a` as `b`. `may_lack` are
    those of a compound key that a record may have without a value, or not at all. `updated_at` is the dotted path of
    the last-modified time, by default the one that changes are asked by. `changes` set to None means that the vendor
    cannot be asked for changes. `listing_paging` takes the place of `paging` in full listings. `relist` is how often a
    full listing looks for deletions, `every` how often the table is pulled at all. `deletions` is a list of what was
    deleted. `may_be_empty` says that a list without rows is nothing unusual, `refused_alone` that a refusal of the
    credentials is about this list: they lack a right to it. `times` is how this table writes its times, `total` where
    it says how many records there are; both come from the service where they are None, and whatever is "inherit" does
    too. `limit_group` names the group (or groups) of the service's limits that a request counts in, `cost` the points
    that the vendor counts for one.

    In a path `*` stands for each element of a list or each value of an object; several paths are tried in their
    order, or with `records_together` there are records at the first and at whichever of the others is there.
    `records_as` says what stands there: a "list", one "object", or a "map" of records by their ids, which are then the
    records' keys. `records_optional` means that a missing or null list is an empty one.

    `each` asks for the list once for each word of a setting. `downloads` names hosts, each with a dot before it, to
    which an answer may redirect for the list itself: that is fetched there without any credentials.

    `path`, `params`, `base_url` (another host than the service's) and whole texts in `body` are templates over the
    settings. A tenant's own base_url stands for every host of the service, with the path of each.
    """

    name: str
    path: str
    records: str | tuple[str, ...] = ""
    key: tuple[str, ...] = ("id",)
    may_lack: tuple[str, ...] = ()
    updated_at: str | None = None
    changes: Changes | Delta | Literal["inherit"] | None = "inherit"
    paging: Paging | None = None
    listing_paging: Paging | None = None
    params: Params = ()
    method: Literal["GET", "POST"] = "GET"
    body: Body | None = None
    base_url: str | None = None
    records_as: Shape = "list"
    records_optional: bool = False
    records_together: bool = False
    parent: Parent | None = None
    unique_under_parent: bool = False
    deleted: Deleted | None = None
    partial: bool = False
    secret_fields: tuple[str, ...] = ()
    canonical: str | None = None
    relist: timedelta = timedelta(days=1)
    limit_group: str | tuple[str, ...] | None = None
    cost: int = 1
    every: timedelta = timedelta(0)
    deletions: Deletions | None = None
    times: Times | None = None
    total: Total | None = None
    may_be_empty: bool = False
    refused_alone: bool = False
    each: Each | None = None
    downloads: tuple[str, ...] = ()

    @property
    def limit_groups(self) -> tuple[str, ...]:
        one = self.limit_group
        return (one,) if isinstance(one, str) else one or ()


@dataclass(frozen=True)
class Service:
    """All that is true of one vendor. Checked when it is made: ValueError names what does not fit.

    `base_url`, `headers` and the auth's templates are filled from settings and secrets; a header that comes out empty
    is not sent. `check` names the endpoint that a connection is tried with, the first one by default. `account` names
    the settings and secrets that identify the account whose requests the vendor counts together, all of them by
    default; None says that it counts all that come from one address or app, whoever the tenant is.
    `shards` names the vendor's hosts, each with a dot before it, to which one of them may lead a request along with
    its credentials; nothing but the host is taken from such an answer.
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
    account: tuple[str, ...] | None = ()
    shards: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_types(self)
        check_service(self)

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

    def zones_of(self, endpoint: Endpoint) -> tuple[str, ...]:
        """The time zones that its times are read and asked in: names, or templates over the settings."""
        deletions = (endpoint.deletions.changes,) if endpoint.deletions else ()
        windowed = [one for one in (self.changes_of(endpoint), *deletions) if isinstance(one, Changes)]
        return (*zones(self.times_of(endpoint)), *(zone for one in windowed for zone in one.zones))

    def total_of(self, endpoint: Endpoint) -> Total | None:
        return endpoint.total or self.total

    def paging_of(self, endpoint: Endpoint, *, listing: bool) -> Paging:
        own = (endpoint.listing_paging or endpoint.paging) if listing else endpoint.paging
        return own or (listing and self.listing_paging) or self.paging

    def defaults(self) -> Mapping[str, str]:
        return {setting.name: setting.default for setting in self.settings if setting.default is not None}
