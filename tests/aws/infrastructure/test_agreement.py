"""The stacks and the code agree on names that stand in both, since neither can import the other."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from aws.infrastructure.rights import ACTING, BY_HAND, OPERATOR, TENANT_ROLE
from aws.infrastructure.synthesized import Synthesized

pytest.importorskip("aws_cdk", reason="the stacks have an environment of their own: make test-infra")

CODE = Path(__file__).resolve().parents[3] / "src" / "avesa" / "aws"
if not CODE.is_dir():
    pytest.skip("src/avesa/aws is not there, so there is nothing to agree with", allow_module_level=True)


def texts() -> set[str]:
    """Every text that stands in the code."""
    return {
        node.value
        for file in CODE.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_the_keys_of_the_tables_are_those_that_the_code_writes(synthesized: Synthesized) -> None:
    keys = {
        key["AttributeName"]
        for table in synthesized.all("AWS::DynamoDB::Table")
        for key in table.properties["KeySchema"]
    }
    assert keys - texts() == set()


def test_the_variables_of_the_lambdas_are_those_that_the_code_reads(synthesized: Synthesized) -> None:
    given = {
        name
        for function in synthesized.all("AWS::Lambda::Function")
        if function.name.startswith("avesa-")
        for name in function.properties.get("Environment", {}).get("Variables", {})
    }
    assert given - texts() == set()


def test_the_numbers_that_are_watched_are_written(synthesized: Synthesized) -> None:
    (dashboard,) = synthesized.all("AWS::CloudWatch::Dashboard")
    watched = set(re.findall(r'\["AVESA","(\w+)"', dashboard.properties["DashboardBody"]))
    assert len(watched) == 10
    assert watched | {"env", "service", "table"} <= texts()


def written() -> set[tuple[str, tuple[str, ...]]]:
    """Each number that a function measures, with its dimensions besides the environment."""
    return {
        (key.value, tuple(str(keyword.arg) for keyword in call.keywords))
        for file in CODE.glob("*.py")
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "measure"
        for numbers in call.args
        if isinstance(numbers, ast.Dict)
        for key in numbers.keys
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }


def test_what_is_written_is_watched_by_the_dimensions_that_it_has_and_nothing_else_is_paid_for() -> None:
    from infrastructure.constructs import metrics

    watched = {
        *((name, ("service",)) for name in metrics.OF_A_SERVICE),
        *((name, ("table",)) for name in metrics.OF_A_TABLE),
        (metrics.SYNC_HEARTBEAT, ()),
    }
    assert written() == watched


SERVICES = {
    "DynamoDb": "dynamodb",
    "Glue": "glue",
    "Scheduler": "scheduler",
    "SecretsManager": "secretsmanager",
    "Ssm": "ssm",
    "StepFunctions": "states",
    "Sts": "sts",
}
"""The clients of `clients.py`, which declares every call that is made of them, and their services in policies."""
ASKED_OTHERWISE = {
    "dynamodb:TransactWriteItems": {f"dynamodb:{one}" for one in ("PutItem", "DeleteItem", "ConditionCheckItem")},
    "sts:AssumeRole": {"sts:AssumeRole", "sts:TagSession"},
    "scheduler:CreateSchedule": {"scheduler:CreateSchedule", "iam:PassRole"},
}
"""Calls that IAM is asked of by other names."""


def calls() -> set[str]:
    """All that the code calls at AWS, S3 left out, as IAM is asked for it."""
    tree = ast.parse((CODE / "clients.py").read_text(encoding="utf-8"))
    declared = {
        f"{SERVICES[found.name]}:{''.join(word.title() for word in call.name.split('_'))}"
        for found in tree.body
        if isinstance(found, ast.ClassDef) and found.name in SERVICES
        for call in found.body
        if isinstance(call, ast.FunctionDef) and call.name != "close"
    }
    return {one for call in declared for one in ASKED_OTHERWISE.get(call, {call})}


def test_what_the_code_calls_is_granted_to_one_who_calls_it_and_nothing_else(synthesized: Synthesized) -> None:
    roles = [TENANT_ROLE, OPERATOR, *ACTING, *(f"avesa-prod-{name}-execution" for name in ("plan", "report"))]
    granted = {
        action
        for role in roles
        for one in synthesized.statements(role)
        if one["Effect"] == "Allow"
        for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
    }
    ours = {"iam", *SERVICES.values()}
    assert {action for action in granted if action.partition(":")[0] in ours} - BY_HAND == calls()


def test_handlers_are_in_the_code(synthesized: Synthesized) -> None:
    names = {function.properties["Handler"] for function in synthesized.all("AWS::Lambda::Function")}
    ours = {name.rpartition(".")[2] for name in names if name.startswith("avesa.aws.handlers.")}
    assert ours == {"ingestion", "transform", "plan", "report"} <= texts()
