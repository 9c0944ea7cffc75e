"""What all commands share: --home, --root, --json, examples kept as they are written, failures told to people."""

from __future__ import annotations

import errno
import os
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from avesa.pipeline.home import open_home
from avesa.pipeline.ports import Ports
from avesa.shared.errors import AvesaError, UsageError, Where

DEFAULT_HOME = Path(".avesa")
_HOME = "avesa.home"
_ROOT = "avesa.root"
_F = TypeVar("_F", bound=Callable[..., Any])


class _VerbatimEpilog(click.Command):
    """The epilog of the help holds commands to paste, so it is not wrapped."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.epilog:
            formatter.write("\n" + self.epilog.strip("\n") + "\n")


class Command(_VerbatimEpilog):
    """One command of `avesa`."""


class Group(_VerbatimEpilog, click.Group):
    """A command of commands. Alone it shows its help; what fails below it is told in a line, with an exit status."""

    command_class = Command

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **{"invoke_without_command": True, **settings})

    def invoke(self, ctx: click.Context) -> Any:
        try:
            result = super().invoke(ctx)
        except AvesaError as error:
            _debug()
            raise (Misuse if isinstance(error, UsageError) else Failure)(error) from error
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise
            _debug()
            raise Bug(error) from error
        if ctx.invoked_subcommand is None:
            click.echo(ctx.get_help())
        return result


class Failure(click.ClickException):
    """An error of ours as the command line tells it; exit status 1."""

    def __init__(self, error: AvesaError) -> None:
        super().__init__(error_text(error))


class Misuse(Failure):
    """Wrong usage, found behind the parser: an unknown tenant, service, table or setting."""

    exit_code = 2


class Bug(click.ClickException):
    """Something that nobody foresaw. Its message stays hidden: nobody knows what is in it."""

    def __init__(self, error: Exception) -> None:
        super().__init__(
            f"This is a bug in avesa ({type(error).__name__}).\n"
            "  Run it again with AVESA_DEBUG=1 to see where it happened. No data is lost: every step can be repeated."
        )


def error_text(error: AvesaError) -> str:
    """For whom and what failed, then what to do on a line of its own."""
    where = f"{error.where}: " if str(error.where) else ""
    return f"{where}{error.message}" + (f"\n  {error.hint}" if error.hint else "")


def error_json(error: AvesaError) -> dict[str, Any]:
    return {
        "tenant": error.where.tenant,
        "service": error.where.service,
        "table": error.where.table,
        "message": error.message,
        "hint": error.hint or None,
        "retry": error.retry,
    }


def tell_errors(errors: Iterable[AvesaError]) -> None:
    """Write them to stderr, for commands that go on with the rest. What befell many tables alike is told once."""
    alike: dict[tuple[str | None, str | None, str, str], list[AvesaError]] = {}
    for error in errors:
        alike.setdefault((error.where.tenant, error.where.service, error.message, error.hint), []).append(error)
    for (tenant, service, message, hint), same in alike.items():
        told = same[0]
        if len(same) > 1:
            tables = ", ".join(str(error.where.table) for error in same)
            told = AvesaError(f"{message} ({len(same)} tables: {tables})", where=Where(tenant, service), hint=hint)
        click.echo(f"Error: {error_text(told)}", err=True)


def home_option(function: _F) -> _F:
    """`--home` and `--root` after a command, where people type them too; they go before those in front of it."""
    root = click.option(
        "--root",
        metavar="PLACE",
        expose_value=False,
        callback=_remember(_ROOT),
        help="Where the data lie: a folder or s3://bucket/prefix. [env: AVESA_ROOT; default: DIR/data]",
    )
    return click.option(
        "--home",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR",
        expose_value=False,
        callback=_remember(_HOME),
        help="Folder of state, secrets and data. [env: AVESA_HOME; default: ./.avesa]",
    )(root(function))


json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, nothing else.")


def home() -> Path:
    """The folder that the command line, AVESA_HOME or the default names."""
    found = click.get_current_context().meta.get(_HOME)
    return found if isinstance(found, Path) else Path(os.environ.get("AVESA_HOME") or DEFAULT_HOME)


def root() -> str | None:
    """Where the data lie, if the command line or AVESA_ROOT says so."""
    found = click.get_current_context().meta.get(_ROOT)
    return found if isinstance(found, str) else os.environ.get("AVESA_ROOT") or None


@contextmanager
def opened_home() -> Iterator[Ports]:
    """The ports over the folder of this command. A bucket's keys come from the environment, as usual on AWS."""
    with open_home(home(), root=root()) as ports:
        yield ports


def _remember(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def remember(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
        if value is not None:
            ctx.meta[name] = value

    return remember


def _debug() -> None:
    if os.environ.get("AVESA_DEBUG") == "1":
        traceback.print_exc()
