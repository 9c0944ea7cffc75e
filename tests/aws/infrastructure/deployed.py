"""The synthesized stacks, deployed on a stand-in for AWS, with stubs or with our own handlers in the Lambdas.

The stand-in follows the language of state machines, with exceptions that are made up for here or left out: where a
distributed map reads its items, it knows no JSONata, so these two places are written in JSONPath; it writes no results
to S3, so nothing is said of these; it has no IAM, which `test_rights.py` decides instead; and it knows no composite
alarms, so the stack of alarms is looked at as a template only.
"""

from __future__ import annotations

import io
import json
import os
import socket
import stat
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aws.infrastructure.synthesized import Synthesized

STUB = Path(__file__).with_name("stub_lambda.py")
ORDER = ("storage", "integrations", "transform", "workflow")
PREFIX = "avesa-prod"
_START_SECONDS = 30
_RUN_SECONDS = 60


@dataclass(frozen=True)
class Run:
    """An execution that has ended. `items` are the outcomes of the services of tenants, `failed` the errors of those
    that broke.
    """

    arn: str
    status: str
    output: Any
    error: str | None
    items: list[dict[str, Any]]
    failed: list[str]


@dataclass(frozen=True)
class Deployed:
    endpoint: str
    folder: Path
    clients: Mapping[str, Any]

    def run(
        self, items: list[dict[str, Any]], event: Mapping[str, Any] | None = None, *, name: str, failed: int = 0
    ) -> Run:
        """Start a sync whose plan has these items and whose report counts so many failures; wait for its end."""
        (self.folder / "items.json").write_text(json.dumps(items), encoding="utf-8")
        (self.folder / "report.json").write_text(
            json.dumps({"items": len(items), "failed": ["a line for each"] * failed}), encoding="utf-8"
        )
        return self.start(event or {}, name=name)

    def start(self, event: Mapping[str, Any], *, name: str) -> Run:
        (self.folder / "calls.jsonl").write_text("", encoding="utf-8")
        states = self.clients["stepfunctions"]
        started = states.start_execution(stateMachineArn=self.machine, name=name, input=json.dumps(event))
        return self.ended(started["executionArn"])

    def ended(self, arn: str) -> Run:
        states = self.clients["stepfunctions"]
        description = _until(
            lambda: states.describe_execution(executionArn=arn),
            lambda found: found["status"] != "RUNNING",
            _RUN_SECONDS,
        )
        children = [
            states.describe_execution(executionArn=child["executionArn"])
            for run in states.list_map_runs(executionArn=arn)["mapRuns"]
            for child in states.list_executions(mapRunArn=run["mapRunArn"])["executions"]
        ]
        return Run(
            arn,
            description["status"],
            json.loads(description["output"]) if description.get("output") else None,
            description.get("error"),
            [json.loads(child["output"]) for child in children if child["status"] == "SUCCEEDED"],
            [child.get("error", "") for child in children if child["status"] != "SUCCEEDED"],
        )

    @property
    def machine(self) -> str:
        machines = self.clients["stepfunctions"].list_state_machines()["stateMachines"]
        (arn,) = [one["stateMachineArn"] for one in machines if one["name"] == f"{PREFIX}-sync"]
        return str(arn)

    def calls(self, handler: str) -> list[dict[str, Any]]:
        """What the stubs of that handler were called with, in order."""
        lines = (self.folder / "calls.jsonl").read_text(encoding="utf-8").splitlines()
        return [call for call in map(json.loads, lines) if call["handler"] == handler]


@contextmanager
def deployed(
    synthesized: Synthesized, folder: Path, *, program: Path = STUB, python: str = sys.executable
) -> Iterator[Deployed]:
    """`program` is what every Lambda runs, as a custom runtime, with that Python."""
    import boto3

    port = _free_port()
    endpoint = f"http://127.0.0.1:{port}"
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-central-1"}
    environment = {
        **os.environ,
        **keys,
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL": endpoint,
        "SFN_WAIT_SCALE": "0",
        "STUB_FOLDER": str(folder),
    }
    with (folder / "stand-in.log").open("wb") as log:
        server = subprocess.Popen([sys.executable, "-m", "ministack"], env=environment, stdout=log, stderr=log)
        try:
            _until(lambda: _answers(endpoint, server, folder), bool, _START_SECONDS)
            session = boto3.Session("test", "test", region_name="eu-central-1")
            names = ("cloudformation", "s3", "stepfunctions", "sns", "sqs", "dynamodb", "scheduler")
            clients = {name: session.client(name, endpoint_url=endpoint) for name in names}
            _deploy(synthesized, clients, endpoint, _zipped(program, python))
            yield Deployed(endpoint, folder, clients)
        finally:
            server.kill()
            server.wait()


def _deploy(synthesized: Synthesized, clients: Mapping[str, Any], endpoint: str, program: bytes) -> None:
    formation, store = clients["cloudformation"], clients["s3"]
    store.create_bucket(Bucket="assets", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    store.put_object(Bucket="assets", Key="program.zip", Body=program)
    for stack in ORDER:
        template = _for_the_stand_in(synthesized.templates[stack])
        name = f"{PREFIX}-{stack}"
        store.put_object(Bucket="assets", Key=f"{name}.json", Body=json.dumps(template).encode())
        formation.create_stack(
            StackName=name, TemplateURL=f"{endpoint}/assets/{name}.json", Capabilities=["CAPABILITY_NAMED_IAM"]
        )
        found = _until(
            lambda name=name: formation.describe_stacks(StackName=name)["Stacks"][0],
            lambda one: not one["StackStatus"].endswith("_IN_PROGRESS"),
            _RUN_SECONDS,
        )
        assert found["StackStatus"] == "CREATE_COMPLETE", [
            f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}"
            for event in formation.describe_stack_events(StackName=name)["StackEvents"]
            if "FAILED" in event["ResourceStatus"]
        ]


def _for_the_stand_in(template: Mapping[str, Any]) -> dict[str, Any]:
    changed: dict[str, Any] = json.loads(json.dumps({name: part for name, part in template.items() if name != "Rules"}))
    changed.pop("Parameters", None)
    for resource in changed["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Lambda::Function":
            properties["Code"] = {"S3Bucket": "assets", "S3Key": "program.zip"}
            properties["Runtime"] = "provided.al2023"
            properties.pop("ReservedConcurrentExecutions", None)
            properties.pop("Layers", None)
        if resource["Type"] == "AWS::Lambda::LayerVersion":
            properties["Content"] = {"S3Bucket": "assets", "S3Key": "program.zip"}
        if resource["Type"] == "AWS::StepFunctions::StateMachine":
            properties["DefinitionString"] = _reads_by_path(properties["DefinitionString"])
    return changed


def _reads_by_path(definition: str) -> str:
    machine = json.loads(definition)
    arguments = machine["States"]["EachServiceOfATenant"]["ItemReader"]["Arguments"]
    assert arguments == {"Bucket": "{% $states.input.bucket %}", "Key": "{% $states.input.key %}"}
    machine["States"]["EachServiceOfATenant"]["ItemReader"]["Arguments"] = {"Bucket.$": "$.bucket", "Key.$": "$.key"}
    return json.dumps(machine)


def _zipped(program: Path, python: str) -> bytes:
    first, _, rest = program.read_text(encoding="utf-8").partition("\n")
    assert first.startswith("#!")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = (stat.S_IFREG | 0o755) << 16
        file.writestr(entry, f"#!{python}\n{rest}")
    return packed.getvalue()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(endpoint: str, server: subprocess.Popen[bytes], folder: Path) -> bool:
    assert server.poll() is None, (folder / "stand-in.log").read_text(encoding="utf-8")
    try:
        urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=2).close()
    except (urllib.error.URLError, OSError):
        return False
    return True


def _until(look: Any, enough: Any, seconds: float) -> Any:
    """Looks again until it is enough. The stand-in tells nobody when it is done, so there is no other way."""
    import time

    end = time.monotonic() + seconds
    while not enough(found := look()):
        assert time.monotonic() < end, f"still {found}"
        time.sleep(0.02)
    return found
