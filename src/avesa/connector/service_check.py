"""What has to fit together in a service: fields and types, names that are used and defined, what goes with what."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from avesa.connector.auth import all_names
from avesa.connector.declared_types import mistakes
from avesa.connector.incremental import Changes, Delta
from avesa.connector.json_paths import EACH, split_path
from avesa.connector.limits import AtOnce, Rate
from avesa.connector.template import names_in
from avesa.shared.layout import checked_name

if TYPE_CHECKING:
    from avesa.connector.service import Each, Endpoint, Parent, Service


def check_types(service: Service) -> None:
    """Raises ValueError, which names the part and the field that hold what they should not."""
    for mistake in mistakes(service):
        raise ValueError(f"{_place(service, mistake.at)}: {mistake.says}")


def _place(service: Service, at: str) -> str:
    """`connectwise/tickets: secret_fields`, or with what stands in no endpoint `connectwise: errors.code`."""
    inside = re.fullmatch(r"endpoints\[(\d+)\]\.(.+)", at)
    if inside is None:
        return f"{service.name}: {at}"
    return f"{service.name}/{service.endpoints[int(inside[1])].name}: {inside[2]}"


def check_service(service: Service) -> None:
    """Raises ValueError, which names what does not fit."""
    checked_name(service.name, "service")
    names = [endpoint.name for endpoint in service.endpoints]
    known = [*(setting.name for setting in service.settings), *service.secrets]
    for what, some in (("endpoint", names), ("setting or secret", known)):
        if twice := sorted({name for name in some if some.count(name) > 1}):
            raise ValueError(f"{service.name}: {what} named twice: {', '.join(twice)}")
    if unknown := sorted(all_names(service.auth) - set(known)):
        raise ValueError(f"{service.name}: auth needs what is no setting and no secret: {', '.join(unknown)}")
    if any(not host.startswith(".") for host in service.shards):
        raise ValueError(f"{service.name}: hosts of shards begin with a dot")
    if service.check is not None and service.check not in names:
        raise ValueError(f"{service.name}: check names no endpoint: {service.check}")
    _check_limits(service, known)
    for endpoint in service.endpoints:
        _check_endpoint(service, endpoint, names)


def _check_limits(service: Service, known: list[str]) -> None:
    limits: tuple[Rate | AtOnce, ...] = (*service.limits.rates, *service.limits.at_once)
    asked = {*(service.account or ()), *(limit.setting for limit in limits if limit.setting is not None)}
    if unknown := sorted(asked.difference(known)):
        raise ValueError(f"{service.name}: unknown setting or secret: {', '.join(unknown)}")
    for endpoint in service.endpoints:
        changes = service.changes_of(endpoint)
        of_changes = changes.limit_group if isinstance(changes, Changes) else None
        named = (*endpoint.limit_groups, *((of_changes,) if of_changes is not None else ()))
        if strange := sorted(set(named) - service.limits.groups):
            raise ValueError(f"{service.name}/{endpoint.name}: the limits know no group {', '.join(strange)}")


def _check_endpoint(service: Service, endpoint: Endpoint, names: list[str]) -> None:
    checked_name(endpoint.name, "table")
    _check_request(service, endpoint)
    changes = service.changes_of(endpoint)
    for zone in service.zones_of(endpoint):
        for name in sorted(names_in(zone) - {setting.name for setting in service.settings}):
            raise ValueError(f"{service.name}/{endpoint.name}: the time zone is no setting: {name}")
    by_events = isinstance(changes, Changes) and changes.events is not None
    parent = endpoint.parent
    of_a_list = isinstance(changes, Delta) and not changes.only
    if parent is not None and (by_events or of_a_list or endpoint.deletions):
        raise ValueError(f"{service.name}/{endpoint.name}: events, tokens and deletions are asked for under no parent")
    if parent is not None:
        _check_parent(service, endpoint, parent, names)


def _check_parent(service: Service, endpoint: Endpoint, parent: Parent, names: list[str]) -> None:
    if parent.endpoint not in names or parent.endpoint == endpoint.name:
        raise ValueError(f"{service.name}/{endpoint.name}: unknown parent {parent.endpoint}")
    if parent.at_once > 1 and not _can_be_told_apart(endpoint, parent):
        raise ValueError(f"{service.name}/{endpoint.name}: several parents at once need a list in the body and one *")
    if parent.gives and (parent.at_once > 1 or parent.field is not None):
        raise ValueError(f"{service.name}/{endpoint.name}: several parents at once give no parameters")
    if parent.field is not None and (endpoint.unique_under_parent or len(parent.params) > 1):
        raise ValueError(f"{service.name}/{endpoint.name}: what a field names is one id, and is below no parent")
    for param in parent.params if parent.into == "path" else ():
        if f"{{{param}}}" not in endpoint.path:
            raise ValueError(f"{service.name}/{endpoint.name}: the path has no {{{param}}}")
    seen = {endpoint.name}
    above: Endpoint | None = endpoint
    while above is not None and above.parent is not None:
        above = next((e for e in service.endpoints if e.name == above.parent.endpoint), None)
        if above is not None and above.name in seen:
            raise ValueError(f"{service.name}/{endpoint.name}: is its own ancestor")
        if above is not None:
            seen.add(above.name)


def _check_each(service: Service, endpoint: Endpoint, each: Each, known: set[str]) -> None:
    where = f"{service.name}/{endpoint.name}"
    if each.setting not in known:
        raise ValueError(f"{where}: no setting is named {each.setting}")
    if f"{{{each.param}}}" not in endpoint.path:
        raise ValueError(f"{where}: the path has no {{{each.param}}}")
    if endpoint.parent or endpoint.deletions or isinstance(service.changes_of(endpoint), Delta):
        raise ValueError(f"{where}: words of a setting go with no parent, no token and no list of deletions")


def _check_request(service: Service, endpoint: Endpoint) -> None:
    where = f"{service.name}/{endpoint.name}"
    if set(endpoint.may_lack) >= set(endpoint.key or ("",)) or set(endpoint.may_lack) - set(endpoint.key):
        raise ValueError(f"{where}: may_lack names some of the key, and not all of it")
    if endpoint.records == ():
        raise ValueError(f"{where}: records names no place")
    if endpoint.method == "GET" and (endpoint.body is not None or (endpoint.parent and endpoint.parent.into == "body")):
        raise ValueError(f"{where}: a GET has no body")
    known = {setting.name for setting in service.settings}
    in_path = known | set(endpoint.parent.params if endpoint.parent else ())
    if endpoint.each is not None:
        _check_each(service, endpoint, endpoint.each, known)
        in_path.add(endpoint.each.param)
    if any(not host.startswith(".") for host in endpoint.downloads):
        raise ValueError(f"{where}: hosts of downloads begin with a dot")
    named = names_in(endpoint.path) - in_path
    changes, deletions = service.changes_of(endpoint), endpoint.deletions
    if isinstance(changes, Changes):
        named = (named | names_in(changes.path or "") - in_path) - changes.in_path
        named |= names_in(*(value for _, value in changes.params or ())) - known
    if deletions is not None:
        named |= names_in(deletions.path, *(value for _, value in deletions.params)) - known
    for text in (endpoint.base_url or "", *(value for _, value in endpoint.params)):
        named |= names_in(text) - known
    if named:
        raise ValueError(f"{where}: no setting is named {', '.join(sorted(named))}")


def _can_be_told_apart(endpoint: Endpoint, parent: Parent) -> bool:
    """Whether an answer about several parents shows which record is whose, where they are anybody's."""
    if parent.field is not None:
        return parent.into != "path"
    in_list = parent.into == "body" and isinstance(parent.param, str) and endpoint.records_as == "list"
    return in_list and isinstance(endpoint.records, str) and split_path(endpoint.records).count(EACH) == 1
