"""What all commands share: --home, --root, --aws, --json, examples kept as they are written, failures told."""

from __future__ import annotations

import math
import os
import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from avesa.cli.deferred import loaded
from avesa.cli.terminal_text import harmless
from avesa.shared.errors import AvesaError, UsageError, Where

DEFAULT_HOME = Path(".avesa")
_HOME = "avesa.home"
_ROOT = "avesa.root"
_AWS = "avesa.aws"
_F = TypeVar("_F", bound=Callable[..., Any])


class _Typed(click.Command):
    """The epilog of the help holds commands to paste, so it is not wrapped. Nothing that is typed is passed over: an
    option that takes one value may be said once.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not ctx.resilient_parsing:
            said = self.make_parser(ctx).parse_args(list(args))[2]
            _refuse_repetitions([one for one in said if isinstance(one, click.Option)], ctx)
        rest = super().parse_args(ctx, args)
        for parameter in self.params:
            if isinstance(parameter.type, click.types.StringParamType):
                _refuse_what_is_no_text(ctx.params.get(str(parameter.name)), parameter, ctx)
        return rest

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.epilog:
            formatter.write("\n" + self.epilog.strip("\n") + "\n")


class Command(_Typed):
    """One command of `avesa`."""


class Group(_Typed, click.Group):
    """A command of commands. Alone it shows its help; what fails below it is told in a line, with an exit status."""

    command_class = Command

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **{"invoke_without_command": True, **settings})

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and loaded(command), rest

    def invoke(self, ctx: click.Context) -> Any:
        try:
            result = super().invoke(ctx)
        except AvesaError as error:
            _debug()
            raise (Misuse if isinstance(error, UsageError) else Failure)(error) from error
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except Exception as error:
            _debug()
            raise Bug(error) from error
        if ctx.invoked_subcommand is None:
            click.echo(ctx.get_help())
        return result


class Number(click.FloatRange):
    """A number in a range; what is none, as `nan` is, lies in no range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        found = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"{value} is not a number.", param, ctx)
        return found


class Failure(click.ClickException):
    """An error of ours as the command line tells it; exit status 1."""

    def __init__(self, error: AvesaError) -> None:
        super().__init__(harmless(error_text(error)))


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
    hint = _ready_to_paste(error.hint, error.where)
    return f"{where}{error.message}" + (f"\n  {hint}" if hint else "")


def _ready_to_paste(hint: str, where: Where, *others: str) -> str:
    """With the names in it, where the hint is to leave out the table, and the others that it befell too."""
    if not (where.tenant and where.service and where.table):
        return hint
    without = " ".join(f"--without {table}" for table in (where.table, *others))
    return hint.replace("TENANT SERVICE --without TABLE", f"{where.tenant} {where.service} {without}")


def error_json(error: AvesaError) -> dict[str, Any]:
    return {
        "tenant": error.where.tenant,
        "service": error.where.service,
        "table": error.where.table,
        "message": error.message,
        "hint": _ready_to_paste(error.hint, error.where) or None,
        "retry": error.retry,
    }


def tell_errors(errors: Iterable[AvesaError]) -> None:
    """Write them to stderr, for commands that go on with the rest. What befell many tables alike is told once."""
    alike: dict[tuple[str | None, str | None, str, str], list[AvesaError]] = {}
    for error in errors:
        alike.setdefault((error.where.tenant, error.where.service, error.alike, error.hint), []).append(error)
    for same in alike.values():
        click.echo(harmless(f"Error: {error_text(_as_one(same))}"), err=True)


def end_with(errors: Sequence[AvesaError]) -> None:
    """Tell what went wrong, and end with exit status 1 if anything did."""
    tell_errors(errors)
    if errors:
        click.get_current_context().exit(1)


def _as_one(same: list[AvesaError]) -> AvesaError:
    """Where the messages differ, that of the first table is told as its own."""
    first, *others = same
    if not others:
        return first
    tables = [str(error.where.table) for error in same]
    if any(error.message != first.message for error in others):
        whose = f"{tables[0]}; alike {len(others)} more: {', '.join(tables[1:])}"
    else:
        whose = f"{len(same)} tables: {', '.join(tables)}"
    hint = _ready_to_paste(first.hint, first.where, *tables[1:])
    return AvesaError(f"{first.message} ({whose})", where=Where(first.where.tenant, first.where.service), hint=hint)


def warn(message: str, hint: str = "") -> None:
    """Say on stderr what is odd and stops nothing."""
    click.echo(harmless(f"Warning: {message}" + (f"\n  {hint}" if hint else "")), err=True)


def home_option(function: _F) -> _F:
    """`--home`, `--root` and `--aws` after a command, where people type them too; they go before those before it."""
    aws = click.option(
        "--aws",
        metavar="ENV",
        expose_value=False,
        callback=_remember(_AWS),
        help="Work on this environment on AWS instead of a folder. [env: AVESA_AWS]",
    )
    root = click.option(
        "--root",
        metavar="PLACE",
        expose_value=False,
        callback=_remember(_ROOT),
        help="Where the data lie: a folder or s3://bucket/prefix. [env: AVESA_ROOT; default: DIR/data]",
    )
    return click.option(
        "--home",
        type=click.Path(file_okay=False, readable=False, path_type=Path),
        metavar="DIR",
        expose_value=False,
        callback=_remember(_HOME),
        help="Folder of state, secrets and data. [env: AVESA_HOME; default: ./.avesa]",
    )(root(aws(function)))


tables_option = click.option(
    "--table", "tables", multiple=True, metavar="CANONICAL", help="This canonical table alone; can be given often."
)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, nothing else.")


def home() -> Path:
    """The folder that the command line, AVESA_HOME or the default names. Raises UsageError with --aws."""
    if aws_environment():
        raise UsageError("this works on this machine alone.", hint="Leave out --aws, and unset AVESA_AWS.")
    found = click.get_current_context().meta.get(_HOME)
    return found if isinstance(found, Path) else Path(os.environ.get("AVESA_HOME") or DEFAULT_HOME)


def root() -> str | None:
    """Where the data lie, if the command line or AVESA_ROOT says so."""
    found = click.get_current_context().meta.get(_ROOT)
    return found if isinstance(found, str) else os.environ.get("AVESA_ROOT") or None


def sentence(error: AvesaError) -> str:
    """What would be an error elsewhere, told where it is none."""
    told = str(error)
    return told[:1].upper() + told[1:]


def no_tenant() -> UsageError:
    """There is none in the installation of this command, which may be another one than is meant."""
    environment = aws_environment()
    place = f"environment {environment}" if environment else str(home())
    return UsageError(f"there is no tenant yet in {place}.", hint="Add one: avesa tenant add NAME")


def aws_environment() -> str | None:
    """The environment on AWS, if the command line or AVESA_AWS names one. What is typed goes before the variable.

    Raises UsageError where the command line names a folder too.
    """
    meta = click.get_current_context().meta
    found, folder = meta.get(_AWS), meta.get(_HOME) or meta.get(_ROOT)
    if found and folder:
        raise UsageError("--aws names one installation, --home or --root another.", hint="Give one of them.")
    if found or folder:
        return str(found) if found else None
    return os.environ.get("AVESA_AWS") or None


def _refuse_repetitions(said: Sequence[click.Option], ctx: click.Context) -> None:
    if any(option.is_eager for option in said):
        return  # it asks for help
    pairs = [option for option in said if option.is_flag and option.secondary_opts]
    for option in pairs:
        if pairs.count(option) > 1:
            both = f"{option.opts[0]} or {option.secondary_opts[0]}"
            raise click.BadOptionUsage(option.opts[0], f"Say one of {both}, and once.", ctx)
    once = [option for option in said if not (option.multiple or option.is_flag or option.count)]
    for option in once:
        if once.count(option) > 1:
            raise click.BadOptionUsage(option.opts[0], f"Option '{option.opts[0]}' takes one value: say it once.", ctx)


def _refuse_what_is_no_text(value: Any, parameter: click.Parameter, ctx: click.Context) -> None:
    """Bytes that are not UTF-8 come as half a surrogate pair each."""
    for text in value if isinstance(value, tuple) else (value,):
        try:
            str(text).encode()
        except UnicodeEncodeError:
            raise click.BadParameter(f"{text!r} is not UTF-8.", ctx, parameter) from None


def _remember(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def remember(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
        if value is not None:
            ctx.meta[name] = value

    return remember


def _debug() -> None:
    if os.environ.get("AVESA_DEBUG") == "1":
        from avesa.cli.environment_secrets import without_secrets  # noqa: PLC0415 — only who debugs waits for it

        click.echo(harmless(without_secrets(traceback.format_exc())), err=True, nl=False)
