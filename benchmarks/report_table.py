"""How the report writes tables and figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.goals import Goal


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|---" + "|---:" * (len(head) - 1) + "|"
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def shown(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)


def goals_table(goals: Iterable[Goal]) -> Iterable[str]:
    return table(("goal", "wanted", "measured", "without start", ""), [_goal(goal) for goal in goals])


def same(differences: Sequence[str], what: str) -> str:
    """The last line of a part: `what` was the same, or what was not."""
    if differences:
        return "\nThe results were NOT equal: " + "; ".join(differences) + "."
    return f"\nIn this run {what}."


def _goal(goal: Goal) -> tuple[str, ...]:
    verdict = {True: "reached", False: "**not reached**", None: ""}[goal.is_reached]
    return goal.what, goal.wanted, goal.measured, goal.measured_work, verdict
