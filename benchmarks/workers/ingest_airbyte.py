"""airbyte-cdk: a declarative source that is only read. Of what it emits the ids are written down, of drifting records
all.

python -m benchmarks.workers.ingest_airbyte FOLDER ADDRESS...
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from airbyte_cdk.models import ConfiguredAirbyteCatalogSerializer, Type
from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource

from benchmarks.drift import PATH
from benchmarks.names import PAGE
from benchmarks.workers.ingest_each import tell_each


def manifest(address: str) -> dict[str, Any]:
    base, _, path = address.rpartition("/")
    stream = {
        "type": "DeclarativeStream",
        "name": "requests",
        "primary_key": ["id"],
        "retriever": {
            "type": "SimpleRetriever",
            "requester": {"type": "HttpRequester", "url_base": f"{base}/", "path": path, "http_method": "GET"},
            "record_selector": {"type": "RecordSelector", "extractor": {"type": "DpathExtractor", "field_path": []}},
            "paginator": {
                "type": "DefaultPaginator",
                "pagination_strategy": {"type": "PageIncrement", "page_size": PAGE, "start_from_page": 1},
                "page_token_option": {
                    "type": "RequestOption",
                    "inject_into": "request_parameter",
                    "field_name": "page",
                },
            },
        },
        "schema_loader": {"type": "InlineSchemaLoader", "schema": {"type": "object", "additionalProperties": True}},
    }
    return {
        "version": "7.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["requests"]},
        "streams": [stream],
        "spec": {"type": "Spec", "connection_specification": {"type": "object", "properties": {}}},
    }


CATALOG = {
    "streams": [
        {
            "stream": {"name": "requests", "json_schema": {}, "supported_sync_modes": ["full_refresh"]},
            "sync_mode": "full_refresh",
            "destination_sync_mode": "append",
        }
    ]
}


def ingest(folder: Path, address: str) -> None:
    whole = PATH in address
    catalog = ConfiguredAirbyteCatalogSerializer.load(CATALOG)
    source = ConcurrentDeclarativeSource(catalog=catalog, config={}, state=[], source_config=manifest(address))
    with (folder / "records.jsonl").open("w") as out:
        for message in source.read(logging.getLogger("airbyte"), {}, catalog, []):
            if message.type == Type.RECORD:
                data = message.record.data
                out.write(json.dumps(data if whole else {"id": data["id"]}) + "\n")


if __name__ == "__main__":
    tell_each(ingest)
