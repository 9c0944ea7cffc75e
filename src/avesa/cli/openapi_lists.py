"""The lists of an OpenAPI document: which operations answer with one, and what a record of it looks like."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from avesa.cli.openapi_document import Json, composed, items, kind_of, message_of

_CURSORS = ("updated_at", "last_updated", "updated", "updated_on", "modified_at", "last_modified", "modified")


def snake(name: str) -> str:
    """`companyDomain` and `Company-Domain` as `company_domain`."""
    ascii_ = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", ascii_)
    return re.sub(r"\W+", "_", apart).strip("_").lower()


def operations(document: Json) -> Iterator[tuple[str, Json, str, Json]]:
    for path, item in items(document):
        for method in ("get", "post"):
            if item.get(method):
                yield path, item, method, item[method]


def given_endpoints(operation: Json) -> list[Json]:
    given = operation.get("x-endpoint", [])
    return given if isinstance(given, list) else [given]


def record_of(document: Json, operation: Json, given: Json) -> Json:
    """The schema of a list's records."""
    own = given.get("response_schema")
    content = _success(document, operation).get("content", {})
    answer: Json = next((part.get("schema", {}) for kind, part in content.items() if "json" in kind), {})
    found = composed(document, {"$ref": own} if isinstance(own, str) else own or answer)
    for step in filter(None, (given.get("records") or "").split(".")):
        found = composed(document, found.get("properties", {}).get(step, {}))
    return composed(document, found.get("items", found))


def sample(document: Json, schema: Json, depth: int = 0) -> Json:
    """An object of a schema with a value for each field of a plain type, and those of objects in it."""
    made: Json = {}
    for number, (name, declared) in enumerate(list(schema.get("properties", {}).items())[:40]):
        part = composed(document, declared)
        match kind_of(part), part.get("format"):
            case ("object" | None, _) if part.get("properties") and depth == 0:
                made[name] = sample(document, part, 1)
            case "string", "date-time":
                made[name] = "2024-01-31T14:05:09Z"
            case "string", "date":
                made[name] = "2024-01-31"
            case "string", _:
                made[name] = part["enum"][0] if part.get("enum") else f"{snake(name)} {number + 1}"
            case "integer", _:
                made[name] = number + 1
            case "number", _:
                made[name] = number + 0.5
            case "boolean", _:
                made[name] = True
    return made


def with_endpoints(document: Json) -> Json:
    """The document itself if it says which lists there are, else its lists with what can be told of them."""
    if any(given_endpoints(operation) for *_, operation in operations(document)):
        return _told_alone(document)
    found: Json = {}
    for path, item, method, operation in operations(document):
        with told_at(method, path):
            answer = _answer(document, operation) if method == "get" else None
            if answer is None:
                continue
            records, record = answer
            facts = {"name": _list_name(path), "records": records, **_of_record(record)}
            kept = {**operation, "x-endpoint": facts, "responses": {"200": _success(document, operation)}}
            found[path] = {**_of_item(item), "get": kept}
    names = Counter(item["get"]["x-endpoint"]["name"] for item in found.values())
    for path, item in found.items():
        facts = item["get"]["x-endpoint"]
        if names[facts["name"]] > 1:
            facts["name"] = snake(re.sub(r"\{[^}]*\}", "", path))
    for path, item in found.items():
        item["get"]["x-endpoint"]["parent"] = _parent(path, found)
    return {**document, "paths": found}


def _told_alone(document: Json) -> Json:
    """The document with those operations alone that say which lists they are."""
    found: Json = {}
    for path, item, method, operation in operations(document):
        if given_endpoints(operation):
            found.setdefault(path, _of_item(item))[method] = operation
    return {**document, "paths": found}


def _of_item(item: Json) -> Json:
    """What is said of all operations of a path."""
    return {name: part for name, part in item.items() if name in ("parameters", "servers")}


@contextmanager
def told_at(method: str, path: str) -> Iterator[None]:
    """What is wrong in an operation is told with its place."""
    try:
        yield
    except LookupError as error:
        raise LookupError(f"{method.upper()} {path}: {error.args[0]}") from None


def _list_name(path: str) -> str:
    words = [part for part in path.split("/") if part and "{" not in part]
    return (snake(words[-1]) if words else "") or "records"


def _parent(path: str, lists: Json) -> Json | None:
    """A list whose path has one id in it belongs to the list before that id."""
    found = re.fullmatch(r"(.*)/\{([^}]+)\}/[^{}]+", path)
    if found is None or found[1] not in lists or "{" in found[1]:
        return None
    return {"endpoint": lists[found[1]]["get"]["x-endpoint"]["name"], "path_param": found[2]}


def _success(document: Json, operation: Json) -> Json:
    for status, response in operation.get("responses", {}).items():
        if str(status).startswith("2"):
            return message_of(document, response)
    return {}


def _answer(document: Json, operation: Json) -> tuple[str, Json] | None:
    """Where an answer has its records, and their schema; None where it holds no list of objects, or several."""
    content = _success(document, operation).get("content", {})
    schema = next((composed(document, c.get("schema", {})) for kind, c in content.items() if "json" in kind), {})
    if (record := _element(document, schema)) is not None:
        return "", record
    parts = schema.get("properties", {}).items()
    lists = [(name, record) for name, part in parts if (record := _element(document, composed(document, part)))]
    return lists[0] if len(lists) == 1 else None


def _element(document: Json, schema: Json) -> Json | None:
    inner = composed(document, schema.get("items", {})) if kind_of(schema) == "array" else {}
    return inner if inner.get("properties") else None


def _of_record(record: Json) -> Json:
    names = list(record["properties"])
    key = next((name for name in names if name.lower() in ("id", "uuid", "guid")), None)
    key = key or next((name for name in names if snake(name).endswith("_id")), None)
    cursor = next((name for wanted in _CURSORS for name in names if snake(name) == wanted), None)
    return {"primary_key": [key] if key else [], "cursor_field": cursor, "canonical": None}
