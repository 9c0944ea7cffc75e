"""What the environment of a function says of its installation: names of its tables, its bucket and its roles."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from avesa.shared.errors import ConfigurationError


@dataclass(frozen=True)
class Installation:
    """`tenant_role` is the role that may touch one tenant alone, the one of its session's tag; None where the
    environment names none, and then no tenant's ports open. `s3_endpoint` is a stand-in for S3, None for AWS itself.
    `silo_keys` are the KMS keys of tenants that have one of their own. `schedule_group` holds the schedules of single
    services, None where there can be none.
    """

    env: str
    region: str
    bucket: str
    tenant_services: str
    last_updated: str
    run_log: str
    allowances: str
    tenant_role: str | None = None
    s3_endpoint: str | None = None
    silo_keys: Mapping[str, str] = field(default_factory=dict[str, str])
    schedule_group: str | None = None

    def secret_name(self, tenant: str, service: str) -> str:
        return f"{self.secret_prefix(tenant)}{service}"

    def secret_prefix(self, tenant: str) -> str:
        return f"avesa/{self.env}/{tenant}/"


def installation_of(environment: Mapping[str, str] = os.environ) -> Installation:
    """Read it from the environment. Raises ConfigurationError that names every variable that is missing.

    A stand-in for S3 is named as it is for all AWS clients, by AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL.
    """
    names = {
        "env": "AVESA_ENV",
        "region": "AWS_REGION" if environment.get("AWS_REGION") else "AWS_DEFAULT_REGION",
        "bucket": "BUCKET_NAME",
        "tenant_services": "TENANT_SERVICES_TABLE",
        "last_updated": "LAST_UPDATED_TABLE",
        "run_log": "RUN_LOG_TABLE",
        "allowances": "ALLOWANCES_TABLE",
    }
    missing = [variable for variable in names.values() if not environment.get(variable)]
    if missing:
        raise ConfigurationError(
            f"the environment lacks {', '.join(missing)}.", hint="The stacks of the installation set all of them."
        )
    return Installation(
        **{name: environment[variable] for name, variable in names.items()},
        tenant_role=environment.get("TENANT_ROLE_ARN") or None,
        s3_endpoint=environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL") or None,
        silo_keys=_silo_keys(environment.get("SILO_KEYS")),
        schedule_group=environment.get("SCHEDULE_GROUP") or None,
    )


def _silo_keys(text: str | None) -> Mapping[str, str]:
    """Not to know a key would write a tenant's data with that of all, so what cannot be read is an error."""
    try:
        keys = msgspec.json.decode(text, type=dict[str, str]) if text else {}
    except msgspec.MsgspecError:
        keys = {"": ""}
    if not all(tenant and key for tenant, key in keys.items()):
        raise ConfigurationError("SILO_KEYS is not a JSON object of tenants and their keys.")
    return keys
