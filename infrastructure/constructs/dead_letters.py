"""A queue for events that no function, schedule or rule could deliver, for a person to look at; one in each stack."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infrastructure import names
from infrastructure.constructs.suppressions import suppress
from infrastructure.environment import Environment


def dead_letters(scope: Construct, part: str, environment: Environment) -> sqs.Queue:
    queue = sqs.Queue(
        scope,
        "DeadLetters",
        queue_name=names.dead_letters(environment, part),
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=Duration.days(14),
    )
    suppress(queue, "SQS3", "It is the dead-letter queue itself.")
    return queue
