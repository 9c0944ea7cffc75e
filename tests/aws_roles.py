"""The rights of the stacks' roles, as `make test-infra` finds them in the templates and holds them to `roles.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from iam_policies import Request, Statement, about, allows

FILE = Path(__file__).parent / "aws" / "roles.json"
TENANT, OPERATOR = "tenant", "operator"
FUNCTIONS = ("plan", "ingestion", "transform", "report")
TAG = "tenant_id"


@dataclass(frozen=True)
class Roles:
    """`rights` by role. `trust` says who may become a tenant. `bucket` is the ARN of the bucket that they know."""

    bucket: str
    trust: Sequence[Statement]
    rights: Mapping[str, Sequence[Statement]]

    def allow(self, role: str, tenant: str | None, requests: Sequence[Request]) -> bool:
        """Whether a role, in the session of a tenant or in none, has the right to all that is asked for."""
        tag = {} if tenant is None else {f"aws:PrincipalTag/{TAG}": tenant}
        asked = [Request(one.action, one.resource, {**one.context, **tag}) for one in requests]
        return all(allows(_about(role, one.action), one) for one in asked)

    def let_become(self, role: str, requests: Sequence[Request]) -> bool:
        """Whether both sides agree: the role that asks may, and the tenants' role lets it."""
        return self.allow(role, None, requests) and all(allows(self.trust, one) for one in requests)


@cache
def _about(role: str, action: str) -> list[Statement]:
    """Of each action once, since tests ask for the same few again and again."""
    return about(roles().rights[role], action)


@cache
def roles() -> Roles:
    return Roles(**json.loads(FILE.read_text(encoding="utf-8")))
