"""The edge between Lambda and our stages: an event comes in, a stage runs, an answer or an error goes out.

Logs are JSON lines that carry run, tenant, service and table. Metrics are written as such lines too (CloudWatch's
embedded format), with the environment and the service or canonical table as dimensions: a tenant is a field of the line
and never a dimension, since each value of a dimension is a metric that is paid for. For the same reason only those are
written that a dashboard or an alarm reads.
"""

from __future__ import annotations

import os
import shutil
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from avesa.aws.clients import Aws, DynamoDb
from avesa.aws.events import read_event
from avesa.aws.installation import Installation, installation_of
from avesa.aws.session import bucket, tenant_ports
from avesa.pipeline.ports import Ports
from avesa.shared.errors import AvesaError, InternalError
from avesa.shared.objects import Objects

NAMESPACE = "AVESA"
STOP_AT = 0.8
"""The part of its time after which a function stops and leaves the rest to the next call."""
SCRATCH = "/tmp/avesa"  # noqa: S108 — the only folder that a function may write; no other program is there
MOST_OF_AN_ERROR = 500
"""Characters that an answer carries of an error: those of a hundred tables are one state of the workflow, which holds
256 KB. The run log has all of it."""
_FIELDS = ("run_id", "tenant", "service", "table")

E = TypeVar("E", bound=msgspec.Struct)
Answer = dict[str, Any]


class Context(Protocol):
    """What Lambda tells of a call."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int: ...


@dataclass(frozen=True)
class Measured:
    dimensions: Mapping[str, str]
    numbers: Mapping[str, float]


@dataclass
class Call:
    """One call of a function. What it measured is written when it has ended, with an error or without. `own` has the
    function's own credentials, which reach no tenant's data.
    """

    aws: Aws
    own: DynamoDb
    installation: Installation
    scratch: Path
    ends_at: float
    """When to stop, by the monotonic clock."""
    log: Logger
    measured: list[Measured] = field(default_factory=list["Measured"])

    def measure(self, numbers: Mapping[str, float], **dimensions: str) -> None:
        """Of a `service` or a canonical `table`; without either, of the installation as a whole."""
        self.measured.append(Measured(dimensions, numbers))

    def stop(self) -> bool:
        return time.monotonic() >= self.ends_at

    def bug(self, error: BaseException) -> InternalError:
        """What to raise or to tell of an error that nobody foresaw; where it happened is logged."""
        return _bug(self.log, error)

    def own_bucket(self) -> Objects:
        """The bucket with the function's own credentials: plans, results, reports, and mappings to plan by."""
        return bucket(self.installation, self.aws.own_credentials())

    @contextmanager
    def ports(self, tenant: str) -> Iterator[Ports]:
        with tenant_ports(self.aws, self.installation, tenant, shared=self.own, scratch=self.scratch) as ports:
            yield ports


Stage = Callable[[Call, E], Answer]


def handler(kind: type[E]) -> Callable[[Stage[E]], Callable[[Any, Context], Answer]]:
    """Make a stage a function that Lambda calls.

    An error of ours leaves under the name of its class, by which the workflow tells what to try again. Any other
    becomes an InternalError without a message; where it happened is logged.
    """

    def made(stage: Stage[E]) -> Callable[[Any, Context], Answer]:
        log = Logger(service=f"avesa-{stage.__name__}", utc=True)

        @wraps(stage)
        def handle(event: Any, context: Context) -> Answer:
            started = time.monotonic()
            log.clear_state()
            log.append_keys(request_id=context.aws_request_id, **_fields(event))
            scratch = Path(os.environ.get("AVESA_SCRATCH", SCRATCH))
            # What a call left here that was ended by force; an environment runs one call at a time.
            shutil.rmtree(scratch, ignore_errors=True)
            seconds = context.get_remaining_time_in_millis() / 1000
            try:
                asked = read_event(event, kind)
                kept = _kept()
                call = Call(kept.aws, kept.own, installation_of(), scratch, started + STOP_AT * seconds, log)
                try:
                    answer = stage(call, asked)
                finally:
                    _write_metrics(call, asked)
            except AvesaError as error:
                log.warning(str(error), error=type(error).__name__, retry=error.retry)
                raise
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException as error:  # noqa: BLE001 — told as an InternalError; a panic is no Exception
                raise _bug(log, error) from None
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
            log.info("done", seconds=round(time.monotonic() - started, 3), answer=answer)
            return answer

        return handle

    return made


def _bug(log: Logger, error: BaseException) -> InternalError:
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    log.error("a bug", error=type(error).__name__, where=where)
    return InternalError(f"this is a bug in avesa ({type(error).__name__}); the log says where.")


@dataclass(frozen=True)
class _Kept:
    aws: Aws
    own: DynamoDb


_KNOWN: dict[str, _Kept] = {}


def _kept() -> _Kept:
    """What is kept between calls: what makes clients, and one of them with the function's own credentials. Nothing of
    a tenant's.
    """
    region = installation_of().region
    if region not in _KNOWN:
        aws = Aws(region)
        _KNOWN[region] = _Kept(aws, aws.dynamodb())
    return _KNOWN[region]


def _fields(event: Any) -> dict[str, str]:
    """What a log line carries of an event, odd ones included."""
    found = {name: event.get(name) for name in _FIELDS} if isinstance(event, dict) else {}
    return {name: value[:200] for name, value in found.items() if isinstance(value, str)}


def _write_metrics(call: Call, asked: msgspec.Struct) -> None:
    for one in call.measured:
        metrics = EphemeralMetrics(namespace=NAMESPACE)
        for dimension, of in {"env": call.installation.env, **one.dimensions}.items():
            metrics.add_dimension(dimension, of)
        for name in _FIELDS:
            value = getattr(asked, name, None)
            if isinstance(value, str) and name not in one.dimensions:
                metrics.add_metadata(name, value)
        for measure, number in one.numbers.items():
            unit = MetricUnit.Seconds if measure.endswith("Seconds") else MetricUnit.Count
            metrics.add_metric(measure, unit, number)
        metrics.flush_metrics()
