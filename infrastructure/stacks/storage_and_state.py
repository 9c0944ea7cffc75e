"""What is kept: the bucket with its key, the four tables, the role that reaches one tenant's part of them, and the
role and the parameter by which people operate it.
"""

from __future__ import annotations

import json
from typing import Any

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infrastructure import names
from infrastructure.constructs.operator_role import OperatorRole
from infrastructure.constructs.silo import Silo
from infrastructure.constructs.suppressions import suppress
from infrastructure.constructs.tenant_access import TenantData, TenantRole
from infrastructure.environment import Environment

RUNS_DAYS = 16
"""So long at least are plans and results kept: a run takes a day at most, and for 14 days more it can be redriven."""


class StorageAndState(Stack):
    """Where `deletion_protection` is on, nothing here is deleted with its stack; the bucket and its key never are."""

    def __init__(self, scope: Construct, id: str, *, environment: Environment, **kwargs: Any) -> None:
        super().__init__(scope, id, **kwargs)
        self._environment = environment
        self.key = kms.Key(
            self,
            "Key",
            alias=f"alias/{environment.prefix}",
            description=f"Tenants' objects, {environment.name}",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.RETAIN,
        )
        self.bucket = self._bucket()
        self.tenant_services = self._table("TenantServices", "tenant_id", "service")
        self.last_updated = self._table("LastUpdated", "tenant_id", "table_name")
        self.run_log = self._table("RunLog", "tenant_id", "entry", expires=True)
        self.allowances = self._table("Allowances", "account", expires=True)
        data = TenantData(self.bucket, self.key, self.tenant_services, self.last_updated, self.run_log)
        self.tenant_role = TenantRole(self, "Tenant", environment=environment, data=data).role
        self._silos = {
            tenant: Silo(
                self,
                f"Silo-{tenant}",
                environment=environment,
                tenant=tenant,
                bucket=self.bucket,
            )
            for tenant in environment.silo_tenants
        }
        OperatorRole(
            self,
            "Operator",
            environment=environment,
            data=data,
            allowances=self.allowances,
            tenant_role=self.tenant_role,
        )
        self._installation()
        suppress(
            self.tenant_role,
            "IAM5",
            "Below the tenant's own prefix everything is the tenant's; each * stands behind the session tag.",
        )

    @property
    def variables(self) -> dict[str, str]:
        """What a Lambda has to know of this."""
        return {
            "AVESA_ENV": self._environment.name,
            "BUCKET_NAME": self.bucket.bucket_name,
            "TENANT_SERVICES_TABLE": self.tenant_services.table_name,
            "LAST_UPDATED_TABLE": self.last_updated.table_name,
            "RUN_LOG_TABLE": self.run_log.table_name,
            "ALLOWANCES_TABLE": self.allowances.table_name,
        }

    @property
    def acting_variables(self) -> dict[str, str]:
        """What a Lambda that acts for tenants has to know besides: the role, and the keys of tenants that have one."""
        keys = {tenant: silo.key.key_arn for tenant, silo in self._silos.items()}
        return {
            "TENANT_ROLE_ARN": self.tenant_role.role_arn,
            **({"SILO_KEYS": json.dumps(keys)} if keys else {}),
        }

    def _installation(self) -> None:
        """What a person's `avesa --aws` has to know: what the Lambdas are told, the workflow, and what a schedule is
        made of. Nothing secret.
        """
        environment = self._environment
        told = {
            **self.variables,
            **self.acting_variables,
            "STATE_MACHINE_ARN": names.state_machine_arn(self, environment),
            "SCHEDULE_GROUP": names.schedule_group(environment),
            "SCHEDULE_ROLE_ARN": names.role_arn(self, names.schedule_role(environment)),
            "SCHEDULE_DEAD_LETTERS_ARN": names.dead_letters_arn(self, environment, "workflow"),
        }
        ssm.CfnParameter(
            self,
            "Installation",
            name=names.installation_parameter(environment),
            type="String",
            tier="Intelligent-Tiering",
            value=json.dumps(told),
        )

    def _bucket(self) -> s3.Bucket:
        environment = self._environment
        access_log = s3.Bucket(
            self,
            "AccessLog",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            versioned=True,
            removal_policy=RemovalPolicy.RETAIN,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=Duration.days(environment.log_retention_days),
                    noncurrent_version_expiration=Duration.days(1),
                )
            ],
        )
        suppress(access_log, "S1", "It is where the access logs go.")
        return s3.Bucket(
            self,
            "Data",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            removal_policy=RemovalPolicy.RETAIN,
            server_access_logs_bucket=access_log,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="OldVersions",
                    abort_incomplete_multipart_upload_after=Duration.days(2),
                    noncurrent_version_expiration=Duration.days(environment.old_versions_days),
                    expired_object_delete_marker=True,
                ),
                s3.LifecycleRule(
                    id="PlansAndResults",
                    prefix=f"{names.RUNS}/",
                    expiration=Duration.days(max(environment.log_retention_days, RUNS_DAYS)),
                ),
                s3.LifecycleRule(
                    # Raw files are read again by a rebuild only. The rule is not by name, since raw lies below each
                    # tenant; a canonical file that stays this long unread is as rarely used.
                    id="SeldomRead",
                    transitions=[
                        s3.Transition(
                            storage_class=s3.StorageClass.INTELLIGENT_TIERING,
                            transition_after=Duration.days(environment.seldom_read_days),
                        )
                    ],
                ),
            ],
        )

    def _table(self, name: str, partition: str, sort: str | None = None, *, expires: bool = False) -> dynamodb.Table:
        text = dynamodb.AttributeType.STRING
        protected = self._environment.deletion_protection
        return dynamodb.Table(
            self,
            name,
            table_name=f"{self._environment.prefix}-{name}",
            partition_key=dynamodb.Attribute(name=partition, type=text),
            sort_key=None if sort is None else dynamodb.Attribute(name=sort, type=text),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            time_to_live_attribute="expires_at" if expires else None,
            deletion_protection=protected,
            removal_policy=RemovalPolicy.RETAIN if protected else RemovalPolicy.DESTROY,
        )
