"""`avesa services`: which vendors there are, what each needs, and which tables it gives."""

from __future__ import annotations

from typing import Any

import click

from avesa.cli.command import Command, home_option, json_option
from avesa.cli.output import console, write_json, write_table
from avesa.connector.service import Service
from avesa.integrations import load_service, service_names

BASE_URL_HELP = "another address in place of the vendor's: a proxy or a test server"


@click.command(
    cls=Command,
    epilog="""
Examples:
  avesa services                 all services
  avesa services connectwise     its settings, secrets and tables
  avesa services --json          the same for programs
""",
)
@click.argument("name", required=False)
@home_option
@json_option
def services(name: str | None, as_json: bool) -> None:
    """Show what tenants can be connected to, or one in detail."""
    chosen = [load_service(one) for one in ([name] if name else service_names())]
    if as_json:
        described = [described_service(one) for one in chosen]
        write_json(described[0] if name else described)
    elif name:
        _show(chosen[0])
    else:
        rows = [(s.name, s.title, s.category, s.auth.title, len(s.endpoints)) for s in chosen]
        write_table(("name", "title", "category", "auth", "tables"), rows, right=["tables"])


def described_service(service: Service) -> dict[str, Any]:
    """Auth is the kind in a word; `changes` tells whether the vendor can be asked for changes alone."""
    return {
        "name": service.name,
        "title": service.title,
        "category": service.category,
        "auth": service.auth.title.split()[0],
        "settings": [
            *({"name": s.name, "required": s.required, "default": s.default} for s in service.settings),
            {"name": "base_url", "required": False, "default": None},
        ],
        "secrets": list(service.secrets),
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


def _show(service: Service) -> None:
    out = console()
    out.print(f"{service.title} ({service.name}), {service.category}, auth: {service.auth.title}")
    settings = [(s.name, "yes" if s.required else "", s.default, s.help) for s in service.settings]
    write_table(("setting", "required", "default", "what"), [*settings, ("base_url", "", None, BASE_URL_HELP)])
    out.print(f"secrets: {', '.join(service.secrets)}")
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
    required = "".join(f" --set {s.name}=…" for s in service.settings if s.required)
    out.print(f"Connect it: avesa connect TENANT {service.name}{required} --secrets-from FILE")
