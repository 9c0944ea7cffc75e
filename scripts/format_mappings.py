"""Prints the mapping files in the one style of this project, so that many hands leave small diffs.

    python scripts/format_mappings.py            write the files anew where they differ
    python scripts/format_mappings.py --check    only say which differ, and fail if any does

A column is one line, whatever its length. Elsewhere an object or a list stands in one line where it fits, and has one
entry a line where it does not. Services stand in alphabetical order.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

MAPPINGS = Path(__file__).parents[1] / "mappings"
WIDTH = 120

Place = tuple[str, ...]


def formatted(document: dict[str, Any]) -> str:
    """A mapping's document as its file's text."""
    if "sources" in document:
        document = {**document, "sources": dict(sorted(document["sources"].items()))}
    return _printed(document, (), 0, 0) + "\n"


def _printed(value: Any, place: Place, indent: int, before: int) -> str:
    """`value` as it stands behind `before` characters of its line; the lines that follow are indented."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or _always_one_line(place):
        return line
    if not _always_many_lines(place) and before + len(line) + len(",") <= WIDTH:
        return line
    inner = " " * (indent + 2)
    entries = []
    for key, entry in value.items() if isinstance(value, dict) else ((None, entry) for entry in value):
        name = "" if key is None else f"{json.dumps(key, ensure_ascii=False)}: "
        entries.append(inner + name + _printed(entry, (*place, key or "[]"), indent + 2, len(inner + name)))
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return "\n".join((opening, ",\n".join(entries), " " * indent + closing))


def _always_one_line(place: Place) -> bool:
    return place[:1] == ("scd2",) or (place[:1] == ("columns",) and len(place) > 1)


def _always_many_lines(place: Place) -> bool:
    """The document itself, its columns, and its sources down to the rules of one endpoint."""
    return not place or place == ("columns",) or (place[0] == "sources" and len(place) <= 3)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    differ = 0
    for path in sorted(MAPPINGS.glob("*.json")):
        if path.name == "mapping.schema.json":
            continue
        text = path.read_text("utf-8")
        wanted = formatted(json.loads(text))
        if text == wanted:
            continue
        differ += 1
        if not check:
            path.write_text(wanted, "utf-8")
        sys.stdout.write(f"{'would format' if check else 'formatted'} {path.name}\n")
    return 1 if check and differ else 0


if __name__ == "__main__":
    sys.exit(main())
