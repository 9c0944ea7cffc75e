"""The workflow of a sync: its two own Lambdas, the state machine, what starts it and what tells that it failed."""

from __future__ import annotations

import json
from typing import Any

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infrastructure import names
from infrastructure.constructs.dead_letters import dead_letters
from infrastructure.constructs.lambda_function import LambdaFunction, Shared, bundle, execution_role, log_group
from infrastructure.constructs.suppressions import suppress
from infrastructure.environment import FunctionSize
from infrastructure.stacks.storage_and_state import StorageAndState
from infrastructure.workflow.definition import definition

PLAN = FunctionSize(memory_mb=1769)
"""One core: a plan takes 3 ms of it for each service of a tenant."""
REPORT = FunctionSize(memory_mb=1769)


class Workflow(Stack):
    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        shared: Shared,
        storage: StorageAndState,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id, **kwargs)
        self._shared, self._storage = shared, storage
        self._environment = shared.environment
        self._undelivered = dead_letters(self, "workflow", self._environment)
        self.alerts = self._alerts()
        self._functions()
        self.state_machine = self._state_machine()
        self._tell_of_broken_runs()
        self._schedules()

    def _alerts(self) -> sns.Topic:
        key = kms.Key(
            self,
            "AlertsKey",
            description=f"Alerts, {self._environment.name}",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.DESTROY,
        )
        for service in ("cloudwatch", "events"):
            key.grant_encrypt_decrypt(iam.ServicePrincipal(f"{service}.amazonaws.com"))
        topic = sns.Topic(
            self, "Alerts", topic_name=f"{self._environment.prefix}-alerts", master_key=key, enforce_ssl=True
        )
        topic.grant_publish(iam.ServicePrincipal("cloudwatch.amazonaws.com"))
        if self._environment.alarm_email is not None:
            topic.add_subscription(
                subscriptions.EmailSubscription(self._environment.alarm_email, dead_letter_queue=self._undelivered)
            )
        return topic

    def _functions(self) -> None:
        environment, storage = self._environment, self._storage
        code = bundle(self._shared, "ingestion")
        planning = self._shared.with_variables({"SCHEDULE_GROUP": names.schedule_group(environment)})
        own = {
            "plan": (
                names.plan_function(environment),
                PLAN,
                [
                    _table_read("WhichTenantsThereAre", storage.tenant_services.table_arn),
                    _table_read("WhatIsDue", storage.last_updated.table_arn),
                    *_tenants_mappings(storage),
                    *_runs(storage, "s3:GetObject", "s3:PutObject"),
                    iam.PolicyStatement(
                        sid="WhatIsSyncedByItself", actions=["scheduler:ListSchedules"], resources=["*"]
                    ),
                ],
            ),
            "report": (
                names.report_function(environment),
                REPORT,
                [
                    _table_read("WhatWasDone", storage.run_log.table_arn),
                    *_runs(storage, "s3:GetObject", "s3:PutObject"),
                ],
            ),
        }
        for handler, (name, size, statements) in own.items():
            role = execution_role(
                self,
                f"{handler.capitalize()}Role",
                name=names.execution_role(environment, handler),
                functions=[name],
                statements=statements,
            )
            LambdaFunction(
                self,
                handler.capitalize(),
                shared=planning if handler == "plan" else self._shared,
                name=name,
                handler=handler,
                code=code,
                size=size,
                role=role,
                dead_letters=self._undelivered,
            )

    def _state_machine(self) -> sfn.StateMachine:
        environment = self._environment
        functions = [
            # One name for all of them: a policy has no room for as many names as there may be services.
            names.ingestion_function(environment, "*"),
            names.transform_function(environment),
            names.plan_function(environment),
            names.report_function(environment),
        ]
        arn = names.state_machine_arn(self, environment)
        role = iam.Role(
            self,
            "SyncRole",
            role_name=f"{environment.prefix}-sync",
            assumed_by=iam.ServicePrincipal("states.amazonaws.com"),
        )
        for statement in (
            iam.PolicyStatement(
                sid="CallTheFunctions",
                actions=["lambda:InvokeFunction"],
                resources=[names.function_arn(self, name) for name in functions],
            ),
            iam.PolicyStatement(sid="StartChildren", actions=["states:StartExecution"], resources=[arn]),
            iam.PolicyStatement(
                sid="WatchChildren",
                actions=["states:DescribeExecution", "states:StopExecution", "states:RedriveExecution"],
                resources=[
                    names.executions_arn(self, environment),
                    names.executions_arn(self, environment, children=True),
                ],
            ),
            # What a map writes of its children may take an upload in parts.
            *_runs(
                self._storage,
                "s3:GetObject",
                "s3:PutObject",
                "s3:ListMultipartUploadParts",
                "s3:AbortMultipartUpload",
            ),
        ):
            role.add_to_policy(statement)
        self.alerts.grant_publish(role)
        machine = sfn.StateMachine(
            self,
            "Sync",
            state_machine_name=names.state_machine(environment),
            definition_body=sfn.DefinitionBody.from_string(json.dumps(definition(environment))),
            definition_substitutions={
                "Environment": environment.name,
                "PlanFunction": names.function_arn(self, names.plan_function(environment)),
                "ReportFunction": names.function_arn(self, names.report_function(environment)),
                "TransformFunction": names.function_arn(self, names.transform_function(environment)),
                "IngestionFunctions": names.function_arn(self, "avesa-"),
                "AlertTopic": self.alerts.topic_arn,
            },
            role=role,
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=log_group(
                    self, "SyncLog", f"/aws/vendedlogs/states/{names.state_machine(environment)}", environment
                ),
                level=sfn.LogLevel.ALL,
                include_execution_data=False,
            ),
        )
        suppress(
            role,
            "IAM5",
            "Executions of our own state machine have names that are made when they start; each ingestion function of "
            "this environment is called; X-Ray and the delivery of logs take no resource; below the prefix of runs "
            "every object is one of a run.",
        )
        return machine

    def _tell_of_broken_runs(self) -> None:
        """A run that broke can be redriven, so no state of it catches that; this tells."""
        events.Rule(
            self,
            "BrokenRun",
            description="A sync broke as a whole: plan, map or report",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "stateMachineArn": [self.state_machine.state_machine_arn],
                    "status": ["FAILED", "TIMED_OUT", "ABORTED"],
                },
            ),
            targets=[targets.SnsTopic(self.alerts, dead_letter_queue=self._undelivered)],
        )

    def _schedules(self) -> None:
        """That of all. `avesa --aws ENV schedule` puts those of single services of tenants beside it."""
        environment = self._environment
        group = scheduler.CfnScheduleGroup(self, "Schedules", name=names.schedule_group(environment))
        role = iam.Role(
            self,
            "ScheduleRole",
            role_name=names.schedule_role(environment),
            assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com").with_conditions(
                {"StringEquals": {"aws:SourceAccount": self.account}}
            ),
        )
        self.state_machine.grant_start_execution(role)
        self._undelivered.grant_send_messages(role)
        schedule = scheduler.CfnSchedule(
            self,
            "Schedule-all",
            name=f"{environment.prefix}-all",
            group_name=group.ref,
            schedule_expression=environment.schedule,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(
                mode="FLEXIBLE", maximum_window_in_minutes=5
            ),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=self.state_machine.state_machine_arn,
                role_arn=role.role_arn,
                input=json.dumps({"scheduled": True}),
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=self._undelivered.queue_arn),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=900, maximum_retry_attempts=10
                ),
            ),
        )
        schedule.node.add_dependency(role)


def _table_read(sid: str, arn: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(sid=sid, actions=["dynamodb:Query"], resources=[arn])


def _runs(storage: StorageAndState, *actions: str) -> list[iam.PolicyStatement]:
    """Plans and results, which lie under no tenant's prefix, and the key through S3."""
    bucket: s3.IBucket = storage.bucket
    return [
        iam.PolicyStatement(
            sid="PlansAndResults", actions=list(actions), resources=[bucket.arn_for_objects(f"{names.RUNS}/*")]
        ),
        # Without it S3 answers that a file is forbidden where it is not there.
        _list("WhichPlansThereAre", bucket, f"{names.RUNS}/*"),
        iam.PolicyStatement(
            sid="KeyOfTheBucket",
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            resources=[storage.key.key_arn],
            conditions={"StringEquals": {"kms:ViaService": f"s3.{Stack.of(bucket).region}.amazonaws.com"}},
        ),
    ]


def _tenants_mappings(storage: StorageAndState) -> list[iam.PolicyStatement]:
    """Which canonical tables a service feeds is said by mappings, a tenant's own among them. A folder of data that has
    the name of mappings is denied, since in a policy * goes across folders.
    """
    bucket: s3.IBucket = storage.bucket
    data = [bucket.arn_for_objects(f"*/{folder}/*") for folder in ("raw", "canonical", "quarantine")]
    return [
        iam.PolicyStatement(
            sid="TenantsMappings",
            actions=["s3:GetObject"],
            resources=[bucket.arn_for_objects("*/mappings/*.json")],
        ),
        _list("WhichMappingsThereAre", bucket, "*/mappings/*"),
        iam.PolicyStatement(
            sid="NoData", effect=iam.Effect.DENY, actions=["s3:GetObject", "s3:PutObject"], resources=data
        ),
        iam.PolicyStatement(
            sid="NoNamesOfData",
            effect=iam.Effect.DENY,
            actions=["s3:ListBucket"],
            resources=[bucket.bucket_arn],
            conditions={
                "StringLike": {"s3:prefix": [f"*/{folder}/*" for folder in ("raw", "canonical", "quarantine")]}
            },
        ),
    ]


def _list(sid: str, bucket: s3.IBucket, prefix: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid=sid,
        actions=["s3:ListBucket"],
        resources=[bucket.bucket_arn],
        conditions={"StringLike": {"s3:prefix": [prefix]}},
    )
