#!/usr/bin/env python3
"""A Lambda with nothing behind it, as a custom runtime, so that the errors that it raises keep their names.

What it does follows from the table's name: `busy_2` is Busy twice and then done, `calls_3` is done at the third call,
`unavailable_1` is Unavailable once, `timedout_1` dies once, `endless` is never done, `poison` raises ValueError. What
it was called with is a line in STUB_FOLDER/calls.jsonl.
"""

import json
import os
import urllib.error
import urllib.request
from pathlib import Path

RUNTIME = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
FOLDER = Path(os.environ["STUB_FOLDER"])
HANDLER = os.environ["_HANDLER"].rpartition(".")[2]
ERRORS = {"busy": "Busy", "unavailable": "Unavailable", "timedout": "Sandbox.Timedout", "poison": "ValueError"}


class Raised(Exception):
    pass


def counted(event):
    """How often this was called for the same thing in the same run, this time included."""
    line = json.dumps({"handler": HANDLER, "function": os.environ["AWS_LAMBDA_FUNCTION_NAME"], "event": event})
    with (FOLDER / "calls.jsonl").open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    lines = (FOLDER / "calls.jsonl").read_text(encoding="utf-8").splitlines()
    return sum(json.loads(one)["event"] == event and json.loads(one)["handler"] == HANDLER for one in lines)


def plan(event):
    if event.get("broken"):
        raise Raised("ConfigurationError")
    items = [{**item, "run_id": event["run_id"]} for item in json.loads((FOLDER / "items.json").read_text("utf-8"))]
    key = f"_runs/{event['run_id']}/plan.json"
    address = f"{os.environ['AWS_ENDPOINT_URL']}/{os.environ['BUCKET_NAME']}/{key}"
    request = urllib.request.Request(address, data=json.dumps(items).encode(), method="PUT")
    urllib.request.urlopen(request).close()
    return {"run_id": event["run_id"], "bucket": os.environ["BUCKET_NAME"], "key": key, "items": len(items)}


def work(event, calls):
    kind, _, times = event["table"].partition("_")
    if kind in ERRORS and (not times or calls <= int(times)):
        raise Raised(ERRORS[kind])
    done = kind != "endless" and (kind != "calls" or calls >= int(times))
    return {"done": done, "status": "ok", "table": event["table"], "rows": 3}


def answer(event):
    calls = counted(event)
    if HANDLER == "plan":
        return plan(event)
    if HANDLER == "report":
        return json.loads((FOLDER / "report.json").read_text("utf-8"))
    return work(event, calls)


def post(path, body):
    urllib.request.urlopen(urllib.request.Request(f"{RUNTIME}/{path}", data=json.dumps(body).encode())).close()


while True:
    try:
        with urllib.request.urlopen(f"{RUNTIME}/next") as response:
            request_id = response.headers["Lambda-Runtime-Aws-Request-Id"]
            event = json.load(response)
    except (urllib.error.URLError, OSError):
        break
    try:
        post(f"{request_id}/response", answer(event))
    except Raised as error:
        post(f"{request_id}/error", {"errorType": str(error), "errorMessage": "as it was told"})
