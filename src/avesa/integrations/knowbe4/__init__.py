"""KnowBe4: the people of one client, the phishing tests they were sent, and the training they were given."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from avesa.connector.auth import Bearer
from avesa.connector.incremental import Changes, InParams
from avesa.connector.limits import Limits, Rate
from avesa.connector.paging import End, InTurn, Link, NextUrl, OrElse, PageNumber, SinglePage
from avesa.connector.retry import Errors
from avesa.connector.service import Deleted, Endpoint, Parent, Service, Setting

MOST = 500
"""Reporting API, pagination: rows of a page at most."""

# Reporting API, pagination: `page` is on its way out since November 2026, and `cursor` takes its place. Where the next
# cursor is told is not published. A Link header is followed; a full page without one is an answer by the old numbers.
PAGES = OrElse(
    NextUrl(Link(), size="per_page", most=MOST, start=(("cursor", "0"),)),
    PageNumber(page="page", size="per_page", most=MOST, end=End(link=True)),
    most=MOST,
)

# Reporting API, users and groups: the archived ones are a list of their own.
ACTIVE_AND_ARCHIVED = InTurn(PAGES, "status", ("active", "archived"))
ARCHIVED = Deleted("status", ("archived",))

DAILY = timedelta(days=1)
WEEKLY = timedelta(days=7)


def scores(name: str, path: str, **more: Any) -> Endpoint:
    """A score of each day for the last half year. What is older leaves the list, and is not deleted for that."""
    return Endpoint(
        name,
        path,
        key=("date",),
        changes=Changes("date", ask=InParams(()), kept_for=timedelta(days=183), only=True),
        may_be_empty=True,
        **more,
    )


SERVICE = Service(
    name="knowbe4",
    title="KnowBe4",
    category="security",
    base_url="https://{region}.api.knowbe4.com",
    settings=(
        Setting("region", default="us", help="where the account lies: us, eu, ca, uk or de"),
        Setting("requests_a_day", default="2000", help="2,000 and one for each licensed user"),
    ),
    secrets=("api_key",),
    # Reporting API, authentication: a key of the Reporting API, for one account. That of user events is another one.
    auth=Bearer("{api_key}"),
    account=("region", "api_key"),
    paging=PAGES,
    # Reporting API, rate limits: whoever asks for too much in a minute is locked out for about five. A day begins with
    # its first request.
    limits=Limits(
        rates=(
            Rate(4),
            Rate(50, per=timedelta(minutes=1)),
            Rate(2000, per=DAILY, setting="requests_a_day"),
        ),
        rest=timedelta(minutes=5),
    ),
    errors=Errors(code="error", message="message"),
    check="groups",
    # Reporting API: nothing can be asked for what changed, and no record tells when it did. The time of a last run, a
    # start or an enrolment stays while its record changes.
    endpoints=(
        Endpoint("account", "/v1/account", records_as="object", key=(), paging=SinglePage()),
        scores("account_risk_score_history", "/v1/account/risk_score_history", every=DAILY),
        Endpoint("users", "/v1/users", paging=ACTIVE_AND_ARCHIVED, deleted=ARCHIVED, canonical="contacts"),
        Endpoint("groups", "/v1/groups", paging=ACTIVE_AND_ARCHIVED, deleted=ARCHIVED),
        # One person is in many groups.
        Endpoint(
            "group_members",
            "/v1/groups/{group_id}/members",
            parent=Parent("groups", "group_id"),
            unique_under_parent=True,
            every=DAILY,
            may_be_empty=True,
        ),
        # One request for each person, of about as many as the account has for each of them in a day.
        scores(
            "user_risk_score_history",
            "/v1/users/{user_id}/risk_score_history",
            parent=Parent("users", "user_id"),
            unique_under_parent=True,
            every=WEEKLY,
        ),
        Endpoint(
            "phishing_campaigns",
            "/v1/phishing/campaigns",
            key=("campaign_id",),
            changes=None,
            canonical="projects",
            may_be_empty=True,
        ),
        Endpoint(
            "phishing_security_tests",
            "/v1/phishing/security_tests",
            key=("pst_id",),
            updated_at="started_at",
            may_be_empty=True,
        ),
        # The same tests once more, with the campaign they are of.
        Endpoint(
            "phishing_campaign_security_tests",
            "/v1/phishing/campaigns/{campaign_id}/security_tests",
            key=("pst_id",),
            parent=Parent("phishing_campaigns", "campaign_id"),
            changes=None,
            every=DAILY,
            may_be_empty=True,
        ),
        # Who opened, clicked and reported is counted while a test runs: those that began lately are read again.
        Endpoint(
            "phishing_recipients",
            "/v1/phishing/security_tests/{pst_id}/recipients",
            key=("recipient_id",),
            parent=Parent("phishing_security_tests", "pst_id"),
            changes=Changes(None, ask=InParams(()), overlap=timedelta(days=45)),
            relist=WEEKLY,
            every=DAILY,
            may_be_empty=True,
        ),
        # Without this parameter no more than ten rows come.
        Endpoint(
            "training_campaigns",
            "/v1/training/campaigns",
            key=("campaign_id",),
            params=(("exclude_percentages", "true"),),
            changes=None,
            may_be_empty=True,
        ),
        Endpoint(
            "training_enrollments",
            "/v1/training/enrollments",
            key=("enrollment_id",),
            params=(
                ("include_campaign_id", "true"),
                ("include_store_purchase_id", "true"),
                ("include_employee_number", "true"),
            ),
            changes=None,
            canonical="tasks",
            may_be_empty=True,
        ),
        # The page spells its key once like this, and everywhere else like that.
        Endpoint(
            "store_purchases",
            "/v1/training/store_purchases",
            key=("store_purchased_id|store_purchase_id",),
            changes=None,
            canonical="products",
            every=DAILY,
            may_be_empty=True,
        ),
        Endpoint("policies", "/v1/training/policies", key=("policy_id",), every=DAILY, may_be_empty=True),
    ),
)
