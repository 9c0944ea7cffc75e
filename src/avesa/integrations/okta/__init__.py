"""Okta: the people of an org, their groups and factors, the applications that they use, devices, and the system log."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from avesa.connector.auth import HeaderKey, OneOf
from avesa.connector.incremental import Changes, InParams
from avesa.connector.jwt_assertion import JwtAssertion
from avesa.connector.limits import Limits, Told
from avesa.connector.paging import End, InTurn, Link, NextUrl, SinglePage
from avesa.connector.request import Params
from avesa.connector.retry import Code, Errors
from avesa.connector.service import Endpoint, Parent, Service, Setting

TOKEN = "https://{okta_domain}/oauth2/v1/token"  # noqa: S105 — an address
SCOPES = (
    "okta.users.read okta.groups.read okta.apps.read okta.devices.read okta.logs.read okta.policies.read "
    "okta.factors.read okta.roles.read okta.networkZones.read okta.authorizationServers.read okta.idps.read "
    "okta.authenticators.read okta.apiTokens.read okta.trustedOrigins.read okta.eventHooks.read"
)


def pages(most: int) -> NextUrl:
    """Okta API, pagination: the Link header names the next page. The largest one differs from list to list."""
    return NextUrl(Link(), size="limit", most=most)


# Okta API, policies: one question for each type. An org does not have all of them.
POLICIES = InTurn(
    NextUrl(Link()),
    "type",
    (
        *("OKTA_SIGN_ON", "PASSWORD", "MFA_ENROLL", "IDP_DISCOVERY", "ACCESS_POLICY", "PROFILE_ENROLLMENT"),
        *("POST_AUTH_SESSION", "ENTITY_RISK", "DEVICE_SIGNAL_COLLECTION", "SESSION_VIOLATION_DETECTION"),
        *("CLIENT_UPDATE", "IDENTITY_CLAIM_SOURCING"),
    ),
)

# Okta API, system log: behind the last event a next page is named all the same, and is empty.
LOG = NextUrl(Link(), size="limit", most=1000, end=End(short=False))

# A person also stands in the devices that are theirs.
OF_USERS = ("**.credentials.password", "**.credentials.recovery_question")

DAILY = timedelta(days=1)
MILLISECONDS = "%Y-%m-%dT%H:%M:%S.000Z"
LAG = timedelta(minutes=10)
"""Okta API, search: what was just written is not found yet."""


def updated(param: str) -> Changes:
    return Changes("lastUpdated", ask=(param, 'lastUpdated gt "{since}"'), form=MILLISECONDS, overlap=LAG)


def all_since(param: str) -> Params:
    """Okta API, users: the list without a condition leaves out the deactivated ones."""
    return ((param, 'lastUpdated gt "1970-01-01T00:00:00.000Z"'),)


def listed(name: str, path: str, *, most: int | None = 200, **more: Any) -> Endpoint:
    """A list that tells when each record changed, and cannot be asked for that."""
    more = {"updated_at": "lastUpdated", "may_be_empty": True, **more}
    return Endpoint(name, f"/api/v1/{path}", paging=SinglePage() if most is None else pages(most), **more)


SERVICE = Service(
    name="okta",
    title="Okta",
    category="identity",
    base_url="https://{okta_domain}",
    settings=(
        Setting("okta_domain", help="of your org, such as acme.okta.com"),
        Setting("key_id", help="of a service app's key, its kid", is_account=False),
        Setting("scope", default=SCOPES, help="what the service app was granted", is_account=False),
    ),
    secrets=("api_token", "client_id", "private_key"),
    # Okta API, authentication: the token of an administrator, or a service app that signs for itself; its assertion is
    # good for an hour at most.
    auth=OneOf(
        (
            HeaderKey("Authorization", "SSWS {api_token}"),
            JwtAssertion(
                TOKEN,
                claims=(("iss", "{client_id}"), ("sub", "{client_id}"), ("aud", TOKEN)),
                key_id="{key_id}",
                fields=(
                    ("grant_type", "client_credentials"),
                    ("scope", "{scope}"),
                    ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                    ("client_assertion", "{assertion}"),
                ),
                life=timedelta(minutes=10),
            ),
        )
    ),
    account=("okta_domain",),
    paging=pages(200),
    # Okta API, rate limits: each answer tells what is left for its group of endpoints, and when that begins anew.
    limits=Limits(
        told=(
            Told(
                "X-Rate-Limit-Remaining",
                limit="X-Rate-Limit-Limit",
                reset="X-Rate-Limit-Reset",
                reset_as="epoch",
                each=True,
            ),
        ),
        slows="endpoint",
    ),
    errors=Errors(
        code="errorCode",
        message="errorSummary",
        codes=(
            Code("E0000047", "limit"),
            Code("E0000011", "service"),
            Code(None, "empty", status=400, text="validation failed: type"),
        ),
    ),
    check="users",
    endpoints=(
        # Credentials hold no password that one could read, but what a recovery asks.
        Endpoint(
            "users",
            "/api/v1/users",
            params=all_since("filter"),
            changes=updated("filter"),
            secret_fields=OF_USERS,
            canonical="users",
        ),
        Endpoint("groups", "/api/v1/groups", paging=pages(1000), changes=updated("filter")),
        # A group does not change with its members.
        Endpoint(
            "group_members",
            "/api/v1/groups/{groupId}/users",
            paging=pages(1000),
            parent=Parent("groups", "groupId"),
            unique_under_parent=True,
            secret_fields=OF_USERS,
            every=DAILY,
            may_be_empty=True,
        ),
        listed("group_rules", "groups/rules"),
        # Inactive applications come only when they are asked for.
        listed(
            "apps",
            "apps",
            params=(("includeNonDeleted", "true"),),
            secret_fields=("**.client_secret", "**.password"),
            canonical="products",
        ),
        listed(
            "app_users",
            "apps/{appId}/users",
            most=500,
            parent=Parent("apps", "appId"),
            unique_under_parent=True,
            secret_fields=("credentials.password",),
            canonical="agreements",
            every=DAILY,
        ),
        # From 20 to 200 rows a page.
        Endpoint(
            "app_groups",
            "/api/v1/apps/{appId}/groups",
            parent=Parent("apps", "appId"),
            unique_under_parent=True,
            params=(("limit", "200"),),
            paging=NextUrl(Link()),
            updated_at="lastUpdated",
            every=DAILY,
            may_be_empty=True,
        ),
        Endpoint(
            "devices",
            "/api/v1/devices",
            changes=updated("search"),
            secret_fields=OF_USERS,
            canonical="devices",
            may_be_empty=True,
        ),
        # Without a beginning only the last 7 days; 90 days are kept.
        Endpoint(
            "system_log",
            "/api/v1/logs",
            key=("uuid",),
            params=(("sortOrder", "ASCENDING"),),
            paging=LOG,
            changes=Changes(
                "published",
                ask=InParams((("since", "{since}"), ("until", "{until}"))),
                form=MILLISECONDS,
                overlap=LAG,
                kept_for=timedelta(days=90),
                only=True,
            ),
            may_be_empty=True,
        ),
        # What is handed out while a factor is being enrolled is the factor.
        listed(
            "user_factors",
            "users/{userId}/factors",
            most=None,
            parent=Parent("users", "userId"),
            unique_under_parent=True,
            secret_fields=("_embedded",),
            every=DAILY,
        ),
        listed(
            "user_roles",
            "users/{userId}/roles",
            most=None,
            parent=Parent("users", "userId"),
            unique_under_parent=True,
            every=DAILY,
        ),
        Endpoint("policies", "/api/v1/policies", paging=POLICIES, updated_at="lastUpdated", may_be_empty=True),
        Endpoint("network_zones", "/api/v1/zones", paging=NextUrl(Link()), updated_at="lastUpdated", may_be_empty=True),
        listed("authorization_servers", "authorizationServers"),
        listed("identity_providers", "idps", secret_fields=("**.client_secret", "**.apiKey")),
        listed(
            "authenticators",
            "authenticators",
            most=None,
            secret_fields=("provider.configuration.secretKey", "provider.configuration.sharedSecret"),
        ),
        listed("api_tokens", "api-tokens", most=None),
        listed("trusted_origins", "trustedOrigins"),
        listed(
            "event_hooks",
            "eventHooks",
            most=None,
            secret_fields=("channel.config.authScheme", "channel.config.headers"),
        ),
        Endpoint(
            "admin_assignees",
            "/api/v1/iam/assignees/users",
            records="value",
            paging=NextUrl("_links.next.href", size="limit", most=100),
            may_be_empty=True,
        ),
    ),
)
