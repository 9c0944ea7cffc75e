#!/usr/bin/env python3
"""A Lambda that runs our own handler, as a custom runtime, so that the errors that it raises keep their names."""

import json
import os
import urllib.error
import urllib.request
from pathlib import Path

FOLDER = Path(os.environ["STUB_FOLDER"])
os.environ["AVESA_SCRATCH"] = str(FOLDER / f"scratch-{os.getpid()}")

from avesa.aws import handlers  # noqa: E402 — it reads the environment

RUNTIME = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
NAME = os.environ["_HANDLER"].rpartition(".")[2]
HANDLER = getattr(handlers, NAME)


class Context:
    aws_request_id = "request"

    def get_remaining_time_in_millis(self):
        return 300_000


def post(path, body):
    urllib.request.urlopen(urllib.request.Request(f"{RUNTIME}/{path}", data=json.dumps(body).encode())).close()


def kept(event, error):
    line = json.dumps({"handler": NAME, "event": event, "error": error})
    with (FOLDER / "calls.jsonl").open("a", encoding="utf-8") as file:
        file.write(line + "\n")


while True:
    try:
        with urllib.request.urlopen(f"{RUNTIME}/next") as response:
            request_id = response.headers["Lambda-Runtime-Aws-Request-Id"]
            event = json.load(response)
    except (urllib.error.URLError, OSError):
        break
    try:
        answer = HANDLER(event, Context())
    except Exception as error:
        kept(event, type(error).__name__)
        post(f"{request_id}/error", {"errorType": type(error).__name__, "errorMessage": str(error)})
    else:
        kept(event, None)
        post(f"{request_id}/response", answer)
