"""`avesa services new`: the skeleton of a service, in a checkout of AVESA."""

from __future__ import annotations

import importlib.util
import json
import keyword
import runpy
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

import avesa
from avesa.cli.command import Command, home_option, json_option
from avesa.cli.mapping_draft import draft_mappings
from avesa.cli.openapi_document import Json, read_file
from avesa.cli.output import console, write_json
from avesa.cli.service_facts import (
    AUTH_KINDS,
    IDENTIFIER,
    AuthFacts,
    AuthKind,
    EndpointFacts,
    ServiceFacts,
    SettingFacts,
    default_secrets,
    is_address,
    read_openapi,
)
from avesa.cli.service_files import integration_test, mapping_test, package, rules
from avesa.connector.service import Service
from avesa.connector.template import names_in
from avesa.shared.errors import UsageError

RESERVED = ("new",)


@click.command(
    name="new",
    cls=Command,
    epilog="""
Examples:
  avesa services new examplevendor --openapi examplevendor.json
  avesa services new examplevendor --title "Example Vendor" --category rmm \\
      --base-url https://api.example.com/v1 --auth bearer --endpoint devices=/devices

It writes into the checkout that avesa runs from, never over a file that is there. docs/adding-a-service.md leads on.
""",
)
@click.argument("name")
@click.option(
    "--openapi",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The vendor's OpenAPI document, in JSON; what it says need not be said in options.",
)
@click.option("--title", help="The vendor's own name of the product.")
@click.option("--category", help="psa, rmm, crm, finance, security, …")
@click.option("--base-url", help="Where all paths begin; {names} in it become settings.")
@click.option("--auth", type=click.Choice(AUTH_KINDS), help="How a request proves who asks.")
@click.option("--auth-at", metavar="WHERE", help="The header or parameter of a key, or the address that gives tokens.")
@click.option(
    "--endpoint",
    "lists",
    multiple=True,
    metavar="NAME=PATH",
    help="A list and where it is; may be given several times.",
)
@click.option(
    "--checkout",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Another checkout than the one that avesa runs from.",
)
@home_option
@json_option
def new_service(
    name: str,
    openapi: Path | None,
    title: str | None,
    category: str | None,
    base_url: str | None,
    auth: AuthKind | None,
    auth_at: str | None,
    lists: tuple[str, ...],
    checkout: Path | None,
    as_json: bool,
) -> None:
    """Write the skeleton of a service: declaration, contract, tests."""
    root = the_checkout(checkout)
    check_name(name)
    given = {"title": title, "category": category, "base_url": base_url, "auth": auth, "auth_at": auth_at}
    facts = facts_of(name, openapi, given, lists)
    drafts = draft_mappings(facts, root)
    written = write_all(root, files_of(facts, root), drafts)
    next_ = next_steps(facts, drafts)
    if as_json:
        write_json({"service": name, "written": written, "open": list(facts.open), "next": next_})
        return
    out = console()
    out.print(f"{facts.title} has {len(facts.endpoints)} tables. Written:")
    for path in written:
        out.print(f"  {path}")
    if facts.open:
        out.print("\nWhat only a reader of the vendor's page can say:", style="bold")
        for line in facts.open:
            out.print(f"  {line}")
    out.print("\nNext:", style="bold")
    for number, line in enumerate(next_, 1):
        out.print(f"  {number}. {line}")


def the_checkout(given: Path | None) -> Path:
    """The root of the sources. Raises UsageError where there are none, as in an installed AVESA."""
    root = given or Path(avesa.__file__).resolve().parents[2]
    needed = ("src/avesa/integrations/__init__.py", "scripts/write_contract.py", "tests/contracts/rules", "mappings")
    if missing := [part for part in needed if not (root / part).exists()]:
        raise UsageError(
            f"a service is added to the sources of AVESA, and {root} is no checkout: it has no {missing[0]}.",
            hint="Clone the repository, run make test there once, and call .venv/bin/avesa from it.",
        )
    return root


def check_name(name: str) -> None:
    """Raises UsageError for what cannot be the name of a package."""
    if not IDENTIFIER.fullmatch(name) or keyword.iskeyword(name) or name in RESERVED or len(name) > 63:
        raise UsageError(
            f"{name!r} cannot be the name of a service.",
            hint="Use a-z, 0-9 and _, starting with a letter, and no word of Python's or of this command's.",
        )


def facts_of(name: str, openapi: Path | None, given: Mapping[str, str | None], lists: tuple[str, ...]) -> ServiceFacts:
    """What the document says, with what the options say over it."""
    endpoints = tuple(_list_of(text) for text in lists)
    if openapi is not None:
        facts = read_document(name, openapi)
    elif endpoints and given["base_url"]:
        kind: Any = given["auth"] or "bearer"
        facts = ServiceFacts(name, name, "other", "", AuthFacts(kind), default_secrets(kind))
    else:
        raise UsageError(
            "a service needs an address and at least one list.",
            hint="Give --openapi FILE, or --base-url URL and --endpoint NAME=PATH.",
        )
    return _laid_over(facts, given, endpoints)


def read_document(name: str, file: Path) -> ServiceFacts:
    document = read_file(file)
    try:
        return read_openapi(name, document)
    except LookupError as error:
        raise UsageError(f"{file} cannot be read as an OpenAPI document: {error.args[0]}.") from error
    except RecursionError:
        raise UsageError(f"{file} is nested too deeply to be read.") from None


def _list_of(text: str) -> EndpointFacts:
    name, _, path = text.partition("=")
    if not IDENTIFIER.fullmatch(name) or not path.startswith("/"):
        raise UsageError(f"--endpoint {text!r} is not NAME=PATH.", hint="For example --endpoint tickets=/v1/tickets")
    return EndpointFacts(name, path)


def _laid_over(
    facts: ServiceFacts, given: Mapping[str, str | None], endpoints: tuple[EndpointFacts, ...]
) -> ServiceFacts:
    kind: Any = given["auth"] or facts.auth.kind
    auth = AuthFacts(kind, given["auth_at"] or (facts.auth.at if kind == facts.auth.kind else ""))
    if kind in ("header", "query", "oauth2") and not auth.at:
        raise UsageError(f"--auth {kind} needs --auth-at.", hint="A header, a parameter, or where tokens are given.")
    base_url = (given["base_url"] or facts.base_url).rstrip("/")
    for url in (base_url, *((auth.at,) if kind == "oauth2" else ())):
        if not is_address(url):
            raise UsageError(
                f"{url!r} is no address of a service: it does not begin with https:// and a host.",
                hint="Give --auth-at https://…" if url is auth.at else "Give --base-url https://…",
            )
    secrets = facts.secrets if kind == facts.auth.kind else default_secrets(kind)
    known = {setting.name for setting in facts.settings} | set(secrets)
    paths = (base_url, auth.at if kind == "oauth2" else "", *(endpoint.path for endpoint in endpoints))
    more = tuple(SettingFacts(placeholder) for placeholder in sorted(names_in(*paths) - known))
    return replace(
        facts,
        title=given["title"] or facts.title,
        category=given["category"] or facts.category,
        base_url=base_url,
        auth=auth,
        secrets=secrets,
        settings=(*facts.settings, *more),
        endpoints=(*facts.endpoints, *endpoints),
    )


def files_of(facts: ServiceFacts, root: Path) -> dict[str, str]:
    """The content of every file by its path below the checkout. Raises UsageError for a declaration that is none."""
    declared = package(facts)
    check_declaration(facts.name, declared)
    files = {
        f"src/avesa/integrations/{facts.name}/__init__.py": declared,
        f"tests/integrations/test_{facts.name}.py": integration_test(facts),
    }
    if facts.document is not None:
        files[f"tests/contracts/{facts.name}.json"] = _contract(root, facts.document)
        files[f"tests/contracts/rules/{facts.name}.json"] = rules(facts)
    if any(endpoint.canonical for endpoint in facts.endpoints):
        files[f"tests/canonical_transform/test_mapping_{facts.name}.py"] = mapping_test(facts)
    return files


def _contract(root: Path, document: Json) -> str:
    write = runpy.run_path(str(root / "scripts" / "write_contract.py"))["contract"]
    try:
        return json.dumps(write(document), ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n"
    except RecursionError:
        raise UsageError("the document is nested too deeply to be read.") from None


def check_declaration(name: str, text: str) -> None:
    """Import it from a folder of its own before anything is written."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "declared.py"
        file.write_text(text, encoding="utf-8")
        spec = importlib.util.spec_from_file_location("declared", file)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except (ValueError, UsageError) as error:
            raise UsageError(f"no service can be made of that: {error}.") from error
        assert isinstance(module.SERVICE, Service) and module.SERVICE.name == name


def write_all(root: Path, files: Mapping[str, str], changed: Mapping[str, str]) -> list[str]:
    """Write all of them or, where one of the new `files` is there already, none; files that are `changed` are there.
    Raises UsageError with the names of those that are in the way.
    """
    if there := [path for path in files if (root / path).exists()]:
        raise UsageError(f"these files are there already: {', '.join(there)}.", hint="Nothing was written.")
    for path, text in {**files, **changed}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8", newline="\n")
    return [*files, *changed]


def next_steps(facts: ServiceFacts, drafts: Mapping[str, str]) -> list[str]:
    name = facts.name
    steps = [f"Go through src/avesa/integrations/{name}/__init__.py with the vendor's page beside it."]
    if facts.document is not None:
        steps += _say_rules(name)
        steps += _mapping_steps(facts, drafts)
        steps += [
            f'Run python -m pytest -n0 tests/conformance tests/integrations tests/canonical_transform -k "{name}"',
            f"See it in the sandbox: avesa demo --service {name}",
        ]
    else:
        # The strict vendor, and with it the conformance suite and the sandbox, is made of contract and rules.
        steps += [
            f"Run python -m pytest -n0 tests/integrations/test_{name}.py",
            f"Make a contract of the vendor's OpenAPI document, with x-service and x-endpoint facts in it: python "
            f"scripts/write_contract.py DOCUMENT.json tests/contracts/{name}.json",
            *_say_rules(name),
            "Then the conformance suite and the sandbox know it: docs/adding-a-service.md, from step 6 on.",
        ]
    return [*steps, "Run make format, which writes it into docs/services.md too, and then make lint."]


def _say_rules(name: str) -> tuple[str, ...]:
    return (
        f"Say in tests/contracts/rules/{name}.json how the vendor pages, filters and refuses, in the words of "
        "tests/contracts/README.md.",
        "Add the number of its tables to tests/conformance/test_contracts.py, and a walk to one of "
        "tests/conformance/walks_*.py.",
    )


def _mapping_steps(facts: ServiceFacts, drafts: Mapping[str, str]) -> Iterator[str]:
    for table in sorted({endpoint.canonical for endpoint in facts.endpoints if endpoint.canonical}):
        fed = ", ".join(endpoint.name for endpoint in facts.endpoints if endpoint.canonical == table)
        file = f"mappings/{table}.json"
        if file in drafts:
            yield f"Go through {file}: of {fed} it has the fields that are named as columns (docs/mappings.md)."
        else:
            yield f'Map {fed} in {file} under "sources", "{facts.name}" (docs/mappings.md).'
