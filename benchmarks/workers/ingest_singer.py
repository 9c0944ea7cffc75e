"""singer-sdk: a tap whose messages go to a file of JSON lines.

python -m benchmarks.workers.ingest_singer FOLDER ADDRESS...
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from singer_sdk import RESTStream, Stream, Tap
from singer_sdk.pagination import HeaderLinkPaginator

from benchmarks.workers.ingest_each import tell_each


class Requests(RESTStream[Any]):  # type: ignore[misc]
    name = "requests"
    primary_keys = ("id",)
    records_jsonpath = "$[*]"
    schema: ClassVar[dict[str, Any]] = {
        "type": "object",
        "properties": {"id": {"type": ["string", "integer"]}},
        "additionalProperties": True,
    }

    @property
    def url_base(self) -> str:
        return str(self.config["address"])

    @property
    def path(self) -> str:
        return ""

    def get_new_paginator(self) -> HeaderLinkPaginator:
        return HeaderLinkPaginator()

    def get_url_params(self, context: Any, next_page_token: Any) -> dict[str, Any] | str:
        return next_page_token.query if next_page_token else {}


class Vendor(Tap):  # type: ignore[misc]
    name = "tap-vendor"
    config_jsonschema: ClassVar[dict[str, Any]] = {"properties": {"address": {"type": "string"}}}

    def discover_streams(self) -> Iterable[Stream]:
        return [Requests(self)]


def ingest(folder: Path, address: str) -> None:
    with (folder / "messages.jsonl").open("w") as out, contextlib.redirect_stdout(out):
        Vendor(config={"address": address}, parse_env_config=False).sync_all()


if __name__ == "__main__":
    tell_each(ingest)
