"""Stands in front of the stand-ins for AWS and grants what the policies of the stacks grant, by the credentials of each
request: a function by itself, a session that is tagged with a tenant, or an operator. It is also the STS that gives out
such sessions. As S3 does for those who may list a prefix only, it says 403 and not 404 of an object that is not there.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import urllib3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from aws_requests import OF_JSON, Names, of_objects, of_schedules, role_arn, to_become
from aws_roles import FUNCTIONS, OPERATOR, TENANT, roles
from aws_server import REGION, AwsServer
from iam_policies import Request
from s3_server import ACCESS_KEY, BUCKET, SECRET_KEY, S3Server, tenant_keys
from served import served

ROLE = role_arn(TENANT)
OWN_KEY, OWN_SECRET = "AKOFTHEFUNCTION", "secret-of-the-function"
"""Those of the function that is called in this process."""
OPERATOR_KEY = "AKOFTHEOPERATOR"
_HOP = {"authorization", "x-amz-date", "x-amz-security-token", "host", "connection", "content-length"}
_CALLED = ["ingestion"]


@contextmanager
def as_function(name: str) -> Iterator[None]:
    """What has no credentials but the environment's is this function until the end of the block."""
    _CALLED.append(name)
    try:
        yield
    finally:
        _CALLED.pop()


def key_of(function: str) -> str:
    """The access key of a function in a process of its own."""
    return f"AKOF{function.upper()}"


_OWN = {OPERATOR_KEY: OPERATOR, **{key_of(function): function for function in FUNCTIONS}}


@dataclass(frozen=True)
class Who:
    """A role, and the tenant of its session if it has one."""

    role: str
    tenant: str | None = None

    def __str__(self) -> str:
        return self.tenant or self.role


@dataclass
class Gate:
    """`sessions` are the access keys given out, with their token and tenant. `refused` says what was not granted.
    `taken_away` are actions that nobody may do, whatever the policies say. `silos` are tenants whose objects are
    encrypted with a key that no role uses but in their session. `tables` tells which table each is.
    """

    aws: AwsServer
    s3: S3Server
    url: str = ""
    env: str = ""
    tables: Mapping[str, str] = field(default_factory=dict[str, str])
    sessions: dict[str, tuple[str, str]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    taken_away: set[str] = field(default_factory=set)
    silos: set[str] = field(default_factory=set)
    pool: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(maxsize=16, retries=False))

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": OWN_KEY,
            "AWS_SECRET_ACCESS_KEY": OWN_SECRET,
            "BUCKET_NAME": BUCKET,
            "TENANT_ROLE_ARN": ROLE,
        }

    @property
    def names(self) -> Names:
        return Names(self.env, roles().bucket, self.tables)

    def who(self, key: str, token: str | None) -> Who:
        """Raises KeyError for credentials not given out."""
        if token is None:
            return Who(_CALLED[-1] if key == OWN_KEY else _OWN[key])
        known, tenant = self.sessions[key]
        if known != token:
            raise KeyError(key)
        return Who(TENANT, tenant)

    def grants(self, who: Who, requests: Sequence[Request]) -> bool:
        return self._stand(requests) and roles().allow(who.role, who.tenant, requests)

    def decrypts(self, who: Who, key: str) -> bool:
        owner = key.partition("/")[0]
        return owner not in self.silos or who.tenant == owner

    def lets_become(self, who: Who, role: str, tags: Mapping[str, str]) -> bool:
        requests = to_become(role, tags, role_arn(_role_name(who.role)))
        return role == ROLE and self._stand(requests) and roles().let_become(who.role, requests)

    def _stand(self, requests: Sequence[Request]) -> bool:
        return not {one.action for one in requests} & self.taken_away


def _role_name(role: str) -> str:
    return f"{role}-execution" if role in FUNCTIONS else role


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        found = re.search(r"Credential=([^/]+)/\d+/[^/]+/([^/]+)/", self.headers.get("Authorization", ""))
        if not found:
            self._json(403, {"__type": "MissingAuthenticationTokenException"})
            return
        key, service = found.groups()
        try:
            who = self.server.gate.who(key, self.headers.get("X-Amz-Security-Token"))
        except KeyError:
            self._json(400, {"__type": "UnrecognizedClientException", "message": "not given out"})
            return
        if service == "s3":
            self._object(who, body)
        elif service == "sts":
            self._session(who, body)
        elif service == "scheduler":
            self._schedule(who, body)
        else:
            self._call(who, service, body)

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""

    def _session(self, who: Who, body: bytes) -> None:
        gate = self.server.gate
        asked = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        tags = {
            value: asked.get(name.replace(".Key", ".Value"), "")
            for name, value in asked.items()
            if re.fullmatch(r"Tags\.member\.\d+\.Key", name)
        }
        transitive = {value for name, value in asked.items() if name.startswith("TransitiveTagKeys.")}
        if transitive != set(tags) or not gate.lets_become(who, asked.get("RoleArn", ""), tags):
            gate.refused.append(f"{who}: AssumeRole")
            self._send(403, b"<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>", "text/xml")
            return
        (name,) = tags.values()
        key, secret, token = f"ASIA{secrets.token_hex(8).upper()}", secrets.token_hex(20), secrets.token_hex(30)
        gate.sessions[key] = (token, name)
        answer = (
            '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>'
            f"<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>"
            f"<SessionToken>{token}</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>"
            "</AssumeRoleResult></AssumeRoleResponse>"
        )
        self._send(200, answer.encode(), "text/xml")

    def _call(self, who: Who, service: str, body: bytes) -> None:
        gate = self.server.gate
        action, asked = self.headers["X-Amz-Target"].partition(".")[2], json.loads(body)
        if not gate.grants(who, OF_JSON[service](gate.names, action, asked)):
            gate.refused.append(f"{who}: {action}")
            self._json(400, {"__type": "AccessDeniedException", "message": f"not granted: {action}"})
            return
        self._handed_on(body)

    def _schedule(self, who: Who, body: bytes) -> None:
        gate, parts = self.server.gate, urlsplit(self.path)
        (group,) = parse_qs(parts.query).get("groupName", [""])
        asked: dict[str, Any] = {"GroupName": group, **(json.loads(body) if body else {})}
        if gate.grants(who, of_schedules(gate.names, self.command, parts.path, asked)):
            self._handed_on(body)
        else:
            gate.refused.append(f"{who}: {self.command} {parts.path}")
            self._json(403, {"__type": "AccessDeniedException", "message": "not granted"})

    def _handed_on(self, body: bytes) -> None:
        """To the stand-in that knows no rights, and its answer back."""
        gate = self.server.gate
        kept = {
            name: value for name, value in self.headers.items() if name.lower() not in ("host", "x-amz-security-token")
        }
        answer = gate.pool.request(self.command, gate.aws.endpoint + self.path, headers=kept, body=body)
        kind = answer.headers.get("Content-Type", "application/x-amz-json-1.0")
        self._send(answer.status, answer.data, kind, error=answer.headers.get("x-amzn-errortype"))

    def _object(self, who: Who, body: bytes) -> None:
        gate = self.server.gate
        parts = urlsplit(self.path)
        path = unquote(parts.path).removeprefix(f"/{BUCKET}").lstrip("/")
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        several = self.command == "POST" and "delete" in query
        deleted = re.findall(r"<Key>(.*?)</Key>", body.decode()) if several else []
        granted = gate.grants(who, of_objects(gate.names, self.command, path, query, deleted))
        if not granted or not gate.decrypts(who, path):
            gate.refused.append(f"{who}: {self.command} {parts.path}")
            self._denied()
            return
        keys = (ACCESS_KEY, SECRET_KEY) if who.tenant is None else tenant_keys(who.tenant)
        kept = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
        request = AWSRequest(self.command, gate.s3.endpoint + self.path, headers=kept, data=body)
        S3SigV4Auth(Credentials(*keys), "s3", REGION).add_auth(request)
        prepared = request.prepare()
        answer = gate.pool.request(
            self.command, prepared.url, headers=dict(prepared.headers), body=body or None, preload_content=True
        )
        if answer.status == 404:
            self._denied()
            return
        headers = {
            name: value
            for name, value in answer.headers.items()
            if name.lower() not in ("connection", "transfer-encoding", "content-length")
        }
        length = answer.headers.get("Content-Length") if self.command == "HEAD" else str(len(answer.data))
        self.send_response_only(answer.status)
        for name, value in {**headers, "Content-Length": length or "0"}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.data)

    def _denied(self) -> None:
        self._send(403, b"<Error><Code>AccessDenied</Code></Error>", "application/xml")

    def _json(self, status: int, answer: dict[str, str]) -> None:
        self._send(status, json.dumps(answer).encode(), "application/x-amz-json-1.0")

    def _send(self, status: int, content: bytes, kind: str, *, error: str | None = None) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", kind)
        if error is not None:
            self.send_header("x-amzn-errortype", error)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    gate: Gate


@contextmanager
def aws_gate(aws: AwsServer, s3: S3Server) -> Iterator[Gate]:
    roles()  # what is wrong with their file is told here and not in each answer
    server = _Server(("127.0.0.1", 0), _Handler)
    server.gate = Gate(aws, s3, f"http://127.0.0.1:{server.server_port}")
    with served(server):
        yield server.gate
