"""What the stacks make: the properties that keep tenants' data safe, and no finding of the linters."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from infrastructure.environment import BadConfiguration, load_environment, services, signing_services

from aws.infrastructure.conftest import ENVIRONMENT, SILO
from aws.infrastructure.synthesized import Resource, Synthesized

pytest.importorskip("aws_cdk", reason="the stacks have an environment of their own: make test-infra")

FUNCTIONS = {
    *(f"avesa-{service}-ingestion-prod" for service in services()),
    *("avesa-canonical-transform-prod", "avesa-plan-prod", "avesa-report-prod"),
}


def functions(synthesized: Synthesized) -> dict[str, Resource]:
    found = {one.name: one for one in synthesized.all("AWS::Lambda::Function")}
    return {name: one for name, one in found.items() if name.startswith("avesa-") and "custom" not in name}


# The bucket


def test_objects_are_encrypted_with_our_key_versioned_and_private(synthesized: Synthesized) -> None:
    data = next(one for one in synthesized.all("AWS::S3::Bucket") if one.id.startswith("Data"))
    (rule,) = data.properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]

    assert rule["BucketKeyEnabled"] is True
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert ":key/" in rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"]
    assert data.properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(data.properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(data.properties["PublicAccessBlockConfiguration"]) == 4
    assert data.whole["DeletionPolicy"] == data.whole["UpdateReplacePolicy"] == "Retain"


def test_raw_files_never_expire(synthesized: Synthesized) -> None:
    data = next(one for one in synthesized.all("AWS::S3::Bucket") if one.id.startswith("Data"))
    rules = data.properties["LifecycleConfiguration"]["Rules"]

    assert [rule["Prefix"] for rule in rules if "ExpirationInDays" in rule] == ["_runs/"]
    assert any(rule.get("NoncurrentVersionExpiration") == {"NoncurrentDays": 30} for rule in rules)
    assert any("AbortIncompleteMultipartUpload" in rule for rule in rules)


@pytest.mark.parametrize(("log_days", "days"), [(1, 16), (90, 90)])
def test_a_plan_is_kept_for_as_long_as_its_run_can_be_redriven(log_days: int, days: int) -> None:
    from aws_cdk import App, assertions
    from infrastructure.stacks.storage_and_state import StorageAndState

    environment = replace(load_environment("dev"), log_retention_days=log_days)
    template = assertions.Template.from_stack(StorageAndState(App(), "storage", environment=environment))
    rule = assertions.Match.object_like({"Prefix": "_runs/", "ExpirationInDays": days})
    rules = assertions.Match.object_like({"Rules": assertions.Match.array_with([rule])})
    template.has_resource_properties("AWS::S3::Bucket", {"LifecycleConfiguration": rules})


def test_every_bucket_queue_and_topic_takes_tls_alone(synthesized: Synthesized) -> None:
    guarded = {"AWS::S3::BucketPolicy": "AWS::S3::Bucket", "AWS::SQS::QueuePolicy": "AWS::SQS::Queue"}
    guarded["AWS::SNS::TopicPolicy"] = "AWS::SNS::Topic"
    for policy, kind in guarded.items():
        plain = [
            one
            for one in synthesized.all(policy)
            if any(
                statement["Effect"] == "Deny"
                and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
                for statement in one.properties["PolicyDocument"]["Statement"]
            )
        ]
        assert len(plain) == len(list(synthesized.all(kind))) > 0, policy


def test_every_key_is_rotated(synthesized: Synthesized) -> None:
    keys = list(synthesized.all("AWS::KMS::Key"))
    assert len(keys) == 3
    assert all(key.properties["EnableKeyRotation"] is True for key in keys)


# The tables


@pytest.mark.parametrize(
    ("name", "keys", "expires"),
    [
        ("TenantServices", ["tenant_id", "service"], False),
        ("LastUpdated", ["tenant_id", "table_name"], False),
        ("RunLog", ["tenant_id", "entry"], True),
        ("Allowances", ["account"], True),
    ],
)
def test_tables_have_their_keys_and_are_kept(
    synthesized: Synthesized, name: str, keys: list[str], expires: bool
) -> None:
    table = synthesized.named("AWS::DynamoDB::Table", f"avesa-prod-{name}")
    expected = {"AttributeName": "expires_at", "Enabled": True} if expires else None

    assert [key["AttributeName"] for key in table.properties["KeySchema"]] == keys
    assert table.properties["BillingMode"] == "PAY_PER_REQUEST"
    assert table.properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table.properties["DeletionProtectionEnabled"] is True
    assert table.properties.get("TimeToLiveSpecification") == expected
    assert table.whole["DeletionPolicy"] == "Retain"


# The Lambdas


def test_every_service_has_its_lambda_and_the_rest_is_there(synthesized: Synthesized) -> None:
    assert set(functions(synthesized)) == FUNCTIONS
    assert len(services()) >= 16


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_lambda_is_traced_logged_for_a_set_time_and_leaves_no_event_lost(synthesized: Synthesized, name: str) -> None:
    function = functions(synthesized)[name].properties
    log = synthesized.named("AWS::Logs::LogGroup", f"/aws/lambda/{name}")
    queues = {queue.arn for queue in synthesized.all("AWS::SQS::Queue")}

    assert function["Runtime"] == "python3.13"
    assert function["Architectures"] == ["arm64"]
    assert function["TracingConfig"] == {"Mode": "Active"}
    assert function["LoggingConfig"] == {"LogFormat": "JSON", "LogGroup": log.name}
    assert log.properties["RetentionInDays"] == load_environment(ENVIRONMENT).log_retention_days
    assert function["DeadLetterConfig"]["TargetArn"] in queues


def test_lambdas_know_their_installation_and_only_those_that_act_for_tenants_the_role(synthesized: Synthesized) -> None:
    common = {
        *(
            "BUCKET_NAME",
            "TENANT_SERVICES_TABLE",
            "LAST_UPDATED_TABLE",
            "RUN_LOG_TABLE",
            "ALLOWANCES_TABLE",
            "AVESA_ENV",
        ),
    }
    for name, function in functions(synthesized).items():
        variables = function.properties["Environment"]["Variables"]
        acts = "ingestion" in name or "transform" in name
        more = {"TENANT_ROLE_ARN", "SILO_KEYS"} if acts else {"SCHEDULE_GROUP"} if "plan" in name else set()
        assert set(variables) == common | more, name
        assert variables["AVESA_ENV"] == "prod"
        assert variables["TENANT_SERVICES_TABLE"] == "avesa-prod-TenantServices"
        if acts:
            assert variables["TENANT_ROLE_ARN"].endswith(":role/avesa-prod-tenant")
            assert list(json.loads(variables["SILO_KEYS"])) == [SILO]
            assert ":key/" in json.loads(variables["SILO_KEYS"])[SILO]


def test_handlers_are_those_of_their_kind(synthesized: Synthesized) -> None:
    handlers = {name: one.properties["Handler"] for name, one in functions(synthesized).items()}
    assert handlers["avesa-connectwise-ingestion-prod"] == "avesa.aws.handlers.ingestion"
    assert handlers["avesa-canonical-transform-prod"] == "avesa.aws.handlers.transform"
    assert handlers["avesa-plan-prod"] == "avesa.aws.handlers.plan"
    assert handlers["avesa-report-prod"] == "avesa.aws.handlers.report"


def test_functions_of_services_that_sign_have_the_layer_for_it_and_no_other_has(synthesized: Synthesized) -> None:
    (layer,) = synthesized.all("AWS::Lambda::LayerVersion")
    having = {name for name, one in functions(synthesized).items() if "Layers" in one.properties}

    assert layer.properties["CompatibleArchitectures"] == ["arm64"]
    assert having == {f"avesa-{service}-ingestion-prod" for service in signing_services()}
    assert {"google_workspace", "okta"} <= signing_services() < set(services())


def test_concurrency_is_reserved_where_the_environment_says_so(synthesized: Synthesized) -> None:
    reserved = {
        name: one.properties["ReservedConcurrentExecutions"]
        for name, one in functions(synthesized).items()
        if "ReservedConcurrentExecutions" in one.properties
    }
    assert reserved == {"avesa-connectwise-ingestion-prod": 120}


# The workflow and what starts it


def test_the_workflow_is_traced_and_logged_without_data(synthesized: Synthesized) -> None:
    machine = synthesized.named("AWS::StepFunctions::StateMachine", "avesa-prod-sync").properties
    assert machine["TracingConfiguration"] == {"Enabled": True}
    assert machine["LoggingConfiguration"]["Level"] == "ALL"
    assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False


def test_every_place_in_the_definition_is_filled(synthesized: Synthesized) -> None:
    machine = synthesized.named("AWS::StepFunctions::StateMachine", "avesa-prod-sync").properties
    text = machine["DefinitionString"]
    for name, value in machine["DefinitionSubstitutions"].items():
        assert f"${{{name}}}" in text
        text = text.replace(f"${{{name}}}", value)
    assert "${" not in text
    assert (
        "{% 'arn:aws:lambda:eu-central-1:111111111111:function:avesa-' & $states.input.service & '-ingestion-prod' %}"
        in text
    )


def test_the_schedule_of_all_starts_what_has_none_of_its_own_and_loses_no_event(synthesized: Synthesized) -> None:
    (schedule,) = synthesized.all("AWS::Scheduler::Schedule")
    target = schedule.properties["Target"]

    assert schedule.properties["Name"] == "avesa-prod-all"
    assert json.loads(target["Input"]) == {"scheduled": True}
    assert target["Arn"] == synthesized.named("AWS::StepFunctions::StateMachine", "avesa-prod-sync").arn
    assert target["DeadLetterConfig"]["Arn"].endswith("avesa-prod-workflow-dead-letters")


def test_what_a_persons_schedules_are_made_of_is_what_there_is(synthesized: Synthesized) -> None:
    (parameter,) = synthesized.all("AWS::SSM::Parameter")
    told = json.loads(parameter.properties["Value"])
    (group,) = synthesized.all("AWS::Scheduler::ScheduleGroup")
    (schedule,) = synthesized.all("AWS::Scheduler::Schedule")
    target = schedule.properties["Target"]

    assert told["SCHEDULE_GROUP"] == group.properties["Name"]
    assert schedule.properties["GroupName"] == group.name
    assert told["STATE_MACHINE_ARN"] == target["Arn"]
    assert told["SCHEDULE_ROLE_ARN"] == target["RoleArn"]
    assert told["SCHEDULE_DEAD_LETTERS_ARN"] == target["DeadLetterConfig"]["Arn"]


def test_a_run_that_broke_is_told(synthesized: Synthesized) -> None:
    (rule,) = synthesized.all("AWS::Events::Rule")
    assert rule.properties["EventPattern"]["detail"]["status"] == ["FAILED", "TIMED_OUT", "ABORTED"]
    (target,) = rule.properties["Targets"]
    assert target["Arn"] == next(synthesized.all("AWS::SNS::Topic")).arn


def test_a_bundle_that_is_missing_says_what_to_run(tmp_path: Path) -> None:
    from aws_cdk import App
    from infrastructure.application import build

    with pytest.raises(
        BadConfiguration, match=r"ingestion-arm64\.zip is missing\. Build the bundles first: make bundles"
    ):
        build(App(), load_environment("dev"), bundles=tmp_path)


# Linters


def findings(folder: Path) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for file in folder.glob("*-NagReport.csv"):
        with file.open(encoding="utf-8", newline="") as text:
            rows += csv.DictReader(text)
    return rows


def test_cdk_nag_finds_nothing_and_every_suppression_has_a_reason(synthesized: Synthesized) -> None:
    rows = findings(synthesized.folder)
    packs = {row["Rule ID"].partition("-")[0] for row in rows}

    assert packs == {"AwsSolutions", "Serverless"}
    assert {"AwsSolutions-IAM5", "AwsSolutions-S10", "AwsSolutions-SF1", "Serverless-LambdaDLQ"} <= {
        row["Rule ID"] for row in rows
    }
    assert [row for row in rows if row["Compliance"] not in ("Compliant", "Suppressed", "N/A")] == []
    suppressed = [row for row in rows if row["Compliance"] == "Suppressed"]
    assert suppressed
    assert all(len(row["Exception Reason"]) > 20 for row in suppressed)


def test_cfn_lint_finds_nothing(synthesized: Synthesized) -> None:
    """W3005 is left out: the CDK names dependencies that a reference implies already."""
    program = str(Path(sys.executable).with_name("cfn-lint"))
    command = [program, "--format", "json", "--ignore-checks", "W3005", "--regions", "eu-central-1"]
    files = [str(file) for file in sorted(synthesized.folder.glob("*.template.json"))]
    done = subprocess.run([*command, "--", *files], capture_output=True, text=True, check=False)
    found: list[dict[str, Any]] = json.loads(done.stdout or "[]")

    assert len(files) == len(synthesized.templates)
    assert [f"{one['Rule']['Id']} {one['Filename']}: {one['Message']}" for one in found] == []
    assert done.returncode == 0, done.stderr


def test_no_template_is_too_large_to_deploy(synthesized: Synthesized) -> None:
    for file in synthesized.folder.glob("*.template.json"):
        assert file.stat().st_size < 1_000_000
