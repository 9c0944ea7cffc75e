"""What the documentation says is there, is there: commands, options, files, links, mappings, pictures."""

from __future__ import annotations

import json
import re
import runpy
import shlex
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import click
import pytest

from avesa.canonical_transform.mapping import load_mapping, parse_mapping
from avesa.cli.commands import cli

ROOT = Path(__file__).resolve().parents[1]
PAGES = ["README.md", *sorted(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md"))]

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
SHELL = ("|", "||", "&&", ">", ">>", "<")
OF_THE_REPOSITORY = re.compile(
    r"(src|tests|docs|scripts|mappings|benchmarks|infrastructure|config|\.ci)/[\w./-]*"
    r"|Makefile|pyproject\.toml|requirements[\w-]*\.txt"
)


def blocks(page: str, language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall((ROOT / page).read_text(encoding="utf-8")) if kind == language]


def inline(page: str) -> list[str]:
    return INLINE.findall(BLOCK.sub("", (ROOT / page).read_text(encoding="utf-8")))


def typed_commands(page: str) -> Iterator[str]:
    """What is typed behind a prompt, with the lines that continue it."""
    for block in blocks(page, "console"):
        lines = iter(block.splitlines())
        for line in lines:
            if not line.startswith("$ "):
                continue
            command = line.removeprefix("$ ")
            while command.endswith("\\") or not is_whole(command):
                command = f"{command.removesuffix(chr(92))}\n{next(lines)}"
            if command.startswith("avesa "):
                yield command


def is_whole(command: str) -> bool:
    """Whether every quotation has ended."""
    try:
        return bool(shlex.split(command, comments=True))
    except ValueError:
        return False


def check_command(line: str, *, whole: bool) -> None:
    """Raises click.UsageError for an unknown command or option; with `whole` also for a missing argument."""
    words = list(takewhile(lambda word: word not in SHELL, shlex.split(line, comments=True)))[1:]
    command: click.Command = cli
    while True:
        context = click.Context(command)
        given, rest, _ = command.make_parser(context).parse_args(words)
        if not isinstance(command, click.Group) or not rest:
            break
        _, found, words = command.resolve_command(context, rest)
        assert found is not None
        command = found
    if rest:
        raise click.UsageError(f"unexpected {rest}")
    for parameter in command.params:
        needed = whole and isinstance(parameter, click.Argument) and parameter.required
        if needed and not isinstance(given.get(parameter.name or ""), str):
            raise click.UsageError(f"missing {parameter.name}")


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_is_shown_exists_with_its_options(page: str) -> None:
    for line in typed_commands(page):
        try:
            check_command(line, whole=True)
        except click.UsageError as error:
            pytest.fail(f"{page}: {line}: {error.format_message()}")
    for words in inline(page):
        if words.startswith("avesa "):
            try:
                check_command(words, whole=False)
            except click.UsageError as error:
                pytest.fail(f"{page}: {words}: {error.format_message()}")


def test_a_command_that_is_not_there_would_be_found() -> None:
    for line in ("avesa sink acme", "avesa sync acme --fast", "avesa history acme", "avesa check a b c"):
        with pytest.raises(click.UsageError):
            check_command(line, whole=True)


def test_the_pages_show_commands() -> None:
    assert sum(1 for page in PAGES for _ in typed_commands(page)) > 30


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in LINK.findall(text):
        if "://" not in target and not target.startswith("#"):
            assert ((ROOT / page).parent / target.partition("#")[0]).is_file(), f"{page} links to {target}"


@pytest.mark.parametrize("page", PAGES)
def test_every_path_of_the_repository_that_is_named_exists(page: str) -> None:
    for words in inline(page):
        if OF_THE_REPOSITORY.fullmatch(words):
            assert (ROOT / words).exists(), f"{page} names {words}"


@pytest.mark.parametrize("page", PAGES)
def test_every_mapping_that_is_shown_is_taken(page: str) -> None:
    for block in blocks(page, "json"):
        if not block.startswith("{"):
            rules = json.loads(f"{{{block.strip().rstrip(',')}}}")
            assert rules
            continue
        document = json.loads(block)
        if "description" in document:
            parse_mapping(block.encode(), document["table"], page)
        else:
            load_mapping(document["table"], block.encode(), page)


def test_the_declaration_that_is_shown_is_the_one_in_force() -> None:
    source = (ROOT / "src/avesa/integrations/connectwise/__init__.py").read_text(encoding="utf-8")
    for block in blocks("docs/adding-a-service.md", "python"):
        for line in block.splitlines():
            assert line.strip() == "..." or line.strip() in source, line


def test_pictures_are_up_to_date() -> None:
    outdated = runpy.run_path(str(ROOT / "scripts" / "draw_pictures.py"))["outdated"]
    assert outdated() == []


def test_the_functions_in_which_the_time_goes_are_where_the_page_says() -> None:
    page = (ROOT / "docs/benchmarks.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `(\w+)\.(\w+)` \|", page, re.MULTILINE)
    assert len(named) > 20
    for module, function in named:
        files = list((ROOT / "src").rglob(f"{module}.py"))
        assert any(f"def {function}(" in file.read_text(encoding="utf-8") for file in files), f"{module}.{function}"
