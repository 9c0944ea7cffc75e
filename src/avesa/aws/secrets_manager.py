"""Secrets in Secrets Manager: `avesa/{env}/{tenant}/{service}`, a JSON object of the values by name.

It has no conditional write, but one conditional step: the label AWSCURRENT moves only from the version that the caller
names. So a replacement is written as a version that is not in force yet, and then the label is moved to it from the
very version whose values were compared. Whoever else changed the secret meanwhile, a person in the console too, has
moved the label, and the step fails. A writer that dies in between leaves a version that nobody reads.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
from botocore.exceptions import ClientError

from avesa.aws.clients import SecretsManager, error_code, told
from avesa.aws.installation import Installation
from avesa.shared.errors import ConfigurationError, StorageError, Where
from avesa.shared.secrets import SecretValues

CURRENT = "AWSCURRENT"
NEXT = "AVESANEXT"
"""The label of a version that is not in force yet. One for all writers: a secret can carry few labels."""
ATTEMPTS = 10
"""So often another writer may come between with changes to other names."""

_IS_NOT_THERE = "ResourceNotFoundException"


@dataclass(frozen=True)
class _Stored:
    version: str
    values: dict[str, str] = field(repr=False)


class SecretsManagerSecrets:
    """The port `Secrets`. A secret that is no JSON object of texts is a ConfigurationError."""

    def __init__(self, client: SecretsManager, installation: Installation) -> None:
        self._client = client
        self._installation = installation

    def get(self, tenant_id: str, service: str) -> Mapping[str, str]:
        stored = self._read(tenant_id, service)
        return SecretValues(stored.values if stored else {})

    def put(self, tenant_id: str, service: str, values: Mapping[str, str]) -> None:
        if self._create(tenant_id, service, values):
            return
        with told(_action("store", tenant_id, service)):
            self._client.put_secret_value(
                SecretId=self._name(tenant_id, service),
                ClientRequestToken=str(uuid.uuid4()),
                SecretString=_encoded(values),
            )

    def replace(
        self, tenant_id: str, service: str, expected: Mapping[str, str | None], values: Mapping[str, str]
    ) -> bool:
        for _ in range(ATTEMPTS):
            stored = self._read(tenant_id, service)
            known = stored.values if stored else {}
            if any(known.get(name) != value for name, value in expected.items()):
                return False
            new = {**known, **values}
            if self._put_over(tenant_id, service, stored, new):
                return True
        raise StorageError(
            "the stored secrets change all the time.", where=Where(tenant_id, service), hint="Try again later."
        )

    def remove(self, tenant_id: str, service: str | None = None) -> None:
        """It needs the right to delete secrets, and for all of a tenant's to list them, which a tenant's own session
        does not have.
        """
        if service is not None:
            with told(_action("remove", tenant_id, service)):
                self._delete(self._name(tenant_id, service))
            return
        prefix = self._installation.secret_prefix(tenant_id)
        with told(f"remove the secrets of tenant {tenant_id}"):
            for name in self._names(prefix):
                self._delete(name)

    def _delete(self, name: str) -> None:
        """One that is not there is no error."""
        try:
            self._client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
        except ClientError as error:
            if error_code(error) != _IS_NOT_THERE:
                raise

    def _put_over(self, tenant_id: str, service: str, stored: _Stored | None, new: Mapping[str, str]) -> bool:
        """Whether `new` took the place of the stored version, and of no other."""
        if stored is None:
            return self._create(tenant_id, service, new)
        if new == stored.values:
            # Nothing to write; but whether it could be is what the caller wants to know.
            return self._move(tenant_id, service, NEXT, stored.version)
        version = str(uuid.uuid4())
        with told(_action("store", tenant_id, service)):
            self._client.put_secret_value(
                SecretId=self._name(tenant_id, service),
                ClientRequestToken=version,
                SecretString=_encoded(new),
                VersionStages=[NEXT],
            )
        return self._move(tenant_id, service, CURRENT, version, stored.version)

    def _move(self, tenant_id: str, service: str, label: str, to: str, source: str | None = None) -> bool:
        """Whether the label is on that version now."""
        name = self._name(tenant_id, service)
        with told(_action("store", tenant_id, service)):
            try:
                self._client.update_secret_version_stage(
                    SecretId=name,
                    VersionStage=label,
                    MoveToVersionId=to,
                    **({"RemoveFromVersionId": source} if source else {}),
                )
                return True
            except ClientError as error:
                if error_code(error) not in ("InvalidParameterException", "InvalidRequestException"):
                    raise
        # Sent twice because the first answer was lost: it is there.
        now = self._read(tenant_id, service)
        return now is not None and now.version == to

    def _create(self, tenant_id: str, service: str, values: Mapping[str, str]) -> bool:
        """Whether there was none. A tenant's own key, if it has one, encrypts its secrets too."""
        key = self._installation.silo_keys.get(tenant_id)
        with told(_action("store", tenant_id, service)):
            try:
                self._client.create_secret(
                    Name=self._name(tenant_id, service),
                    ClientRequestToken=str(uuid.uuid4()),
                    SecretString=_encoded(values),
                    **({"KmsKeyId": key} if key else {}),
                )
            except ClientError as error:
                if error_code(error) != "ResourceExistsException":
                    raise
                return False
        return True

    def _read(self, tenant_id: str, service: str) -> _Stored | None:
        with told(_action("read", tenant_id, service)):
            try:
                answer = self._client.get_secret_value(SecretId=self._name(tenant_id, service), VersionStage=CURRENT)
            except ClientError as error:
                if error_code(error) != _IS_NOT_THERE:
                    raise
                return None
        try:
            values = msgspec.json.decode(answer.get("SecretString") or "", type=dict[str, str])
            return _Stored(str(answer["VersionId"]), values)
        except msgspec.MsgspecError:
            pass
        # Outside of the handler: nothing of the content may be printed along with it.
        raise ConfigurationError(
            f"the secret {self._name(tenant_id, service)} is not a JSON object of texts.",
            where=Where(tenant_id, service),
            hint="Correct it, or delete it and connect the service again.",
        )

    def _names(self, prefix: str) -> list[str]:
        names: list[str] = []
        more: dict[str, str] = {}
        while True:
            answer = self._client.list_secrets(Filters=[{"Key": "name", "Values": [prefix]}], **more)
            # The filter compares loosely, so each name is looked at.
            names += [one["Name"] for one in answer["SecretList"] if one["Name"].startswith(prefix)]
            if not answer.get("NextToken"):
                return names
            more = {"NextToken": answer["NextToken"]}

    def _name(self, tenant_id: str, service: str) -> str:
        return self._installation.secret_name(tenant_id, service)


def _encoded(values: Mapping[str, str]) -> str:
    return msgspec.json.encode(dict(values), order="sorted").decode()


def _action(verb: str, tenant_id: str, service: str) -> str:
    return f"{verb} the secrets of {service} of tenant {tenant_id}"
