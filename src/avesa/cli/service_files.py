"""The files of a new service, made of what is known of its vendor: package, contract's rules, tests."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable
from typing import Any

from avesa.cli.openapi_document import Json
from avesa.cli.service_facts import EndpointFacts, ServiceFacts
from avesa.connector.template import names_in

_WIDTH = 120
_TOKEN = re.compile(r"""\"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|.""", re.DOTALL)
"""A text of Python's, or any other character."""
_TYPED = str.maketrans(
    {
        "\N{HORIZONTAL ELLIPSIS}": "...",
        **dict.fromkeys("\N{EN DASH}\N{EM DASH}\N{NON-BREAKING HYPHEN}\N{MINUS SIGN}", "-"),
        **dict.fromkeys("\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}", "'"),
        **dict.fromkeys("\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}", '"'),
        **dict.fromkeys("\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{ZERO WIDTH SPACE}", " "),
    }
)


def package(facts: ServiceFacts) -> str:
    """The declaration, `src/avesa/integrations/{name}/__init__.py`."""
    parts = [
        f"name={_text(facts.name)},",
        f"title={_text(_prose(facts.title))},",
        f"category={_text(facts.category)},",
        f"base_url={_text(facts.base_url)},",
    ]
    if facts.settings:
        parts.append(_many("settings", (_setting(s.name, s.default, s.help) for s in facts.settings)))
    parts.append(f"secrets={_value(facts.secrets, 4, 'secrets=')},")
    parts.append(f"auth={_auth(facts)},")
    if facts.paging.kind != "none":
        parts.append(f"paging={_paging(facts)},")
    parts.append(_many("endpoints", map(_endpoint, facts.endpoints)))
    body = "\n".join(f"    {part}" for part in parts)
    return f'''"""{_plain(facts.title)}."""

from __future__ import annotations

{_imports(facts)}

SERVICE = Service(
{body}
)
'''


def _imports(facts: ServiceFacts) -> str:
    auth = _auth(facts).partition("(")[0]
    lines = [f"from avesa.connector.{'oauth2' if auth == 'ClientCredentials' else 'auth'} import {auth}"]
    if facts.paging.kind != "none":
        lines.append(f"from avesa.connector.paging import {_paging(facts).partition('(')[0]}")
    needed = ["Endpoint", *(["Parent"] if any(e.parent for e in facts.endpoints) else []), "Service"]
    needed += ["Setting"] if facts.settings else []
    return "\n".join([*lines, f"from avesa.connector.service import {', '.join(needed)}"])


def _auth(facts: ServiceFacts) -> str:
    first = f"{{{facts.secrets[0]}}}"
    match facts.auth.kind:
        case "basic":
            return _call("Basic", map(_text, basic_pair(facts)))
        case "header":
            return _call("HeaderKey", (_text(facts.auth.at), _text(first)))
        case "query":
            return _call("QueryKey", (_text(facts.auth.at), _text(first)))
        case "oauth2":
            return _call("ClientCredentials", (_text(facts.auth.at),))
        case _:
            return _call("Bearer", (_text(first),))


def basic_pair(facts: ServiceFacts) -> tuple[str, str]:
    """User and password: two secrets, a setting and a secret, or the one secret that there is."""
    user = next((s.name for s in facts.settings if s.name in ("username", "user", "email")), None)
    if user is not None:
        return f"{{{user}}}", f"{{{facts.secrets[0]}}}"
    return f"{{{facts.secrets[0]}}}", f"{{{facts.secrets[1]}}}" if len(facts.secrets) > 1 else ""


def _paging(facts: ServiceFacts) -> str:
    kind, at = ("PageNumber", "page") if facts.paging.kind == "page" else ("Offset", "offset")
    size = _text(facts.paging.size) if facts.paging.size else "None"
    return _call(kind, (f"{at}={_text(facts.paging.at)}", f"size={size}", f"most={facts.paging.most}"))


def _setting(name: str, default: str | None, help_: str) -> str:
    given = [f"default={_text(default)}"] if default is not None else []
    return _call("Setting", (_text(name), *given, *([f"help={_text(_prose(help_))}"] if help_ else [])))


def _endpoint(endpoint: EndpointFacts) -> str:
    given = [_text(endpoint.name), _text(endpoint.path)]
    if endpoint.method != "GET":
        given.append(f"method={_text(endpoint.method)}")
    if endpoint.base_url is not None:
        given.append(f"base_url={_text(endpoint.base_url)}")
    if endpoint.records:
        given.append(f"records={_text(endpoint.records)}")
    if endpoint.key != ("id",):
        given.append(f"key={_value(endpoint.key, 0, '')}")
    if endpoint.updated_at is not None:
        given.append(f"updated_at={_text(endpoint.updated_at)}")
    if endpoint.parent is not None:
        name, param = endpoint.parent
        more = ['into="query"'] if endpoint.in_query else []
        given.append(f"parent={_call('Parent', (_text(name), _text(param), *more))}")
    if endpoint.canonical is not None:
        given.append(f"canonical={_text(endpoint.canonical)}")
    return _call("Endpoint", given)


def rules(facts: ServiceFacts) -> str:
    """What the vendor's document says in prose, as far as it was recognised: `tests/contracts/rules/{name}.json`."""
    named = names_in(*basic_pair(facts)) | {*facts.secrets, *names_in(facts.base_url)}
    told: Json = {
        "auth": [_proof(facts)],
        "credentials": {name: f"{name}-strict" for name in sorted(named)},
        "time": "iso_z",
        "paging": _pages(facts),
        "changes": [],
        "errors": {"body": {"error": {"code": "$code", "message": "$message"}}, "codes": {}},
    }
    lines = (f"  {_json(name)}: {_json(value)}" for name, value in told.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _proof(facts: ServiceFacts) -> Json:
    first = f"{{{facts.secrets[0]}}}"
    match facts.auth.kind:
        case "basic":
            user, password = basic_pair(facts)
            return {"kind": "basic", "user": user, "password": password}
        case "header":
            return {"kind": "headers", "headers": {facts.auth.at: first}}
        case "query":
            return {"kind": "query", "name": facts.auth.at, "value": first}
        case "oauth2":
            path = "/" + facts.auth.at.partition("://")[2].partition("/")[2]
            return {"kind": "client_credentials", "token_path": path, "client": "body"}
        case _:
            return {"kind": "bearer", "token": first}


def _pages(facts: ServiceFacts) -> Json:
    if facts.paging.kind == "none":
        return {"kind": "none"}
    size = {"size": {"name": facts.paging.size, "max": facts.paging.most}} if facts.paging.size else {}
    return {"kind": facts.paging.kind, "in": "query", "at": facts.paging.at, **size, "tells": []}


def integration_test(facts: ServiceFacts) -> str:
    """`tests/integrations/test_{name}.py`"""
    asked, shown = _expected_request(facts)
    return f'''"""What is special about {_plain(facts.title)}."""

from __future__ import annotations

from avesa.connector.request import Request
from avesa.integrations.{facts.name} import SERVICE

GIVEN = {{name: f"{{name}}-value" for name in (*(setting.name for setting in SERVICE.settings), *SERVICE.secrets)}}


def test_a_request_proves_who_asks() -> None:
    sent = {asked}
    assert isinstance(sent, Request)
    assert {shown}
'''


def _expected_request(facts: ServiceFacts) -> tuple[str, str]:
    asked = 'next(SERVICE.auth.flow(Request("GET", "https://api.example.com/things"), GIVEN))'
    first = f"{facts.secrets[0]}-value"
    match facts.auth.kind:
        case "basic":
            user, password = (part.replace("{", "").replace("}", "-value") for part in basic_pair(facts))
            token = _b64(f"{user}:{password}")
            return asked, f'dict(sent.headers)["Authorization"] == {_text(f"Basic {token}")}'
        case "header":
            return asked, f"dict(sent.headers)[{_text(facts.auth.at)}] == {_text(first)}"
        case "query":
            return asked, f"sent.param({_text(facts.auth.at)}) == {_text(first)}"
        case "oauth2":
            url = facts.auth.at.replace("{", "").replace("}", "-value")
            return "next(SERVICE.auth.renew(GIVEN))", f'(sent.method, sent.url) == ("POST", {_text(url)})'
        case _:
            return asked, f'dict(sent.headers)["Authorization"] == {_text(f"Bearer {first}")}'


def _b64(text: str) -> str:
    return b64encode(text.encode()).decode()


def mapping_test(facts: ServiceFacts) -> str:
    """`tests/canonical_transform/test_mapping_{name}.py`"""
    fed = [endpoint for endpoint in facts.endpoints if endpoint.canonical]
    records = "\n".join(f"    {_text(e.name)}: {_value(e.sample, 4, f'    {_text(e.name)}: ')}," for e in fed)
    pairs = "\n".join(f"        ({_text(e.name)}, {_text(e.canonical or '')})," for e in fed)
    return f'''"""Our mappings of {_plain(facts.title)}: records become the right rows."""

from __future__ import annotations

from typing import Any

import pytest

from mapped_rows import filled_row

RECORDS: dict[str, dict[str, Any]] = {{
{records}
}}


@pytest.mark.parametrize(
    ("endpoint", "table"),
    [
{pairs}
    ],
)
def test_a_record_fills_every_column_that_has_a_rule(endpoint: str, table: str) -> None:
    filled_row(table, {_text(facts.name)}, endpoint, RECORDS[endpoint])
'''


# Python, as the formatter writes it


def _call(name: str, arguments: Iterable[str]) -> str:
    return f"{name}({', '.join(arguments)})"


def _many(name: str, parts: Iterable[str]) -> str:
    """`name=(…)` in the service's declaration, one part a line; a part that is too long has one argument a line."""
    listed = list(parts)
    if len(listed) == 1 and len(f"    {name}=({listed[0]},),") <= _WIDTH:
        return f"{name}=({listed[0]},),"
    return f"{name}=(\n" + "".join(f"        {_folded(part, 8)},\n" for part in listed) + "    ),"


def _folded(call: str, indent: int) -> str:
    if indent + len(call) + 1 <= _WIDTH:
        return call
    name, _, inside = call.partition("(")
    lines = "".join(f"{' ' * (indent + 4)}{argument},\n" for argument in _arguments(inside[:-1]))
    return f"{name}(\n{lines}{' ' * indent})"


def _arguments(inside: str) -> Iterable[str]:
    """The arguments of a call, apart at the commas that stand in no text and in no brackets."""
    depth, begun = 0, 0
    for token in _TOKEN.finditer(inside):
        depth += (token[0] in "([{") - (token[0] in ")]}")
        if token[0] == "," and depth == 0:
            yield inside[begun : token.start()].strip()
            begun = token.end()
    yield inside[begun:].strip()


def _value(value: Any, indent: int, before: str) -> str:
    """A value as Python, behind `before` in its line; what is too long has one entry a line."""
    line = _in_line(value)
    if len(before) + len(line) + 1 <= _WIDTH or not isinstance(value, dict) or not value:
        return line
    inner = " " * (indent + 4)
    entries = (
        f"{inner}{_text(name)}: {_value(entry, indent + 4, f'{inner}{_text(name)}: ')},\n"
        for name, entry in value.items()
    )
    return "{\n" + "".join(entries) + " " * indent + "}"


def _in_line(value: Any) -> str:
    match value:
        case str():
            return _text(value)
        case tuple():
            return "(" + ", ".join(map(_in_line, value)) + ("," if len(value) == 1 else "") + ")"
        case dict():
            return "{" + ", ".join(f"{_text(name)}: {_in_line(entry)}" for name, entry in value.items()) + "}"
        case _:
            return repr(value)


def _text(text: str) -> str:
    """In the quotes that need fewer escapes, as the formatter has it: double ones where that is the same."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    # What JSON escapes beside quotes, Python reads the same.
    readable = text.encode("utf-8", "replace").decode()
    inside = json.dumps(readable, ensure_ascii=False)[1:-1].replace('\\"', '"')
    return quote + inside.replace(quote, f"\\{quote}") + quote


def _plain(text: str) -> str:
    """A text that stands in a docstring: without double quotes and backslashes."""
    return _prose(text).replace('"', "'").replace("\\", "/")


def _prose(text: str) -> str:
    """What people read, in one line and as one types it: typographers' signs that look like others are these others."""
    return " ".join(text.translate(_TYPED).split())


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
