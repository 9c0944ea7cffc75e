"""Secrets on one machine: a JSON file that only its owner can read, and the environment over it.

{tenant: {service: {name: value}}}
"""

from __future__ import annotations

import glob
import hashlib
import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from avesa.shared import durable_file
from avesa.shared.errors import ConfigurationError
from avesa.shared.file_lock import file_lock
from avesa.shared.secrets import Secrets, SecretValues
from avesa.shared.storage_failure import storage_failure

_OWNER_ONLY_FILE = 0o600
_OWNER_ONLY_FOLDER = 0o700
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH

_All = dict[str, dict[str, dict[str, str]]]


class FileSecrets:
    """The port `Secrets` in a file of mode 0600. Its folder, if missing, is made with mode 0700.

    A file that group or others have any right to, or that lies in a folder they may write, is refused with
    ConfigurationError: what it holds may be known or forged. (Windows has no such modes; there it is the
    user's profile that keeps others out.) A file that cannot be written raises StorageError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __repr__(self) -> str:
        return f"FileSecrets({str(self._path)!r})"

    def get(self, tenant_id: str, service: str) -> Mapping[str, str]:
        return SecretValues(self._read().get(tenant_id, {}).get(service, {}))

    def put(self, tenant_id: str, service: str, values: Mapping[str, str]) -> None:
        def put(everything: _All) -> bool:
            everything.setdefault(tenant_id, {})[service] = dict(values)
            return True

        self._change(put)

    def replace(
        self, tenant_id: str, service: str, expected: Mapping[str, str | None], values: Mapping[str, str]
    ) -> bool:
        def replaced(everything: _All) -> bool:
            stored = everything.setdefault(tenant_id, {}).setdefault(service, {})
            if any(stored.get(name) != value for name, value in expected.items()):
                return False
            stored.update(values)
            return True

        return self._change(replaced)

    def remove(self, tenant_id: str, service: str | None = None) -> None:
        def removed(everything: _All) -> bool:
            own = everything.get(tenant_id, {})
            found = own.pop(service, None) is not None if service is not None else tenant_id in everything
            if service is None or not own:
                everything.pop(tenant_id, None)
            return found

        if self._path.exists():
            self._change(removed)

    def _change(self, change: Callable[[_All], bool]) -> bool:
        """Read, change, replace; one process at a time, so that no update is lost. Writes nothing for False."""
        with self._told("write"):
            durable_file.make_folders(self._path.parent, mode=_OWNER_ONLY_FOLDER)
            with file_lock(self._path.with_name(f"{self._path.name}.lock")):
                # The holder of the lock is the only writer: a staging file was left by one that was killed.
                for leftover in self._path.parent.glob(f"{glob.escape(self._path.name)}#*"):
                    leftover.unlink()
                everything = self._read()
                if not change(everything):
                    return False
                data = msgspec.json.format(msgspec.json.encode(everything, order="sorted"), indent=2)
                durable_file.replace_file(self._path, data + b"\n", mode=_OWNER_ONLY_FILE)
                return True

    def _read(self) -> _All:
        with self._told("read"):
            try:
                handle = os.open(self._path, os.O_RDONLY)
            except FileNotFoundError:
                return {}
            with os.fdopen(handle, "rb") as file:
                # Of the opened file, not of the name: what is judged is what is read.
                self._refuse_unsafe(os.fstat(handle).st_mode)
                data = file.read()
        try:
            return msgspec.json.decode(data, type=_All)
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass
        # Outside of the handler: nothing of the content may be printed along with it.
        raise ConfigurationError(
            f"{self._path} is not a JSON object of the form {{tenant: {{service: {{name: value}}}}}}.",
            hint="Correct it, or move it away and connect the services again.",
        )

    def _refuse_unsafe(self, mode: int) -> None:
        if sys.platform == "win32":
            return
        if mode & _OTHERS:
            raise ConfigurationError(
                f"{self._path} holds secrets, and others than its owner have rights to it "
                f"(mode {stat.S_IMODE(mode):04o}).",
                hint=f"Run: chmod 600 {self._path}",
            )
        if self._path.parent.stat().st_mode & _OTHERS_WRITE:
            raise ConfigurationError(
                f"{self._path} holds secrets, and others than its owner may write its folder.",
                hint=f"Run: chmod 700 {self._path.parent}",
            )

    @contextmanager
    def _told(self, action: str) -> Iterator[None]:
        try:
            yield
        except OSError as failure:
            raise storage_failure(action, str(self._path), failure) from failure


class EnvironmentSecrets:
    """The port `Secrets`: environment variables over what another store holds.

    `AVESA_SECRET_{TENANT}_{SERVICE}_{NAME}`, in capitals and with `_` for `-`, goes before the stored value of
    that name. Writing and removing go to the other store; a variable that is set still goes before it. Tenants
    whose names differ in nothing but `-` and `_` would share their variables: keep their secrets in the file.

    `replace` is the exception: the value of a variable that it replaced counts no more, for good, and the stored one
    goes before it. A vendor that exchanged a secret takes the old one no longer. Set to another value, the variable
    goes first again. A digest of each value replaced is stored to know them by.
    """

    def __init__(self, stored: Secrets, environment: Mapping[str, str] = os.environ) -> None:
        self._stored = stored
        self._environment = environment

    def __repr__(self) -> str:
        return f"EnvironmentSecrets({self._stored!r})"

    def get(self, tenant_id: str, service: str) -> Mapping[str, str]:
        return self._over(self._stored.get(tenant_id, service), self._variables(tenant_id, service))

    def put(self, tenant_id: str, service: str, values: Mapping[str, str]) -> None:
        stored = self._stored.get(tenant_id, service)
        known = {name: value for name, value in stored.items() if name.endswith(_REPLACED)}
        self._stored.put(tenant_id, service, {**values, **known})

    def replace(
        self, tenant_id: str, service: str, expected: Mapping[str, str | None], values: Mapping[str, str]
    ) -> bool:
        variables = self._variables(tenant_id, service)
        while True:
            stored = self._stored.get(tenant_id, service)
            now = self._over(stored, variables)
            if any(now.get(name) != value for name, value in expected.items()):
                return False
            new, old = dict(values), {name: stored.get(name) for name in expected}
            for name in values.keys() & variables.keys():
                known = old[name + _REPLACED] = stored.get(name + _REPLACED)
                new[name + _REPLACED] = _with_digest(known, variables[name])
            if self._stored.replace(tenant_id, service, old, new):
                return True

    def remove(self, tenant_id: str, service: str | None = None) -> None:
        self._stored.remove(tenant_id, service)

    def _variables(self, tenant_id: str, service: str) -> Mapping[str, str]:
        """The environment's values by name."""
        prefix = variable_name(tenant_id, service, "")
        return SecretValues(
            (variable.removeprefix(prefix).lower(), value)
            for variable, value in self._environment.items()
            if variable.startswith(prefix) and len(variable) > len(prefix)
        )

    def _over(self, stored: Mapping[str, str], variables: Mapping[str, str]) -> SecretValues:
        values = SecretValues((name, value) for name, value in stored.items() if not name.endswith(_REPLACED))
        for name, value in variables.items():
            if name not in stored or _digest(value) not in stored.get(name + _REPLACED, "").split():
                values[name] = value
        return values


def variable_name(tenant_id: str, service: str, name: str) -> str:
    """Of the environment's variable that goes before a stored secret."""
    return f"AVESA_SECRET_{tenant_id}_{service}_{name}".upper().replace("-", "_")


_REPLACED = " replaced in the environment"
"""Behind the name of a secret: digests of the environment's values that were replaced. No variable has such a name."""


def _with_digest(known: str | None, value: str) -> str:
    digests = (known or "").split()
    return " ".join([*digests, *({_digest(value)} - set(digests))])


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
