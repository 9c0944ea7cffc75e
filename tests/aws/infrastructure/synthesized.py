"""The synthesized templates of an environment as one whole, with references followed to names and ARNs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ACCOUNT, REGION = "111111111111", "eu-central-1"

_PSEUDO = {"AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}

_ARNS = {
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{{name}}",
    "AWS::KMS::Key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{{name}}",
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{{name}}",
    "AWS::Lambda::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{name}}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{name}}",
    "AWS::SNS::Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:{{name}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{name}}:*",
    "AWS::StepFunctions::StateMachine": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{{name}}",
}
_NAMES = ("RoleName", "TableName", "FunctionName", "QueueName", "TopicName", "LogGroupName", "StateMachineName")
_ARN_IS_REFERENCE = {"AWS::SNS::Topic", "AWS::StepFunctions::StateMachine"}

Template = Mapping[str, Any]


@dataclass(frozen=True)
class Resource:
    stack: str
    id: str
    kind: str
    properties: Mapping[str, Any]
    whole: Mapping[str, Any]

    @property
    def name(self) -> str:
        given = next((self.properties[name] for name in _NAMES if name in self.properties), None)
        return given if isinstance(given, str) else f"{self.stack}-{self.id}".lower()

    @property
    def arn(self) -> str:
        return _ARNS.get(self.kind, f"arn:aws:other:{REGION}:{ACCOUNT}:{{name}}").format(name=self.name)


@dataclass(frozen=True)
class Synthesized:
    """`templates` by stack, without the prefix of the environment."""

    folder: Path
    templates: Mapping[str, Template]

    def all(self, kind: str) -> Iterator[Resource]:
        """All resources of a kind, with every reference in their properties followed."""
        for stack, template in self.templates.items():
            for id, found in template["Resources"].items():
                if found["Type"] == kind:
                    yield Resource(stack, id, kind, self.followed(stack, found.get("Properties", {})), found)

    def named(self, kind: str, name: str) -> Resource:
        found = [one for one in self.all(kind) if one.name == name]
        assert len(found) == 1, f"{len(found)} of {kind} have the name {name}"
        return found[0]

    def statements(self, role: str) -> list[Mapping[str, Any]]:
        """Of all policies of the role with that name."""
        arn = self.named("AWS::IAM::Role", role).name
        own = self.named("AWS::IAM::Role", role).properties.get("Policies", [])
        documents = [policy["PolicyDocument"] for policy in own]
        documents += [
            policy.properties["PolicyDocument"]
            for policy in self.all("AWS::IAM::Policy")
            if arn in policy.properties["Roles"]
        ]
        return [statement for document in documents for statement in document["Statement"]]

    def followed(self, stack: str, part: Any) -> Any:
        if isinstance(part, list):
            return [self.followed(stack, one) for one in part]
        if not isinstance(part, dict):
            return part
        if len(part) == 1:
            (function, value), *_ = part.items()
            if function == "Ref":
                return _PSEUDO.get(value) or self._reference(stack, value)
            if function == "Fn::GetAtt":
                return self._attribute(stack, *value)
            if function == "Fn::Join":
                return value[0].join(str(one) for one in self.followed(stack, value[1]))
            if function == "Fn::ImportValue":
                return self._imported(self.followed(stack, value))
            if function == "Fn::GetStackOutput":
                raise NotImplementedError(function)
        return {name: self.followed(stack, entry) for name, entry in part.items()}

    def _resource(self, stack: str, id: str) -> Resource:
        found = self.templates[stack]["Resources"][id]
        named = {
            name: self.followed(stack, value) for name, value in found.get("Properties", {}).items() if name in _NAMES
        }
        return Resource(stack, id, found["Type"], named, found)

    def _reference(self, stack: str, id: str) -> str:
        if id in self.templates[stack].get("Parameters", {}):
            return str(self.templates[stack]["Parameters"][id].get("Default", id))
        found = self._resource(stack, id)
        return found.arn if found.kind in _ARN_IS_REFERENCE else found.name

    def _attribute(self, stack: str, id: str, attribute: str) -> str:
        found = self._resource(stack, id)
        return found.arn if attribute in ("Arn", "TopicArn") else f"{found.name}.{attribute}"

    def _imported(self, name: str) -> Any:
        for stack, template in self.templates.items():
            for output in template.get("Outputs", {}).values():
                if self.followed(stack, output.get("Export", {}).get("Name")) == name:
                    return self.followed(stack, output["Value"])
        raise KeyError(name)


def read(folder: Path, prefix: str) -> Synthesized:
    files = sorted(folder.glob(f"{prefix}-*.template.json"))
    return Synthesized(
        folder,
        {
            file.name.removeprefix(f"{prefix}-").removesuffix(".template.json"): json.loads(file.read_text("utf-8"))
            for file in files
        },
    )
