"""Which of Autotask's zones holds a tenant's database. The vendor tells it to anybody who names a user of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from avesa.connector.address import at_origin, is_under, origin
from avesa.connector.credentials import Credentials
from avesa.connector.request import Params, Request, Response
from avesa.connector.template import fill, names_in
from avesa.connector.tokens import Flow, Renewal, Renewed, Token, TokenNeeded, answered, at_path
from avesa.shared.errors import Unavailable

ANY_ZONE = "webservices"
"""The host that knows all zones, and in the setting `zone` what stands for one that is not known yet."""

ZONE_INFORMATION = f"https://{ANY_ZONE}.autotask.net/ATServicesRest/V1.0/zoneInformation"
ZONES = (".autotask.net",)

GOOD_FOR = timedelta(days=1)
"""A database is moved to another zone now and then, and the old one answers 401 from then on."""


@dataclass(frozen=True)
class ZonedHeaders:
    """Static headers, which are sent to the tenant's zone: the one in its settings, or else the one that the vendor
    names. The question for it goes without credentials, and an answer that names another host than the vendor's is
    not believed.
    """

    headers: Params

    rotating = ()

    @property
    def title(self) -> str:
        return "headers " + ", ".join(name for name, _ in self.headers)

    @property
    def names(self) -> frozenset[str]:
        return names_in(*(value for _, value in self.headers))

    def flow(self, request: Request, credentials: Credentials) -> Flow:
        signed = request.with_headers(*((name, fill(value, credentials)) for name, value in self.headers))
        if credentials.address.is_own or credentials["zone"] != ANY_ZONE:
            yield signed
            return
        zone = yield TokenNeeded(self)
        answer = yield _sent_to(zone, signed)
        if isinstance(answer, Response) and answer.status == 401 and isinstance(zone, Token):
            other = yield TokenNeeded(self, refused=zone)
            if isinstance(other, Token) and other.host != zone.host:
                yield _sent_to(other, signed)

    def renew(self, credentials: Credentials) -> Renewal:
        response = yield Request("GET", ZONE_INFORMATION, params=(("user", credentials["user_name"]),))
        url = at_path(answered(response, credentials), "url")
        if not isinstance(url, str) or not is_under(url, ZONES):
            raise Unavailable(
                "The vendor does not say which zone the account is in.",
                hint="Set the zone yourself: it is the host's first part, such as webservices5.",
            )
        host = origin(url)
        return Renewed(Token(host, credentials.now + GOOD_FOR, host))


def _sent_to(zone: Token | Response, request: Request) -> Request:
    assert isinstance(zone, Token) and zone.host is not None
    return replace(request, url=at_origin(request.url, zone.host))
