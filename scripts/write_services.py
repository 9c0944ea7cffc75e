"""Writes docs/services.md, the catalogue of all services, from what they declare.

python scripts/write_services.py            write the page anew if it differs
python scripts/write_services.py --check    only say whether it differs, and fail if it does
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from avesa.cli.services import canonical_tables, is_required, with_changes
from avesa.connector.service import Service
from avesa.integrations import load_service, service_names

PAGE = Path(__file__).parents[1] / "docs" / "services.md"

_HEAD = """# Services

What tenants can be connected to. This page is written from the declarations by `scripts/write_services.py`; `avesa
services NAME` shows the same. A table that is asked for *changes* gets only what changed since the last sync, and its
whole list from time to time; a *listing* is read whole each time that it is due. Every service is held to its vendor's
published interface by `tests/conformance/test_services.py`.
"""


def page() -> str:
    """The whole page."""
    services = [load_service(name) for name in service_names()]
    tables = sum(len(service.endpoints) for service in services)
    return "\n".join(
        [_HEAD, f"{len(services)} services, {tables} tables.\n", _overview(services), *map(_one, services)]
    )


def _overview(services: Sequence[Service]) -> str:
    rows = [
        (
            f"[`{one.name}`](#{_anchor(one)})",
            one.title,
            one.category,
            one.auth.title,
            str(len(one.endpoints)),
            str(with_changes(one)),
            ", ".join(canonical_tables(one)),
        )
        for one in services
    ]
    return _table(("service", "title", "category", "auth", "tables", "with changes", "canonical tables"), rows)


def _one(service: Service) -> str:
    settings = [f"`{s.name}`" + ("" if is_required(service, s) else " (optional)") for s in service.settings]
    facts = [f"Auth: {service.auth.title}.", f"Secrets: {', '.join(f'`{name}`' for name in service.secrets)}."]
    if settings:
        facts.insert(1, f"Settings: {', '.join(settings)}.")
    rows = [
        (
            f"`{endpoint.name}`",
            endpoint.canonical or "",
            "changes" if service.changes_of(endpoint) is not None else "listing",
            f"`{endpoint.parent.endpoint}`" if endpoint.parent else "",
        )
        for endpoint in service.endpoints
    ]
    return "\n".join(
        [f"## {service.title}", "", " ".join(facts), "", _table(("table", "canonical", "asked for", "under"), rows)]
    )


def _anchor(service: Service) -> str:
    """What GitHub makes of the heading."""
    kept = "".join(letter for letter in service.title.lower() if letter.isalnum() or letter in " -_")
    return kept.replace(" ", "-")


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    text = page()
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    if check:
        sys.stderr.write(f"{PAGE.name} differs from the declarations: python scripts/write_services.py\n")
        return 1
    PAGE.write_text(text, encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
