"""Who may ask: the vendor's side of each way to prove it, with tokens that are issued, expire and die."""

from __future__ import annotations

import copy
import hashlib
import hmac
import itertools
import json
import re
import threading
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.parser import BytesParser
from email.policy import HTTP
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlsplit

from avesa.sandbox.vendor.contract import Json, put
from avesa.sandbox.vendor.messages import Answer, Asked, Refused
from avesa.sandbox.vendor.rsa import key_pair
from avesa.sandbox.vendor.times import write_time

_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class Credentials:
    """What the vendor has issued to one tenant. Safe with threads."""

    def __init__(self, rules: Json, clock: Callable[[], datetime], own: Mapping[str, str] | None = None) -> None:
        self._ways: list[Json] = rules["auth"]
        self._clock = clock
        self._lock = threading.Lock()
        self._count = itertools.count(1)
        self._tokens: dict[str, datetime] = {}
        self._dead: set[str] = set()
        self.values: dict[str, str] = {**rules["credentials"], **(own or {})}
        if any(way["kind"] == "jwt_bearer" for way in self._ways):
            self.values["private_key"] = key_pair().pem()
            named = ("client_email", "private_key", "private_key_id")
            held = {name: self.values[name] for name in named if name in self.values}
            self.values["service_account_json"] = json.dumps({"type": "service_account", **held})

    def token_path(self, path: str) -> str | None:
        """The token path of the rules that a path is, None if it is none. Both may hold settings of the tenant."""
        for way in self._ways:
            known = way.get("token_path")
            if known is not None and path == re.sub(r"\{(\w+)\}", lambda name: self.values[name[1]], known):
                return str(known)
        return None

    def expire_tokens(self) -> None:
        """Every access token issued so far is refused from now on."""
        with self._lock:
            self._tokens.clear()

    def check(self, asked: Asked) -> None:
        """Raises Refused unless one of the vendor's ways lets the request in. A request that does not even try is a
        violation; one with an expired token is not.
        """
        refusals = []
        for way in self._ways:
            try:
                return self._check(way, asked)
            except Refused as refused:
                refusals.append(refused)
        raise min(refusals, key=lambda refused: refused.violation)

    def _check(self, way: Json, asked: Asked) -> None:
        kind = way["kind"]
        sent = asked.headers.get(way.get("header", "Authorization").lower(), "")
        if kind == "basic":
            user, password = (self._filled(way[part]) for part in ("user", "password"))
            self._same(_basic(sent), (user, password), "Basic credentials")
        elif kind == "bearer":
            self._same(_bearer(sent, way), self._filled(way["token"]), "Bearer token")
        elif kind == "headers":
            for name, value in way["headers"].items():
                self._same(asked.headers.get(name.lower()), self._filled(value), f"header {name}")
        elif kind == "query":
            self._same(dict(asked.query).get(way["name"]), self._filled(way["value"]), f"parameter {way['name']}")
        elif kind == "duo_signature":
            self._check_duo(way, asked)
        else:
            token = _bearer(sent, way)
            with self._lock:
                expires = self._tokens.get(token or "")
            if expires is None or expires <= self._clock():
                raise Refused(401, "The access token is missing, unknown or expired", violation=token is None)

    def _same(self, sent: object, expected: object, what: str) -> None:
        if sent != expected:
            raise Refused(401, f"{what} missing or wrong", violation=sent is None)

    def _named(self, way: Json, rule: str) -> str | None:
        return self._filled(way[rule]) if rule in way else None

    def _filled(self, template: str) -> str:
        return template.format_map(self.values)

    # Tokens

    def token(self, asked: Asked) -> Answer:
        """The answer of a token endpoint. Raises Refused in the form of RFC 6749 as the server tells it."""
        ways = [way for way in self._ways if way.get("token_path") == asked.path]
        if asked.method != "POST":
            raise Refused(405, "The token endpoint takes POST", code="invalid_request")
        sent = _sent(ways[0], asked)
        if not isinstance(sent, dict):
            raise Refused(400, "The token request's body cannot be read", code="invalid_request")
        for way in ways:
            if (
                way["kind"] == "session"
                or way.get("bears")
                or sent.get("grant_type", way.get("default_grant")) == _grant(way)
            ):
                return self._issue(way, asked, sent)
        raise Refused(400, f"grant_type {sent.get('grant_type')} is not supported", code="unsupported_grant_type")

    def _issue(self, way: Json, asked: Asked, sent: dict[str, Any]) -> Answer:
        proofs = {name: self._filled(template) for name, template in way.get("proves", {}).items()}
        allowed = {*way.get("sends", []), *proofs} | ({"grant_type"} if way["kind"] != "session" else set())
        if way["kind"] == "session":
            for name, value in way.get("headers", {}).items():
                self._same(asked.headers.get(name.lower()), self._filled(value), f"header {name}")
        elif way["kind"] == "jwt_bearer":
            named = way.get("assertion", "assertion")
            given = _bearer(asked.headers.get("authorization", ""), way) if way.get("bears") else sent.get(named)
            allowed = set() if way.get("bears") else allowed | {named}
            self._check_assertion(way, str(given or ""))
        else:
            self._check_client(way, asked, sent)
            allowed |= {"client_id", "client_secret"} if "body" in way["client"] else set()
        if extra := sorted(set(sent) - allowed - {"refresh_token" if way["kind"] == "refresh_token" else ""}):
            raise Refused(400, f"the token request holds {', '.join(extra)}", code="invalid_request")
        for name, value in proofs.items():
            if name in sent and sent[name] != value and "refusal" in way:
                return Answer(200, copy.deepcopy(way["refusal"]), {"Content-Type": "application/json"})
            if sent.get(name) != value:
                raise Refused(400, f"{name} is missing or wrong", violation=name not in sent, code="invalid_grant")
        if "scope" in way and not re.fullmatch(way["scope"], str(sent.get("scope", ""))):
            raise Refused(400, "the scope is missing or wrong", code="invalid_scope")
        more = copy.deepcopy(way.get("answer", {}))
        answer: Json = {name: asked.base if value == "$base" else value for name, value in more.items()}
        with self._lock:
            if way["kind"] == "refresh_token":
                answer["refresh_token"] = self._refreshed(way, str(sent.get("refresh_token")))
            number = next(self._count)
            access = f"access-{number}-{hashlib.sha256(str(number).encode()).hexdigest()[:24]}"
            self._tokens[access] = self._clock() + timedelta(seconds=way.get("lives", 3600))
        if "token_at" in way:
            put(answer, way["token_at"], access)
            if "life_at" in way:
                put(answer, way["life_at"], way["lives"])
            if "ends_at" in way:
                put(answer, way["ends_at"], write_time(self._tokens[access], "iso_z"))
        else:
            answer |= {"access_token": access, "token_type": way.get("token_type", "Bearer")}
            if way.get("expires_in", True):
                answer["expires_in"] = way.get("lives", 3600)
        return Answer(way.get("status", 200), answer, {"Content-Type": "application/json", "Cache-Control": "no-store"})

    def _check_client(self, way: Json, asked: Asked, sent: dict[str, Any]) -> None:
        pair = (self.values["client_id"], self.values["client_secret"])
        as_basic = _basic(asked.headers.get("authorization", ""))
        in_body = (sent["client_id"], sent.get("client_secret")) if "client_id" in sent else None
        if as_basic is not None and in_body is not None and "client_secret" in sent:
            raise Refused(400, "the client's secret was sent twice", code="invalid_request")
        for place, found in (("basic", as_basic), ("body", in_body)):
            if found is not None and place in way["client"]:
                if found != pair:
                    raise Refused(401, "client id or secret is wrong", violation=False, code="invalid_client")
                return
        raise Refused(401, f"the client is not told by {' or '.join(way['client'])}", code="invalid_client")

    def _refreshed(self, way: Json, sent: str) -> str:
        current = self.values["refresh_token"]
        if sent in self._dead:
            # A used token that comes again ends the whole family, as RFC 9700 advises.
            self._dead.add(current)
            raise Refused(400, "this refresh token was used before", code="invalid_grant")
        if sent != current:
            raise Refused(400, "unknown refresh token", violation=False, code="invalid_grant")
        if way.get("rotates"):
            self._dead.add(sent)
            self.values["refresh_token"] = f"{current.partition('.')[0]}.{next(self._count)}"
        return self.values["refresh_token"]

    def _check_assertion(self, way: Json, assertion: str) -> None:
        try:
            head, claims, signature = (_unpadded(part) for part in assertion.split("."))
            header, said = json.loads(head), json.loads(claims)
        except ValueError:
            raise Refused(400, "the assertion is no JWT", code="invalid_grant") from None
        signed = assertion.rpartition(".")[0].encode()
        now = self._clock().timestamp()
        problems = [
            (header.get("alg") != "RS256", "alg is not RS256"),
            (not key_pair().verifies(signed, signature), "the signature does not fit the key"),
            (said.get("iss") != self._filled(way["issuer"]), "iss is not the service account"),
            (said.get("sub") != self._named(way, "subject"), "sub is not the delegated user"),
            (said.get("aud") != way.get("audience"), "aud is not the token endpoint"),
            (not way.get("bears") and "scope" not in way and not said.get("scope"), "there is no scope"),
            (not isinstance(said.get("iat"), int) or said["iat"] > now + 60, "iat is missing or in the future"),
            (not isinstance(said.get("exp"), int) or said["exp"] <= now, "exp is missing or past"),
            (said.get("exp", 0) - said.get("iat", 0) > way.get("longest", 3600), "it lives too long"),
        ]
        for wrong, why in problems:
            if wrong:
                raise Refused(400, f"Invalid JWT: {why}", code="invalid_grant")

    # Signed requests

    def _check_duo(self, way: Json, asked: Asked) -> None:
        """Duo's signatures 5 and 2 (duo.com/docs/adminapi#authentication), computed anew from what came."""
        pair = _basic(asked.headers.get("authorization", ""))
        date = asked.headers.get("date")
        if pair is None or date is None:
            raise Refused(401, "Missing request credentials", code=40101)
        try:
            moment = parsedate_to_datetime(date)
        except (TypeError, ValueError):
            raise Refused(401, "Missing or bad timestamp", code=40104) from None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if abs(moment - self._clock()) > timedelta(minutes=5):
            raise Refused(401, "Bad request timestamp", code=40105)
        if pair[0] != self.values[way["user"]]:
            raise Refused(401, "Invalid integration key in request credentials", violation=False, code=40102)
        key = self.values[way["key"]].encode()
        # The vendor's own host is what counts; on this machine it may be that of the test server.
        for name in (self.values["api_host"], asked.headers.get("host", "").lower()):
            for digest, lines in _duo_lines(asked, date, name):
                if hmac.compare_digest(hmac.new(key, "\n".join(lines).encode(), digest).hexdigest(), pair[1]):
                    return
        raise Refused(401, "Invalid signature in request credentials", violation=False, code=40103)


def _duo_lines(asked: Asked, date: str, host: str) -> list[tuple[str, list[str]]]:
    pairs = asked.query or (tuple(asked.form.items()) if asked.method == "POST" else ())
    encoded = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in pairs)
    canon = "&".join(f"{name}={value}" for name, value in encoded)
    first = [date, asked.method, host, urlsplit(asked.target).path, canon]
    extra = sorted((n, v) for n, v in asked.headers.items() if n.startswith("x-duo-"))
    hashed = hashlib.sha512("\0".join(part for pair in extra for part in pair).encode()).hexdigest()
    body = asked.body if asked.method == "POST" else b""
    return [("sha512", [*first, hashlib.sha512(body).hexdigest(), hashed]), ("sha1", first), ("sha512", first)]


def _sent(way: Json, asked: Asked) -> Any:
    """The fields of a token request, in the kind of body that the server takes."""
    match way.get("body", "form"):
        case "json":
            return asked.json
        case "parts":
            return _parts(asked)
        case _:
            return asked.form


def _parts(asked: Asked) -> dict[str, str]:
    """The fields of a form in parts (RFC 7578); none where the body is no such."""
    kind = asked.headers.get("content-type", "")
    found = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + asked.body)
    parts = found.iter_parts() if found.is_multipart() else ()
    return {
        str(part.get_param("name", header="content-disposition")): part.get_content().rstrip("\n") for part in parts
    }


def _grant(way: Json) -> str:
    return str(way.get("grant", _JWT_GRANT if way["kind"] == "jwt_bearer" else way["kind"]))


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, value = header.partition(" ")
    if scheme != "Basic":
        return None
    try:
        user, _, password = b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        return None
    return user, password


def _bearer(header: str, way: Json) -> str | None:
    scheme, _, value = header.partition(" ")
    if scheme.lower() == way.get("scheme", "bearer") and value:
        return value
    return header or None if way.get("bare") else None


def _unpadded(text: str) -> bytes:
    if "=" in text:
        raise ValueError("padded")
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
