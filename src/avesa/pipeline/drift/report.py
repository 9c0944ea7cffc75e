"""What has changed in the shape of what vendors send: fields that rules read and no record has any more, or only in
another JSON type, and fields that are new. Names, types and numbers of records; no value is ever told.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from difflib import get_close_matches

from avesa.canonical_transform.engine import engine, session
from avesa.canonical_transform.mapping import UPDATED_AT, mapping_names
from avesa.canonical_transform.mapping import Source as Endpoint
from avesa.canonical_transform.mapping_rules import FromPath, JsonPath, Rule
from avesa.canonical_transform.raw_source import Source, list_raw, read_pulls
from avesa.connector.json_paths import split_path
from avesa.integrations import load_service, service_names
from avesa.pipeline.drift.history import load_history
from avesa.pipeline.drift.reads import reads_of
from avesa.pipeline.drift.table import Drift, Look, Progress
from avesa.pipeline.ports import Ports
from avesa.pipeline.tenant_mappings import landed_sources
from avesa.pipeline.transform import tenant_mapping
from avesa.shared.errors import AvesaError, ConfigurationError, UsageError, Where
from avesa.shared.scratch import scratch_folder

NEW_FOR = timedelta(days=7)
"""So long a field counts as new where nobody says otherwise."""


@dataclass(frozen=True)
class Drifts:
    """`tables` are those that something has landed of, `notes` say of which of them not all was looked at. `errors` are
    of what could not be looked through.
    """

    tables: list[str] = field(default_factory=list[str])
    found: list[Drift] = field(default_factory=list[Drift])
    notes: list[str] = field(default_factory=list[str])
    errors: list[AvesaError] = field(default_factory=list[AvesaError])


def drift_of(
    ports: Ports,
    tenant: str,
    *,
    service: str | None = None,
    table: str | None = None,
    since: datetime | None = None,
    unread: bool = False,
    progress: Progress = lambda *_: None,
) -> Drifts:
    """Of all raw tables of a tenant, or of a service, or those of one name. Reads all their raw files.

    With `since` what was told as gone or of another type then is left out, and only what came from then on is new. With
    `unread` the fields that no rule reads are told, and nothing else. Raises UsageError for an unknown tenant, and for
    a service or table of which nothing has landed.
    """
    ports.tenants.services(tenant)
    chosen = _chosen(landed_sources(ports.objects, tenant), tenant, service, table)
    found = Drifts()
    rules = _rules(ports, tenant, set(chosen), found.errors)
    with scratch_folder(ports.scratch, "drift") as folder, engine(folder) as database:
        for name in chosen:
            source = Source(tenant, *name)
            found.tables.append(source.name)
            progress(source.name, 0, 0)
            try:
                with scratch_folder(ports.scratch, "drift") as scratch, session(database) as con:
                    pulls = read_pulls(ports.objects, source, list_raw(ports.objects, source))
                    history = load_history(con, ports.objects, source, pulls, scratch)
                    look = Look(history, reads_of(rules[name]), since, ports.clock() - NEW_FOR)
                    look.read(progress, fields_only=unread)
                    found.found.extend(look.unread() if unread else look.drifts())
                    found.notes.extend(look.notes())
            except AvesaError as error:
                found.errors.append(error.located(source.where))
    return found


def _chosen(landed: set[Endpoint], tenant: str, service: str | None, table: str | None) -> list[Endpoint]:
    chosen = sorted(landed)
    for what, at, name in (("service", 0, service), ("table", 1, table)):
        if name is None:
            continue
        known = sorted({one[at] for one in chosen})
        chosen = [one for one in chosen if one[at] == name]
        if not chosen:
            close = get_close_matches(name, known, n=3, cutoff=0.5)
            hint = f"Did you mean {' or '.join(close)}?" if close else f"There are {', '.join(known)}." if known else ""
            raise UsageError(f"there are no raw files of the {what} {name!r}.", where=Where(tenant, service), hint=hint)
    return chosen


def _rules(
    ports: Ports, tenant: str, sources: set[Endpoint], errors: list[AvesaError]
) -> dict[Endpoint, list[tuple[str, Rule]]]:
    """What reads each of the sources, with the column that it is for as `table.column`."""
    rules: dict[Endpoint, list[tuple[str, Rule]]] = {source: [] for source in sources}
    for table in mapping_names():
        try:
            mapping = tenant_mapping(ports, tenant, table)
        except AvesaError as error:
            errors.append(error.located(Where(tenant, None, table)))
            continue
        for source in sources.intersection(mapping.sources):
            rules[source] += [(f"{table}.{column}", rule) for column, rule in mapping.sources[source].items()]
            changed = _changed(source)
            if changed is not None and any(column.name == UPDATED_AT for column in mapping.columns):
                rules[source].append((f"{table}.{UPDATED_AT}", changed))
    return rules


def _changed(source: Endpoint) -> Rule | None:
    """Where a known service says when a record changed, which fills `updated_at`."""
    service, name = source
    if service not in service_names():
        return None
    try:
        declared = load_service(service)
    except (UsageError, ConfigurationError):
        return None
    endpoint = next((one for one in declared.endpoints if one.name == name), None)
    path = declared.updated_at_of(endpoint) if endpoint is not None else None
    return FromPath(JsonPath(split_path(path))) if path else None
