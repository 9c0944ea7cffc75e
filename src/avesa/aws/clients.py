"""The AWS clients that are used, typed by the calls that are made, and what goes wrong with them in our words.

A client is bound to the credentials that it was made with. One `Aws` makes all of them, so that what the library reads
about each service is read once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from avesa.shared.errors import AvesaError, ConfigurationError, StorageError

Answer = Mapping[str, Any]

_CONFIG = Config(
    connect_timeout=3,
    read_timeout=15,
    retries={"mode": "standard", "total_max_attempts": 6},
    max_pool_connections=16,
    user_agent_appid="avesa",
)
_DENIED = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedOperation"})
_NO_LOGIN = frozenset(
    {
        "ProfileNotFound",
        "PartialCredentialsError",
        "NoCredentialsError",
        "ConfigParseError",
        "SSOTokenLoadError",
        "UnauthorizedSSOTokenError",
        "TokenRetrievalError",
    }
)
_EXPIRED = frozenset({"ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId"})


class DynamoDb(Protocol):
    def get_item(self, **request: Any) -> Answer: ...
    def put_item(self, **request: Any) -> Answer: ...
    def update_item(self, **request: Any) -> Answer: ...
    def delete_item(self, **request: Any) -> Answer: ...
    def query(self, **request: Any) -> Answer: ...
    def batch_write_item(self, **request: Any) -> Answer: ...
    def transact_write_items(self, **request: Any) -> Answer: ...
    def close(self) -> None: ...


class SecretsManager(Protocol):
    def get_secret_value(self, **request: Any) -> Answer: ...
    def create_secret(self, **request: Any) -> Answer: ...
    def put_secret_value(self, **request: Any) -> Answer: ...
    def update_secret_version_stage(self, **request: Any) -> Answer: ...
    def list_secrets(self, **request: Any) -> Answer: ...
    def delete_secret(self, **request: Any) -> Answer: ...
    def close(self) -> None: ...


class Glue(Protocol):
    def get_table(self, **request: Any) -> Answer: ...
    def create_database(self, **request: Any) -> Answer: ...
    def create_table(self, **request: Any) -> Answer: ...
    def update_table(self, **request: Any) -> Answer: ...
    def close(self) -> None: ...


class Ssm(Protocol):
    def get_parameter(self, **request: Any) -> Answer: ...
    def close(self) -> None: ...


class Scheduler(Protocol):
    def create_schedule(self, **request: Any) -> Answer: ...
    def update_schedule(self, **request: Any) -> Answer: ...
    def delete_schedule(self, **request: Any) -> Answer: ...
    def list_schedules(self, **request: Any) -> Answer: ...
    def close(self) -> None: ...


class StepFunctions(Protocol):
    def start_execution(self, **request: Any) -> Answer: ...
    def describe_execution(self, **request: Any) -> Answer: ...
    def close(self) -> None: ...


class Sts(Protocol):
    def assume_role(self, **request: Any) -> Answer: ...
    def close(self) -> None: ...


@dataclass(frozen=True)
class Credentials:
    """Those of one session. Nothing but the key's id, which is no secret, is ever printed."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)


class Aws:
    """Makes clients: with the process's own credentials, or with those given."""

    def __init__(self, region: str) -> None:
        self._session = Session()
        self._region = region

    def dynamodb(self, credentials: Credentials | None = None) -> DynamoDb:
        client: DynamoDb = self._client("dynamodb", credentials)
        return client

    def secrets_manager(self, credentials: Credentials | None = None) -> SecretsManager:
        client: SecretsManager = self._client("secretsmanager", credentials)
        return client

    def glue(self, credentials: Credentials) -> Glue:
        client: Glue = self._client("glue", credentials)
        return client

    def sts(self) -> Sts:
        client: Sts = self._client("sts", None)
        return client

    def ssm(self) -> Ssm:
        client: Ssm = self._client("ssm", None)
        return client

    def step_functions(self) -> StepFunctions:
        client: StepFunctions = self._client("stepfunctions", None)
        return client

    def scheduler(self) -> Scheduler:
        client: Scheduler = self._client("scheduler", None)
        return client

    def own_credentials(self) -> Credentials:
        """Those of the process, as they are now. Raises ConfigurationError if there are none."""
        with told("find the AWS credentials"):
            found = self._session.get_credentials()
            frozen = found.get_frozen_credentials() if found is not None else None
        if frozen is None or not frozen.access_key:
            raise ConfigurationError(
                "there are no AWS credentials.", hint="Give the process a role, or a profile by AWS_PROFILE."
            )
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token or "")

    def _client(self, service: str, credentials: Credentials | None) -> Any:
        own = {}
        if credentials is not None:
            own = {
                "aws_access_key_id": credentials.access_key_id,
                "aws_secret_access_key": credentials.secret_access_key,
                "aws_session_token": credentials.session_token or None,
            }
        with told(f"make a client of {service}"):
            return self._session.create_client(service, region_name=self._region, config=_CONFIG, **own)


def default_region() -> str:
    """That of the environment or of the profile. Raises ConfigurationError if neither names one."""
    with told("read the AWS profile"):
        region = Session().get_config_variable("region")
    # A Lambda and other programs know AWS_REGION; the library reads AWS_DEFAULT_REGION.
    found = os.environ.get("AWS_REGION") or region
    if not found:
        raise ConfigurationError("no AWS region is set.", hint="Set AWS_REGION, or region in the profile.")
    return str(found)


_ITS_OWN = "Check the role's policy; a tenant's session reaches that tenant alone."


@contextmanager
def told(action: str, *, denied: str = _ITS_OWN) -> Iterator[None]:
    """Errors of the library as ours: `cannot {action}: …`. Their text, which may quote a request, is left out.
    `denied` is what to do where the right is missing.
    """
    failure: AvesaError
    try:
        yield
        return
    except ClientError as error:
        failure = _refused(action, error_code(error), denied)
    except BotoCoreError as error:
        failure = _unanswered(action, type(error).__name__)
    # A block is left while its error is still handled, so that one is cut off by hand.
    raise failure from None


def _unanswered(action: str, kind: str) -> AvesaError:
    if kind in _NO_LOGIN:
        return ConfigurationError(
            f"cannot {action}: the profile gives no credentials ({kind}).",
            hint="Check AWS_PROFILE, and log in again if the login has ended.",
        )
    return StorageError(
        f"cannot {action}: no answer ({kind}).",
        hint="Check the region, the network and that the process has credentials.",
    )


def error_code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def is_condition(error: ClientError) -> bool:
    """Whether a write was refused because its condition does not hold."""
    if error_code(error) == "ConditionalCheckFailedException":
        return True
    reasons = error.response.get("CancellationReasons") or []
    return any(reason.get("Code") == "ConditionalCheckFailed" for reason in reasons)


def _refused(action: str, code: str, denied: str) -> AvesaError:
    if code in _DENIED:
        return StorageError(
            f"cannot {action}: the role in force has no right to it ({code}).",
            hint=denied,
        )
    if code in _EXPIRED:
        return StorageError(f"cannot {action}: the credentials are not good any more ({code}).")
    if code == "ResourceNotFoundException":
        return ConfigurationError(
            f"cannot {action}: there is no such table or secret.",
            hint="Check the names in the environment and the region.",
        )
    return StorageError(f"cannot {action}: AWS answered {code or 'an error'}.")
