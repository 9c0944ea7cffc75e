"""The Runtime API of Lambda on loopback, and a function of a built bundle behind AWS's own runtime client."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from served import served

RUNTIME = ("awslambdaric", "simplejson", "snapshot-restore-py")
"""What the runtime is, and below what it has beside: both lie next to a bundle and not in it."""
RUNTIME_HAS = ("botocore", "jmespath", "python-dateutil", "six", "urllib3")
_LONGEST = 120.0


class LambdaError(Exception):
    """What a function raised, as the workflow sees it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind


@dataclass
class Function:
    """One environment of a function. `init_seconds` are from its start to its first question for work."""

    calls: queue.Queue[tuple[str, bytes, int]] = field(default_factory=queue.Queue)
    answers: queue.Queue[tuple[str, Any]] = field(default_factory=queue.Queue)
    ready: threading.Event = field(default_factory=threading.Event)
    started: float = 0.0
    init_seconds: float = 0.0
    init_cpu_seconds: float = 0.0

    def call(self, event: Any, milliseconds: int = 60_000) -> Any:
        """Its answer. Raises LambdaError for what it raised."""
        self.calls.put((str(uuid.uuid4()), json.dumps(event).encode(), milliseconds))
        kind, answer = self.answers.get(timeout=_LONGEST)
        if kind == "response":
            return answer
        raise LambdaError(answer.get("errorType", kind), answer.get("errorMessage", ""))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        function = self.server.function
        if not function.ready.is_set():
            function.init_seconds = time.monotonic() - function.started
            function.ready.set()
        request, body, milliseconds = function.calls.get()
        self._answer(
            200,
            body,
            {
                "Lambda-Runtime-Aws-Request-Id": request,
                "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000) + milliseconds),
                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:tests",
            },
        )

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"null")
        kind = self.path.rpartition("/")[2]
        self._answer(202, b"{}", {})
        self.server.function.answers.put((kind, body))
        self.server.function.ready.set()

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response_only(status)
        for name, value in {**headers, "Content-Length": str(len(body)), "Content-Type": "application/json"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    function: Function

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A function that is ended leaves its question for work unanswered."""


@contextmanager
def running(
    handler: str,
    bundle: Path,
    runtime: Path,
    environment: Mapping[str, str],
    *,
    python: str = sys._base_executable,  # type: ignore[attr-defined]
    log: Path | None = None,
    layer: Path | None = None,
) -> Iterator[Function]:
    """A function that has initialised, until the end of the block. `bundle`, `layer` and `runtime` are folders; nothing
    else that is installed can be imported. What it prints goes to `log`.
    """
    server = _Server(("127.0.0.1", 0), _Handler)
    server.function = function = Function()
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "TMPDIR", "LANG")}
    own = {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}",
        "AWS_LAMBDA_FUNCTION_NAME": "tests",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
        "AWS_LAMBDA_LOG_STREAM_NAME": "tests",
        "_HANDLER": handler,
        "LAMBDA_TASK_ROOT": str(bundle),
        "PYTHONPATH": os.pathsep.join(map(str, (bundle, *([layer / "python"] if layer else []), runtime))),
        "PYTHONNOUSERSITE": "1",
    }
    with served(server), (log or Path(os.devnull)).open("ab") as out:
        function.started = time.monotonic()
        process = subprocess.Popen(
            [python, "-S", "-m", "awslambdaric", handler],
            cwd=bundle,
            env={**kept, **environment, **own},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            if not function.ready.wait(_LONGEST):
                raise TimeoutError(f"{handler} did not initialise in {_LONGEST:g} s")
            if not function.init_seconds:
                raise LambdaError("init", str(function.answers.get(timeout=1)[1]))
            function.init_cpu_seconds = _cpu_seconds(process.pid)
            yield function
        finally:
            process.kill()
            process.wait()


def _cpu_seconds(pid: int) -> float:
    """What a process has used of a core so far, which other work on the machine does not lengthen as it does time."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
