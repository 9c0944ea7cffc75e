"""Fixtures that more than one package's tests use."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from s3_server import CannotStart, S3Root, S3Server, s3_server


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One S3 server for the whole session. Tests that need it are skipped where it cannot be started."""
    try:
        with s3_server(tmp_path_factory.mktemp("s3")) as server:
            yield server
    except CannotStart as reason:
        pytest.skip(str(reason))


@pytest.fixture
def s3_root(s3: S3Server) -> S3Root:
    """A root of its own in that server: `open_objects(s3_root.url, s3_options=s3_root.options)`."""
    return S3Root(f"s3://{s3.bucket}/{uuid.uuid4().hex}", s3.options)
