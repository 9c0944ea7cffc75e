"""A client of AWS whose calls can go wrong on their way: an answer is lost after the call was carried out, or never."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError


class BentClient:
    """Passes every call on. `calls` names them; `bends` has for a call's name what to do instead, once each."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: list[str] = []
        self.bends: dict[str, list[Callable[[Callable[..., Any], dict[str, Any]], Any]]] = {}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._client, name)

        def made(**request: Any) -> Any:
            self.calls.append(name)
            waiting = self.bends.get(name)
            return waiting.pop(0)(call, request) if waiting else call(**request)

        return made

    def lose_the_answer_to(self, name: str) -> None:
        """The next such call is carried out, its answer lost, and the call sent again, as the library does."""

        def twice(call: Callable[..., Any], request: dict[str, Any]) -> Any:
            call(**request)
            return call(**request)

        self.bends.setdefault(name, []).append(twice)

    def before(self, name: str, what: Callable[[], Any]) -> None:
        """Something else happens right before the next such call."""

        def after_it(call: Callable[..., Any], request: dict[str, Any]) -> Any:
            what()
            return call(**request)

        self.bends.setdefault(name, []).append(after_it)

    def refuse(self, name: str, code: str) -> None:
        def refused(call: Callable[..., Any], request: dict[str, Any]) -> Any:
            error = {"Error": {"Code": code, "Message": f"User arn:aws:sts::1:x is not s3cr3t {request}"}}
            raise ClientError(error, name)  # type: ignore[arg-type]

        self.bends.setdefault(name, []).append(refused)

    def cut(self, name: str) -> None:
        """No answer ever comes, though the call was carried out."""

        def silent(call: Callable[..., Any], request: dict[str, Any]) -> Any:
            call(**request)
            raise ReadTimeoutError(endpoint_url="https://dynamodb.example")

        self.bends.setdefault(name, []).append(silent)
