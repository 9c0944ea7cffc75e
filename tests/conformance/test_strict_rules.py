"""Rules that somebody is still writing: what they leave out, and what cannot be followed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx2

from avesa.sandbox.vendor.server import Serving, strict_vendor
from conformance.every_walk import WALKS
from conformance.walks import NOW, Answer, Ask, send

SERVICE, TABLE = "google_workspace", "customer_usage_reports"


def asked(serving: Serving, day: str) -> Answer:
    path = serving.vendor.contract.tables[TABLE].path.replace("{date}", day)
    with httpx2.Client(timeout=20) as client:
        return send(serving, client, Ask(path, ()), WALKS[SERVICE].enter(serving, client))


def rule(serving: Serving) -> dict[str, Any]:
    (found,) = serving.vendor.contract.tables[TABLE].rules["changes"]
    assert isinstance(found, dict)
    return found


def test_a_day_in_the_path_lags_where_the_rule_says_so() -> None:
    with strict_vendor(SERVICE, clock=lambda: NOW) as serving:
        assert asked(serving, NOW.date().isoformat()).status_code == 400
        rule(serving).pop("lags")
        assert asked(serving, NOW.date().isoformat()).status_code == 200
        assert asked(serving, (NOW - timedelta(days=9)).date().isoformat()).status_code == 200
        assert serving.vendor.violations == []


def test_a_rule_that_cannot_be_followed_is_named_and_not_asked_about_again() -> None:
    with strict_vendor(SERVICE, clock=lambda: NOW) as serving:
        rule(serving).pop("form")
        answer = asked(serving, NOW.date().isoformat())
        assert answer.status_code == 501
        (noted,) = serving.vendor.violations
        assert f"the rules of {TABLE} cannot be followed: KeyError 'form' (listing.py, line " in noted
