"""How values look: one JSON document for programs, tables that fit the terminal for people."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from io import StringIO
from typing import Any, Literal

import click
import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from avesa.cli.terminal_text import harmless
from avesa.shared.clock import to_iso

_ENCODER = msgspec.json.Encoder(enc_hook=str, decimal_format="number")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def write_json(value: object) -> None:
    """One document on stdout. Times are ISO with Z, decimals numbers with all their digits, and letters that the
    encoding of stdout lacks JSON's escapes.
    """
    text = msgspec.json.format(_ENCODER.encode(value), indent=2).decode()
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = _NOT_ASCII.sub(lambda found: json.dumps(found[0])[1:-1], text)
    click.echo(text)


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Comma separated, with a header, as a spreadsheet reads it. Nothing stands for null."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow("" if value is None else plain(value) for value in row)
    click.echo(text.getvalue(), nl=False)


def plain(value: object) -> str:
    """A value as text: ISO times with Z, true and false, decimals without idle zeros, JSON for what has parts."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            return to_iso(value) if value.tzinfo is not None else value.isoformat()
        case Decimal():
            whole, _, fraction = f"{value:f}".partition(".")
            fraction = fraction.rstrip("0")
            return f"{whole}.{fraction}" if fraction else whole
        case list() | tuple() | dict():
            return _ENCODER.encode(value).decode()
        case _:
            return str(value)


def shown(value: object, *, width: int | None = None) -> str:
    """A value for a terminal: nothing in it can move the cursor; cut to `width` characters."""
    text = harmless(plain(value))
    if width is not None:
        text = " ".join(text.split())
        text = text if len(text) <= width else text[: width - 1] + "…"
    return text


def moment(value: datetime | None) -> str:
    """A time for people, in UTC, to the second: `2026-03-02 14:05:09`."""
    return "" if value is None else to_iso(value.replace(microsecond=0)).replace("T", " ").removesuffix("Z")


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 row`, `1,200 rows`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


class _HarmlessConsole(Console):
    """No text that is printed can make the terminal do things, wherever it comes from."""

    def render_str(self, text: str, **how: Any) -> Text:
        return super().render_str(harmless(text), **how)


def console(*, err: bool = False) -> Console:
    """Where people read. Vendors' texts are never taken for markup."""
    return _HarmlessConsole(stderr=err, markup=False, highlight=False, emoji=False, soft_wrap=True)


def write_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    right: Iterable[str] = (),
    whole: Iterable[str] = (),
    title: str | None = None,
) -> None:
    """A table on stdout. Into a file or pipe it goes at its full width, one line a row; in a terminal that is too
    narrow columns are folded, but those that stay `whole`, where they take at most half of it.
    """
    numbers, names = set(right), set(whole)
    out = console()
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False, show_edge=False)
    texts = [[shown(value) for value in row] for row in rows]
    for place, column in enumerate(columns):
        is_whole = column in names and 2 * max((len(row[place]) for row in texts), default=0) <= out.width
        justify: Literal["left", "right"] = "right" if column in numbers else "left"
        table.add_column(column, justify=justify, overflow="fold", no_wrap=is_whole)
    for row in texts:
        table.add_row(*row)
    if not out.is_terminal:
        out.width = max(out.width, out.measure(table, options=out.options.update(max_width=100_000)).maximum)
    out.print(table, soft_wrap=False)


def write_rows(columns: Sequence[str], rows: Sequence[Sequence[object]], *, each: str = "record") -> None:
    """As a table, but where a terminal is too narrow for it record by record, a line for each value. A row is one
    of what `each` names.
    """
    out = console()
    if not out.is_terminal or _fits(columns, rows, out.width):
        write_table(columns, rows)
        return
    name_width = max(len(column) for column in columns)
    for number, row in enumerate(rows, 1):
        out.print(f"{each} {number}", style="bold")
        for column, value in zip(columns, row, strict=True):
            first, *more = shown(value).splitlines() or [""]
            out.print(f"  {column:<{name_width}}   {first}".rstrip())
            for line in more:
                out.print(f"  {'':<{name_width}}   {line}")


def _fits(columns: Sequence[str], rows: Iterable[Sequence[object]], width: int) -> bool:
    """Whether no column has to be narrower than a few letters, or than it is."""
    widths = [min(len(column), _FEW_LETTERS) for column in columns]
    for row in rows:
        widths = [max(wide, min(len(shown(value)), _FEW_LETTERS)) for wide, value in zip(widths, row, strict=True)]
    return sum(widths) + _BETWEEN * (len(widths) - 1) <= width


_FEW_LETTERS = 10
_BETWEEN = 3
