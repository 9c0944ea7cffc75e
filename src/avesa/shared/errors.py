"""What can go wrong, told so that a caller can act: what failed, for whom, whether to try again, what to do.

No secret, token or payload ever stands in an error; the makers of messages pass names, statuses and counts only.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import PurePath


@dataclass(frozen=True)
class Where:
    """For whom something failed. Every part is optional; `str()` reads `tenant acme, connectwise/tickets`."""

    tenant: str | None = None
    service: str | None = None
    table: str | None = None

    def __str__(self) -> str:
        parts = [f"tenant {self.tenant}"] if self.tenant else []
        if self.service and self.table:
            parts.append(f"{self.service}/{self.table}")
        elif self.service or self.table:
            parts.append(str(self.service or self.table))
        return ", ".join(parts)


class AvesaError(Exception):
    """Root of all errors that AVESA raises on purpose.

    `message` says what failed, `where` for whom, `hint` what to do now, and `retry` whether the same call
    may succeed later without anybody changing anything. What befalls many tables for one reason is `alike`, whatever
    else the messages say: by default those of the same message are.
    """

    retry = False

    def __init__(self, message: str, *, where: Where | None = None, hint: str = "", alike: str = "") -> None:
        self.message = message
        self.alike = alike or message
        self.where = where or Where()
        self.hint = hint
        super().__init__(message)

    def located(self, where: Where) -> AvesaError:
        """Say for whom it failed, where the raiser could not know; what is already known stays."""
        self.where = Where(
            self.where.tenant or where.tenant,
            self.where.service or where.service,
            self.where.table or where.table,
        )
        return self

    def __str__(self) -> str:
        head = f"{self.where}: {self.message}" if str(self.where) else self.message
        return f"{head} {self.hint}".rstrip()


class UsageError(AvesaError):
    """The caller named something that does not exist or is not allowed (tenant, service, table, setting)."""


class ConfigurationError(AvesaError):
    """Something stored is missing or wrong: a mapping, a secret file, a setting."""


class Busy(AvesaError):
    """Somebody else holds the lease; nothing was done."""

    retry = True


class StaleState(AvesaError):
    """A compare-and-set found a newer version; the caller's view is old and must be read again."""

    retry = True


class StorageError(AvesaError):
    """A file could not be read or written (full disk, missing rights, unreachable bucket)."""

    retry = True


class ObjectMissing(StorageError):
    """There is no such object."""

    retry = False


class ServiceFailed(AvesaError):
    """The vendor refused the tenant's connection as a whole (401): no table of it can be pulled."""


class TableFailed(AvesaError):
    """One table could not be pulled (403, malformed pages, paging that never ends); others can go on."""


class Unavailable(AvesaError):
    """The vendor or the network did not answer properly in spite of retries; a later pull goes on from here."""

    retry = True


class AllowanceSpent(Unavailable):
    """What the vendor allows is used up for longer than a pull waits; nothing is wrong, and a later pull goes on."""


class MappingError(ConfigurationError):
    """A mapping is not valid; the message names file, path and what was expected."""


class InternalError(AvesaError):
    """Something that nobody foresaw. Its own message stays hidden: nobody knows what is in it."""


def internal_error(error: BaseException) -> InternalError:
    """What to tell of an error that nobody foresaw: its kind, and the place in our code. Raises the error itself where
    it is none, but a way to end the process.
    """
    # A panic of a library written in Rust is no Exception.
    if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
        raise error
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "avesa" in PurePath(frame.filename).parts] or frames
    at = f", {PurePath(ours[-1].filename).name} line {ours[-1].lineno}" if ours else ""
    return InternalError(
        f"This is a bug in avesa ({type(error).__name__}{at}).", hint="Please report it; nothing that landed is lost."
    )
