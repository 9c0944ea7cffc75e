"""What is known of a vendor before its service is written: from options, or from an OpenAPI document.

A document with `x-service` and `x-endpoint` facts says which lists there are, their keys and times. In a plain one the
lists are those GET operations whose answer holds a list of objects, and the rest goes by the names of fields.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from avesa.cli.openapi_document import Json, message_of, parameter_of, resolved
from avesa.cli.openapi_lists import (
    given_endpoints,
    operations,
    record_of,
    sample,
    snake,
    told_at,
    with_endpoints,
)
from avesa.connector.template import names_in

AuthKind = Literal["basic", "bearer", "header", "query", "oauth2"]
PagingKind = Literal["page", "offset", "none"]

AUTH_KINDS: tuple[AuthKind, ...] = ("basic", "bearer", "header", "query", "oauth2")
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")
_DEFAULT_SECRETS: Mapping[AuthKind, tuple[str, ...]] = {
    "basic": ("username", "password"),
    "bearer": ("api_token",),
    "header": ("api_key",),
    "query": ("api_key",),
    "oauth2": ("client_id", "client_secret"),
}
_PAGE = ("page", "page_number", "page_no")
_OFFSET = ("offset", "skip", "start", "start_at")
_SIZE = ("page_size", "per_page", "limit", "size", "max_results", "count", "top")
_LARGEST_PAGE = 1_000_000
_INVENTED = re.compile(r"example|your|xxx|contoso|subdomain", re.IGNORECASE)


@dataclass(frozen=True)
class SettingFacts:
    name: str
    default: str | None = None
    help: str = ""


@dataclass(frozen=True)
class AuthFacts:
    """`at` is the header or parameter of a key, or the address of the token endpoint."""

    kind: AuthKind = "bearer"
    at: str = ""


@dataclass(frozen=True)
class PagingFacts:
    kind: PagingKind = "none"
    at: str = ""
    size: str = ""
    most: int = 100


@dataclass(frozen=True)
class EndpointFacts:
    name: str
    path: str
    method: str = "GET"
    records: str = ""
    key: tuple[str, ...] = ("id",)
    updated_at: str | None = None
    canonical: str | None = None
    parent: tuple[str, str] | None = None
    """The parent's name, and the name of its id in the path or, with `in_query`, of the parameter."""
    in_query: bool = False
    base_url: str | None = None
    sample: Json = field(default_factory=dict, repr=False)
    """A record with a value of each field's type, as far as there are fields of a plain type."""


@dataclass(frozen=True)
class ServiceFacts:
    """`document` is the OpenAPI document with `x-service` and `x-endpoint` facts, where there is one. `open` says what
    could not be told from it.
    """

    name: str
    title: str
    category: str
    base_url: str
    auth: AuthFacts
    secrets: tuple[str, ...]
    settings: tuple[SettingFacts, ...] = ()
    paging: PagingFacts = PagingFacts()
    endpoints: tuple[EndpointFacts, ...] = ()
    document: Json | None = field(default=None, repr=False)
    open: tuple[str, ...] = ()


def default_secrets(kind: AuthKind) -> tuple[str, ...]:
    return _DEFAULT_SECRETS[kind]


def read_openapi(name: str, document: Json) -> ServiceFacts:
    """The facts of a document that `openapi_document` has checked. Raises LookupError, in words, for one in which
    nothing can be listed, or a reference leads nowhere.
    """
    told = document.get("x-service") or {}
    with_facts = with_endpoints(document)
    base_url, variables = _address(document.get("servers") or [{"url": ""}])
    auth, secrets = _auth(document, told, base_url)
    endpoints = tuple(_endpoints(with_facts))
    if not endpoints:
        raise LookupError("it has no operation that answers with a list of objects")
    settings = {one.name: one for one in (*variables, *_told_settings(told))}
    for placeholder in sorted(_placeholders(base_url, auth.at, endpoints)):
        settings.setdefault(placeholder, SettingFacts(placeholder))
    paging = _paging(with_facts)
    title = told.get("title") or document.get("info", {}).get("title") or name
    return ServiceFacts(
        name=name,
        title=title,
        category=told.get("category") or "other",
        base_url=base_url,
        auth=auth,
        secrets=secrets,
        settings=tuple(one for one in settings.values() if one.name not in secrets),
        paging=paging,
        endpoints=endpoints,
        document={**with_facts, "x-service": {**told, "title": title}},
        open=tuple(_open(told, auth, paging, endpoints)),
    )


def _placeholders(base_url: str, auth_at: str, endpoints: tuple[EndpointFacts, ...]) -> frozenset[str]:
    """What addresses are filled with, but the ids of parents."""
    found = names_in(base_url, auth_at)
    for endpoint in endpoints:
        named = names_in(endpoint.path, endpoint.base_url or "")
        found |= named - {endpoint.parent[1]} if endpoint.parent else named
    return found


def _open(told: Json, auth: AuthFacts, paging: PagingFacts, endpoints: tuple[EndpointFacts, ...]) -> Iterator[str]:
    yield f"auth: taken for {auth.kind}; {told.get('auth', 'say how a request proves who asks')}"
    found = f"taken for {paging.kind} by the names of parameters" if paging.kind != "none" else "nothing was recognised"
    yield f"paging: {found}; {told.get('pagination', 'say how each list goes on and how it ends')}"
    timed = sum(endpoint.updated_at is not None for endpoint in endpoints)
    ask = told.get("incremental", "say how a list is asked for what changed")
    yield f"changes: {timed} of {len(endpoints)} tables have a time of change, and all are listed whole as yet; {ask}"
    yield f"limits: {told.get('rate_limits', 'say what the vendor publishes')}"
    yield f"errors: {told.get('errors', 'say which answers are worth another try')}"
    for fact in told.get("unverified", []):
        yield f"not confirmed: {fact}"
    for endpoint in endpoints:
        if endpoint.method == "POST":
            yield f"{endpoint.name}: a POST; say its body"


def _address(servers: list[Json]) -> tuple[str, list[SettingFacts]]:
    """The first server's address with its variables named as settings are."""
    url: str = servers[0]["url"]
    settings = []
    for name, variable in servers[0].get("variables", {}).items():
        default = str(variable.get("default", ""))
        url = url.replace(f"{{{name}}}", f"{{{snake(name)}}}")
        real = default if default and not _INVENTED.search(default) else None
        settings.append(SettingFacts(snake(name), real, _short(variable.get("description", ""))))
    return url.rstrip("/"), settings


def _told_settings(told: Json) -> Iterator[SettingFacts]:
    for text in told.get("tenant_settings", []):
        name, _, help_ = str(text).partition(" (")
        if IDENTIFIER.fullmatch(snake(name)) and " " not in name.strip():
            default = re.match(r"default ([\w.-]+)", help_)
            yield SettingFacts(
                snake(name), default[1].rstrip(".") if default else None, _short(help_.removesuffix(")"))
            )


def _told_secrets(told: Json) -> Iterator[str]:
    for text in told.get("tenant_secrets", []):
        for part in re.split(r",? or |, | \+ ", re.sub(r"\([^)]*\)", "", str(text))):
            if IDENTIFIER.fullmatch(part.strip()):
                yield part.strip()


def _auth(document: Json, told: Json, base_url: str) -> tuple[AuthFacts, tuple[str, ...]]:
    """The scheme, and the secrets that are told, at least those that the scheme needs."""
    secrets = tuple(dict.fromkeys(_told_secrets(told)))
    auth = _told_auth(str(told["auth"]), base_url) if "auth" in told else _scheme(document)
    if auth.kind == "oauth2":
        known = {*secrets, *(one.name for one in _told_settings(told))}
        return auth, (*secrets, *(name for name in default_secrets("oauth2") if name not in known))
    return auth, secrets or default_secrets(auth.kind)


def _told_auth(prose: str, base_url: str) -> AuthFacts:
    first = re.split(r"[.;] |, or | Or ", prose)[0]
    header = re.match(r"(?:Header )?([A-Za-z][\w-]+): <", first)
    if header and header[1].lower() != "authorization":
        return AuthFacts("header", header[1])
    if "POST https://" in prose and not re.search(r"\bBearer <|HTTP Basic", prose.split("POST", maxsplit=1)[0]):
        token = re.search(r"POST (https://(?:[\w./:-]|\{\w+\})+)(?=[,;?\s]|$)", prose)
        address = token[1] if token else f"{base_url}/oauth/token"
        return AuthFacts("oauth2", re.sub(r"\{(\w+)\}", lambda found: f"{{{snake(found[1])}}}", address))
    return AuthFacts("basic" if "HTTP Basic" in first else "bearer")


def _scheme(document: Json) -> AuthFacts:
    schemes = document.get("components", {}).get("securitySchemes", {})
    for scheme in schemes.values():
        match scheme:
            case {"type": "http", "scheme": str(scheme_name)}:
                return AuthFacts("basic" if scheme_name.lower() == "basic" else "bearer")
            case {"type": "apiKey", "in": "header" | "query" as place, "name": str(key)}:
                return AuthFacts("header" if place == "header" else "query", key)
            case {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": str(url)}}}:
                return AuthFacts("oauth2", url)
    return AuthFacts("bearer")


def _paging(document: Json) -> PagingFacts:
    """The way that most lists go by the names of their parameters."""
    found: Counter[PagingFacts] = Counter()
    for path, item, method, operation in operations(document):
        if not given_endpoints(operation):
            continue
        with told_at(method, path):
            several = (*item.get("parameters", []), *operation.get("parameters", []))
            query = {
                snake(p["name"]): p for p in (parameter_of(document, p) for p in several) if p.get("in") == "query"
            }
            size = next((query[name] for name in _SIZE if name in query), None)
            most = _most(resolved(document, (size or {}).get("schema", {})))
        kinds: tuple[tuple[PagingKind, tuple[str, ...]], ...] = (("page", _PAGE), ("offset", _OFFSET))
        for kind, names in kinds:
            at = next((query[name]["name"] for name in names if name in query), None)
            if at is not None:
                found[PagingFacts(kind, at, size["name"] if size else "", most)] += 1
                break
    return found.most_common(1)[0][0] if found else PagingFacts()


def _most(size: Json) -> int:
    """The largest page, as far as that is told and is one that can be asked for."""
    told = float(size.get("maximum") or 0)
    return int(told) if 1 <= told <= _LARGEST_PAGE else PagingFacts.most


def _endpoints(document: Json) -> Iterator[EndpointFacts]:
    for path, item, method, operation in operations(document):
        for given in given_endpoints(operation):
            with told_at(method, path):
                yield _endpoint(document, path, item, method, operation, given)


def _endpoint(document: Json, path: str, item: Json, method: str, operation: Json, given: Json) -> EndpointFacts:
    parent = given.get("parent")
    own_url, _ = _address(item["servers"]) if item.get("servers") else (None, [])
    if own_url is not None and not is_address(own_url):
        raise LookupError(f"its servers begin with {own_url!r}, and an address begins with https://")
    message_of(document, operation.get("requestBody"))
    return EndpointFacts(
        name=given["name"],
        path=_template(operation.get("x-http-path", path), parent),
        method=method.upper(),
        records=given.get("records") or "",
        key=tuple(given["primary_key"]),
        updated_at=given.get("cursor_field"),
        canonical=given.get("canonical"),
        parent=(parent["endpoint"], _parent_param(parent)) if parent else None,
        in_query=parent is not None and not parent.get("path_param"),
        base_url=own_url,
        sample=sample(document, record_of(document, operation, given)),
    )


def is_address(url: str) -> bool:
    """Whether a service can be asked there: https, and a host, of which any part may be a setting."""
    return re.match(r"https://[^\s/?#]+", url) is not None


def _parent_param(parent: Json) -> str:
    return str(parent.get("path_param") or parent["query_param"])


def _template(path: str, parent: Json | None) -> str:
    """A path whose placeholders are named as settings are; the parent's keeps its name."""
    kept = (parent or {}).get("path_param")
    return re.sub(r"\{([^}]+)\}", lambda found: found[0] if found[1] == kept else f"{{{snake(found[1])}}}", path)


def _short(text: object) -> str:
    line = " ".join(str(text).split())
    return line if len(line) <= 80 else line[:79] + "…"
