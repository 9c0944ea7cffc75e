"""A real PostgreSQL server for tests and benchmarks, from the system's package: a folder, a socket in it, no network.

It does not run as root, so that root starts it as the user nobody.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

_PLACES = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql@*/bin")
_OLDEST = 15
OWNER = "loader"


class CannotStart(Exception):
    """There is no PostgreSQL to test with; the message says why."""


@dataclass(frozen=True)
class PostgresServer:
    """`folder` holds the socket, `programs` what came with the server."""

    folder: Path
    programs: Path

    def url(self, database: str, user: str = OWNER) -> str:
        return f"postgresql://{user}@/{database}?host={quote(str(self.folder), safe='')}"

    def psql(self, database: str, *statements: str) -> list[str]:
        """The command that says them as the owner."""
        words = [word for statement in statements for word in ("-c", statement)]
        return [str(self.programs / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.url(database), *words]


@contextmanager
def postgres_server(*, flushes: bool = False) -> Iterator[PostgresServer]:
    """Serve until the end of the block; everybody who reaches the socket may be any user. Raises CannotStart.

    Without `flushes` it writes nothing through to the disk and clears nothing up, which is all that tests need.
    """
    programs = _programs()
    user = _user()
    # A socket's path may have about a hundred letters, which a folder of pytest's can exceed.
    folder = Path(tempfile.mkdtemp(prefix="avesa-pg-", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")))
    try:
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        _run(user, programs / "initdb", "-D", folder / "data", "-U", OWNER, *_QUICK)
        control = (programs / "pg_ctl", "-D", folder / "data", "-w", "-l", folder / "log")
        quick = "" if flushes else "-c fsync=off -c autovacuum=off"
        _run(user, *control, "start", "-o", f"-k {folder} -c listen_addresses= {quick}")
        try:
            yield PostgresServer(folder, programs)
        finally:
            _run(user, *control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_QUICK = ("--auth=trust", "--no-sync", "--locale=C", "--encoding=UTF8", "--no-instructions")


def _programs() -> Path:
    """The newest on the machine."""
    found = [place for pattern in _PLACES for place in Path("/").glob(pattern)]
    on_path = shutil.which("initdb")
    found += [Path(on_path).resolve().parent] if on_path else []
    versions = {place: _version(place) for place in found if (place / "initdb").exists()}
    if not versions:
        raise CannotStart("no PostgreSQL: its server is not installed (on Debian: apt install postgresql)")
    best = max(versions, key=lambda place: versions[place])
    if versions[best] < _OLDEST:
        raise CannotStart(f"no PostgreSQL: {versions[best]} is installed, and {_OLDEST} is the oldest that is loaded")
    return best


def _version(place: Path) -> int:
    told = subprocess.run([place / "initdb", "--version"], capture_output=True, text=True, check=True).stdout
    return int(told.split()[2].split(".")[0])


def _user() -> pwd.struct_passwd | None:
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _run(user: pwd.struct_passwd | None, *command: str | Path) -> None:
    done = subprocess.run(
        command,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        extra_groups=[] if user else None,
    )
    if done.returncode:
        told = done.stderr.decode(errors="replace")[-300:]
        raise CannotStart(f"no PostgreSQL: {Path(command[0]).name} failed: {told}")
