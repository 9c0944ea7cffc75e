"""A state machine that says what a test tells it to say of a run."""

from __future__ import annotations

from typing import Any


class Machine:
    """Gives these descriptions one after the other, the last one again and again."""

    def __init__(self, *told: dict[str, Any]) -> None:
        self.told, self.asked, self.started = list(told), 0, list[dict[str, Any]]()

    def start_execution(self, **request: Any) -> dict[str, Any]:
        self.started.append(request)
        return {"executionArn": "arn:run"}

    def describe_execution(self, **request: Any) -> dict[str, Any]:
        assert request == {"executionArn": "arn:run"}
        self.asked += 1
        return self.told.pop(0) if len(self.told) > 1 else self.told[0]

    def close(self) -> None:
        """Nothing is open."""
