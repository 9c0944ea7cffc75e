"""How long the functions of the built bundles take to initialise, and for a call when they are warm.

    python scripts/build_lambda.py --arch x86_64 && python scripts/time_lambda.py

A process of its own is started for each measure, by AWS's own runtime client, with the bundle's code alone. The least
of several is told, as other work on the machine can only add; on a busy one the time of a core tells more. A warm call
is one that is refused for what it asks: it costs what every call costs before its work begins.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import tempfile
import time
import zipfile
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from scripts.build_lambda import ARCHITECTURES, PYTHON, find_compiler, install  # noqa: E402

from lambda_runtime import RUNTIME, RUNTIME_HAS, Function, LambdaError, running  # noqa: E402

GOALS_MS = {"ingestion": 400, "transform": 900}
BUNDLE_OF = {"plan": "ingestion", "ingestion": "ingestion", "transform": "transform", "report": "ingestion"}
_CALLS = 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="bundles", type=Path, default=ROOT / "dist", help="by default dist")
    parser.add_argument("--python", default=PYTHON, help=f"the version they are built for, by default {PYTHON}")
    parser.add_argument("--program", help="a Python of that version, by default one on the PATH")
    parser.add_argument("--times", type=int, default=5, help="how often each is started, by default 5")
    asked = parser.parse_args()
    program = asked.program or find_compiler(asked.python)
    if program is None:
        raise SystemExit(f"There is no Python {asked.python} on the PATH; name one with --program.")
    arch = next(name for name, machine in ARCHITECTURES.items() if machine == platform.machine())
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        install([*RUNTIME, *RUNTIME_HAS], folder / "runtime", arch, python=asked.python)
        subprocess.run([program, "-m", "compileall", "-q", str(folder / "runtime")], check=True)
        for bundle in sorted(set(BUNDLE_OF.values())):
            with zipfile.ZipFile(asked.bundles / f"{bundle}-{arch}.zip") as zipped:
                zipped.extractall(folder / bundle)
        bare = min(_python_itself(program) for _ in range(asked.times))
        print(f"Python {asked.python} itself starts in {bare * 1000:.0f} ms, which are counted below.")
        for name, bundle in BUNDLE_OF.items():
            cold, cpu, warm = _measured(name, folder / bundle, folder / "runtime", program, asked.times)
            goal = f"  (goal: {GOALS_MS[name]} ms)" if name in GOALS_MS else ""
            print(
                f"{name:10} cold {cold * 1000:5.0f} ms, {cpu * 1000:4.0f} of a core   warm {warm * 1000:6.2f} ms{goal}"
            )


def _measured(name: str, bundle: Path, runtime: Path, program: str, times: int) -> tuple[float, float, float]:
    cold, cpu, warm = [], [], []
    for _ in range(times):
        with running(f"avesa.aws.handlers.{name}", bundle, runtime, {"AWS_REGION": "us-east-1"}, python=program) as one:
            cold.append(one.init_seconds)
            cpu.append(one.init_cpu_seconds)
            warm += [_one_call(one) for _ in range(_CALLS)]
    return min(cold), min(cpu), min(warm)


def _one_call(function: Function) -> float:
    began = time.perf_counter()
    with suppress(LambdaError):
        function.call({})
    return time.perf_counter() - began


def _python_itself(program: str) -> float:
    began = time.perf_counter()
    subprocess.run([program, "-S", "-c", ""], check=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
