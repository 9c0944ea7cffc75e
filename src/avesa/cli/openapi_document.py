"""Reading an OpenAPI document: whether it is one, and what its references and compositions come to.

What is read of it is checked here once, so that whoever goes through it afterwards can rely on its shape.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec

from avesa.shared.errors import UsageError

Json = dict[str, Any]


class _Schema(msgspec.Struct):
    """The parts of a schema that are read. In a composition a schema may also be true or false."""

    ref: str = msgspec.field(default="", name="$ref")
    properties: dict[str, _Schema | bool] = {}
    items: _Schema | bool = True
    type: str | list[str] | None = None
    format: str | None = None
    enum: list[Any] = []
    maximum: float | None = None
    all_of: list[_Schema | bool] = msgspec.field(default_factory=list, name="allOf")
    any_of: list[_Schema | bool] = msgspec.field(default_factory=list, name="anyOf")
    one_of: list[_Schema | bool] = msgspec.field(default_factory=list, name="oneOf")


class _Media(msgspec.Struct):
    schema: _Schema | bool = True


class _Response(msgspec.Struct):
    ref: str = msgspec.field(default="", name="$ref")
    content: dict[str, _Media] = {}


class _Parameter(msgspec.Struct):
    ref: str = msgspec.field(default="", name="$ref")
    name: str = ""
    in_: str = msgspec.field(default="", name="in")
    schema: _Schema | bool = True

    def __post_init__(self) -> None:
        if not self.ref and not (self.name and self.in_):
            raise ValueError("a parameter needs `name` and `in`")


class _Variable(msgspec.Struct):
    default: str = ""


class _Server(msgspec.Struct):
    url: str
    variables: dict[str, _Variable] = {}


class _Parent(msgspec.Struct):
    endpoint: str
    path_param: str | None = None
    query_param: str | None = None

    def __post_init__(self) -> None:
        if not (self.path_param or self.query_param):
            raise ValueError("a parent needs `path_param` or `query_param`")


class _Facts(msgspec.Struct):
    """`x-endpoint`"""

    name: str
    primary_key: list[str]
    records: str | None = None
    cursor_field: str | None = None
    canonical: str | None = None
    parent: _Parent | None = None
    response_schema: str | _Schema | None = None


class _Operation(msgspec.Struct):
    facts: _Facts | list[_Facts] = msgspec.field(default_factory=list, name="x-endpoint")
    http_path: str = msgspec.field(default="", name="x-http-path")
    parameters: list[_Parameter] = []
    responses: dict[str | int, _Response] = {}
    body: _Response | None = msgspec.field(default=None, name="requestBody")


class _Item(msgspec.Struct):
    get: _Operation | None = None
    post: _Operation | None = None
    parameters: list[_Parameter] = []
    servers: list[_Server] = []


class _Told(msgspec.Struct):
    """`x-service`"""

    title: str | None = None
    category: str | None = None
    tenant_settings: list[Any] = []
    tenant_secrets: list[Any] = []
    unverified: list[Any] = []


class _Info(msgspec.Struct):
    title: str | None = None


class _Components(msgspec.Struct):
    schemas: Json = {}
    security: Json = msgspec.field(default_factory=dict, name="securitySchemes")


class _Document(msgspec.Struct):
    paths: Json = {}
    components: _Components = msgspec.field(default_factory=_Components)
    servers: list[_Server] = []
    info: _Info = msgspec.field(default_factory=_Info)
    told: _Told | None = msgspec.field(default=None, name="x-service")


def read_file(file: Path) -> Json:
    """The document in a file. Raises UsageError for what is none, with the place that is wrong."""
    try:
        document = json.loads(file.read_bytes().decode("utf-8-sig"))
        # What an escape writes may be half a character, which no file can hold.
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeError:
        raise UsageError(f"{file} is not UTF-8.", hint="Write it as JSON in UTF-8.") from None
    except ValueError as error:
        raise UsageError(
            f"{file} is not JSON: {error}.", hint="A document in YAML has to be written as JSON first."
        ) from None
    except RecursionError:
        raise UsageError(f"{file} is nested too deeply to be read.") from None
    if isinstance(document, dict) and "swagger" in document:
        raise UsageError(
            f"{file} is Swagger {document['swagger']}, and not OpenAPI 3.",
            hint="Convert it first, as Swagger Editor does (Edit, Convert to OpenAPI 3), and save that as JSON.",
        )
    check_document(document, str(file))
    return dict(document)


def check_document(document: Any, name: str = "the document") -> None:
    """Raises UsageError, with the place, where a part that is read is not what OpenAPI has there."""
    try:
        _check(document, _Document, "")
        for path, item in items(document):
            _check(item, _Item, path)
        for schema, content in document.get("components", {}).get("schemas", {}).items():
            _check(content, _Schema | bool, f"schema {schema}")
    except LookupError as error:
        raise UsageError(f"{name} cannot be read as an OpenAPI document: {error.args[0]}.") from None
    except RecursionError:
        raise UsageError(f"{name} is nested too deeply to be read.") from None


def items(document: Json) -> Iterator[tuple[str, Json]]:
    """The paths with what is said of each; what stands beside them are extensions."""
    return ((path, item) for path, item in document.get("paths", {}).items() if path.startswith("/"))


def _check(value: Any, kind: Any, at: str) -> None:
    try:
        # Numbers in quotes are nothing unusual.
        msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        what, _, place = str(error).partition(" - at `$")
        where = " ".join(part for part in (at, re.sub(r"^\.", "", place.rstrip("`"))) if part)
        raise LookupError(f"{where}: {what[0].lower()}{what[1:]}" if where else what[0].lower() + what[1:]) from None


def resolved(document: Json, node: Any) -> Json:
    """A part, or what its `$ref` leads to. Raises LookupError, in words, where that is nothing or never ends. A schema
    that is true or false says nothing.
    """
    return _followed(document, node, ())[0]


def parameter_of(document: Json, node: Any) -> Json:
    """A parameter, or what its `$ref` leads to. Raises LookupError, in words, where that is none."""
    found = resolved(document, node)
    _check(found, _Parameter, "a parameter that is told elsewhere")
    return found


def message_of(document: Json, node: Any) -> Json:
    """The same of an answer or of a request's body."""
    found = resolved(document, node)
    _check(found, _Response, "a message that is told elsewhere")
    return found


def _followed(document: Json, node: Any, passed: tuple[str, ...]) -> tuple[Json, tuple[str, ...]]:
    """What a part comes to, and all references that led there."""
    while isinstance(node, dict) and "$ref" in node:
        reference = str(node["$ref"])
        if reference in passed:
            raise LookupError(f"{reference} leads back to itself")
        passed = (*passed, reference)
        node = _at(document, reference)
    return (node if isinstance(node, dict) else {}), passed


def _at(document: Json, reference: str) -> Any:
    if not reference.startswith("#/"):
        raise LookupError(f"{reference} leads out of the document; put everything into one file first")
    found: Any = document
    for part in unquote(reference[2:]).split("/"):
        step = part.replace("~1", "/").replace("~0", "~")
        try:
            found = found[int(step)] if isinstance(found, list) else found[step]
        except (LookupError, TypeError, ValueError):
            raise LookupError(f"{reference} leads to nothing") from None
    return found


def composed(document: Json, schema: Any) -> Json:
    """A schema with all that it is made of: the fields of each part of `allOf`, and of alternatives the first that is
    not null. Raises LookupError as `resolved` does.
    """
    return _composed(document, schema, ())


def _composed(document: Json, schema: Any, passed: tuple[str, ...]) -> Json:
    found, passed = _followed(document, schema, passed)
    parts = [_composed(document, part, passed) for part in found.get("allOf", ())]
    for several in (found.get("anyOf"), found.get("oneOf")):
        made = (_composed(document, one, passed) for one in several or ())
        parts += [next((one for one in made if one and kind_of(one) != "null"), {})]
    own = {name: part for name, part in found.items() if name not in ("allOf", "anyOf", "oneOf")}
    merged: Json = {}
    for part in (*parts, own):
        properties = {**merged.get("properties", {}), **part.get("properties", {})}
        merged = {**merged, **part, **({"properties": properties} if properties else {})}
    return merged


def kind_of(schema: Json) -> Any:
    """The type of a schema, its first one but null where it has several."""
    given = schema.get("type")
    if not isinstance(given, list):
        return given
    return next((kind for kind in given if kind != "null"), "null" if given else None)
