"""Draw the pictures of the documentation as SVG, in docs/images/. With --check, say whether they are up to date.

Each picture brings its own background and follows the reader's light or dark scheme.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
DEMO_TEXT = IMAGES / "demo.txt"
"""What `avesa demo` printed, shortened where a line is `…`; the picture of the terminal is drawn from it."""

STYLE = """
text { font-family: system-ui, "Segoe UI", Helvetica, Arial, sans-serif; font-size: 15px; fill: #1f2328 }
.title { font-weight: 600 } .small { font-size: 13px } .soft { fill: #59636e } .white { fill: #ffffff }
.mono { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 13px }
.back { fill: #ffffff; stroke: #d1d9e0 } .box { fill: #f6f8fa; stroke: #818b98 }
.file { fill: #ddf4ff; stroke: #0969da }
.frame { fill: none; stroke: #818b98; stroke-dasharray: 5 5 } .line { fill: none; stroke: #59636e; stroke-width: 1.6 }
.head { fill: #59636e } .grid { stroke: #d1d9e0 } .ok { fill: #1a7f37 } .cut { stroke: #cf222e; stroke-width: 3 }
.a { fill: #6e7781 } .b { fill: #0969da } .c { fill: #9a6700 } .d { fill: #1a7f37 } .x { fill: #cf222e }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .soft { fill: #9198a1 } .white { fill: #ffffff } .back { fill: #0d1117; stroke: #3d444d }
.box { fill: #151b23; stroke: #656c76 } .file { fill: #0b2545; stroke: #4493f8 } .line { stroke: #9198a1 }
.head { fill: #9198a1 } .frame { stroke: #656c76 } .grid { stroke: #3d444d } .ok { fill: #3fb950 }
}
"""


def picture(width: int, height: int, title: str, parts: Sequence[str]) -> str:
    """A whole SVG file; `title` is read to those who cannot see it."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(title)}">'
    )
    marker = (
        '<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
        'orient="auto-start-reverse"><path class="head" d="M0 0L10 5L0 10z"/></marker></defs>'
    )
    back = f'<rect class="back" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"/>'
    return (
        "\n".join([head, f"<title>{escape(title)}</title>", f"<style>{STYLE}</style>", marker, back, *parts, "</svg>"])
        + "\n"
    )


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "middle") -> str:
    return f'<text x="{x:g}" y="{y:g}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'


def box(x: float, y: float, width: float, height: float, kind: str, title: str, lines: Sequence[str]) -> str:
    """A box with a title and small lines below it, centred."""
    top = y + (height - 20 * len(lines)) / 2 + 5
    middle = x + width / 2
    words = [text(middle, top, title, "title")]
    words += [text(middle, top + 21 + 19 * n, line, "small soft") for n, line in enumerate(lines)]
    return f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6"/>' + "".join(words)


def arrow(*points: tuple[float, float]) -> str:
    path = " L".join(f"{x:g} {y:g}" for x, y in points)
    return f'<path class="line" marker-end="url(#head)" d="M{path}"/>'


def flow() -> str:
    middle = 170
    return picture(
        980,
        330,
        "The vendor's API is pulled into raw Parquet files, which a mapping and the fold turn into Delta tables",
        [
            '<rect class="frame" x="262" y="24" width="544" height="282" rx="8"/>',
            text(278, 50, "one tenant's prefix,", "small soft", "start"),
            text(278, 68, "in a folder or a bucket", "small soft", "start"),
            box(20, middle - 48, 126, 96, "box", "vendor", ["REST API,", "as it is now"]),
            arrow((146, middle), (278, middle)),
            text(205, middle - 12, "ingest", "title"),
            text(205, middle + 24, "pages, retries,", "small soft"),
            text(205, middle + 42, "checkpoints", "small soft"),
            box(280, middle - 48, 150, 96, "file", "raw", ["Parquet + receipt,", "exact, immutable"]),
            arrow((430, middle), (636, middle)),
            text(533, middle - 12, "transform", "title"),
            text(533, middle + 24, "typed columns, then", "small soft"),
            text(533, middle + 42, "versions (SCD2)", "small soft"),
            box(455, 42, 156, 66, "file", "mapping", ["JSON: ours + theirs"]),
            arrow((533, 108), (533, middle - 30)),
            arrow((533, middle + 54), (533, 246)),
            box(455, 248, 156, 42, "file", "quarantine", []),
            box(638, middle - 48, 150, 96, "file", "canonical", ["Delta Lake, current", "and closed rows"]),
            arrow((788, middle), (838, middle)),
            box(840, middle - 68, 120, 136, "box", "readers", ["avesa query", "DuckDB", "Polars", "deltalake …"]),
        ],
    )


def home() -> str:
    """What of an installation has to be kept, and what comes of it."""
    kept = [
        ("data/*/raw", ["what the vendors sent, with receipts;", "all tables come from it, so keep every file"]),
        ("data/*/mappings", ["your own columns and rules"]),
        ("secrets.json", ["the vendors' keys, mode 0600;", "lost: connect the tenants again"]),
        ("state.db", ["tenants, settings, watermarks, runs;", "lost: add the tenants again"]),
    ]
    parts = [
        '<rect class="frame" x="20" y="20" width="360" height="400" rx="8"/>',
        text(200, 48, "back up", "title"),
        '<rect class="frame" x="520" y="20" width="340" height="400" rx="8"/>',
        text(690, 48, "comes again by itself", "title"),
    ]
    top = 64.0
    for name, lines in kept:
        height = 40 + 22.0 * len(lines)
        parts.append(box(40, top, 320, height, "file", name, lines))
        top += height + 6
    parts += [
        box(540, 84, 300, 84, "box", "data/*/canonical", ["Delta tables: avesa transform", "folds them from raw"]),
        box(540, 192, 300, 66, "box", "data/*/quarantine", ["rows that could not be folded"]),
        box(540, 282, 300, 66, "box", "scratch", ["temporary files"]),
        arrow((360, 106), (538, 126)),
        arrow((360, 185), (538, 142)),
        text(450, 96, "transform", "title"),
    ]
    return picture(880, 440, "What lies in a home: what has to be backed up, and what is made from that", parts)


def fold() -> str:
    left, hour = 250, 66.0
    at: Callable[[float], float] = lambda clock: left + (clock - 9) * hour  # noqa: E731
    colours = {"New": "a", "Assigned": "b", "Waiting": "c", "Closed": "d"}
    observed = [(9, "New"), (11, "Assigned"), (15, "Closed"), (13, "Waiting"), (17, "")]
    parts = [
        text(28, 66, "what arrives", "title", "start"),
        text(28, 86, "numbered as it comes", "small soft", "start"),
    ]
    for clock in range(9, 19, 2):
        parts.append(f'<path class="grid" d="M{at(clock):g} 40V344"/>')
        parts.append(text(at(clock), 28, f"{clock:02}:00", "small soft"))
    for number, (clock, value) in enumerate(observed, 1):
        kind = colours.get(value, "x")
        parts.append(f'<circle class="{kind}" cx="{at(clock):g}" cy="66" r="14"/>')
        parts.append(text(at(clock), 71, str(number), "title white"))
        parts.append(text(at(clock) + 20, 71, value or "deleted", "small", "start"))
    parts.append(text(at(13) + 20, 89, "(late)", "small soft", "start"))
    rows: list[tuple[str, str, list[tuple[str, float, float]], bool]] = [
        ("after 1, 2, 3", "as they came", [("New", 9, 11), ("Assigned", 11, 15), ("Closed", 15, 19)], False),
        (
            "after 4",
            "it splits a version",
            [("New", 9, 11), ("Assigned", 11, 13), ("Waiting", 13, 15), ("Closed", 15, 19)],
            False,
        ),
        (
            "after 5",
            "the last one ends",
            [("New", 9, 11), ("Assigned", 11, 13), ("Waiting", 13, 15), ("Closed", 15, 17)],
            True,
        ),
    ]
    for number, (title, what, versions, deleted) in enumerate(rows):
        y = 126 + number * 76
        parts += [text(28, y + 16, title, "title", "start"), text(28, y + 36, what, "small soft", "start")]
        for value, start, end in versions:
            open_ended = end == 19
            width = (end - start) * hour - 3
            parts.append(
                f'<rect class="{colours[value]}" x="{at(start):g}" y="{y}" width="{width:g}" height="38" rx="4"/>'
            )
            parts.append(text(at(start) + width / 2, y + 24, value + (" →" if open_ended else ""), "title white"))
        if deleted:
            parts.append(f'<path class="cut" d="M{at(17):g} {y - 7}V{y + 45}"/>')
            parts.append(text(at(17) + 10, y + 24, "is_deleted", "small", "start"))
    parts.append(text(28, 372, "Any other order of arrival ends in the same versions.", "small soft", "start"))
    return picture(950, 390, "Observations of one record and the versions that they make", parts)


def terminal() -> str:
    lines = DEMO_TEXT.read_text(encoding="utf-8").rstrip("\n").split("\n")
    height = 58 + 19 * len(lines)
    parts = [f'<circle class="{kind}" cx="{24 + 20 * n}" cy="22" r="6"/>' for n, kind in enumerate("xcd")]
    parts.append(text(440, 27, "make demo", "small soft"))
    for number, line in enumerate(lines):
        y = 58 + 19 * number
        strong = " title" if line and not line.startswith((" ", "$", "…", "day", "tickets", "2 tenants")) else ""
        words = escape(line.rstrip())
        if line.startswith("  ok "):
            words = f'  <tspan class="ok title">ok</tspan>{escape(line[4:])}'
        parts.append(f'<text x="22" y="{y}" class="mono{strong}" xml:space="preserve">{words}</text>')
    return picture(880, height, "What make demo prints", parts)


PICTURES = {"flow.svg": flow, "fold.svg": fold, "home.svg": home, "demo.svg": terminal}


def outdated() -> list[str]:
    """The pictures that are missing or not as they would be drawn now."""
    return [
        name
        for name, draw in PICTURES.items()
        if not (IMAGES / name).exists() or (IMAGES / name).read_text(encoding="utf-8") != draw()
    ]


def main() -> None:
    if sys.argv[1:] == ["--check"]:
        if old := outdated():
            sys.exit(f"Not up to date: {', '.join(old)}. Run: python scripts/draw_pictures.py")
        return
    for name, draw in PICTURES.items():
        (IMAGES / name).write_text(draw(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
