"""Who asks for what: the roles of an environment, and all that a worker does with the data of a tenant."""

from __future__ import annotations

from typing import Any

from aws.infrastructure.synthesized import ACCOUNT, REGION, Synthesized
from iam_policies import Request

TENANT_ROLE = "avesa-prod-tenant"
ACTING = ["avesa-prod-ingestion-execution", "avesa-prod-transform-execution"]
OPERATOR = "avesa-prod-operator"
BY_HAND = {"states:RedriveExecution"}
"""What operators do besides with the `aws` program, as the runbook tells."""
THROUGH_S3 = {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}
TAG = "aws:PrincipalTag/tenant_id"


def secret(tenant: str) -> str:
    return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:avesa/prod/{tenant}/connectwise-AbCdEf"


def table(name: str) -> str:
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/avesa-prod-{name}"


def catalogue(rest: str) -> str:
    return f"arn:aws:glue:{REGION}:{ACCOUNT}:{rest}"


def bucket(synthesized: Synthesized) -> str:
    return data_bucket(synthesized).arn


def data_bucket(synthesized: Synthesized) -> Any:
    return next(one for one in synthesized.all("AWS::S3::Bucket") if one.id.startswith("Data"))


def pooled_key(synthesized: Synthesized) -> str:
    (key,) = [one for one in synthesized.all("AWS::KMS::Key") if one.stack == "storage" and one.id.startswith("Key")]
    return key.arn


def silo_key(synthesized: Synthesized) -> str:
    (key,) = [one for one in synthesized.all("AWS::KMS::Key") if one.id.startswith("Silo")]
    return key.arn


def data_requests(synthesized: Synthesized, owner: str) -> dict[str, Request]:
    """All that a worker does with the data of `owner`, without saying who does it."""
    objects = f"{bucket(synthesized)}/{owner}"
    requests = {
        "read a raw file": Request("s3:GetObject", f"{objects}/raw/connectwise/tickets/1.parquet"),
        "write a raw file": Request("s3:PutObject", f"{objects}/raw/connectwise/tickets/1.parquet"),
        "read a table": Request("s3:GetObject", f"{objects}/canonical/tickets/_delta_log/0.json"),
        "write a table": Request("s3:PutObject", f"{objects}/canonical/tickets/_delta_log/0.json"),
        "write a file of changes": Request("s3:PutObject", f"{objects}/canonical/tickets/_change_data/1.parquet"),
        "give up a long file": Request("s3:AbortMultipartUpload", f"{objects}/raw/connectwise/tickets/1.parquet"),
        "clear the files of changes": Request("s3:DeleteObject", f"{objects}/canonical/tickets/_change_data/1.parquet"),
        "clear a table": Request("s3:DeleteObject", f"{objects}/canonical/tickets/1.parquet"),
        "clear the quarantine": Request("s3:DeleteObject", f"{objects}/quarantine/tickets/1.parquet"),
        "list": Request("s3:ListBucket", bucket(synthesized), {"s3:prefix": f"{owner}/raw/connectwise/tickets/"}),
        "make a secret": Request("secretsmanager:CreateSecret", secret(owner)),
        "read a secret": Request("secretsmanager:GetSecretValue", secret(owner)),
        "exchange a secret": Request("secretsmanager:PutSecretValue", secret(owner)),
        "bring a secret into force": Request("secretsmanager:UpdateSecretVersionStage", secret(owner)),
    }
    for doing, action in {"look up": "Get", "register": "Create", "change": "Update"}.items():
        there = catalogue(f"table/avesa_prod_{owner}/tickets")
        requests[f"{doing} a table of the catalogue"] = Request(f"glue:{action}Table", there)
    requests["make a database"] = Request("glue:CreateDatabase", catalogue(f"database/avesa_prod_{owner}"))
    keys = {"dynamodb:LeadingKeys": [owner]}
    for name, actions in {
        "TenantServices": ("Query", "UpdateItem"),
        "LastUpdated": ("GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"),
        "RunLog": ("Query", "PutItem"),
    }.items():
        for action in actions:
            requests[f"{action} in {name}"] = Request(f"dynamodb:{action}", table(name), keys)
    return requests


DOINGS = [
    *("read a raw file", "write a raw file", "give up a long file", "read a table", "write a table"),
    *("write a file of changes", "clear the files of changes", "clear a table", "clear the quarantine"),
    *("list", "make a secret", "read a secret", "exchange a secret", "bring a secret into force"),
    *(f"{doing} a table of the catalogue" for doing in ("look up", "register", "change")),
    "make a database",
    *(f"{action} in TenantServices" for action in ("Query", "UpdateItem")),
    *(f"{action} in LastUpdated" for action in ("GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem")),
    *(f"{action} in RunLog" for action in ("Query", "PutItem")),
]


def by(tenant: str | None, request: Request) -> Request:
    """The request with the session tag of a tenant, or without any."""
    tag = {} if tenant is None else {TAG: tenant}
    return Request(request.action, request.resource, {**request.context, **tag})
