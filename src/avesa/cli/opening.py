"""The installation that a command works on, opened: a folder, or an environment on AWS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from avesa.cli.command import aws_environment, home, root
from avesa.pipeline.home import EmbeddedDeployment, open_home
from avesa.pipeline.ports import Deployment, Ports
from avesa.shared.errors import ConfigurationError

if TYPE_CHECKING:
    from avesa.aws.deployment import AwsDeployment


@contextmanager
def opened(*, only_reads: bool = False) -> Iterator[Deployment]:
    """The installation of this command: a folder, or an environment on AWS. Who `only_reads` there can do so in a
    folder that this user may not write.
    """
    if aws_environment():
        with opened_aws() as deployment:
            yield deployment
    else:
        # A bucket's keys come from the environment, as usual on AWS.
        with open_home(home(), root=root(), only_reads=only_reads) as ports:
            yield EmbeddedDeployment(ports, home())


@contextmanager
def opened_ports(tenant: str, *, only_reads: bool = False) -> Iterator[Ports]:
    """The ports of one tenant of this command's installation."""
    with opened(only_reads=only_reads) as deployment, deployment.of(tenant) as ports:
        yield ports


@contextmanager
def opened_aws() -> Iterator[AwsDeployment]:
    """The environment on AWS that is named, with the person's own credentials. Only it needs AWS's libraries."""
    try:
        from avesa.aws.deployment import open_deployment  # noqa: PLC0415 — the one part that needs these libraries
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] != "botocore":
            raise
        raise ConfigurationError(
            "what talks to AWS is not installed.", hint="Install it: pip install 'avesa[aws]'"
        ) from None
    with open_deployment(aws_environment() or "") as deployment:
        yield deployment
