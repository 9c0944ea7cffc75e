"""The ports of one tenant, reached with credentials that reach that tenant alone.

A function's own role has no right to anything of a tenant's. It becomes the tenant: it assumes the tenant role with the
tenant's name as a session tag, and the policies of that role are bound to the tag. The tag is transitive, so no role
that is assumed from there can lose it. Without a tenant or without the role nothing opens; there is no other way in.

What was opened for a tenant ends with its block: clients are closed, the scratch folder is removed, nothing is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from avesa.aws.clients import Aws, Credentials, DynamoDb, Sts, told
from avesa.aws.installation import Installation
from avesa.aws.secrets_manager import SecretsManagerSecrets
from avesa.aws.state import DynamoState
from avesa.pipeline.ports import Ports
from avesa.shared.clock import Clock, system_clock
from avesa.shared.errors import ConfigurationError, UsageError
from avesa.shared.layout import checked_name
from avesa.shared.objects import Objects, open_objects
from avesa.shared.scratch import scratch_folder

TAG = "tenant_id"
SESSION_SECONDS = 3600
"""The most that AWS gives to a role that is assumed from another one; a function ends sooner."""
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def tenant_credentials(sts: Sts, installation: Installation, tenant: str) -> Credentials:
    """Credentials that reach this tenant alone.

    Raises ConfigurationError without a tenant or a role for it, and where the answer holds no whole credentials:
    what were left out would be filled in from the function's own.
    """
    if not tenant:
        raise ConfigurationError("no tenant is named, so nothing of a tenant's is opened.")
    try:
        checked_name(tenant)
    except UsageError as error:
        raise ConfigurationError(error.message, hint=error.hint) from None
    if not installation.tenant_role:
        raise ConfigurationError(
            "there is no role to reach a tenant's data with, so none is reached.",
            hint="Set TENANT_ROLE_ARN to the role that is bound to the session tag tenant_id.",
        )
    with told(f"become tenant {tenant}"):
        answer = sts.assume_role(
            RoleArn=installation.tenant_role,
            RoleSessionName=f"avesa-{tenant}"[:64],
            DurationSeconds=SESSION_SECONDS,
            Tags=[{"Key": TAG, "Value": tenant}],
            TransitiveTagKeys=[TAG],
        )
    given = answer.get("Credentials") or {}
    parts = [given.get(name) for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")]
    if not all(isinstance(part, str) and part for part in parts):
        raise ConfigurationError(f"AWS gave no whole credentials for tenant {tenant}, so nothing is opened.")
    return Credentials(*map(str, parts))


@contextmanager
def tenant_ports(
    aws: Aws,
    installation: Installation,
    tenant: str,
    *,
    shared: DynamoDb,
    scratch: Path,
    clock: Clock = system_clock,
) -> Iterator[Ports]:
    """The ports for one tenant, until the end of the block. `shared` is the function's own client, for the books of
    vendor accounts, which are no tenant's. `scratch` is the folder below which one for this block is made.

    Raises ConfigurationError as `tenant_credentials` does, StorageError where AWS refuses.
    """
    with ExitStack() as on_exit:
        sts = aws.sts()
        on_exit.callback(sts.close)
        credentials = tenant_credentials(sts, installation, tenant)
        dynamodb = aws.dynamodb(credentials)
        on_exit.callback(dynamodb.close)
        secrets = aws.secrets_manager(credentials)
        on_exit.callback(secrets.close)
        own = on_exit.enter_context(scratch_folder(scratch, "run"))
        state = DynamoState(dynamodb, installation, clock, shared=shared)
        yield Ports(
            objects=bucket(installation, credentials, kms_key=installation.silo_keys.get(tenant)),
            tenants=state.tenants,
            watermarks=state.watermarks,
            secrets=SecretsManagerSecrets(secrets, installation),
            run_log=state.run_log,
            clock=clock,
            scratch=own,
            allowances=state.allowances,
        )


def bucket(installation: Installation, credentials: Credentials, *, kms_key: str | None = None) -> Objects:
    """The installation's bucket with these credentials, and never with others: each part of them is given. (A person's
    own keys have no token; a tenant's session always has one.) With `kms_key` all that is written is encrypted by it.

    Raises ConfigurationError for a stand-in for S3 that is neither https nor on this machine.
    """
    options = {
        "region": installation.region,
        "access_key_id": credentials.access_key_id,
        "secret_access_key": credentials.secret_access_key,
    }
    if kms_key is not None:
        options["kms_key"] = kms_key
    if credentials.session_token:
        options["session_token"] = credentials.session_token
    endpoint = installation.s3_endpoint
    if endpoint is not None:
        options["endpoint"] = endpoint
        parts = urlsplit(endpoint)
        if parts.scheme == "http" and parts.hostname in _LOOPBACK:
            options["allow_http"] = "true"
    return open_objects(f"s3://{installation.bucket}", s3_options=options)
