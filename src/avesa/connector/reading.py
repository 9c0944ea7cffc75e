"""What to read from the records of a table: where they are in a page, and where key, time and deletion are in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any, TypedDict

import msgspec

from avesa.connector.incremental import Deletions
from avesa.connector.json_paths import split_path
from avesa.connector.json_spans import Shape
from avesa.connector.service import Deleted, Endpoint, Service
from avesa.connector.times import Iso, Times, zoned


@dataclass(frozen=True)
class Reading:
    """What to read from a table's records; paths are already split at their dots. `parent_key` is where the elements
    at the `*` of `records` name their parent, for pages that hold the records of several.
    """

    records: tuple[str, ...]
    key: tuple[tuple[str, ...], ...]
    updated_at: tuple[str, ...] | None
    deleted: Deleted | None
    secret_fields: tuple[tuple[str, ...], ...]
    key_under_parent: bool
    records_as: Shape = "list"
    other_records: tuple[tuple[str, ...], ...] = ()
    """Where else the records may be, in this order."""
    records_together: bool = False
    """They are at all of these places: at the first one always, at the others where there are such."""
    records_optional: bool = False
    times: Times = field(default_factory=Iso)
    parent_key: tuple[str, ...] | None = None
    may_lack: tuple[tuple[str, ...], ...] = ()
    spelled: Mapping[tuple[str, ...], tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    """Where a part of the key stands in records that do not have it at its first place."""

    @cached_property
    def wanted(self) -> msgspec.json.Decoder[Mapping[str, Any]]:
        """Decodes the fields of a record that are read here; the others are passed over, though held to be JSON."""
        paths = [*self.key, *(path for others in self.spelled.values() for path in others)]
        paths += [*([self.updated_at] if self.updated_at else [])]
        if self.deleted is not None:
            paths += [split_path(place) for place in (*self.deleted.path.split("|"), self.deleted.at) if place]
        return _decoder(frozenset(path[0] for path in paths))


@lru_cache(maxsize=256)
def _decoder(names: frozenset[str]) -> msgspec.json.Decoder[Mapping[str, Any]]:
    typed_dict: Any = TypedDict  # with names that are only known now, which no type checker can follow
    return msgspec.json.Decoder(typed_dict("Wanted", dict.fromkeys(names, Any), total=False))


def reading_of(service: Service, endpoint: Endpoint, settings: Mapping[str, str] = MappingProxyType({})) -> Reading:
    """`settings` are the tenant's, over the defaults. Raises ConfigurationError for a time zone that nobody knows."""
    updated_at = service.updated_at_of(endpoint)
    places = (endpoint.records,) if isinstance(endpoint.records, str) else endpoint.records
    spellings = [part.split("|") for part in endpoint.key]
    keys = {split_path(part[0]): part for part in spellings}
    return Reading(
        records=split_path(places[0]),
        key=tuple(keys),
        spelled={first: tuple(map(split_path, others)) for first, (_, *others) in keys.items() if others},
        updated_at=split_path(updated_at) if updated_at else None,
        deleted=endpoint.deleted,
        secret_fields=tuple(split_path(path) for path in endpoint.secret_fields),
        key_under_parent=endpoint.unique_under_parent,
        records_as=endpoint.records_as,
        other_records=tuple(split_path(place) for place in places[1:]),
        records_together=endpoint.records_together,
        records_optional=endpoint.records_optional,
        parent_key=split_path(endpoint.parent.key) if endpoint.parent and endpoint.parent.at_once > 1 else None,
        times=zoned(service.times_of(endpoint), settings),
        may_lack=tuple(split_path(path) for path in endpoint.may_lack),
    )


def reading_of_deletions(deletions: Deletions, reading: Reading) -> Reading:
    """What to read from the list of a table's deletions; `reading` is that of the table."""
    return replace(
        reading,
        records=split_path(deletions.records),
        other_records=(),
        records_as="list",
        key=tuple(split_path(path) for path in deletions.key),
        spelled={},
        updated_at=split_path(deletions.at) if deletions.at else None,
        deleted=None,
    )


def reading_of_events(records: str, at: str | None, reading: Reading) -> Reading:
    """What to read from a list of events, so that it can be walked; each event's key is its `id`."""
    return replace(
        reading,
        records=split_path(records),
        other_records=(),
        records_together=False,
        records_as="list",
        records_optional=False,
        key=(("id",),),
        spelled={},
        updated_at=split_path(at) if at else None,
        deleted=None,
        secret_fields=(),
    )
