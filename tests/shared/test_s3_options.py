"""A key of a tenant's own is asked for with every object that is written, by both libraries that write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from deltalake import DeltaTable, Field, Schema
from deltalake.exceptions import TableNotFoundError
from deltalake.schema import PrimitiveType

from avesa.shared.errors import ConfigurationError
from avesa.shared.objects import open_objects
from avesa.shared.s3_options import s3_config
from served import served

KEY = "arn:aws:kms:eu-central-1:111111111111:key/5c1a"
_ENCRYPTED = "x-amz-server-side-encryption"


class Puts(BaseHTTPRequestHandler):
    """A bucket that is empty and takes everything, and keeps what was asked for with each object."""

    protocol_version = "HTTP/1.1"
    seen: dict[str, dict[str, str]]

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        name = self.path.partition("?")[0]
        self.seen[name] = {
            key.lower(): value for key, value in self.headers.items() if key.lower().startswith(_ENCRYPTED)
        }
        self._answer(200, b"", ETag='"1"')

    def do_GET(self) -> None:
        if "list-type" in self.path:
            self._answer(200, b"<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>")
        else:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def do_HEAD(self) -> None:
        self._answer(404, b"")

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@contextmanager
def bucket() -> Iterator[tuple[str, dict[str, dict[str, str]]]]:
    seen: dict[str, dict[str, str]] = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Seen", (Puts,), {"seen": seen}))
    with served(server):
        yield f"http://127.0.0.1:{server.server_address[1]}", seen


def options(endpoint: str, **more: str) -> dict[str, str]:
    keys = {"access_key_id": "AK", "secret_access_key": "secret", "region": "eu-central-1"}
    return {"endpoint": endpoint, "allow_http": "true", **keys, **more}


def test_every_object_is_written_with_the_tenants_own_key(tmp_path: Path) -> None:
    with bucket() as (endpoint, seen):
        objects = open_objects("s3://data", s3_options=options(endpoint, kms_key=KEY))
        objects.write("acme/raw/a", b"1")
        objects.write_new("acme/raw/b", b"2")
        (tmp_path / "c").write_bytes(b"3")
        objects.upload("acme/raw/c", tmp_path / "c")
        schema = Schema([Field("id", PrimitiveType("string"))])
        with pytest.raises(TableNotFoundError):  # it reads the table that it has made, and this bucket keeps nothing
            DeltaTable.create("s3://data/acme/canonical/t", schema, storage_options=objects.table_options)

    assert {name.rpartition("/")[2] for name in seen} == {"a", "b", "c", "00000000000000000000.json"}
    for headers in seen.values():
        assert headers[_ENCRYPTED] == "aws:kms"
        assert headers[f"{_ENCRYPTED}-aws-kms-key-id"] == KEY
        assert headers[f"{_ENCRYPTED}-bucket-key-enabled"] == "true"


def test_without_one_the_bucket_decides() -> None:
    with bucket() as (endpoint, seen):
        open_objects("s3://data", s3_options=options(endpoint)).write("acme/raw/a", b"1")
    assert list(seen.values()) == [{}]


def test_a_misspelt_option_is_refused_since_it_would_leave_the_key_out() -> None:
    with pytest.raises(ConfigurationError, match="unknown S3 option kms"):
        s3_config({"kms": KEY})
