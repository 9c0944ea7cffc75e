"""Does what docs/tutorial.md says, command by command, and tells where what comes out is not what the page shows.

python scripts/walk_tutorial.py [--keep DIR]

It takes a minute or two and a free port. Lines are compared without the seconds that something took and without times
of the present day; `…` on a line of its own stands for any lines, and tables that are pulled at once for any order.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "tutorial.md"
BEGIN, END = "## A vendor", "## Every day"
PORT = "8811"
MARK = "=== step"
OWN_MAPPING = ".avesa/data/acme/mappings/tickets.json"

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEREDOC = re.compile(r"<<'(\w+)'$")
_VARYING = re.compile(r"\b\d+\.\d s$|\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_PULLED = re.compile(r"\w+  \w+/\w+  ")


@dataclass(frozen=True)
class Step:
    """A command, and what the page shows behind it."""

    command: str
    shown: tuple[str, ...] = ()


def steps(page: str) -> Iterator[Step]:
    """Everything that the page tells to do, in its order."""
    text = page[page.index(BEGIN) : page.index(END)]
    for kind, block in _BLOCK.findall(text):
        match kind:
            case "console":
                yield from _typed(block)
            case "json":
                yield Step(f"mkdir -p {Path(OWN_MAPPING).parent}")
                yield Step(f"cat > {OWN_MAPPING} <<'END'\n{block}END")
            case "python":
                yield Step(f"python - <<'END'\n{block}END")
            case _:
                yield Step("", tuple(block.splitlines()))  # what the program before it prints


def _typed(block: str) -> Iterator[Step]:
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        command = lines.pop(0)
        heredoc = _HEREDOC.search(command)
        while lines and (not _is_whole(command) or (heredoc and not command.endswith(f"\n{heredoc[1]}"))):
            command += f"\n{lines.pop(0)}"
        yield Step(command, tuple(lines))


def _is_whole(command: str) -> bool:
    try:
        return not command.endswith("\\") and bool(shlex.split(command, comments=True))
    except ValueError:
        return False


def joined(found: Iterator[Step]) -> list[Step]:
    """What a program prints, shown in a block of its own, belongs to the program."""
    whole: list[Step] = []
    for step in found:
        if step.command:
            whole.append(step)
        else:
            whole[-1] = Step(whole[-1].command, (*whole[-1].shown, *step.shown))
    return whole


def walk(found: list[Step], folder: Path) -> list[list[str]]:
    """What each step prints, in one shell."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    lines = ["exec 2>&1"]
    for step in found:
        lines += [f"printf '\\n{MARK}\\n'", step.command]
    script = folder / "walk.sh"
    script.write_text("\n".join(lines).replace(PORT, port))
    own = {"LANG": "C.UTF-8", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AVESA_")}
    done = subprocess.run(
        ["/bin/bash", script.name],
        cwd=folder,
        env={**kept, **own},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    printed = done.stdout.replace(port, PORT).split(f"\n{MARK}\n")[1:]
    return [one.strip("\n").splitlines() for one in printed]


def differs(shown: tuple[str, ...], printed: list[str]) -> list[str]:
    """The lines of the page that did not come, or came at another place."""
    wanted, came = [[_steady(line) for line in lines] for lines in (shown, printed)]
    if "…" not in [line.strip() for line in wanted]:
        return [] if wanted == came else (wanted or ["(nothing)"])
    missing, at = [], 0
    for line in wanted:
        if line.strip() == "…":
            continue
        begin = 0 if _PULLED.match(line) else at
        if line not in came[begin:]:
            missing.append(line)
        else:
            at = max(at, came.index(line, begin) + 1)
    return missing


def _steady(line: str) -> str:
    return _VARYING.sub("_", line.rstrip())


def main() -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--keep", type=Path, help="an empty folder to do it in, and to leave as it is then")
    keep = options.parse_args().keep
    sandbox, *rest = joined(steps(PAGE.read_text(encoding="utf-8")))
    beside = f"{sandbox.command} > sandbox.txt &\nuntil grep -q Stop sandbox.txt; do sleep 0.2; done; cat sandbox.txt"
    with tempfile.TemporaryDirectory() as folder:
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
        printed = walk([Step(beside), *rest, Step("kill %1")], keep or Path(folder))
    wrong = 0
    for step, lines in zip([sandbox, *rest], printed, strict=False):
        if missing := differs(step.shown, lines):
            wrong += 1
            told = [f"$ {step.command}", "the page shows:", *missing, "it printed:", *lines, "", ""]
            sys.stdout.write("\n".join(told))
    sys.stdout.write(f"{len(rest) + 1} steps, {wrong} not as the page shows.\n")
    return 1 if wrong or len(printed) < len(rest) + 2 else 0


if __name__ == "__main__":
    sys.exit(main())
