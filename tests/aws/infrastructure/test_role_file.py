"""The rights of the roles as other tests know them, which cannot synthesize, are those of the templates."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aws.infrastructure.rights import OPERATOR, TENANT_ROLE, bucket
from aws.infrastructure.synthesized import ACCOUNT, REGION, Synthesized
from aws.infrastructure.test_role_rights import trust
from aws_requests import ACCOUNT as KNOWN_ACCOUNT
from aws_requests import REGION as KNOWN_REGION
from aws_roles import FILE, FUNCTIONS

pytest.importorskip("aws_cdk", reason="the stacks have an environment of their own: make test-infra")


def test_the_rights_that_other_tests_grant_are_those_of_the_roles(synthesized: Synthesized, tmp_path: Path) -> None:
    names = {name: f"avesa-prod-{name}-execution" for name in FUNCTIONS}
    rights = {name: synthesized.statements(role) for name, role in names.items()}
    rights |= {"tenant": synthesized.statements(TENANT_ROLE), "operator": synthesized.statements(OPERATOR)}
    found = {"bucket": bucket(synthesized), "trust": trust(synthesized), "rights": rights}
    fresh = tmp_path / FILE.name
    fresh.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")

    assert (KNOWN_ACCOUNT, KNOWN_REGION) == (ACCOUNT, REGION)
    told = f"The rights of roles have changed. Where that is meant: cp {fresh} {FILE}"
    assert FILE.is_file() and json.loads(FILE.read_text(encoding="utf-8")) == found, told
