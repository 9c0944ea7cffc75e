"""`avesa services`: which vendors there are, what each needs, and which tables it gives."""

from __future__ import annotations

import difflib
from typing import Any

import click

from avesa.cli.command import Command, Group, end_with, home_option, json_option
from avesa.cli.deferred import Deferred
from avesa.cli.output import console, write_json, write_table
from avesa.connector.auth import Auth, OneOf, all_names
from avesa.connector.limits import SHARE
from avesa.connector.service import Service, Setting
from avesa.integrations import load_service, service_names
from avesa.shared.errors import AvesaError, ConfigurationError
from avesa.shared.guard import Guard

BASE_URL_HELP = "another address in place of the vendor's: a proxy or a test server"

OF_EVERY_SERVICE = (
    ("every", "each sync", "how often a table is pulled at most, such as 6h"),
    ("relist", "the table's own, mostly 1d", "how often a full listing looks for deletions"),
    ("overlap_seconds", "the service's own", "how far behind the last change the next pull begins"),
    ("limit_share", f"{SHARE:g}", "the share of what the vendor allows"),
    ("deletes_share", f"{Guard().share:g}", "a listing that lacks more of the known records is held,"),
    ("deletes_records", f"{Guard().records}", "if it also lacks more of them than this"),
)
"""Settings that each service takes: name, default and what it is. All but the share also for one table alone."""


class _Services(Group):
    """A word that is no command of it, and closer to no command than to a service, is the name of a service."""

    def invoke(self, ctx: click.Context) -> Any:
        return click.Group.invoke(self, ctx)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        closest = difflib.get_close_matches(args[0], [*service_names(), *self.commands], n=1)
        is_command = closest and closest[0] in self.commands
        return super().resolve_command(ctx, args) if is_command else ("show", show, args)


@click.group(
    cls=_Services,
    subcommand_metavar="[NAME | new NAME]",
    epilog="""
Examples:
  avesa services                 all services
  avesa services connectwise     its settings, secrets and tables
  avesa services new gatehouse --openapi gatehouse.json     the skeleton of one that is not there
  avesa services --json          the same for programs
""",
)
@home_option
@json_option
@click.pass_context
def services(ctx: click.Context, as_json: bool) -> None:
    """Show what tenants can be connected to, or one in detail.

    Exit status 1 where the declaration of one cannot be used; the others are shown.
    """
    if ctx.invoked_subcommand is not None:
        return
    chosen, broken = _loaded()
    if as_json:
        write_json([described_service(one) for one in chosen])
    else:
        columns = ("name", "title", "category", "tables", "changes", "canonical")
        write_table(columns, map(_overview, chosen), right=["tables", "changes", "canonical"], whole=["name"])
        console().print("changes: tables that can be asked for what changed; canonical: tables that are fed.")
        console().print("What one needs and gives: avesa services NAME")
    end_with(broken)


def _loaded() -> tuple[list[Service], list[AvesaError]]:
    """All services, and what is wrong with those that are none."""
    found: list[Service] = []
    broken: list[AvesaError] = []
    for name in service_names():
        try:
            found.append(load_service(name))
        except ConfigurationError as error:
            broken.append(error)
    return found, broken


class _Unnamed(click.Context):
    """Of a command whose name nobody types."""

    @property
    def command_path(self) -> str:
        return self.parent.command_path if self.parent else ""


class _Show(Command):
    context_class = _Unnamed


@click.command(cls=_Show)
@click.argument("name")
@home_option
@json_option
@click.pass_context
def show(ctx: click.Context, name: str, as_json: bool) -> None:
    """Show one service in detail."""
    service = load_service(name)
    if as_json or (ctx.parent is not None and ctx.parent.params["as_json"]):
        write_json(described_service(service))
    else:
        _show(service)


services.add_command(
    Deferred(
        "new",
        "avesa.cli.new_service:new_service",
        "Write the skeleton of a service: declaration, contract, tests.",
    )
)


def described_service(service: Service) -> dict[str, Any]:
    """Auth is the kind in a word; `changes` tells whether the vendor can be asked for changes alone. Where there are
    several ways to prove who asks, `secrets` are those of all, and `ways` has the names that each needs.
    """
    return {
        "name": service.name,
        "title": service.title,
        "category": service.category,
        "auth": service.auth.title.split()[0],
        "settings": [
            *(
                {"name": s.name, "required": is_required(service, s), "default": s.default, "help": s.help}
                for s in service.settings
            ),
            {"name": "base_url", "required": False, "default": None, "help": BASE_URL_HELP},
        ],
        "settings_of_every_service": [
            {"name": name, "default": default, "help": what} for name, default, what in OF_EVERY_SERVICE
        ],
        "secrets": list(service.secrets),
        "ways": [{"auth": way.title, "needs": needs} for way, needs in ways(service)],
        "endpoints": [
            {
                "name": endpoint.name,
                "canonical": endpoint.canonical,
                "changes": service.changes_of(endpoint) is not None,
                "parent": endpoint.parent.endpoint if endpoint.parent else None,
            }
            for endpoint in service.endpoints
        ],
    }


def ways(service: Service) -> list[tuple[Auth, list[str]]]:
    """The ways to prove who asks, if there are several, with the settings and secrets that each needs."""
    if not isinstance(service.auth, OneOf):
        return []
    known = [*(setting.name for setting in service.settings), *service.secrets]
    return [(way, [name for name in known if name in way.names]) for way in service.auth.schemes]


def is_required(service: Service, setting: Setting) -> bool:
    """Whether nobody can do without it: not what only one of several ways needs."""
    return setting.required and setting.name not in all_names(service.auth) - service.auth.names


def with_changes(service: Service) -> int:
    """Of how many tables the vendor can be asked for changes alone."""
    return sum(service.changes_of(endpoint) is not None for endpoint in service.endpoints)


def canonical_tables(service: Service) -> list[str]:
    """The canonical tables that the service feeds, sorted."""
    return sorted({endpoint.canonical for endpoint in service.endpoints if endpoint.canonical})


def _overview(service: Service) -> tuple[object, ...]:
    numbers = len(service.endpoints), with_changes(service), len(canonical_tables(service))
    return service.name, service.title, service.category, *numbers


def _show(service: Service) -> None:
    out = console()
    out.print(f"{service.title} ({service.name}), {service.category}, auth: {service.auth.title}")
    settings = [(s.name, "yes" if is_required(service, s) else "", s.default, s.help) for s in service.settings]
    common = [(name, "", default, what) for name, default, what in OF_EVERY_SERVICE]
    rows = [*settings, ("base_url", "", None, BASE_URL_HELP), *common]
    write_table(("setting", "required", "default", "what"), rows)
    out.print(f"The last {len(common)} are of every service; for one table: --set every.{service.endpoints[0].name}=6h")
    optional = all_names(service.auth) - service.auth.names
    always = [name for name in service.secrets if name not in optional]
    if always:
        out.print(f"secrets: {', '.join(always)}")
    if optional:
        out.print("one of these ways, with what it needs:")
        for way, needs in ways(service):
            out.print(f"  {way.title}: {', '.join(needs)}")
    write_table(
        ("table", "canonical", "asked for", "parent"),
        [
            (
                endpoint.name,
                endpoint.canonical,
                "changes" if service.changes_of(endpoint) else "listing",
                endpoint.parent.endpoint if endpoint.parent else None,
            )
            for endpoint in service.endpoints
        ],
    )
    required = "".join(f" --set {s.name}=…" for s in service.settings if is_required(service, s))
    out.print(f"Connect it: avesa connect TENANT {service.name}{required} --secrets-from FILE")
