"""What a request to AWS asks IAM for: actions on resources, by the names of the environment whose roles stand in
`roles.json`. What an installation of tests calls otherwise is told by its own names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from iam_policies import Request

ACCOUNT, REGION, ENV = "111111111111", "eu-central-1", "prod"
"""Those of the roles."""

Body = Mapping[str, Any]
_STEPS = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}
_OF_A_SCHEDULE = {"POST": "CreateSchedule", "PUT": "UpdateSchedule", "DELETE": "DeleteSchedule"}
_OF_AN_OBJECT = {"GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject", "POST": "PutObject"}


def role_arn(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/avesa-{ENV}-{name}"


def _arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


@dataclass(frozen=True)
class Names:
    """Of an installation of tests: its environment, and which of the tables each of its tables is. `bucket` is the ARN
    of the roles' bucket.
    """

    env: str
    bucket: str
    tables: Mapping[str, str] = field(default_factory=dict[str, str])

    def known(self, pattern: str, text: str) -> str:
        """`text`, with the environment of the roles where it begins with the pattern and this one."""
        begin = pattern.format(self.env)
        return pattern.format(ENV) + text.removeprefix(begin) if text.startswith(begin) else text


def of_dynamodb(names: Names, action: str, body: Body) -> list[Request]:
    """A transaction is asked for step by step; a batch for each of its tables. An item's key is its leading key."""
    if action == "TransactWriteItems":
        steps = [(kind, step) for item in body["TransactItems"] for kind, step in item.items()]
        return [_item(names, _STEPS[kind], step["TableName"], step) for kind, step in steps]
    if action == "BatchWriteItem":
        entries = [(table, one) for table, several in body["RequestItems"].items() for one in several]
        return [_item(names, action, table, next(iter(one.values()))) for table, one in entries]
    return [_item(names, action, body["TableName"], body)]


def _item(names: Names, action: str, table: str, asked: Body) -> Request:
    place = asked.get("Key") or asked.get("Item") or {}
    leading = place.get("tenant_id") or place.get("account")
    found = re.match(r"(?:tenant_id|account) = (:\w+)", asked.get("KeyConditionExpression", ""))
    if found:
        leading = asked["ExpressionAttributeValues"][found[1]]
    context = {"dynamodb:LeadingKeys": [leading["S"]]} if leading else {}
    known = f"avesa-{ENV}-{names.tables.get(table, table)}"
    return Request(f"dynamodb:{action}", _arn("dynamodb", f"table/{known}"), context)


def of_secrets(names: Names, action: str, body: Body) -> list[Request]:
    name = body.get("SecretId") or body.get("Name")
    resource = _arn("secretsmanager", f"secret:{names.known('avesa/{}/', name)}-AbCdEf") if name else "*"
    return [Request(f"secretsmanager:{action}", resource)]


def of_parameters(names: Names, action: str, body: Body) -> list[Request]:
    return [Request(f"ssm:{action}", _arn("ssm", f"parameter{names.known('/avesa/{}/', body['Name'])}"))]


def of_catalogue(names: Names, action: str, body: Body) -> list[Request]:
    """Glue asks for the right to the catalogue, the database and the table at once."""
    database = body.get("DatabaseName") or body.get("DatabaseInput", {}).get("Name")
    table = body.get("Name") or body.get("TableInput", {}).get("Name")
    known = names.known("avesa_{}_", str(database))
    rest = ["catalog", f"database/{known}", *([f"table/{known}/{table}"] if table else [])]
    return [Request(f"glue:{action}", _arn("glue", one)) for one in rest]


def of_schedules(names: Names, method: str, path: str, asked: Body) -> list[Request]:
    """Who sets a schedule hands on the role that it starts things as."""
    if path == "/schedules":
        return [Request("scheduler:ListSchedules", "*")]
    group = names.known("avesa-{}", str(asked.get("GroupName")))
    schedule = _arn("scheduler", f"schedule/{group}/{path.removeprefix('/schedules/')}")
    requests = [Request(f"scheduler:{_OF_A_SCHEDULE[method]}", schedule)]
    if "Target" in asked:
        passed = {"iam:PassedToService": "scheduler.amazonaws.com"}
        requests.append(Request("iam:PassRole", asked["Target"]["RoleArn"], passed))
    return requests


def of_objects(names: Names, method: str, key: str, query: Mapping[str, str], deleted: list[str]) -> list[Request]:
    """`deleted` are the keys of a request that deletes several."""
    if not key and not deleted:
        context = {"s3:prefix": query["prefix"]} if "prefix" in query else {}
        return [Request("s3:ListBucket", names.bucket, context)]
    if method == "DELETE":
        action = "AbortMultipartUpload" if "uploadId" in query else "DeleteObject"
    else:
        action = "DeleteObject" if deleted else _OF_AN_OBJECT[method]
    return [Request(f"s3:{action}", f"{names.bucket}/{one}") for one in deleted or [key]]


def to_become(role: str, tags: Mapping[str, str], by: str) -> list[Request]:
    """A session of a role with these tags, asked for by another role."""
    context: dict[str, Any] = {"aws:PrincipalArn": by, "aws:TagKeys": list(tags)}
    context |= {f"aws:RequestTag/{name}": value for name, value in tags.items()}
    return [Request(action, role, context) for action in ("sts:AssumeRole", "sts:TagSession")]


OF_JSON: Mapping[str, Callable[[Names, str, Body], list[Request]]] = {
    "dynamodb": of_dynamodb,
    "glue": of_catalogue,
    "secretsmanager": of_secrets,
    "ssm": of_parameters,
}
"""Services that are asked in JSON, by the name that requests are signed for."""
