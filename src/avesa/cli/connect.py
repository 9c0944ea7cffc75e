"""`avesa connect` and `avesa check`: store a tenant's way into a service, and try it."""

from __future__ import annotations

import difflib
import os
import stat
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import click
import msgspec

from avesa.cli.chosen_tables import chosen_tables, chosen_tables_options
from avesa.cli.command import Command, error_json, home_option, json_option
from avesa.cli.opening import opened, opened_ports
from avesa.cli.output import console, counted, moment, write_json
from avesa.connector.account import moved_settings
from avesa.connector.connection import check_settings, connection
from avesa.connector.service import Service
from avesa.integrations import load_service
from avesa.pipeline.ingest import check_connection
from avesa.pipeline.left_behind import LeftBehind, left_behind
from avesa.pipeline.ports import Ports
from avesa.shared.errors import AvesaError, ConfigurationError, UsageError, Where
from avesa.shared.layout import tenant_raw_prefix
from avesa.shared.tenants import TenantService


@click.command(
    cls=Command,
    epilog="""
Examples:
  avesa connect acme connectwise --set company_id=acme --secrets-from keys.json
  pass show acme/connectwise | avesa connect acme connectwise --set company_id=acme --secrets-from -
  avesa connect acme connectwise --set limit_share=0.5     change one setting, keep the rest
  avesa connect acme connectwise --unset limit_share       what it is by default again
  avesa connect acme connectwise --set company_id=acme-new --same-account     the account has a new name
  avesa connect acme connectwise --secrets-from new.json   a new key takes the place of the old one
  avesa connect acme connectwise --without purchase_orders --without boards   leave these tables out
  avesa connect acme connectwise --pause                   leave it out of syncs; --resume takes it up again

The secrets are a JSON object, such as
  {"public_key": "…", "private_key": "…", "client_id": "…"}
They are never given on the command line, where other users and the shell's history could read them.
Settings: avesa services NAME. What was pulled of a table that is left out, or of a service that is paused, stays.
""",
)
@click.argument("tenant")
@click.argument("service")
@click.option("--set", "sets", metavar="KEY=VALUE", multiple=True, help="A setting; can be given several times.")
@click.option("--unset", "unsets", metavar="KEY", multiple=True, help="What it is by default again; likewise.")
@click.option(
    "--secrets-from",
    type=click.Path(allow_dash=True),
    metavar="FILE",
    help="JSON object of secrets; - reads it from stdin.",
)
@click.option("--same-account", is_flag=True, help="What the data came from has a new name or address.")
@chosen_tables_options
@click.option("--pause/--resume", "paused", default=None, help="Leave it out of syncs; take it up again.")
@home_option
@json_option
def connect(
    tenant: str,
    service: str,
    sets: tuple[str, ...],
    unsets: tuple[str, ...],
    secrets_from: str | None,
    same_account: bool,
    only: tuple[str, ...],
    without: tuple[str, ...],
    everything: bool,
    paused: bool | None,
    as_json: bool,
) -> None:
    """Store how TENANT reaches SERVICE, and what is pulled of it.

    Settings and secrets are checked against what the service needs; the vendor is not called. Called again, it
    changes what is given and keeps the rest. A tenant with data of one account is not led to another by mistake.
    """
    declared = load_service(service)
    where = Where(tenant, service)
    with opened() as deployment, deployment.of(tenant) as ports:
        known = connected_service(ports, tenant, service)
        left = LeftBehind() if known else left_behind(ports.watermarks, tenant, service)
        before = known or TenantService(tenant, service, settings=left.guard)
        given = _settings(declared, sets, where)
        settings = {**_without(declared, before.settings, unsets, given, where), **given}
        tables = chosen_tables(declared, before.tables, only=only, without=without, everything=everything, where=where)
        enabled = before.enabled if paused is None else not paused
        secrets = _secrets(declared, secrets_from, where) if secrets_from else {}
        try:
            connection(declared, settings, {**ports.secrets.get(tenant, service), **secrets}, where=where)
        except ConfigurationError as error:
            raise UsageError(error.message, where=error.where, hint=error.hint) from None
        account = known.settings if known else left.account
        moved = moved_settings(declared, account, settings) if known or left.at else ()
        if moved and not same_account and _has_data(ports, tenant, service):
            raise _another_account(moved, where)
        if secrets:
            deployment.keep_secrets(ports, tenant, service, secrets)
        # A refusal was of the old credentials.
        ports.tenants.put(replace(before, settings=settings, tables=tables, enabled=enabled, problem=None))
    if as_json:
        write_json(
            {
                "tenant": tenant,
                "service": service,
                "settings": settings,
                "secrets": sorted(declared.secrets),
                "tables": tables,
                "enabled": enabled,
            }
        )
        return
    out = console()
    some = "" if tables is None else f", {len(tables)} of {counted(len(declared.endpoints), 'table')}"
    out.print(f"Tenant {tenant} is connected to {declared.title}{some}.")
    if left.at:
        out.print(f"It was disconnected at {moment(left.at)} UTC, so the next sync lists everything anew.")
    if not enabled:
        out.print(f"It is paused, and syncs leave it out until: avesa connect {tenant} {service} --resume")
        return
    out.print(f"Next: avesa check {tenant} {service}   (are the credentials good)")
    out.print(f"      avesa sync {tenant}")


@click.command(
    cls=Command,
    epilog="""
Examples:
  avesa check acme connectwise
""",
)
@click.argument("tenant")
@click.argument("service")
@home_option
@json_option
def check(tenant: str, service: str, as_json: bool) -> None:
    """Ask the vendor for one small page: are the credentials good?"""
    load_service(service)
    with opened_ports(tenant) as ports:
        connected = connected_service(ports, tenant, service)
        if connected is None:
            raise UsageError(
                f"tenant {tenant} is not connected to {service}.",
                hint=f"Run: avesa connect {tenant} {service} --secrets-from FILE",
            )
        try:
            check_connection(ports, connected)
        except AvesaError as error:
            if as_json:
                write_json({"tenant": tenant, "service": service, "ok": False, "error": error_json(error)})
            raise
    if as_json:
        write_json({"tenant": tenant, "service": service, "ok": True, "error": None})
    else:
        console().print(f"The credentials of tenant {tenant} for {load_service(service).title} are good.")


def connected_service(ports: Ports, tenant: str, service: str) -> TenantService | None:
    """None where the tenant is not connected to it. Raises UsageError for an unknown tenant."""
    try:
        found = ports.tenants.services(tenant)
    except UsageError as error:
        hint = f"{error.hint} To add it: avesa tenant add {tenant}"
        raise UsageError(error.message, where=error.where, hint=hint) from None
    return next((one for one in found if one.service == service), None)


def _has_data(ports: Ports, tenant: str, service: str) -> bool:
    """Whether anything of the service was ever pulled."""
    states = ports.watermarks.all(tenant, f"{service}/")
    pulled = any(state.watermark or state.checkpoint or state.details for state in states)
    return pulled or service in ports.objects.folders(tenant_raw_prefix(tenant))


def _another_account(moved: tuple[str, ...], where: Where) -> UsageError:
    return UsageError(
        f"another {' and '.join(moved)} is another account, and there are data of the one so far. Its records would be"
        " asked for from where that one is, and be taken for newer versions of what has the same ids.",
        where=where,
        hint="Connect it as another tenant: avesa tenant add NAME. If it is the same account, which has a new name or"
        f" address, add --same-account. To begin anew, first: avesa tenant remove {where.tenant}",
    )


def _settings(service: Service, sets: Iterable[str], where: Where) -> dict[str, str]:
    """Raises UsageError for what is no KEY=VALUE, for a secret, and for what the service does not know."""
    found = {}
    may_be_empty = {setting.name for setting in service.settings if setting.default == "" or setting.may_be_empty}
    for one in sets:
        name, equals, value = one.partition("=")
        name = name.strip()
        if name in service.secrets:
            raise UsageError(
                f"{name} is a secret and is not taken from the command line, where others can read it.",
                where=where,
                hint=f'Put {{"{name}": "…"}} into a file of mode 600 and give it with --secrets-from FILE.',
            )
        if not (name and equals):
            raise UsageError("--set expects KEY=VALUE.", where=where, hint="For example: --set company_id=acme")
        if not value.isprintable() or not (value.strip() or name in may_be_empty):
            raise UsageError(f"the setting {name} has no usable value.", where=where)
        found[name] = value.strip()
    try:
        check_settings(service, found, where=where)
    except UsageError as error:
        raise error.located(where) from None
    return found


def _without(
    service: Service, settings: Mapping[str, str], unsets: Iterable[str], given: Collection[str], where: Where
) -> dict[str, str]:
    """Raises UsageError for a secret, for one that is `given` as well, and for one that is not set."""
    names = {name.strip() for name in unsets}
    for name in sorted(names.intersection(service.secrets)):
        raise UsageError(
            f"{name} is a secret, and --unset is for settings.",
            where=where,
            hint="Another one takes its place with --secrets-from FILE; avesa disconnect forgets it.",
        )
    for name in sorted(names.intersection(given)):
        raise UsageError(f"{name} is in --set and in --unset.", where=where, hint="Say one of them.")
    for name in sorted(names - set(settings)):
        close = difflib.get_close_matches(name, settings, n=1)
        known = f"Set are {', '.join(sorted(settings))}." if settings else "None is set."
        raise UsageError(
            f"the setting {name} is not set.", where=where, hint=f"Did you mean {close[0]!r}?" if close else known
        )
    return {name: value for name, value in settings.items() if name not in names}


def _secrets(service: Service, source: str, where: Where) -> Mapping[str, str]:
    """The secrets of a JSON object in a file or stdin. No error shows anything of the values."""
    name = "stdin" if source == "-" else source
    data = _read(source)
    problem = "is not a JSON object of texts"
    try:
        found = msgspec.json.decode(data, type=dict[str, str])
        problem = ""
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = {}
    if problem:
        example = ", ".join(f'"{one}": "…"' for one in service.secrets)
        raise UsageError(f"{name} {problem}.", where=where, hint=f"It should be {{{example}}}")
    for one in found:
        if one not in service.secrets:
            close = difflib.get_close_matches(one, service.secrets, n=1)
            hint = f"Did you mean {close[0]!r}?" if close else f"Its secrets are {', '.join(service.secrets)}."
            # A value typed where the name belongs must not be shown either.
            told = repr(one) if one.isidentifier() and len(one) <= 30 else "one of those in " + name
            raise UsageError(f"{service.title} has no secret {told}.", where=where, hint=hint)
        if not found[one]:
            raise UsageError(f"the secret {one} is empty.", where=where)
    return found


def _read(source: str) -> bytes:
    if source == "-":
        return sys.stdin.buffer.read()
    try:
        with Path(source).open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
                click.echo(f"Warning: others can read {source}. Run: chmod 600 {source}", err=True)
            return file.read()
    except OSError as error:
        raise UsageError(f"{source} cannot be read: {error.strerror}.", hint="Give a file, or - for stdin.") from error
