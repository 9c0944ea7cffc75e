"""Findings of cdk-nag that do not apply, each with its reason. Both packs know some rules by names of their own."""

from __future__ import annotations

from cdk_nag import NagPackSuppression, NagSuppressions
from constructs import Construct

_RULES = {
    "IAM5": ("AwsSolutions-IAM5",),
    "L1": ("AwsSolutions-L1", "Serverless-LambdaLatestVersion"),
    "S1": ("AwsSolutions-S1",),
    "SQS3": ("AwsSolutions-SQS3", "Serverless-SQSRedrivePolicy"),
}


def suppress(scope: Construct, rule: str, reason: str) -> None:
    NagSuppressions.add_resource_suppressions(
        scope, [NagPackSuppression(id=name, reason=reason) for name in _RULES[rule]], apply_to_children=True
    )
