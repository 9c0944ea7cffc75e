"""How to reach a bucket, said once, in the words of the two libraries that talk to it (obstore and deltalake)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from avesa.shared.errors import ConfigurationError

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config

_KMS = "aws:kms"
_DELTA_NAMES = {
    "endpoint": "AWS_ENDPOINT_URL",
    "region": "AWS_REGION",
    "access_key_id": "AWS_ACCESS_KEY_ID",
    "secret_access_key": "AWS_SECRET_ACCESS_KEY",
    "session_token": "AWS_SESSION_TOKEN",
    "allow_http": "AWS_ALLOW_HTTP",
    "kms_key": "AWS_SSE_KMS_KEY_ID",
}


def s3_config(options: Mapping[str, str]) -> tuple[S3Config, ClientConfig | None]:
    """For obstore. What is absent comes from the environment. Raises ConfigurationError for unknown names."""
    unknown = sorted(options.keys() - _DELTA_NAMES.keys())
    if unknown:
        raise ConfigurationError(
            f"unknown S3 option {', '.join(unknown)}.", hint=f"Known are {', '.join(_DELTA_NAMES)}."
        )
    allow_http = options.get("allow_http", "").lower() == "true"
    if options.get("endpoint", "").startswith("http://") and not allow_http:
        raise ConfigurationError(
            "the S3 endpoint is plain http.", hint="Use https, or set allow_http to true for a test server."
        )
    config: S3Config = {"conditional_put": "etag"}
    if "endpoint" in options:
        config["endpoint"] = options["endpoint"]
    if "region" in options:
        config["region"] = options["region"]
    if "access_key_id" in options:
        config["access_key_id"] = options["access_key_id"]
    if "secret_access_key" in options:
        config["secret_access_key"] = options["secret_access_key"]
    if "session_token" in options:
        config["session_token"] = options["session_token"]
    if "kms_key" in options:
        # Every object is encrypted with this key, not with the bucket's own.
        config["server_side_encryption"] = _KMS
        config["sse_kms_key_id"] = options["kms_key"]
        config["sse_bucket_key_enabled"] = True
    # Given client options, even empty ones, would hide AWS_ALLOW_HTTP of the environment.
    return config, {"allow_http": True} if allow_http else None


def delta_options(options: Mapping[str, str]) -> dict[str, str]:
    """For deltalake. With the conditional put of two commits of the same version only one succeeds."""
    found = {_DELTA_NAMES[name]: value for name, value in options.items()} | {"AWS_CONDITIONAL_PUT": "etag"}
    if "kms_key" in options:
        found |= {"AWS_SERVER_SIDE_ENCRYPTION": _KMS, "AWS_SSE_BUCKET_KEY_ENABLED": "true"}
    return found
