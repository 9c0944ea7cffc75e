"""IAM's decision over policies, as far as ours use its language: actions and resources with wildcards and policy
variables, explicit denials, and the conditions in `_OPERATORS`. Whatever else a policy says is an error, never ignored.

It follows https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Statement = Mapping[str, Any]
Context = Mapping[str, str | Sequence[str]]

_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_KNOWN = {"Sid", "Effect", "Action", "Resource", "Principal", "Condition"}


@dataclass(frozen=True)
class Request:
    """`context` holds the keys of conditions as AWS would set them for this call; a key it does not set is absent."""

    action: str
    resource: str
    context: Context = field(default_factory=dict[str, Any])


def allows(statements: Iterable[Statement], request: Request) -> bool:
    """Whether one statement allows it and none denies it."""
    matching = [statement for statement in statements if _matches(statement, request)]
    effects = {statement["Effect"] for statement in matching}
    return "Allow" in effects and "Deny" not in effects


def denies(statements: Iterable[Statement], request: Request) -> bool:
    """Whether one statement denies it, whatever others say."""
    return any(one["Effect"] == "Deny" and _matches(one, request) for one in statements)


def about(statements: Iterable[Statement], action: str) -> list[Statement]:
    """Those that say something of an action, whatever the resource."""
    return [statement for statement in statements if _is_about(statement, action)]


def _is_about(statement: Statement, action: str) -> bool:
    return any(_like(pattern.lower(), action.lower()) for pattern in _listed(statement["Action"]))


def _matches(statement: Statement, request: Request) -> bool:
    unknown = statement.keys() - _KNOWN
    if unknown:
        raise ValueError(f"a statement says {', '.join(sorted(unknown))}, which is not evaluated here")
    return (
        _is_about(statement, request.action)
        and _resource_matches(statement, request)
        and all(
            _condition_holds(operator, key, expected, request.context)
            for operator, keys in statement.get("Condition", {}).items()
            for key, expected in keys.items()
        )
    )


def _resource_matches(statement: Statement, request: Request) -> bool:
    # A trust policy has no resource: it is about the role that it belongs to.
    patterns = _listed(statement.get("Resource", "*"))
    return any(_matches_filled(pattern, request.resource, request.context) for pattern in patterns)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _like(pattern: str, text: str) -> bool:
    return re.fullmatch(_as_regex(pattern), text, re.DOTALL) is not None


def _as_regex(pattern: str) -> str:
    return "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)


def _matches_filled(pattern: str, text: str, context: Context) -> bool:
    """With policy variables filled in, whose values are taken literally. A variable without value matches nothing."""
    expression, end = "", 0
    for variable in _VARIABLE.finditer(pattern):
        value = context.get(variable.group(1))
        if not isinstance(value, str):
            return False
        expression += _as_regex(pattern[end : variable.start()]) + re.escape(value)
        end = variable.end()
    return re.fullmatch(expression + _as_regex(pattern[end:]), text, re.DOTALL) is not None


def _equals(expected: str, actual: str, context: Context) -> bool:
    filled = _VARIABLE.sub(lambda found: str(context.get(found.group(1), "\0")), expected)
    return filled == actual


_Compare = Callable[[str, str, Context], bool]
_OPERATORS: dict[str, _Compare] = {
    "StringEquals": _equals,
    "StringLike": _matches_filled,
    "ArnEquals": _matches_filled,
    "ArnLike": _matches_filled,
    "Bool": lambda expected, actual, _: expected.lower() == actual.lower(),
    "NumericLessThan": lambda expected, actual, _: float(actual) < float(expected),
}


def _condition_holds(operator: str, key: str, expected: Any, context: Context) -> bool:
    values = [str(value).lower() if isinstance(value, bool) else str(value) for value in _listed(expected)]
    actual = context.get(key)
    if operator == "Null":
        return (actual is None) == (values == ["true"])
    if operator.startswith("ForAllValues:"):
        compare = _OPERATORS[operator.removeprefix("ForAllValues:")]
        # True for a key that is absent, as AWS has it: the reason for a Null beside it.
        return all(any(compare(value, one, context) for value in values) for one in _listed(actual or []))
    if operator == "StringNotEquals":
        return actual is None or not any(_equals(value, str(actual), context) for value in values)
    compare = _OPERATORS[operator]
    return actual is not None and any(compare(value, str(actual), context) for value in values)
