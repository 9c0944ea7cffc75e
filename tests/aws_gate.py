"""Stands in front of the stand-ins for AWS and grants what the installation's roles grant, by the credentials of each
request: a function by itself reads names and states, and plans; a session that is tagged with a tenant reaches that
tenant alone; an operator keeps the list of tenants and forgets one. It is also the STS that gives out such sessions. As
S3 does for those who may list a prefix only, it says 403 and not 404 of an object that is not there.
"""

from __future__ import annotations

import json
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import urllib3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from aws_server import REGION, AwsServer
from s3_server import ACCESS_KEY, BUCKET, SECRET_KEY, S3Server, tenant_keys

ROLE = "arn:aws:iam::123456789012:role/avesa-tests-tenant"
OWN_KEY, OWN_SECRET = "AKOFTHEFUNCTION", "secret-of-the-function"
OPERATOR_KEY, OPERATOR = "AKOFTHEOPERATOR", "#operator"
_READS = {"GetItem", "Query"}
_HOP = {"authorization", "x-amz-date", "x-amz-security-token", "host", "connection", "content-length"}


@dataclass
class Gate:
    """`sessions` are the access keys given out, with their token and tenant. `refused` says what was not granted."""

    aws: AwsServer
    s3: S3Server
    url: str = ""
    env: str = ""
    allowances: str = ""
    tenant_services: str = ""
    sessions: dict[str, tuple[str, str]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
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

    def tenant_of(self, key: str, token: str | None) -> str | None:
        """None for the function itself, OPERATOR for a person. Raises KeyError for credentials not given out."""
        if key == OWN_KEY and token is None:
            return None
        if key == OPERATOR_KEY and token is None:
            return OPERATOR
        known, tenant = self.sessions[key]
        if known != token:
            raise KeyError(key)
        return tenant

    def grants_state(self, tenant: str | None, action: str, body: dict[str, Any]) -> bool:
        """DynamoDB, by the leading key."""
        if tenant is None:
            return action in _READS or (action == "PutItem" and body["TableName"] == self.allowances)
        if tenant == OPERATOR:
            return self._grants_operator(action, body)
        place = body.get("Key") or body.get("Item") or {}
        leading = place.get("tenant_id", {}).get("S")
        if action == "Query" and body["KeyConditionExpression"].startswith("tenant_id = :tenant"):
            leading = body["ExpressionAttributeValues"][":tenant"]["S"]
        return action in {*_READS, "PutItem", "UpdateItem", "DeleteItem"} and bool(leading == tenant)

    def _grants_operator(self, action: str, body: dict[str, Any]) -> bool:
        if action == "TransactWriteItems":
            steps = [step for item in body["TransactItems"] for step in item.values()]
            return {step["TableName"] for step in steps} == {self.tenant_services}
        if action == "BatchWriteItem":
            return all("DeleteRequest" in one for items in body["RequestItems"].values() for one in items)
        if body["TableName"] == self.allowances:
            return action in ("GetItem", "PutItem")
        return action == "Query" or body["TableName"] == self.tenant_services

    def grants_parameter(self, tenant: str | None, action: str, body: dict[str, Any]) -> bool:
        return tenant == OPERATOR and action == "GetParameter" and body["Name"].startswith("/avesa/")

    def grants_secret(self, tenant: str | None, action: str, body: dict[str, Any]) -> bool:
        if tenant == OPERATOR:
            return action in ("ListSecrets", "DeleteSecret")
        allowed = {"GetSecretValue", "CreateSecret", "PutSecretValue", "UpdateSecretVersionStage"}
        name = body.get("SecretId") or body.get("Name") or ""
        return tenant is not None and action in allowed and name.startswith(f"avesa/{self.env}/{tenant}/")

    def grants_schedule(self, tenant: str | None, method: str, path: str) -> bool:
        """A person changes those of tenants, whose names have a dot; a function lists them."""
        if tenant is None:
            return method == "GET" and path == "/schedules"
        return tenant == OPERATOR and method in ("POST", "PUT", "DELETE") and "." in path

    def grants_catalogue(self, tenant: str | None, action: str, body: dict[str, Any]) -> bool:
        """Glue, by the database."""
        database = body.get("DatabaseName") or body.get("DatabaseInput", {}).get("Name")
        allowed = {"GetTable", "CreateDatabase", "CreateTable", "UpdateTable"}
        return tenant not in (None, OPERATOR) and action in allowed and database == f"avesa_{self.env}_{tenant}"

    def grants_object(self, tenant: str | None, method: str, path: str, query: dict[str, list[str]]) -> bool:
        listing = path == ""
        name = query.get("prefix", [""])[0] if listing else path
        if tenant is not None:
            return name.startswith(f"{tenant}/")
        if name.startswith("_runs/") and not listing:
            return method in ("GET", "HEAD", "PUT")
        return method in ("GET", "HEAD") and re.fullmatch(r"[^/]+/mappings/.*", name) is not None


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
            tenant = self.server.gate.tenant_of(key, self.headers.get("X-Amz-Security-Token"))
        except KeyError:
            self._json(400, {"__type": "UnrecognizedClientException", "message": "not given out"})
            return
        if service == "s3":
            self._object(tenant, body)
        elif service == "sts":
            self._session(tenant, body)
        elif service == "scheduler":
            self._schedule(tenant, body)
        else:
            self._call(tenant, service, body)

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""

    def _session(self, tenant: str | None, body: bytes) -> None:
        asked = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        tags = (asked.get("Tags.member.1.Key"), asked.get("TransitiveTagKeys.member.1"))
        name = asked.get("Tags.member.1.Value")
        if (
            tenant not in (None, OPERATOR)
            or asked.get("RoleArn") != ROLE
            or tags != ("tenant_id", "tenant_id")
            or not name
        ):
            self._send(403, b"<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>", "text/xml")
            return
        key, secret, token = f"ASIA{secrets.token_hex(8).upper()}", secrets.token_hex(20), secrets.token_hex(30)
        self.server.gate.sessions[key] = (token, name)
        answer = (
            '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>'
            f"<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>"
            f"<SessionToken>{token}</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>"
            "</AssumeRoleResult></AssumeRoleResponse>"
        )
        self._send(200, answer.encode(), "text/xml")

    def _call(self, tenant: str | None, service: str, body: bytes) -> None:
        gate = self.server.gate
        action, asked = self.headers["X-Amz-Target"].partition(".")[2], json.loads(body)
        grants = {
            "dynamodb": gate.grants_state,
            "glue": gate.grants_catalogue,
            "secretsmanager": gate.grants_secret,
            "ssm": gate.grants_parameter,
        }
        if not grants[service](tenant, action, asked):
            gate.refused.append(f"{tenant}: {action}")
            self._json(400, {"__type": "AccessDeniedException", "message": f"not granted: {action}"})
            return
        self._handed_on(body)

    def _schedule(self, tenant: str | None, body: bytes) -> None:
        gate, path = self.server.gate, urlsplit(self.path).path
        if gate.grants_schedule(tenant, self.command, path):
            self._handed_on(body)
        else:
            gate.refused.append(f"{tenant}: {self.command} {path}")
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

    def _object(self, tenant: str | None, body: bytes) -> None:
        gate = self.server.gate
        parts = urlsplit(self.path)
        path = unquote(parts.path).removeprefix(f"/{BUCKET}").lstrip("/")
        query = parse_qs(parts.query, keep_blank_values=True)
        names = [path]
        if self.command == "POST" and "delete" in query:
            names = re.findall(r"<Key>(.*?)</Key>", body.decode())
        if not all(gate.grants_object(tenant, self.command, name, query) for name in names):
            gate.refused.append(f"{tenant}: {self.command} {parts.path}")
            self._denied()
            return
        keys = (ACCESS_KEY, SECRET_KEY) if tenant is None else tenant_keys(tenant)
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
    server = _Server(("127.0.0.1", 0), _Handler)
    server.gate = Gate(aws, s3, f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.gate
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
